/**
 * The work on alarms: follows the logs of triggers, and ends shelves whose time is over. A call that is missed, doubled or overlaps
 * another harms nothing.
 */
import { asTidegateError, type TidegateError } from '../../base/errors.ts';
import { APP_TENANT } from '../../base/principal.ts';
import { commitSurely } from '../../store/commit.ts';
import { DUE_LIMIT } from '../../store/limits.ts';
import type { DeclaredTrigger } from '../../declare/trigger.ts';
import type { Deps } from '../../streams/deps.ts';
import { trimStream } from '../../streams/log/retention.ts';
import { scopeOfLogs, type StreamScope } from '../../streams/scope.ts';
import { followAlarms, putAlarm } from './follow.ts';
import { ALARMS_LOG, alarmRecord, alarmsStream, appendChanges, SHELVED_QUEUE } from './records.ts';
import { alarmStateOf, moveAlarm } from './state.ts';

/** One round in so many trims the log of alarms. */
const TRIM_EVERY = 50;

export interface AlarmsReport {
  entries: number;
  unshelved: number;
  dueAt: number | null;
  more: boolean;
  error: TidegateError | null;
}

export interface AlarmWork {
  /** Whether a change of a log concerns an alarm. */
  concerns(stream: string): boolean;
  /** @param places whose logs of triggers have changed; null: shared ones are looked at, and shelves that are over */
  run(deadline: number, places: readonly { tenant: string; stream: string }[] | null): Promise<AlarmsReport>;
  /** Follows the triggers of one tenant, for a schedule that goes over tenants. @throws TidegateError */
  behind(tenant: string, deadline: number): Promise<void>;
}

const nothingYet = (): AlarmsReport => ({ entries: 0, unshelved: 0, dueAt: null, more: false, error: null });

export function createAlarmWork(deps: Deps): AlarmWork {
  const { app, store, runtime } = deps;
  const all = [...app.triggers.values()].filter(({ alarm }) => alarm !== null);
  const byLog = new Map(all.map((trigger) => [trigger.log.name, trigger]));

  async function followIn(
    tenant: string,
    triggers: readonly DeclaredTrigger[],
    deadline: number,
    report: AlarmsReport,
  ) {
    const scope = scopeOfLogs(deps, { tenant });
    for (const trigger of triggers) {
      try {
        const { entries, caughtUp } = await followAlarms(scope, trigger, deadline);
        report.entries += entries;
        report.more ||= !caughtUp;
        if (entries > 0 && runtime.random() * TRIM_EVERY < 1)
          await trimStream(scope, alarmsStream(trigger.tenants), deadline);
      } catch (thrown) {
        const error = asTidegateError(thrown);
        report.error ??= error;
        report.more = true;
        runtime.log('warn', `alarms are not moved: ${error.message}`, { trigger: trigger.name, code: error.code });
      }
    }
  }

  async function endShelves(deadline: number, report: AlarmsReport): Promise<void> {
    if (all.length === 0) return;
    const now = runtime.now();
    const due = await store.due(SHELVED_QUEUE, { now, limit: DUE_LIMIT, from: Math.floor(runtime.random() * 16) });
    report.more ||= due.length >= DUE_LIMIT;
    for (const { partition, id } of due) {
      const [tenant = ''] = partition.split('/');
      if (runtime.now() < deadline) await endShelf(scopeOfLogs(deps, { tenant }), { partition, id }, deadline, report);
    }
  }

  const shared = all.filter(({ tenants }) => tenants === 'shared');
  const each = all.filter(({ tenants }) => tenants === 'each');

  return {
    concerns: (stream) => byLog.has(stream),
    async run(deadline, places) {
      const report = nothingYet();
      if (places === null) {
        await followIn(APP_TENANT, shared, deadline, report);
        try {
          await endShelves(deadline, report);
        } catch (thrown) {
          report.error ??= asTidegateError(thrown);
        }
        return report;
      }
      for (const [tenant, own] of Map.groupBy(places, (place) => place.tenant)) {
        const triggers = [...new Set(own.flatMap(({ stream }) => byLog.get(stream) ?? []))];
        await followIn(tenant, triggers, deadline, report);
      }
      return report;
    },
    async behind(tenant, deadline) {
      const report = nothingYet();
      await followIn(tenant, each, deadline, report);
      if (report.error !== null) throw report.error;
    },
  };
}

/** Where somebody else has moved it meanwhile, it is due again or is not shelved any more. */
async function endShelf(
  scope: StreamScope,
  key: { partition: string; id: string },
  deadline: number,
  report: AlarmsReport,
): Promise<void> {
  const { store, runtime, tenant } = scope;
  const now = runtime.now();
  const reading = await store.get(key, now);
  const alarm = alarmRecord.read(reading);
  const next = alarm && moveAlarm(alarm, { action: 'shelf_end' }, now);
  if (alarm === null || next === null || next === 'still_holds') return;
  const state = alarmStateOf(next, now);
  const id = `${alarm.occurrence}.shelf_end.${reading.version}`;
  const change = { action: 'shelf_end', state, was: 'shelved', alarm: next, id, time: now } as const;
  const operations = [putAlarm(reading, next, now), ...appendChanges(tenant, [change])];
  const result = await commitSurely(runtime, store, operations, deadline);
  if (result.status !== 'committed') return;
  report.unshelved += 1;
  scope.changed?.(tenant, ALARMS_LOG);
}
