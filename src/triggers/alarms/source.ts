/** What happens to alarms, as a source of events: for whoever listens to them by a stream of events. Pure. */
import * as z from 'zod';
import { canonicalText } from '../../base/digest.ts';
import { isGap, type LoggedEvent } from '../../base/event.ts';
import { TidegateError, invalidInput } from '../../base/errors.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { specProblems } from '../../declare/spec/problems.ts';
import { type DeclaredTrigger, SEVERITIES } from '../../declare/trigger.ts';
import type { StreamTenants } from '../../declare/feed.ts';
import type { EventSource } from '../../streams/sources/sources.ts';
import { type AlarmChange, alarmsStream } from './records.ts';
import type { AlarmStatus } from './state.ts';

const MOST = 100;
const texts = (about: string) => z.array(z.string().min(1).max(256)).min(1).max(MOST).optional().describe(about);
const alarmArguments = z.strictObject(
  {
    triggers: texts('Only alarms of these triggers'),
    keys: texts('Only alarms of these keys'),
    severity: z
      .array(z.enum(SEVERITIES, { error: `one of ${SEVERITIES.join(', ')}` }))
      .min(1)
      .optional()
      .describe('Only alarms of these severities'),
  },
  { error: '{ triggers, keys, severity }, any of them' },
);

/**
 * @param triggers that the caller may see
 * @param tenant of the caller, who is told no name of another tenant
 */
export function alarmSource(triggers: readonly DeclaredTrigger[], tenants: StreamTenants, tenant: string): EventSource {
  const seen = new Map(triggers.filter((each) => each.tenants === tenants).map((each) => [each.name, each]));
  const { $schema: _version, ...inputSchema } = z.toJSONSchema(alarmArguments, { io: 'input' }) as JsonObject;
  const source: EventSource = {
    name: 'alarms',
    title: 'Alarms',
    description: 'What happens to alarms: raised, acknowledged, shelved, returned, cleared',
    stream: alarmsStream(tenants),
    trigger: null,
    inputSchema,
    payloadSchema: { type: 'object' },
    select(given) {
      const result = alarmArguments.safeParse(given ?? {});
      if (!result.success) throw wrong(given);
      const { keys, severity, triggers: named } = result.data;
      const unknown = named?.find((name) => !seen.has(name));
      if (unknown !== undefined) throw noTrigger(unknown, [...seen.keys()]);
      const [wantedKeys, wantedTriggers, wanted] = [
        keys && new Set(keys),
        named && new Set(named),
        severity && new Set(severity),
      ];
      return {
        source,
        tellsOfGap: () => true,
        canonical: canonicalText(JSON.parse(JSON.stringify(result.data)) as Json),
        occurrenceOf(event: LoggedEvent) {
          if (isGap(event)) return null;
          const { alarm, ...what } = event.data as unknown as AlarmChange;
          const isWanted =
            seen.has(alarm.trigger) &&
            (wantedTriggers?.has(alarm.trigger) ?? true) &&
            (wantedKeys === undefined || (alarm.key !== null && wantedKeys.has(alarm.key))) &&
            (wanted?.has(alarm.severity) ?? true);
          if (!isWanted) return null;
          const data = { ...what, alarm: shownTo(tenant, alarm) } as unknown as JsonObject;
          return { eventId: event.id, name: source.name, timestamp: new Date(event.time).toISOString(), data };
        },
      };
    },
  };
  return source;
}

/** An alarm as a tenant may see it: who of another tenant did something to it has no name, and no words. */
export function shownTo<Shown extends AlarmStatus>(
  tenant: string,
  alarm: Shown,
): Omit<Shown, 'by' | 'note' | 'latched'> & { by: string | null; note: string | null } {
  const { by, note, latched: _latched, ...rest } = alarm;
  const isOwn = by !== null && by.tenant === tenant;
  return { ...rest, by: isOwn ? by.subject : by && 'somebody', note: isOwn ? note : null };
}

function wrong(given: unknown): TidegateError {
  const [problem] = specProblems(alarmArguments, given, 'arguments');
  const { path = 'arguments', expected = '{ triggers, keys, severity }, any of them' } = problem ?? {};
  return invalidInput(path, expected);
}

function noTrigger(name: string, names: readonly string[]): TidegateError {
  const expected = `triggers with alarms: ${names.join(', ')}`;
  return new TidegateError('invalid_input', `there are no alarms of ${name.slice(0, 80)}`, {
    field: 'arguments.triggers',
    expected,
  });
}
