/** `alarm://{trigger}` and `alarm://{trigger}/{key}`: an alarm as it stands, with the newest of what happened to it. */
import { TidegateError } from '../../base/errors.ts';
import { isGap } from '../../base/event.ts';
import { jsonText } from '../../base/plain.ts';
import { isoTime } from '../../base/time/time-text.ts';
import { accounted, type AppDeps } from '../../calls/context.ts';
import type { ListContext } from '../../declare/context.ts';
import type { ResourceContents } from '../../declare/content.ts';
import { type Resource, resource } from '../../declare/resource.ts';
import { streamLog, loggedEvent } from '../../streams/log/stream-log.ts';
import { ofStream, type Scope } from '../../streams/scope.ts';
import { readAlarm } from '../../triggers/alarms/list.ts';
import { type AlarmChange, ALARMS_LOG } from '../../triggers/alarms/records.ts';
import { shownTo } from '../../triggers/alarms/source.ts';
import { findAlarmTrigger, triggersWithAlarms } from '../../calls/events/app-alarms.ts';
import { shownAlarm } from './alarm-tools.ts';

const JSON_TYPE = 'application/json';
const CACHE = { ttlMs: 1_000, cacheScope: 'private' } as const;
const FOR_MODELS = { audience: ['assistant' as const] };
/** Entries of the log of alarms in which its own are sought, newest first, and how many of them are shown. */
const LOOKED_AT = 500;
const MOST_SHOWN = 20;

/** Two calls to the store, side by side. */
export function alarmResources(deps: AppDeps): Record<string, Resource> {
  const { app } = deps;
  const triggers = triggersWithAlarms(app);
  if (triggers.length === 0) return {};
  const about = { mimeType: JSON_TYPE, annotations: FOR_MODELS, cache: CACHE };
  const names = (value: string) => triggers.map(({ name }) => name).filter((name) => name.startsWith(value));
  return {
    alarm: resource({
      ...about,
      uri: 'alarm://{trigger}',
      title: 'Alarm',
      description: 'The alarm of a trigger that looks at all keys together, and what happened to it',
      read: async ({ trigger }, context) => read(deps, trigger, null, context),
      complete: { trigger: async (value) => names(value) },
    }),
    alarm_key: resource({
      ...about,
      uri: 'alarm://{trigger}/{key}',
      title: 'Alarm of a key',
      description: 'The alarm of a trigger for a key, and what happened to it',
      read: async ({ trigger, key }, context) => read(deps, trigger, key, context),
      complete: { trigger: async (value) => names(value) },
    }),
  };
}

async function read(
  deps: AppDeps,
  name: string,
  key: string | null,
  context: ListContext & { uri: string },
): Promise<ResourceContents[]> {
  const trigger = findAlarmTrigger(deps.app, name);
  const scope = accounted(deps, context);
  const { tenant } = context.principal;
  const [alarm, history] = await Promise.all([
    readAlarm(scope, trigger, key),
    historyOf(scope, ofStream(scope, trigger.log).tenant, name, key),
  ]);
  if (alarm === null) {
    const expected = 'the URI of an alarm, as lists of alarms have it';
    throw new TidegateError('not_found', `there is no alarm at ${context.uri}`, { field: 'uri', expected });
  }
  const shown = { ...shownAlarm(tenant, alarm), history: history.map((change) => shownChange(tenant, change)) };
  return [{ uri: context.uri, mimeType: JSON_TYPE, text: jsonText(shown) }];
}

type Happened = AlarmChange & { time: number };

/** Newest first, as far as the last entries of the log have some. */
async function historyOf({ store }: Scope, tenant: string, trigger: string, key: string | null): Promise<Happened[]> {
  const { entries } = await store.last(streamLog(tenant, ALARMS_LOG), LOOKED_AT);
  const found: Happened[] = [];
  for (const entry of entries.toReversed()) {
    const event = loggedEvent.read(entry);
    if (isGap(event) || (event.key ?? null) !== key) continue;
    const change = event.data as unknown as AlarmChange;
    if (change.alarm.trigger === trigger) found.push({ ...change, time: event.time });
    if (found.length >= MOST_SHOWN) break;
  }
  return found;
}

function shownChange(tenant: string, { action, state, was, alarm, time }: Happened) {
  const { by, note, title } = shownTo(tenant, alarm);
  const isOfPeople = action === 'acknowledge' || action === 'shelve' || action === 'unshelve' || action === 'clear';
  return { at: isoTime(time), action, was, state, title, ...(isOfPeople ? { by, note } : {}) };
}
