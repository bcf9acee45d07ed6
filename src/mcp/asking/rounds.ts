/**
 * The rounds of questions of a request, in the store: one begins, its answers come one by one to whichever instance, and the
 * last of them is the only one that goes on. Which one that is, the commit decides that records it.
 */
import type { JSONRPCRequest } from '@modelcontextprotocol/server';
import { isDeep, type Json, jsonBytes, parseJson } from '../../base/json.ts';
import type { Runtime } from '../../base/runtime.ts';
import { inPages } from '../../base/text.ts';
import { TidegateError } from '../../base/errors.ts';
import type { InputRequired } from '../../calls/question-round.ts';
import { STATE_MS } from '../../calls/request-state.ts';
import { ANSWER_BYTES } from '../../declare/check/ask-wire.ts';
import { afterConflict, commitSurely } from '../../store/commit.ts';
import type { Operation, Put, Reading } from '../../store/store.ts';
import { questionFor } from '../wire/older-questions.ts';
import { isObject } from '../wire/params.ts';
import {
  type AskedRequest,
  type Given,
  type WaitingPlace,
  questionId,
  readQuestionId,
  requestPiece,
  requestPieceKey,
  type WaitingRequest,
  waiting,
  waitingKey,
  waitingPrefix,
} from './records.ts';
import type { AskingCall } from './stream.ts';

/** Longest wait for an answer, ms. Most clients give up on the whole request after 60 s. */
export const CLIENT_ANSWER_MS = 50_000;
/** For what is written while or after a request waits, ms. */
const WRITE_MS = 10_000;
/** How long an instance may take for what it has claimed, ms, before it counts as dead. */
const WORKED_ON_MS = 65_000;
/** Largest piece of a request. */
const PIECE_BYTES = 300_000;
/** Most bytes of all answers of a round; they stand in one record. */
const ANSWERS_BYTES = 200_000;
/** Longest reason of a client that is kept, in characters. */
const REASON_CHARACTERS = 500;
/** Requests of a session that may wait at a time, as they are looked through. */
const MOST_WAITING = 100;

/** What the handler is entered with again. */
interface Entering {
  params: Json;
  state: string;
}

export interface FoundRequest {
  place: WaitingPlace;
  reading: Reading;
  waiting: WaitingRequest;
}

interface NewRound {
  request: AskedRequest;
  params: Json;
  required: InputRequired;
  /** Epoch ms. */
  until: number;
}

export interface Rounds {
  /** What a round begins with: what is to be committed, and the requests to send. A large request is stored before. */
  prepare(
    place: WaitingPlace,
    round: NewRound,
    before: Reading | null,
    call: AskingCall,
  ): Promise<{ operations: Put[]; requests: JSONRPCRequest[]; waiting: WaitingRequest }>;
  find(place: WaitingPlace, call: AskingCall): Promise<FoundRequest | null>;
  /** Requests of the session that wait. */
  all(session: string, call: AskingCall): Promise<FoundRequest[]>;
  /**
   * Records an answer of the client. Null: there is no such question in the session, it was answered before, or others
   * are missing. Else this caller goes on with all of them, and nobody else does.
   */
  take(session: string, message: unknown, call: AskingCall): Promise<FoundRequest | null>;
  /** Puts another value in place of what was found. Null: somebody else was faster. */
  replace(found: FoundRequest, value: WaitingRequest, call: AskingCall): Promise<FoundRequest | null>;
  remove(found: FoundRequest): Operation;
  entering(found: FoundRequest, call: AskingCall): Promise<Entering>;
}

export function createRounds(runtime: Runtime): Rounds {
  const expiresAt = () => runtime.now() + STATE_MS;

  async function find(place: WaitingPlace, call: AskingCall): Promise<FoundRequest | null> {
    const reading = await call.account.store.get(waitingKey(call.principal.tenant, place), runtime.now());
    const value = waiting.read(reading);
    return value && { place, reading, waiting: value };
  }

  async function replace(found: FoundRequest, value: WaitingRequest, call: AskingCall): Promise<FoundRequest | null> {
    const expiresAt = runtime.now() + STATE_MS;
    const put = waiting.replace(found.reading, value, { expiresAt });
    const result = await commitSurely(runtime, call.account.store, [put], call.deadline);
    if (result.status !== 'committed') return null;
    const reading = { ...found.reading, value: put.value, version: result.version, expiresAt, due: null };
    return { ...found, reading, waiting: value };
  }

  return {
    find,
    replace,

    async prepare(place, { request, params, required, until }, before, call) {
      const { tenant } = call.principal;
      const round = runtime.newId();
      const pieces = inPages(JSON.stringify([params, required.requestState]), PIECE_BYTES);
      const value: WaitingRequest = {
        request,
        round,
        questions: Object.entries(required.inputRequests).map(([key, asked]) => ({
          key,
          request: questionFor(asked, request.version, [place.session, place.stream, key]),
        })),
        until,
        pieces: pieces.length,
        workedOnUntil: null,
        handle: null,
      };
      const puts = pieces.map((piece, index) => {
        const key = requestPieceKey(tenant, place, round, index);
        return requestPiece.put(key, piece, { expects: null, expiresAt: expiresAt() + STATE_MS, fleeting: true });
      });
      // What others of the commit leave room for is not known.
      const apart = puts.length > 1 ? puts.splice(0) : [];
      await Promise.all(apart.map((one) => commitSurely(runtime, call.account.store, [one], call.deadline)));
      const options = { expiresAt: expiresAt() };
      const put = before
        ? waiting.replace(before, value, options)
        : waiting.put(waitingKey(tenant, place), value, { expects: null, ...options });
      const requests = value.questions.map(({ request: { method, params: asked } }, index) => ({
        jsonrpc: '2.0' as const,
        id: questionId(place.stream, round, index),
        method,
        params: asked,
      }));
      return { operations: [...puts, put], requests, waiting: value };
    },

    async all(session, call) {
      const { partition } = waitingKey(call.principal.tenant, { session, stream: '' });
      const options = { now: runtime.now(), limit: MOST_WAITING, prefix: waitingPrefix(session) };
      const { records } = await call.account.store.list(partition, options);
      return records.flatMap((reading) => {
        const value = waiting.read(reading);
        const stream = reading.id.slice(waitingPrefix(session).length);
        return value ? [{ place: { session, stream }, reading, waiting: value }] : [];
      });
    },

    async take(session, message, call) {
      const asked = readQuestionId((message as { id?: unknown }).id);
      if (asked === null) return null;
      for (let conflicts = 0; ; conflicts += 1) {
        const found = await find({ session, stream: asked.stream }, call);
        const question = found?.waiting.questions[asked.index];
        if (!found || found.waiting.round !== asked.round || !question || question.given) return null;
        if (found.waiting.workedOnUntil !== null) return null;
        const questions = [...found.waiting.questions];
        questions[asked.index] = { ...question, given: givenIn(message, questions) };
        const isLast = questions.every(({ given }) => given) || questions.some(({ given }) => isRefusal(given));
        const workedOnUntil = isLast ? runtime.now() + WORKED_ON_MS : null;
        const taken = await replace(found, { ...found.waiting, questions, workedOnUntil }, call);
        if (taken !== null) return isLast ? taken : null;
        if (!(await afterConflict(runtime, conflicts, call.deadline))) {
          throw new TidegateError('store_unavailable', 'too many answer one request at once', { retryAfterMs: 1_000 });
        }
      }
    },

    remove: ({ reading }) => {
      const { partition, id, version } = reading;
      return { kind: 'delete', partition, id, expects: version ?? '' };
    },

    async entering({ place, waiting: { round, pieces } }, call) {
      const keys = Array.from({ length: pieces }, (_, index) =>
        requestPieceKey(call.principal.tenant, place, round, index),
      );
      const readings = await call.account.store.getMany(keys, runtime.now());
      const text = readings.map((reading) => requestPiece.read(reading) ?? '').join('');
      const [params, state] = parseJson(text) as [Json, string];
      return { params, state };
    },
  };
}

/** The same call with time to write, whatever its request has left. */
export function soon({ now }: Pick<Runtime, 'now'>, call: AskingCall): AskingCall {
  return { ...call, deadline: now() + WRITE_MS };
}

export function isRefusal(given: Given | undefined): given is { refused: string } {
  return given !== undefined && 'refused' in given;
}

/** What the client said. Whether an answer fits its question is judged where the handler asks it again. */
function givenIn(message: unknown, questions: WaitingRequest['questions']): Given {
  const { result, error } = message as { result?: unknown; error?: { message?: unknown } };
  if (!isObject(result)) {
    const reason = typeof error?.message === 'string' && error.message !== '' ? error.message : 'no answer';
    return { refused: reason.slice(0, REASON_CHARACTERS).toWellFormed() };
  }
  if (isDeep(result as Json)) return { refused: 'the answer is nested too deep' };
  const bytes = jsonBytes(result);
  if (bytes > ANSWER_BYTES) return { refused: `the answer has ${bytes} bytes, of at most ${ANSWER_BYTES}` };
  const others = questions.reduce((sum, { given }) => sum + (given ? jsonBytes(given) : 0), 0);
  if (others + bytes > ANSWERS_BYTES) return { refused: `the answers have more than ${ANSWERS_BYTES} bytes together` };
  return { result: result as Json };
}
