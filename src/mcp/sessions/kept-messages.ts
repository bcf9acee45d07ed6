/**
 * Messages of a session's streams, kept for clients that come back: responses and requests of the server. They are records
 * that expire, not a log, because a log never ends and sessions come and go by the thousand. Places are dense, and each is
 * taken once, so nothing is ever kept before what a reader has already seen. The place of the response is always the same: of
 * all instances that answer a request one does.
 */
import * as z from 'zod';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { TidegateError } from '../../base/errors.ts';
import { type Json, jsonBytes } from '../../base/json.ts';
import type { Runtime } from '../../base/runtime.ts';
import { missingScopes } from '../../base/scopes.ts';
import { afterConflict, commitSurely } from '../../store/commit.ts';
import { LIST_LIMIT, RECORD_BYTES } from '../../store/limits.ts';
import { record } from '../../store/record.ts';
import type { Operation, RecordKey, StoredRecord } from '../../store/store.ts';
import { BEGINNING, END, placeNumber, placeOf } from './event-ids.ts';
import type { SessionHints } from './session-hints.ts';
import type { SessionCall } from './sessions.ts';

/** How long a message is kept, ms. */
const KEPT_MESSAGE_MS = 300_000;
/** Most messages that are kept of one stream. */
const MOST_KEPT = 1_000;
/** Of the record's form, beside the message. */
const FORM_BYTES = 1_000;
/** The numbers that places may take in one period of `KEPT_MESSAGE_MS`. */
const NUMBERS = 100_000;

/** A message in its place; null: it was too large to be kept. */
export interface PlacedMessage {
  place: string;
  message: JSONRPCMessage | null;
}

interface Kept {
  message: Json;
  /** What was granted to whom it was answered: whoever has less by now is not given it. */
  scopes: readonly string[];
}

const keptMessage = record<Kept>('kept message', () => z.object({ message: z.json(), scopes: z.array(z.string()) }));

function partitionOf(tenant: string, session: string): string {
  return `${tenant}/session-kept/${session}`;
}

export function keptMessageKey(tenant: string, session: string, stream: string, place: string): RecordKey {
  return { partition: partitionOf(tenant, session), id: `${stream}/${place}` };
}

/** For an instance that has no connection of the stream: the one that has it delivers what is kept. */
interface SessionMessages {
  /**
   * Keeps messages for a stream, together with `also`, or nothing of both. A response ends the stream.
   * @returns false: an operation of `also` met another state of the store, or the stream has its response already
   * @throws TidegateError `rate_limited` for a stream of which too many are kept; as the store's
   */
  keep(
    session: string,
    stream: string,
    messages: readonly JSONRPCMessage[],
    call: SessionCall,
    also?: readonly Operation[],
  ): Promise<boolean>;
}

export interface KeptMessages extends SessionMessages {
  /**
   * The same, with the places.
   * @param behind what the caller knows to be the newest place; null: it does not know
   * @returns null in the place of false
   */
  place(
    session: string,
    stream: string,
    messages: readonly JSONRPCMessage[],
    call: SessionCall,
    behind: string | null,
    also?: readonly Operation[],
  ): Promise<PlacedMessage[] | null>;
  /** What is kept of a stream behind a place, oldest first, but for what was answered to a caller who might do more. */
  read(session: string, stream: string, behind: string, call: SessionCall): Promise<PlacedMessage[]>;
}

export function createKeptMessages(runtime: Runtime, hints: SessionHints): KeptMessages {
  async function list(session: string, stream: string, behind: string, call: SessionCall): Promise<StoredRecord[]> {
    const partition = partitionOf(call.principal.tenant, session);
    const prefix = `${stream}/`;
    const found: StoredRecord[] = [];
    let after: string | null = `${prefix}${behind}`;
    while (after !== null && found.length < MOST_KEPT + 1) {
      const page = await call.account.store.list(partition, { now: runtime.now(), limit: LIST_LIMIT, prefix, after });
      found.push(...page.records);
      after = page.next;
    }
    return found;
  }

  async function read(session: string, stream: string, behind: string, call: SessionCall): Promise<PlacedMessage[]> {
    const found = await list(session, stream, behind, call);
    return found.flatMap((each) => {
      const { message, scopes } = keptMessage.read(each) ?? { message: null, scopes: [] };
      if (missingScopes(call.principal.scopes, scopes).length > 0) return [];
      return [{ place: placeIn(each, stream), message: message as JSONRPCMessage | null }];
    });
  }

  /** The newest place of requests, and whether there may be more. */
  async function newestOf(session: string, stream: string, call: SessionCall): Promise<string | null> {
    const all = await list(session, stream, BEGINNING, call);
    if (all.length >= MOST_KEPT) throw tooMany();
    const places = all.map((each) => placeIn(each, stream));
    return places.filter((each) => each !== END).at(-1) ?? null;
  }

  const place: KeptMessages['place'] = async (session, stream, messages, call, behind, also = []) => {
    const { tenant, scopes } = call.principal;
    let newest = behind === BEGINNING ? null : behind;
    const onlyEnds = messages.every(isResponse);
    if (behind === null && !onlyEnds) newest = await newestOf(session, stream, call);
    for (let conflicts = 0; ; conflicts += 1) {
      const now = runtime.now();
      let number = newest === null ? Math.floor(now / KEPT_MESSAGE_MS) * NUMBERS : placeNumber(newest) + 1;
      const placed = messages.map((message): PlacedMessage => {
        return { place: isResponse(message) ? END : placeOf(number++), message };
      });
      const puts = placed.map((each) =>
        keptMessage.put(
          keptMessageKey(tenant, session, stream, each.place),
          { message: storable(each.message, scopes), scopes },
          { expects: null, expiresAt: now + KEPT_MESSAGE_MS, fleeting: true },
        ),
      );
      const result = await commitSurely(runtime, call.account.store, [...puts, ...also], call.deadline);
      if (result.status === 'committed') return placed;
      const taken = result.conflicts.map(({ operation }) => placed[operation]?.place);
      if (taken.includes(undefined) || taken.includes(END)) return null;
      newest = await newestOf(session, stream, call);
      // What stands there may have expired, and is passed over.
      const last = taken
        .map((each) => each ?? '')
        .toSorted()
        .at(-1);
      if (last !== undefined && (newest === null || newest < last)) newest = last;
      if (conflicts > 1 && !(await afterConflict(runtime, conflicts, call.deadline))) throw contended();
    }
  };

  return {
    read,
    place,
    async keep(session, stream, messages, call, also = []) {
      const { tenant } = call.principal;
      // The instance that has the connection is another one.
      const told = [...also, ...hints.told(tenant, session)];
      const placed = await place(session, stream, messages, call, null, told);
      await hints.trim(call.account.store, tenant);
      return placed !== null;
    },
  };
}

/** Whether it answers a request. */
function isResponse(message: JSONRPCMessage | null): boolean {
  return message !== null && !('method' in message);
}

function placeIn({ id }: StoredRecord, stream: string): string {
  return id.slice(stream.length + 1);
}

/** A response that is too large is kept as null, so that it is known that there was one. */
function storable(message: JSONRPCMessage | null, scopes: readonly string[]): Json {
  const json = message as unknown as Json;
  const mostBytes = RECORD_BYTES - FORM_BYTES - jsonBytes(scopes);
  if (jsonBytes(json) <= mostBytes) return json;
  if (isResponse(message)) return null;
  const expected = `at most ${mostBytes} bytes`;
  throw new TidegateError('too_large', 'a request to the client is too large to be kept', { expected });
}

function tooMany(): TidegateError {
  return new TidegateError('rate_limited', 'Too much is kept for a client that does not take it', {
    expected: `at most ${MOST_KEPT} messages of one stream in ${KEPT_MESSAGE_MS / 60_000} minutes`,
    hint: 'open the stream again with Last-Event-ID',
    retryAfterMs: KEPT_MESSAGE_MS,
  });
}

function contended(): TidegateError {
  return new TidegateError('store_unavailable', 'too many write to one stream at once', { retryAfterMs: 1_000 });
}
