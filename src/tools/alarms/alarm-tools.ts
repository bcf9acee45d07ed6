/** `list_alarms` and `acknowledge_alarm`: the alarms of triggers, as agents and people work on them. */
import * as z from 'zod';
import { ALARMS_WRITE, alarmScope, isGranted } from '../../base/scopes.ts';
import { plainText } from '../../base/plain.ts';
import { isoTime } from '../../base/time/time-text.ts';
import { TidegateError } from '../../base/errors.ts';
import { accounted, type AppDeps } from '../../calls/context.ts';
import { findAlarmTrigger, noSuchTrigger, triggersWithAlarms } from '../../calls/events/app-alarms.ts';
import { bothHalves, type ShownRow } from '../../calls/halves.ts';
import { callsTo, NextCalls } from '../../calls/next-call.ts';
import { CursorText, Key, Notes, READ_ONLY, REPEATABLE } from '../../calls/schemas.ts';
import type { App } from '../../declare/app.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { type Tool, tool } from '../../declare/tool.ts';
import { type DeclaredTrigger, SEVERITIES } from '../../declare/trigger.ts';
import { ofStream } from '../../streams/scope.ts';
import { actOnAlarm, MOST_SHELVED_MS } from '../../triggers/alarms/act.ts';
import { listAlarms, type ShownAlarm } from '../../triggers/alarms/list.ts';
import { alarmUri } from '../../triggers/alarms/records.ts';
import { shownTo } from '../../triggers/alarms/source.ts';
import { unknownKeyNotes } from '../unknown-keys.ts';
import { ALARM_STATES, alarmStateOf } from '../../triggers/alarms/state.ts';

const DEFAULT_LIMIT = 50;
const MOST_LIMIT = 200;
const NOTE_CHARACTERS = 1_000;
const DEFAULT_SHELF_MINUTES = 60;
const MINUTE_MS = 60_000;

const TriggerName = z.string().min(1).max(64).describe('Name of a trigger');
const AlarmShape = z.object({
  trigger: z.string(),
  key: z.string().nullable().describe('What it is about; null: all keys together'),
  state: z.enum(ALARM_STATES),
  severity: z.enum(SEVERITIES),
  title: z.string(),
  value: z.number().nullable(),
  count: z.number().describe('How often it was raised since it was cleared'),
  raisedAt: z.string().describe('ISO 8601, as the events tell'),
  lastAt: z.string(),
  shelvedUntil: z.string().nullable(),
  by: z.string().nullable().describe('Who did the last thing that a person did'),
  note: z.string().nullable(),
  occurrence: z.string().describe('Give it to acknowledge what you saw, and nothing later'),
  uri: z.string(),
});

const ListInput = z.strictObject({
  states: z.array(z.enum(ALARM_STATES)).min(1).optional().describe('Default: raised, acknowledged and returned'),
  severity: z.array(z.enum(SEVERITIES)).min(1).optional().describe('Default: all'),
  trigger: TriggerName.optional(),
  key: Key.optional().describe('Only of this key'),
  limit: z.int().min(1).max(MOST_LIMIT).optional().describe(`Default: ${DEFAULT_LIMIT}`),
  cursor: CursorText.optional().describe('Of the page before'),
});
const ListOutput = z.object({
  alarms: z.array(AlarmShape),
  cursor: z.string().nullable(),
  notes: Notes,
  nextCalls: NextCalls,
});

const ActInput = z.strictObject({
  trigger: TriggerName,
  key: Key.optional().describe('Of the alarm; leave it out where the alarm has none'),
  action: z
    .enum(['acknowledge', 'shelve', 'unshelve', 'clear'])
    .optional()
    .describe('Default: acknowledge. shelve: out of sight for `minutes`. clear: of what ceased and waits for a person'),
  note: z.string().max(NOTE_CHARACTERS).optional().describe('Why, for whoever looks later'),
  minutes: z
    .number()
    .min(1)
    .max(MOST_SHELVED_MS / MINUTE_MS)
    .optional()
    .describe(`How long it is shelved. Default: ${DEFAULT_SHELF_MINUTES}`),
  occurrence: z.string().max(256).optional().describe('Only if this is still the last one'),
});
const ActOutput = z.object({ alarm: AlarmShape, changed: z.boolean().describe('False: it was so already') });

/** None where the app has no alarms. */
export function alarmTools(deps: AppDeps): Record<string, Tool> {
  if (triggersWithAlarms(deps.app).length === 0) return {};
  return { list_alarms: listTool(deps), acknowledge_alarm: actTool(deps) };
}

function listTool({ app, runtime }: AppDeps): Tool {
  const { acknowledge_alarm: act, list_alarms: own } = app.toolNames;
  return tool({
    title: 'Alarms',
    description: [
      'Alarms of triggers as they stand: raised, acknowledged, returned (ceased before somebody acknowledged it), cleared, shelved (out of sight until a time). A reading that comes late changes none that newer ones raised or cleared, but may raise a first one.',
      ...(act === null ? [] : [`${act} says that somebody takes care of one.`]),
    ].join(' '),
    input: ListInput,
    output: ListOutput,
    annotations: READ_ONLY,
    async run(input, context) {
      const scope = accounted({ app, runtime }, context);
      const all = triggersWithAlarms(app);
      const triggers = input.trigger === undefined ? all : [findAlarmTrigger(app, input.trigger)];
      const { severity, key = null, limit = DEFAULT_LIMIT, cursor: from = null } = input;
      const states = new Set(input.states ?? (['raised', 'acknowledged', 'returned'] as const));
      const filter = { states, severities: severity ? new Set(severity) : null, key };
      const { alarms, cursor } = await listAlarms(scope, triggers, filter, { limit, cursor: from });
      const rows = alarms.map((alarm) => rowOf(context.principal.tenant, alarm));
      const next = cursor === null ? [] : callsTo('Next page', own, { ...input, cursor });
      const seen = alarms.find(({ state }) => state === 'raised' || state === 'returned');
      const asks = seen ? callsTo('To acknowledge the first', act, asked(seen)) : [];
      const isUnknown = rows.length === 0 && key !== null;
      const notes = isUnknown ? await unknownKeyNotes(scope, streamsOf(app, triggers), key) : [];
      return bothHalves<z.input<typeof ListOutput>>({
        before: [],
        name: 'alarms',
        rows,
        after: rows.length === 0 ? ['There are no such alarms.', ...notes] : [],
        calls: [...next, ...asks],
        structured: { cursor, ...(notes.length === 0 ? {} : { notes }) },
      });
    },
  });
}

function actTool({ app, runtime, ...deps }: AppDeps): Tool {
  return tool({
    title: 'Acknowledge an alarm',
    description:
      'Acknowledges an alarm: somebody has seen it and takes care. Or shelves it for a while, brings it back, or clears it. Who did it stays on record. Asking twice does it once.',
    input: ActInput,
    output: ActOutput,
    annotations: REPEATABLE,
    async run(input, context) {
      const trigger = findAlarmTrigger(app, input.trigger);
      const { principal } = context;
      // Who may only read alarms finds none to do something to.
      if (!isGranted(principal.scopes, alarmScope(ALARMS_WRITE, trigger.name))) throw noSuchTrigger([], input.trigger);
      const { action = 'acknowledge', key = null, note = null, occurrence = null, minutes } = input;
      if (action !== 'shelve' && minutes !== undefined) {
        throw new TidegateError('invalid_input', 'minutes is for shelving', {
          field: 'minutes',
          expected: 'to be left out',
        });
      }
      const forMs = action === 'shelve' ? Math.round((minutes ?? DEFAULT_SHELF_MINUTES) * MINUTE_MS) : null;
      const scope = ofStream(accounted({ app, runtime, ...deps }, context), trigger.log);
      const by = { tenant: principal.tenant, subject: principal.subject };
      const { deadline } = context;
      const done = await actOnAlarm(scope, trigger, by, { action, key, note, forMs, occurrence }, deadline);
      await deps.audit?.note(principal, { action: 'call', target: app.toolNames.acknowledge_alarm });
      const alarm = { ...done.alarm, state: alarmStateOf(done.alarm, runtime.now()) };
      const { line } = rowOf(principal.tenant, alarm);
      const text = done.changed ? line : `${line} (it was so already)`;
      return { text, structured: { alarm: shownAlarm(principal.tenant, alarm), changed: done.changed } };
    },
  });
}

/** The streams that triggers watch. */
function streamsOf(app: App, triggers: readonly DeclaredTrigger[]): DeclaredStream[] {
  const names = new Set(triggers.flatMap(({ on }) => [...on.values()]));
  return [...names].flatMap((name) => app.streams.get(name) ?? []);
}

function asked({ trigger, key, occurrence }: ShownAlarm) {
  return { trigger, ...(key === null ? {} : { key }), occurrence };
}

/** As tools and resources show it. */
export function shownAlarm(tenant: string, alarm: ShownAlarm): z.input<typeof AlarmShape> {
  const { trigger, key, state, severity, title, value, count, raisedAt, lastAt, shelvedUntil, by, note, occurrence } =
    shownTo(tenant, alarm);
  return {
    trigger,
    key,
    state,
    severity,
    title,
    value,
    count,
    raisedAt: isoTime(raisedAt),
    lastAt: isoTime(lastAt),
    shelvedUntil: state === 'shelved' && shelvedUntil !== null ? isoTime(shelvedUntil) : null,
    by,
    note,
    occurrence,
    uri: alarmUri(trigger, key),
  };
}

function rowOf(tenant: string, alarm: ShownAlarm): ShownRow {
  const shown = shownAlarm(tenant, alarm);
  const isOver = shown.state === 'returned' || shown.state === 'cleared';
  const about = [
    // Of what is over it is told until when it held, by the events.
    isOver ? `raised ${shown.raisedAt}, until ${shown.lastAt}` : `since ${shown.raisedAt}`,
    ...(shown.count > 1 ? [`${shown.count} times`] : []),
    ...(shown.shelvedUntil === null ? [] : [`shelved until ${shown.shelvedUntil}`]),
    ...(shown.by === null ? [] : [`by ${plainText(shown.by)}`]),
    ...(shown.note === null ? [] : [plainText(shown.note)]),
  ];
  return {
    line: `${shown.state}, ${shown.severity}: ${plainText(shown.title)} (${about.join(', ')}) ${shown.uri}`,
    items: [shown],
  };
}
