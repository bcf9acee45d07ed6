/**
 * What is stored of alarms: a record of each trigger and key, and a log of what happened to them. The log has the form of a
 * stream's, so streams of events, listeners and followers read it as they read any. Both begin with the tenant in whose name the
 * trigger stands.
 */
import * as z from 'zod';
import type { Json } from '../../base/json.ts';
import { declareStream } from '../../declare/check/stream.ts';
import type { StreamTenants } from '../../declare/feed.ts';
import { type DeclaredStream, stream } from '../../declare/stream.ts';
import { SEVERITIES } from '../../declare/trigger.ts';
import { record } from '../../store/record.ts';
import type { Append, RecordKey } from '../../store/store.ts';
import { loggedEvent, streamLog } from '../../streams/log/stream-log.ts';
import { type Hint, hinting } from '../../streams/hints.ts';
import type { LogTenant } from '../../streams/scope.ts';
import { ALARM_ACTIONS, ALARM_STATES, type AlarmAction, type AlarmState, type AlarmStatus } from './state.ts';

/** Cleared alarms are forgotten after this, ms; the log has its own retention. */
export const CLEARED_MS = 30 * 86_400_000;
const KEPT = { events: 100_000, ageMs: 90 * 86_400_000 };

export function alarmPartition(tenant: LogTenant, trigger: string): string {
  return `${tenant}/alarms/${trigger}`;
}

export function alarmKey(tenant: LogTenant, trigger: string, key: string | null): RecordKey {
  return { partition: alarmPartition(tenant, trigger), id: key === null ? 'all' : `k:${key}` };
}

export const alarmRecord = record<AlarmStatus>('alarm', () =>
  z.strictObject({
    trigger: z.string(),
    key: z.string().nullable(),
    holds: z.boolean(),
    latched: z.boolean(),
    acknowledged: z.boolean(),
    shelvedUntil: z.number().nullable(),
    severity: z.enum(SEVERITIES),
    title: z.string(),
    value: z.number().nullable(),
    occurrence: z.string(),
    count: z.number(),
    raisedAt: z.number(),
    lastAt: z.number(),
    changedAt: z.number(),
    by: z.strictObject({ tenant: z.string(), subject: z.string() }).nullable(),
    note: z.string().nullable(),
  }),
);

/** The queue of shelved alarms, of every tenant: they are due when their time is over. */
export const SHELVED_QUEUE = 'alarms-shelved';

/** One thing that happened to an alarm, with what the alarm is since then. */
export const AlarmChange = z.object({
  action: z.enum(ALARM_ACTIONS),
  state: z.enum(ALARM_STATES),
  was: z.enum(ALARM_STATES).nullable().describe('Null: there was none'),
  alarm: z.custom<AlarmStatus>(),
});
export type AlarmChange = { action: AlarmAction; state: AlarmState; was: AlarmState | null; alarm: AlarmStatus };

/** No stream of an app has a dot in its name. */
export const ALARMS_LOG = 'alarms.log';

/** The log as a stream: one of those that are shared, one of each tenant. */
export function alarmsStream(tenants: StreamTenants): DeclaredStream {
  const [title, description] = ['Alarms', 'What happened to alarms, and what each is since then'];
  const options = stream({ title, description, schema: z.json(), tenants, retention: KEPT });
  const made = declareStream(ALARMS_LOG, options, []);
  if (made === null) throw new Error('the log of alarms cannot be declared');
  return { ...made, keyed: true };
}

export interface LoggedChange extends AlarmChange {
  /** The same whoever appends it. */
  id: string;
  time: number;
}

export function alarmUri(trigger: string, key: string | null): string {
  return `alarm://${encodeURIComponent(trigger)}${key === null ? '' : `/${encodeURIComponent(key)}`}`;
}

/**
 * The changes in the log of alarms, and a hint for each resource that shows one, so that whoever listens to it hears of it. After the
 * commit `trimHints` is called.
 * @param tenants of the trigger: shared alarms are told to every tenant
 */
export function appendChanges(tenant: LogTenant, tenants: StreamTenants, changes: readonly LoggedChange[]): Append[] {
  if (changes.length === 0) return [];
  const events = changes.map(({ id, time, ...data }) => {
    const { key } = data.alarm;
    return { id, ...(key === null ? {} : { key }), time, data: data as unknown as Json };
  });
  const uris = [...new Set(changes.map(({ alarm }) => alarmUri(alarm.trigger, alarm.key)))];
  const hints = uris.map((uri): Hint => ({ resource: uri, ...(tenants === 'shared' ? { all: true } : {}) }));
  return [loggedEvent.append(streamLog(tenant, ALARMS_LOG), events), hinting(tenant, hints)];
}
