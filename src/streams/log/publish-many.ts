/**
 * Appends what somebody pushes, all of it or nothing. Where the stream's events have ids, those that stand among the
 * newest `dedupe` ones are left out. Under a key that names the push, the push counts once, whatever its events are:
 * the key's record is put with what it appended, and whoever brings it again gets the same answer.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { TidegateError } from '../../base/errors.ts';
import type { LoggedEvent } from '../../base/event.ts';
import type { JsonObject } from '../../base/json.ts';
import { commitSurely } from '../../store/commit.ts';
import { isPresent, type Operation, type RecordKey } from '../../store/store.ts';
import { idsFrom, type RawEvent, validateEvent } from './append.ts';
import { createWindow, loadWindow } from './dedupe.ts';
import type { Deps } from '../deps.ts';
import { publisherKey, streamLog } from '../names.ts';
import { followUp } from './publish.ts';
import type { Scope } from '../scope.ts';

/** Publishers that race for one stream, at most this often. */
const MOST_CONFLICTS = 20;

/** What stands in the commit beside the events: the key's record, the fence, and the names of all of them. */
const BESIDE_BYTES = 4 * 1024;

/** What makes a push count once. */
export interface Once {
  record: RecordKey;
  /** Of what is pushed: another push under the same key is refused. */
  fingerprint: string;
  /** How long the key is known, ms. */
  keptMs: number;
}

export interface Push {
  appended: number;
  /** Their ids stood there already, or came twice in this push. */
  duplicates: number;
}

/**
 * Answers when the events are durable, in one commit; the latest events are brought up to date behind that, and a
 * failure there is logged.
 * @param deadline epoch ms
 * @throws TidegateError `invalid_input` with the field, such as `events[2].data.celsius`, and then nothing is stored;
 * `too_large` for more than one commit of this engine holds; `store_unavailable`, `store_unknown`.
 */
export async function publishMany(
  scope: Scope,
  stream: DeclaredStream,
  raws: readonly RawEvent[],
  { once, deadline }: { once: Once | null; deadline: number },
): Promise<Push> {
  const { runtime } = scope;
  const context = { receivedAt: runtime.now(), newId: idsFrom(runtime.newId()) };
  let bytes = 0;
  const events = raws.map((raw, index) => {
    const validated = validateEvent(stream, raw, context);
    if (validated.ok) {
      bytes += validated.bytes;
      return validated.event;
    }
    const field = `events[${index}].${validated.field}`;
    const { expected } = validated;
    throw new TidegateError('invalid_input', `${field} is wrong: ${expected}`, { field, expected });
  });
  const most = scope.store.limits.commitBytes - BESIDE_BYTES;
  if (bytes > most) {
    throw new TidegateError('too_large', `The events take ${bytes} bytes as they are stored`, {
      field: 'events',
      expected: `at most ${most} bytes, which is what the store takes as a whole`,
      hint: 'send them in parts',
    });
  }
  const push = await append(scope, stream, events, once, deadline);
  if (push.appended === 0) return push;
  await followUp(scope, stream, deadline);
  return push;
}

async function append(
  { store, runtime, tenant }: Scope,
  stream: DeclaredStream,
  events: readonly LoggedEvent[],
  once: Once | null,
  deadline: number,
): Promise<Push> {
  const log = streamLog(tenant, stream.name);
  const fence = stream.identified ? publisherKey(tenant, stream.name) : null;
  const records = [...(once ? [once.record] : []), ...(fence ? [fence] : [])];
  for (let attempt = 0; attempt < MOST_CONFLICTS; attempt += 1) {
    const readings = records.length === 0 ? [] : await store.getMany(records, runtime.now());
    const versionOf = (key: RecordKey) => readings[records.indexOf(key)]?.version ?? null;
    const earlier = once && readings[0];
    if (once && earlier && isPresent(earlier)) return repeated(earlier.value as JsonObject, once);
    const fresh = stream.identified ? await unknownOf(store, log, stream.dedupe, events) : events;
    const push = { appended: fresh.length, duplicates: events.length - fresh.length };
    const operations: Operation[] = [];
    if (fresh.length > 0) {
      operations.push({ kind: 'append', log, entries: fresh });
      const id = fresh.at(-1)?.id ?? '';
      if (fence) operations.push({ kind: 'put', ...fence, value: { id }, expects: versionOf(fence) });
    }
    if (once) {
      const { record, fingerprint, keptMs } = once;
      const value = { fingerprint, ...push };
      operations.push({ kind: 'put', ...record, value, expects: versionOf(record), expiresAt: runtime.now() + keptMs });
    }
    if (operations.length === 0) return push;
    const result = await commitSurely(runtime, store, operations, deadline);
    if (result.status === 'committed') return push;
  }
  throw new TidegateError('store_unavailable', `too many publish to the stream ${stream.name} at once`, {
    retryAfterMs: 1_000,
  });
}

/** Those whose ids neither stand in the log nor come before them in the push. */
async function unknownOf(store: Deps['store'], log: string, size: number, events: readonly LoggedEvent[]) {
  const standing = await loadWindow(store, log, size);
  const before = createWindow(events.length);
  return events.filter((event) => {
    if (standing.has(event) || before.has(event)) return false;
    before.add(event);
    return true;
  });
}

function repeated({ fingerprint, appended, duplicates }: JsonObject, once: Once): Push {
  if (fingerprint === once.fingerprint) return { appended: Number(appended), duplicates: Number(duplicates) };
  throw new TidegateError('invalid_input', 'The Idempotency-Key came before, with other events', {
    field: 'Idempotency-Key',
    expected: 'a key of its own for each push',
  });
}
