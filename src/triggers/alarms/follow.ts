/**
 * The follower of a trigger's log that moves its alarms: an occurrence raises the alarm of its key, the end of what held returns
 * it. The records, the entries of the log of alarms and the position move in one commit, so each occurrence counts once. Where a
 * person does something at the same time, one of both reads again.
 */
import { isGap, type LoggedEvent } from '../../base/event.ts';
import type { DeclaredTrigger, OccurrenceData } from '../../declare/trigger.ts';
import { type Operation, type Reading } from '../../store/store.ts';
import { follow } from '../../streams/log/follower.ts';
import { removalsKey } from '../../streams/log/removals.ts';
import { loggedEvent, streamLog } from '../../streams/log/stream-log.ts';
import type { StreamScope } from '../../streams/scope.ts';
import {
  ALARMS_LOG,
  alarmKey,
  alarmRecord,
  appendChanges,
  CLEARED_MS,
  type LoggedChange,
  SHELVED_QUEUE,
} from './records.ts';
import { type AlarmInput, alarmStateOf, type AlarmStatus, beneath, moveAlarm, raisedFirst } from './state.ts';

export const ALARMS_FOLLOWER = 'alarms';
/** Entries of a round: each is one record and one entry at most, so they fit a commit. */
const ROUND_ENTRIES = 25;

/** Errors as `follow`. @returns whether it came to the end of the log */
export async function followAlarms(
  scope: StreamScope,
  trigger: DeclaredTrigger,
  deadline: number,
): Promise<{ entries: number; caughtUp: boolean }> {
  const { tenant, changed } = scope;
  const { entries, caughtUp } = await follow({
    scope,
    log: streamLog(tenant, trigger.log.name),
    follower: ALARMS_FOLLOWER,
    removals: removalsKey(tenant, trigger.log.name),
    repeatable: false,
    limit: ROUND_ENTRIES,
    deadline,
    begin() {
      const occurrences: LoggedEvent[] = [];
      let appended = false;
      return {
        take(entries) {
          for (const entry of entries) {
            const event = loggedEvent.read(entry);
            if (!isGap(event)) occurrences.push(event);
          }
        },
        async effects() {
          const operations = await effectsOf(scope, trigger, occurrences);
          appended = operations.some(({ kind }) => kind === 'append');
          return operations;
        },
        committed() {
          if (appended) changed?.(tenant, ALARMS_LOG);
        },
      };
    },
  });
  return { entries, caughtUp };
}

/** One store call. */
async function effectsOf(
  scope: StreamScope,
  trigger: DeclaredTrigger,
  occurrences: readonly LoggedEvent[],
): Promise<Operation[]> {
  if (occurrences.length === 0) return [];
  const { store, runtime, tenant } = scope;
  const now = runtime.now();
  const keys = [...new Set(occurrences.map(({ key = null }) => key))];
  const readings = await store.getMany(
    keys.map((key) => alarmKey(tenant, trigger.name, key)),
    now,
  );
  const standing = new Map<string | null, { reading: Reading; alarm: AlarmStatus | null; moved: boolean }>();
  for (const [index, reading] of readings.entries()) {
    standing.set(keys[index] ?? null, { reading, alarm: alarmRecord.read(reading), moved: false });
  }
  const changes: LoggedChange[] = [];
  for (const event of occurrences) {
    const { key = null } = event;
    const held = standing.get(key);
    if (!held) continue;
    const input = inputOf(trigger, event);
    const before = held.alarm;
    const next = before === null ? firstOf(trigger.name, key, input, now) : moveAlarm(before, input, now);
    if (next === null || next === 'still_holds') continue;
    held.alarm = next;
    held.moved = true;
    const was = before && alarmStateOf(before, now);
    const { action } = input;
    changes.push({
      id: `${event.id}.alarm`,
      time: event.time,
      action,
      state: alarmStateOf(next, now),
      was,
      alarm: next,
    });
  }
  const puts = [...standing.values()].flatMap(({ reading, alarm, moved }) =>
    alarm !== null && moved ? [putAlarm(reading, alarm, now)] : [],
  );
  return [...puts, ...appendChanges(tenant, trigger.tenants, changes)];
}

function firstOf(trigger: string, key: string | null, input: AlarmInput, now: number): AlarmStatus | null {
  return input.action === 'raise' ? raisedFirst(trigger, key, input, now) : null;
}

function inputOf({ alarm }: DeclaredTrigger, { id, time, data }: LoggedEvent): AlarmInput {
  const { became, title, value, severity = 'warning' } = data as unknown as OccurrenceData;
  if (became === 'ceased') return { action: 'cease', time, title, value, occurrence: id };
  return { action: 'raise', time, title, value, occurrence: id, severity, clears: alarm?.clears !== false };
}

/** A shelved alarm is due when its time is over; one that is cleared is forgotten after a while. */
export function putAlarm(reading: Reading, alarm: AlarmStatus, now: number): Operation {
  const { shelvedUntil } = alarm;
  return alarmRecord.replace(reading, alarm, {
    due: shelvedUntil === null ? null : { queue: SHELVED_QUEUE, at: shelvedUntil },
    expiresAt: shelvedUntil === null && beneath(alarm) === 'cleared' ? now + CLEARED_MS : null,
  });
}
