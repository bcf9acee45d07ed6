/**
 * Where a wait begins. `threshold`, `match`, `change` and `rate` are judged by the latest event of each key first, and silence
 * is measured of each key that has one, where it is measured of each key. These events are a
 * projection of the log, so the wait's cursor is where the projection stood before they were read. What was appended after that
 * is still to be read, so no event is missed. The first of these readings are remembered, whether or not they pass: one that comes later
 * and is older says nothing of the time of the wait. What comes late of that time counts, because the condition did hold while somebody
 * waited.
 */
import type { Condition } from '../../declare/condition.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import type { LoggedEvent } from '../../base/event.ts';
import type { Cursor } from '../../store/store.ts';
import { begin, isLookedAt, step, type Transition } from '../../streams/conditions/condition.ts';
import { ORDERLY_RULES, RULES } from '../../streams/conditions/rules.ts';
import { isPerKey, passesKey, passesWhere } from '../../streams/conditions/scope.ts';
import { keysThatPass, measuresEachKnown } from '../../streams/ranges/known-keys.ts';
import { followerPosition } from '../../streams/log/follower.ts';
import { LATEST_FOLLOWER, projectLatest } from '../../streams/log/latest.ts';
import { eachLatest, KEYS_AT_ONCE, readLatestOf } from '../../streams/log/read-latest.ts';
import { streamLog } from '../../streams/log/stream-log.ts';
import { limitsOfWait } from '../records/quotas.ts';
import { occurrenceOf, type Waiter } from './waiter.ts';
import type { StreamScope } from '../../streams/scope.ts';

/** How many keys' latest events are looked at, at most, in the order of keys. */
const MOST_STANDING = 10_000;
/** Of so many keys the reading is remembered where it does not pass: each takes some 70 bytes of each wait that is stored. */
const MOST_REMEMBERED = 100;

/** A waiter that holds already, or one that waits from here. Errors as the store's. */
export async function beginWait(
  scope: StreamScope,
  stream: DeclaredStream,
  condition: Condition,
  deadline: number,
): Promise<Waiter> {
  const { runtime, store, tenant } = scope;
  const log = streamLog(tenant, stream.name);
  const now = runtime.now();
  const { kind } = condition;
  const limits = limitsOfWait(scope.app);
  const measuresKnown = measuresEachKnown(condition);
  if (kind === 'count' || (kind === 'absence' && !measuresKnown)) {
    const { end } = await store.extent(log);
    return { condition, state: begin(condition, now), cursor: end, settled: false };
  }
  const cursor = await projectedTo(scope, stream, log, deadline);
  if (measuresKnown) {
    const known = await keysThatPass(scope, stream, condition, Math.min(MOST_STANDING, limits.subjects));
    return { condition, state: begin(condition, now, known, limits), cursor, settled: false };
  }
  let state = begin(condition, now);
  let newest: Transition<LoggedEvent> | null = null;
  let looked = 0;
  const standing = standingEvents(scope, stream, condition);
  for await (const event of isPerKey(condition) ? standing : newestOf(standing, condition)) {
    if (isLookedAt(condition, event)) looked += 1;
    const stepped = step(condition, state, event, now, limits, looked > MOST_REMEMBERED ? RULES : ORDERLY_RULES);
    ({ state } = stepped);
    for (const transition of stepped.transitions) {
      if (transition.became !== 'holding') continue;
      if (newest === null || (transition.event?.time ?? 0) > (newest.event?.time ?? 0)) newest = transition;
    }
  }
  if (newest !== null) return { held: occurrenceOf(stream.name, newest) };
  return { condition, state, cursor, settled: false };
}

/** The cursor up to which the latest events cover the log; null only where the log is empty. */
async function projectedTo(
  scope: StreamScope,
  stream: DeclaredStream,
  log: string,
  deadline: number,
): Promise<Cursor | null> {
  const position = await followerPosition(scope, LATEST_FOLLOWER, log);
  if (position !== null) return position;
  await projectLatest(scope, stream, { deadline });
  return followerPosition(scope, LATEST_FOLLOWER, log);
}

async function* standingEvents(
  scope: StreamScope,
  stream: DeclaredStream,
  { key }: Condition,
): AsyncGenerator<LoggedEvent> {
  const asked = !stream.keyed ? [null] : typeof key === 'string' ? [key] : key && 'oneOf' in key ? key.oneOf : null;
  if (asked !== null) {
    yield* (await readLatestOf(scope, stream.name, asked.slice(0, KEYS_AT_ONCE))).events;
    return;
  }
  let read = 0;
  for await (const events of eachLatest(scope, stream)) {
    yield* events;
    read += events.length;
    if (read >= MOST_STANDING) return;
  }
}

/** Only the newest event that the condition looks at: it decides where all keys are judged together. */
async function* newestOf(events: AsyncIterable<LoggedEvent>, { kind, key, where }: Condition) {
  let newest: LoggedEvent | null = null;
  for await (const event of events) {
    if (!passesKey(key, event.key) || (kind !== 'match' && !passesWhere(where, event.data))) continue;
    if (newest === null || event.time > newest.time) newest = event;
  }
  if (newest !== null) yield newest;
}
