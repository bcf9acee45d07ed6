/** `alarm://{trigger}` and `alarm://{trigger}/{key}`: an alarm as it stands, with the newest of what happened to it. */
import { TidegateError } from '../../base/errors.ts';
import { jsonDocument } from '../../base/plain.ts';
import { isoTime } from '../../base/time/time-text.ts';
import { accounted, type AppDeps } from '../../calls/context.ts';
import type { ListContext } from '../../declare/context.ts';
import type { ResourceContents } from '../../declare/content.ts';
import { type Resource, resource } from '../../declare/resource.ts';
import { ofStream } from '../../streams/scope.ts';
import { type AlarmHistory, alarmHistory } from '../../triggers/alarms/history.ts';
import { readAlarm } from '../../triggers/alarms/list.ts';
import { shownTo } from '../../triggers/alarms/source.ts';
import { findAlarmTrigger, triggersWithAlarms } from '../../calls/events/app-alarms.ts';
import { shownAlarm } from './alarm-tools.ts';

const JSON_TYPE = 'application/json';
const CACHE = { ttlMs: 1_000, cacheScope: 'private' } as const;
const FOR_MODELS = { audience: ['assistant' as const] };

/** Two calls to the store, side by side; one more for each further 1,000 entries of the log, up to 10,000. */
export function alarmResources(deps: AppDeps): Record<string, Resource> {
  const { app } = deps;
  const triggers = triggersWithAlarms(app);
  if (triggers.length === 0) return {};
  const about = { mimeType: JSON_TYPE, annotations: FOR_MODELS, cache: CACHE };
  // Hints name each alarm that changes: its log has those of other triggers too.
  const changes = ({ trigger }: { trigger: string }) => (triggers.some(({ name }) => name === trigger) ? [] : null);
  const names = (value: string) => triggers.map(({ name }) => name).filter((name) => name.startsWith(value));
  return {
    alarm: resource({
      ...about,
      changes,
      uri: 'alarm://{trigger}',
      title: 'Alarm',
      description: 'The alarm of a trigger that looks at all keys together, and what happened to it',
      read: async ({ trigger }, context) => read(deps, trigger, null, context),
      complete: { trigger: async (value) => names(value) },
    }),
    alarm_key: resource({
      ...about,
      changes,
      uri: 'alarm://{trigger}/{key}',
      dotSegments: true,
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
    alarmHistory(ofStream(scope, trigger.log), name, key),
  ]);
  if (alarm === null) {
    const expected = 'the URI of an alarm, as lists of alarms have it';
    throw new TidegateError('not_found', `there is no alarm at ${context.uri}`, { field: 'uri', expected });
  }
  const changes = history.changes.map((change) => shownChange(tenant, change));
  const shown = { ...shownAlarm(tenant, alarm), history: changes, truncated: history.truncated };
  return [{ uri: context.uri, mimeType: JSON_TYPE, text: jsonDocument(shown) }];
}

function shownChange(tenant: string, { action, state, was, alarm, time }: AlarmHistory['changes'][number]) {
  const { by, note, title } = shownTo(tenant, alarm);
  const isOfPeople = action === 'acknowledge' || action === 'shelve' || action === 'unshelve' || action === 'clear';
  return { at: isoTime(time), action, was, state, title, ...(isOfPeople ? { by, note } : {}) };
}
