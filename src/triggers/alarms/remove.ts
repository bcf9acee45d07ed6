/**
 * Takes out of alarms what is removed from the streams of their trigger. The alarm of a removed key goes, with all that is in the log
 * of alarms of it. Of an alarm that rests on removed occurrences the state stays, without their title and value.
 */
import { TidegateError } from '../../base/errors.ts';
import { isGap, type LoggedEvent } from '../../base/event.ts';
import type { DeclaredTrigger } from '../../declare/trigger.ts';
import { afterConflict, commitSurely } from '../../store/commit.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import { type Cursor, isPresent, type Operation } from '../../store/store.ts';
import { type Hint, hinting } from '../../streams/hints.ts';
import { positionKey } from '../../streams/log/follower.ts';
import { isOf, type Removed, tombstoneOf } from '../../streams/log/removals.ts';
import { loggedEvent, streamLog } from '../../streams/log/stream-log.ts';
import type { StreamScope } from '../../streams/scope.ts';
import type { RemovedOccurrence } from '../keep.ts';
import { ALARMS_FOLLOWER, putAlarm } from './follow.ts';
import { type AlarmChange, ALARMS_LOG, alarmKey, alarmRecord, alarmUri } from './records.ts';
import type { AlarmStatus } from './state.ts';

/**
 * Does the same again where it is called again. It looks at the whole log of alarms, one store call for 1,000 entries.
 * @param occurrences those of the trigger that are removed beside what `what` names by itself
 * @throws TidegateError `store_unavailable` where the time is over: call again
 */
export async function removeFromAlarms(
  scope: StreamScope,
  trigger: DeclaredTrigger,
  what: Removed,
  occurrences: readonly RemovedOccurrence[],
  deadline: number,
): Promise<void> {
  if (trigger.alarm === null) return;
  const isHit = hitBy(what, occurrences);
  if ('key' in what && what.key !== undefined && !('from' in what))
    await change(scope, trigger, what.key, () => null, deadline);
  const keys = await eraseLogged(scope, trigger, isHit, deadline);
  for (const key of keys) {
    const scrubbed = (alarm: AlarmStatus) =>
      isHit(null, alarm) ? { ...alarm, title: trigger.title ?? trigger.name, value: null } : alarm;
    await change(scope, trigger, key, scrubbed, deadline);
  }
}

/** Whether an alarm says something of what is removed, or an entry of its log does. */
function hitBy(what: Removed, occurrences: readonly RemovedOccurrence[]) {
  const ids = new Set(occurrences.map(({ id }) => id));
  const logged = new Set(occurrences.map(({ id }) => `${id}.alarm`));
  const places = new Set(occurrences.map(({ key = null, time }) => JSON.stringify([key, time])));
  return (entry: LoggedEvent | null, { key, occurrence, lastAt }: AlarmStatus): boolean => {
    const at = { id: '', time: lastAt, data: null, ...(key === null ? {} : { key }) };
    return (
      ids.has(occurrence) ||
      places.has(JSON.stringify([key, lastAt])) ||
      (!('id' in what) && (isOf(at, what) || (entry !== null && isOf(entry, what)))) ||
      (entry !== null && logged.has(entry.id))
    );
  };
}

/** @returns keys of alarms of which something was erased */
async function eraseLogged(
  { store, runtime, tenant }: StreamScope,
  { name }: DeclaredTrigger,
  isHit: ReturnType<typeof hitBy>,
  deadline: number,
): Promise<Set<string | null>> {
  const log = streamLog(tenant, ALARMS_LOG);
  const keys = new Set<string | null>();
  for (let before: Cursor | null = null; ;) {
    const page: Awaited<ReturnType<typeof store.last>> = await store.last(log, READ_LIMIT, before);
    const erasures = page.entries.flatMap((entry) => {
      const event = loggedEvent.read(entry);
      if (isGap(event)) return [];
      const { alarm } = event.data as unknown as AlarmChange;
      if (alarm.trigger !== name || !isHit(event, alarm)) return [];
      keys.add(alarm.key);
      return [{ cursor: entry.cursor, value: tombstoneOf(event, entry.appendedAt) }];
    });
    if (erasures.length > 0) await store.erase(log, erasures);
    if (page.entries.length < READ_LIMIT || page.start === page.floor) return keys;
    if (runtime.now() >= deadline) throw noTime(name);
    before = page.start;
  }
}

/** The follower's position is written as it stood, so that one that read a removed occurrence before reads again. */
async function change(
  { store, runtime, tenant }: StreamScope,
  { name, log, tenants }: DeclaredTrigger,
  key: string | null,
  changed: (alarm: AlarmStatus) => AlarmStatus | null,
  deadline: number,
): Promise<void> {
  const at = alarmKey(tenant, name, key);
  for (let conflicts = 0, isTime = true; isTime; conflicts += 1) {
    const now = runtime.now();
    const [reading, position] = await store.getMany(
      [at, positionKey(tenant, ALARMS_FOLLOWER, streamLog(tenant, log.name))],
      now,
    );
    const alarm = reading === undefined ? null : alarmRecord.read(reading);
    if (reading === undefined || alarm === null || reading.version === null || !isPresent(reading)) return;
    const next = changed(alarm);
    if (next === alarm) return;
    const told: Hint = { resource: alarmUri(name, key), ...(tenants === 'shared' ? { all: true } : {}) };
    const operations: Operation[] = [
      next === null ? { kind: 'delete', ...at, expects: reading.version } : putAlarm(reading, next, now),
      hinting(tenant, [told]),
    ];
    if (position && isPresent(position)) {
      const { partition, id, value, version: expects } = position;
      operations.push({ kind: 'put', partition, id, value, expects });
    }
    if ((await commitSurely(runtime, store, operations, deadline)).status === 'committed') return;
    isTime = await afterConflict(runtime, conflicts, deadline);
  }
  throw noTime(name);
}

function noTime(name: string): TidegateError {
  return new TidegateError('store_unavailable', `what is removed is not yet taken out of the alarms of ${name}`, {
    retryAfterMs: 1_000,
  });
}
