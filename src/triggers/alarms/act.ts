/**
 * What people do to alarms. Each is done once however often it is asked for, and stands in the log of alarms with who did it. Who
 * says which occurrence they saw does nothing to a later one.
 */
import { TidegateError } from '../../base/errors.ts';
import { plainText } from '../../base/plain.ts';
import type { DeclaredTrigger } from '../../declare/trigger.ts';
import { commitSurely } from '../../store/commit.ts';
import { isPresent } from '../../store/store.ts';
import { trimHints } from '../../streams/hints.ts';
import type { StreamScope } from '../../streams/scope.ts';
import { putAlarm } from './follow.ts';
import { ALARMS_LOG, alarmKey, alarmRecord, appendChanges } from './records.ts';
import { type AlarmActor, type AlarmInput, alarmStateOf, type AlarmStatus, isShelved, moveAlarm } from './state.ts';

/** Longest time for which an alarm may be shelved, ms. */
export const MOST_SHELVED_MS = 30 * 86_400_000;

interface AlarmRequest {
  action: 'acknowledge' | 'shelve' | 'unshelve' | 'clear';
  /** Null: the trigger has no keys. */
  key: string | null;
  note: string | null;
  /** How long it is shelved, ms; of other actions null. */
  forMs: number | null;
  /** Which occurrence was seen. Null: whichever is the last. */
  occurrence: string | null;
}

interface AlarmAnswer {
  alarm: AlarmStatus;
  /** False: it was so already. */
  changed: boolean;
}

/** How often in a row a commit may meet an alarm that somebody else has moved. */
const MOST_RACES = 20;
/** A shelf that ends within this of the one that is asked for is the same, ms: who asks again is later by that. */
const SAME_SHELF_MS = 60_000;

/**
 * Two store calls; one where nothing changes.
 * @throws TidegateError `not_found`; `invalid_input` for an alarm that still holds and is to be cleared, or was raised again;
 * `store_unavailable`, `store_unknown`
 */
export async function actOnAlarm(
  scope: StreamScope,
  trigger: DeclaredTrigger,
  by: AlarmActor,
  request: AlarmRequest,
  deadline: number,
): Promise<AlarmAnswer> {
  const { store, runtime, tenant } = scope;
  const { key, occurrence } = request;
  for (let races = 0; races <= MOST_RACES; races += 1) {
    const now = runtime.now();
    const reading = await store.get(alarmKey(tenant, trigger.name, key), now);
    const alarm = alarmRecord.read(reading);
    if (alarm === null || !isPresent(reading)) throw noAlarm(trigger, key);
    if (occurrence !== null && occurrence !== alarm.occurrence) throw raisedAgain(alarm);
    const input = inputOf(request, by, alarm, now);
    const next = input && moveAlarm(alarm, input, now);
    if (next === 'still_holds') throw stillHolds(trigger);
    if (next === null || input === null) return { alarm, changed: false };
    const change = { action: input.action, state: alarmStateOf(next, now), was: alarmStateOf(alarm, now), alarm: next };
    const id = `${alarm.occurrence}.${input.action}.${reading.version}`;
    const changes = appendChanges(tenant, trigger.tenants, [{ ...change, id, time: now }]);
    const operations = [putAlarm(reading, next, now), ...changes];
    const result = await commitSurely(runtime, store, operations, deadline);
    if (result.status !== 'committed') continue;
    scope.changed?.(tenant, ALARMS_LOG);
    await trimHints(scope, tenant);
    return { alarm: next, changed: true };
  }
  throw new TidegateError('store_unavailable', 'the alarm changes too often at once', { retryAfterMs: 1_000 });
}

/** Null: it is shelved until about then already. */
function inputOf(
  { action, note, forMs }: AlarmRequest,
  by: AlarmActor,
  alarm: AlarmStatus,
  now: number,
): AlarmInput | null {
  if (action !== 'shelve') return { action, by, note };
  const until = now + (forMs ?? 0);
  const { shelvedUntil } = alarm;
  const isSame = isShelved(alarm, now) && shelvedUntil !== null && Math.abs(until - shelvedUntil) < SAME_SHELF_MS;
  return isSame ? null : { action, until, by, note };
}

function noAlarm({ name }: DeclaredTrigger, key: string | null): TidegateError {
  const of = key === null ? '' : ` of ${plainText(key).slice(0, 80)}`;
  return new TidegateError('not_found', `the trigger ${name} has no alarm${of}`, {
    field: 'key',
    expected: key === null ? 'the key of an alarm, where the trigger looks at each key' : 'the key of an alarm',
  });
}

function raisedAgain({ occurrence, title }: AlarmStatus): TidegateError {
  return new TidegateError('invalid_input', `the alarm was raised again since then: ${title}`, {
    field: 'occurrence',
    expected: `${occurrence}, which is the last one, or to be left out`,
  });
}

function stillHolds({ name }: DeclaredTrigger): TidegateError {
  return new TidegateError('invalid_input', `the condition of ${name} still holds, so its alarm cannot be cleared`, {
    field: 'action',
    expected: 'acknowledge first, or shelve',
    hint: 'an alarm that is cleared while its condition holds is raised again only once that has ceased',
  });
}
