/**
 * Removes events from a stream. `removals.ts` says what a removal is, and who obeys it from when on.
 *
 * One commit makes it: the removal's entry, the stream's record of removals, the fence of a stream of identified events,
 * and the position of the latest events' follower, written as it stood. The last two make writers and followers that began
 * before read again. Events that arrive while the commit is made may stay. After the commit the latest events are settled,
 * and only then is the removal acknowledged. At last the newest part of the log is erased at once, which is all of it
 * where it is short; the sweep does the rest.
 */
import type { EventSelector } from '../../declare/app-streams.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { asTidegateError, TidegateError, invalidInput } from '../../base/errors.ts';
import { utf8Bytes } from '../../base/json.ts';
import { isoTime, parseTime } from '../../base/time/time-text.ts';
import { afterConflict, commitSurely } from '../../store/commit.ts';
import { isPresent, type Operation } from '../../store/store.ts';
import { withoutKeys } from '../find-stream.ts';
import type { StreamScope } from '../scope.ts';
import { noteWrite } from '../tenant-work.ts';
import { fenceKey, fencePut } from '../log/append.ts';
import { eraseAtOnce } from './erase-at-once.ts';
import { DROP_AFTER_MS, eraseRemoved } from './erase-removed.ts';
import { positionKey } from '../log/follower.ts';
import { LATEST_FOLLOWER, projectLatest } from '../log/latest.ts';
import { noteEntry, removalEntriesKey } from '../log/removal-entries.ts';
import { type Removal, removalEvent, type Removals, removals, removalsKey, type Removed } from '../log/removals.ts';
import { settleLatest } from './settle-latest.ts';
import { loggedEvent, streamLog } from '../log/stream-log.ts';
import { EVENT_ID_BYTES, KEY_BYTES } from '../log/validate-event.ts';

/** Most removals of a stream at a time, and most bytes of their record. */
export const MOST_REMOVALS = 200;
const RECORD_BYTES = 100_000;
/** Reads of 1,000 entries that make room for another removal. */
const READS_FOR_ROOM = 10;
/** Work stops this long before the caller's deadline, so that the answer arrives in time. */
const ANSWER_MS = 500;

interface RemoveReport {
  /** Events that were removed, as far as the log was looked at. */
  removed: number;
  /** The whole log was looked at. False: `removed` may be too small, and the sweep goes on. */
  complete: boolean;
}

/**
 * Resolves when no reader gets the events any more. It may be repeated: what is removed already is not counted again.
 * @param deadline epoch ms
 * @throws TidegateError `invalid_input` with the field; `rate_limited` where too many removals wait for the sweep;
 * `store_unavailable`, `store_unknown`: repeat it.
 */
export async function removeEvents(
  scope: StreamScope,
  stream: DeclaredStream,
  selector: EventSelector,
  deadline: number,
): Promise<RemoveReport> {
  const what = resolveSelector(stream, selector, scope.runtime.now());
  await noteWrite(scope, stream);
  const number = await commitRemoval(scope, stream, what, deadline);
  if (number === null) return { removed: 0, complete: true };
  scope.changed?.(scope.tenant, stream.name);
  await settleLatest(scope, stream, deadline);
  const removal = await tryErase(scope, stream, number, deadline);
  return { removed: removal?.erased ?? 0, complete: removal?.doneAt !== null && removal !== null };
}

/** Where it fails, the removal stands, and the sweep erases. */
async function tryErase(
  scope: StreamScope,
  stream: DeclaredStream,
  number: number,
  deadline: number,
): Promise<Removal | null> {
  try {
    return await eraseAtOnce(scope, stream, number, deadline - ANSWER_MS);
  } catch (error) {
    const { code, message } = asTidegateError(error);
    scope.runtime.log('warn', 'removed events are not erased yet', { stream: stream.name, code, message });
    return null;
  }
}

/** The removal's number; null: the log has no events, so there is nothing to remove. */
async function commitRemoval(
  scope: StreamScope,
  stream: DeclaredStream,
  what: Removed,
  deadline: number,
): Promise<number | null> {
  const { store, runtime, tenant } = scope;
  const log = streamLog(tenant, stream.name);
  const keys = [
    removalsKey(tenant, stream.name),
    positionKey(tenant, LATEST_FOLLOWER, log),
    removalEntriesKey(tenant, stream.name),
  ];
  if (stream.identified) keys.push(fenceKey(tenant, stream.name));
  let isTime = true;
  for (let conflicts = 0; isTime; conflicts += 1) {
    // The fence is read before the end: whoever appends between the two makes the commit fail.
    const [reading, position, places, fence] = await store.getMany(keys, runtime.now());
    const { end } = await store.extent(log);
    if (end === null || reading === undefined || position === undefined || places === undefined) return null;
    if (!isPresent(position)) {
      await projectLatest(scope, stream, { deadline });
      isTime = runtime.now() < deadline;
      continue;
    }
    const standing = removals.read(reading) ?? { next: 0, active: [], pass: null, orphans: [] };
    const entry = removalEvent(runtime.newId(), runtime.now(), what, textOf(what));
    const number = standing.next;
    const removal = { number, what, entry: entry.id, until: end, erased: 0, settled: false, doneAt: null };
    const next = { ...standing, next: number + 1, active: [...standing.active, removal] };
    if (isFull(next)) {
      await makeRoom(scope, stream, removal, deadline);
      isTime = runtime.now() < deadline;
      continue;
    }
    const operations: Operation[] = [
      loggedEvent.append(log, [entry]),
      removals.replace(reading, next),
      noteEntry(places, end),
      { kind: 'put', ...keyOf(position), value: position.value, expects: position.version },
      ...(fence === undefined ? [] : [fencePut(fence, { id: entry.id })]),
    ];
    const result = await commitSurely(runtime, store, operations, deadline);
    if (result.status === 'committed') return number;
    isTime = await afterConflict(runtime, conflicts, deadline);
  }
  throw new TidegateError('store_unavailable', `too many write to the stream ${stream.name} at once`, {
    retryAfterMs: 1_000,
  });
}

function keyOf({ partition, id }: { partition: string; id: string }) {
  return { partition, id };
}

function isFull(next: Removals): boolean {
  return next.active.length > MOST_REMOVALS || utf8Bytes(JSON.stringify(next)) > RECORD_BYTES;
}

/** Erases what is to be erased and drops removals that are done. */
async function makeRoom(scope: StreamScope, stream: DeclaredStream, removal: Removal, deadline: number): Promise<void> {
  const left = await eraseRemoved(scope, stream, { reads: READS_FOR_ROOM, deadline: deadline - ANSWER_MS });
  if (left === null || !isFull({ ...left, active: [...left.active, removal] })) return;
  throw new TidegateError('rate_limited', `too many removals of ${stream.name} wait until their events are erased`, {
    expected: `at most ${MOST_REMOVALS} at a time, and ${RECORD_BYTES} bytes of what they name`,
    hint: 'remove a key or a range in one removal, or go on in a minute',
    retryAfterMs: DROP_AFTER_MS,
  });
}

const SELECTOR = 'an id, or a key, or a range with from or to';

/** @throws TidegateError `invalid_input` with the field */
function resolveSelector(stream: DeclaredStream, selector: EventSelector, now: number): Removed {
  const given: unknown = selector;
  if (typeof given !== 'object' || given === null) throw invalidInput('selector', SELECTOR);
  const { id, key, from, to, ...others } = given as Record<'id' | 'key' | 'from' | 'to', unknown>;
  const other = Object.keys(others)[0];
  if (other !== undefined) throw invalidInput(other, 'to be left out: a removal has id, or key, from and to');
  if (key !== undefined && !stream.keyed) throw withoutKeys(stream, 'key');
  if (key !== undefined) checkText(key, 'key', KEY_BYTES);
  if (id !== undefined) {
    checkText(id, 'id', EVENT_ID_BYTES);
    const beside = Object.entries({ key, from, to }).find(([, value]) => value !== undefined);
    if (beside) throw invalidInput(beside[0], 'to be left out beside id');
    return { id };
  }
  const [first, end] = [timeOf(from, now, 'from'), timeOf(to, now, 'to')];
  if (first !== null && end !== null && first >= end) throw invalidInput('from', 'a time before `to`');
  if (first !== null || end !== null) return { from: first, to: end, ...(key === undefined ? {} : { key }) };
  if (key !== undefined) return { key };
  throw invalidInput('id', SELECTOR);
}

function checkText(value: unknown, field: string, most: number): asserts value is string {
  if (typeof value === 'string' && value !== '' && utf8Bytes(value) <= most && value.isWellFormed()) return;
  throw invalidInput(field, `a text of 1 to ${most} bytes`);
}

function timeOf(value: unknown, now: number, field: string): number | null {
  if (value === undefined) return null;
  if (typeof value === 'number' || typeof value === 'string') return parseTime(value, now, field);
  throw invalidInput(field, 'epoch milliseconds or a text');
}

function textOf(what: Removed): string {
  if ('id' in what) return `the event ${what.id}`;
  const key = what.key === undefined ? 'all events' : `the events of ${what.key}`;
  if (!('from' in what)) return key;
  const [from, to] = [what.from, what.to].map((time) => (time === null ? null : isoTime(time)));
  return [key, ...(from ? [`from ${from}`] : []), ...(to ? [`before ${to}`] : [])].join(' ');
}
