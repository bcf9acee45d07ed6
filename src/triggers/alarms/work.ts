/** The work on alarms: follows the logs of triggers, and ends shelves whose time is over. */
import { asTidegateError, type TidegateError } from '../../base/errors.ts';
import { commitSurely } from '../../store/commit.ts';
import { workOnEachDue } from '../../store/due.ts';
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

  /** A shelf that cannot be ended is put off and keeps no other back. `more`: more may be due. */
  async function endShelves(deadline: number): Promise<{ error: TidegateError | null; more: boolean }> {
    const now = runtime.now();
    const due = await store.due(SHELVED_QUEUE, { now, limit: DUE_LIMIT, from: Math.floor(runtime.random() * 16) });
    const { error, more } = await workOnEachDue(
      deps,
      due,
      deadline,
      'a shelf is not ended; it is tried again',
      (key) => {
        const [tenant = ''] = key.partition.split('/');
        return endShelf(scopeOfLogs(deps, { tenant }), key, deadline);
      },
    );
    return { error, more: more || due.length >= DUE_LIMIT };
  }

  return {
    ...following,
    async run(deadline, places) {
      const report = await following.run(deadline, places);
      if (places !== null || triggers.length === 0) return report;
      try {
        const { error, more } = await endShelves(deadline);
        return { ...report, error: report.error ?? error, more: report.more || more };
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
