/** What happened to one alarm, newest first: its entries among those of the log, which has those of all alarms of the tenant. */
import { isGap } from '../../base/event.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { Cursor } from '../../store/store.ts';
import { loggedEvent, streamLog } from '../../streams/log/stream-log.ts';
import type { LogScope } from '../../streams/scope.ts';
import { type AlarmChange, ALARMS_LOG } from './records.ts';

/** How many are sought, and among how many entries of the log, the newest. */
const MOST_SHOWN = 20;
const MOST_READS = 10;

export interface AlarmHistory {
  /** Newest first. */
  changes: (AlarmChange & { time: number })[];
  /** There may be older ones: so many were found, or so many entries were looked at. */
  truncated: boolean;
}

/** One store call for each 1,000 entries that are looked at, 10 at most. @param key null: of a trigger without keys */
export async function alarmHistory(
  { store, tenant }: LogScope,
  trigger: string,
  key: string | null,
): Promise<AlarmHistory> {
  const changes: AlarmHistory['changes'] = [];
  let before: Cursor | null = null;
  for (let reads = 0; reads < MOST_READS; reads += 1) {
    const page: Awaited<ReturnType<typeof store.last>> = await store.last(
      streamLog(tenant, ALARMS_LOG),
      READ_LIMIT,
      before,
    );
    for (const entry of page.entries.toReversed()) {
      const event = loggedEvent.read(entry);
      if (isGap(event) || (event.key ?? null) !== key) continue;
      const change = event.data as unknown as AlarmChange;
      if (change.alarm.trigger !== trigger) continue;
      if (changes.length >= MOST_SHOWN) return { changes, truncated: true };
      changes.push({ ...change, time: event.time });
    }
    if (page.entries.length < READ_LIMIT || page.start === page.floor) return { changes, truncated: false };
    before = page.start;
  }
  return { changes, truncated: true };
}
