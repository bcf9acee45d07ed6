/** The work on alarms: follows the logs of triggers, and ends shelves whose time is over. */
import { asTidegateError } from '../../base/errors.ts';
import { commitSurely } from '../../store/commit.ts';
import { DUE_LIMIT } from '../../store/limits.ts';
import type { Deps } from '../../streams/deps.ts';
import { trimHints } from '../../streams/hints.ts';
import { trimStream } from '../../streams/log/retention.ts';
import { scopeOfLogs, type StreamScope } from '../../streams/scope.ts';
import { type BehindTriggers, createBehind } from '../behind.ts';
import { followAlarms, putAlarm } from './follow.ts';
import { ALARMS_LOG, alarmRecord, alarmsStream, appendChanges, SHELVED_QUEUE } from './records.ts';
import { alarmStateOf, moveAlarm } from './state.ts';

/** One round in so many trims the log of alarms. */
const TRIM_EVERY = 50;

export function createAlarmWork(deps: Deps): BehindTriggers {
  const { app, store, runtime } = deps;
  const triggers = [...app.triggers.values()].filter(({ alarm }) => alarm !== null);
  const following = createBehind(
    deps,
    triggers,
    async (scope, trigger, deadline) => {
      const report = await followAlarms(scope, trigger, deadline);
      const isTrimmed = report.entries > 0 && runtime.random() * TRIM_EVERY < 1;
      if (report.entries > 0) await trimHints(scope, scope.tenant);
      if (isTrimmed) await trimStream(scope, alarmsStream(trigger.tenants), deadline);
      return report;
    },
    'alarms are not moved',
  );

  /** Answers whether more may be due. */
  async function endShelves(deadline: number): Promise<boolean> {
    const now = runtime.now();
    const due = await store.due(SHELVED_QUEUE, { now, limit: DUE_LIMIT, from: Math.floor(runtime.random() * 16) });
    for (const { partition, id } of due) {
      const [tenant = ''] = partition.split('/');
      if (runtime.now() < deadline) await endShelf(scopeOfLogs(deps, { tenant }), { partition, id }, deadline);
    }
    return due.length >= DUE_LIMIT;
  }

  return {
    ...following,
    async run(deadline, places) {
      const report = await following.run(deadline, places);
      if (places !== null || triggers.length === 0) return report;
      try {
        const more = await endShelves(deadline);
        return { ...report, more: report.more || more };
      } catch (thrown) {
        return { ...report, error: report.error ?? asTidegateError(thrown), more: true };
      }
    },
  };
}

/** Where somebody else has moved it meanwhile, it is due again or is not shelved any more. */
async function endShelf(scope: StreamScope, key: { partition: string; id: string }, deadline: number): Promise<void> {
  const { app, store, runtime, tenant } = scope;
  const now = runtime.now();
  const reading = await store.get(key, now);
  const alarm = alarmRecord.read(reading);
  const next = alarm && moveAlarm(alarm, { action: 'shelf_end' }, now);
  if (alarm === null || next === null || next === 'still_holds') return;
  // What the app no longer declares is shown to nobody.
  const tenants = app.triggers.get(alarm.trigger)?.tenants ?? 'each';
  const state = alarmStateOf(next, now);
  const id = `${alarm.occurrence}.shelf_end.${reading.version}`;
  const change = { action: 'shelf_end', state, was: 'shelved', alarm: next, id, time: now } as const;
  const operations = [putAlarm(reading, next, now), ...appendChanges(tenant, tenants, [change])];
  const result = await commitSurely(runtime, store, operations, deadline);
  if (result.status !== 'committed') return;
  scope.changed?.(tenant, ALARMS_LOG);
  await trimHints(scope, tenant);
}
