/**
 * `list_triggers`: what the app's triggers have found and how they do; one store call. `try_condition`: when a condition would
 * have begun to hold in the past of a stream; one store call for each 1,000 entries since the range began, 50 at most.
 */
import * as z from 'zod';
import { inLines, jsonText, plainText, saidText } from '../../base/plain.ts';
import { isoTime, parseTime } from '../../base/time/time-text.ts';
import { TidegateError } from '../../base/errors.ts';
import { accounted, type AppDeps } from '../../calls/context.ts';
import { callLine, callsTo, type NextCall, NextCalls } from '../../calls/next-call.ts';
import { Notes, READ_ONLY, StreamName, timeArgument } from '../../calls/schemas.ts';
import { checkedCondition } from '../../declare/check/condition.ts';
import type { DeclaredTrigger } from '../../declare/trigger.ts';
import type { JsonObject } from '../../base/json.ts';
import { isLeaf } from '../../triggers/judging/plan.ts';
import { type Tool, tool } from '../../declare/tool.ts';
import { describeCondition } from '../../streams/conditions/text.ts';
import { findStream } from '../../streams/find-stream.ts';
import { readTriggers, type ListedTrigger } from '../../triggers/list.ts';
import { tryCondition } from '../../triggers/try.ts';
import {
  ConditionArgument,
  conditionOfArgument,
  KINDS_TEXT,
  listedCondition,
  listedWhere,
} from '../condition-input.ts';
import { unknownKeyNotes } from '../unknown-keys.ts';
import { Reactions, reactionTasks, reactionText, shownReactions } from './trigger-reactions.ts';

const MOST_LISTED = 100;

const Listed = z.object({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  streams: z.array(z.string()).describe('Which it watches'),
  condition: z.looseObject({}).describe('When it fires, as it is declared'),
  lateMs: z.number().describe('How long it waits for late events; 0: it judges them as they arrive'),
  occurrences: z.number().describe('How often it began to hold, since it was declared'),
  last: z
    .object({ id: z.string(), key: z.string().nullable(), at: z.string(), title: z.string() })
    .nullable()
    .describe('The last time that it did; null: never'),
  judgedAt: z.string().nullable().describe('When it was stored last; null: it was not judged yet'),
  suppressed: z.number().describe('Within the cooldown of another one'),
  late: z.number().describe('Events that came too late to be judged'),
  lateEvents: z
    .array(z.object({ id: z.string(), key: z.string().nullable(), at: z.string(), wouldHave: z.string() }))
    .describe('The last of these, and what each would have changed'),
  broken: z.number().describe('How often a function of the app broke at an occurrence'),
  forgotten: z.number().describe('Keys that were forgotten, or not taken in, because there were too many'),
  reactions: Reactions,
});

const ListOutput = z.object({
  triggers: z.array(Listed),
  more: z.number().describe('Triggers that are not listed here'),
  nextCalls: NextCalls,
});
const MOST_LATE = 3;

/** None where the app has no triggers. */
export function triggerTools(deps: AppDeps): Record<string, Tool> {
  if (deps.app.triggers.size === 0) return {};
  return { list_triggers: listTriggersTool(deps), try_condition: tryConditionTool(deps) };
}

function listTriggersTool({ app, runtime }: AppDeps): Tool {
  return tool({
    title: 'Triggers',
    description:
      'What the server watches its streams for: each trigger, how often it fired, when last, and what went wrong. Events are judged as they arrive, so an old one that comes late may make one fire; those with lateMs judge by event time, and count what comes later still.',
    input: z.strictObject({ name: z.string().min(1).max(64).optional().describe('Only this trigger') }),
    output: ListOutput,
    annotations: READ_ONLY,
    async run({ name }, context) {
      const all = [...app.triggers.values()];
      const wanted = name === undefined ? all : all.filter((trigger) => trigger.name === name);
      if (wanted.length === 0 && name !== undefined) {
        throw new TidegateError('not_found', `there is no trigger ${name}`, {
          field: 'name',
          expected: `one of ${all
            .map((trigger) => trigger.name)
            .join(', ')
            .slice(0, 400)}`,
        });
      }
      const scope = accounted({ app, runtime }, context);
      const states = await readTriggers(scope, wanted.slice(0, MOST_LISTED));
      const triggers = states.map(shownTrigger);
      const [first] = wanted;
      const begun = name === undefined ? null : (triggers[0]?.reactions ?? null);
      if (first && begun) begun.tasks = await reactionTasks(scope, app, first, context.principal);
      const asking = begun?.tasks.find(({ status }) => status === 'input_required') ?? begun?.tasks[0];
      const { get_task: reader, try_condition: trying } = app.toolNames;
      const nextCalls = [
        ...(asking === undefined ? [] : callsTo('What its task asks or has done', reader, { task: asking.task })),
        ...(first === undefined ? [] : tryCalls(first, trying)),
      ];
      const more = wanted.length - triggers.length;
      const lines = triggers.map(triggerLine);
      if (more > 0) lines.push(`${more} more: ask for one by its name.`);
      return { text: inLines([...lines, ...nextCalls.map(callLine)]), structured: { triggers, more, nextCalls } };
    },
  });
}

/** Tries its condition on the past, as it is or with other bounds. None where it is no condition of one stream. */
function tryCalls({ when, on }: DeclaredTrigger, tool: string | null): NextCall[] {
  if (!isLeaf(when) || when.kind === 'aggregate') return [];
  const { on: own, ...condition } = when;
  const stream = own === undefined ? [...on.values()][0] : on.get(own);
  if (stream === undefined) return [];
  const asked = { stream, condition: listedCondition(condition), from: '-1d' };
  return callsTo('What its condition would have found, or one with other bounds', tool, asked);
}

function shownTrigger(listed: ListedTrigger): z.input<typeof Listed> {
  const { trigger, stored } = listed;
  const { name, title, description, on } = trigger;
  const { counts, last = null, storedAt = null, late = [] } = stored ?? {};
  return {
    name,
    title,
    description,
    streams: [...new Set(on.values())],
    condition: JSON.parse(JSON.stringify(trigger.when)) as JsonObject,
    lateMs: trigger.lateMs,
    occurrences: counts?.holding ?? 0,
    last: last && { id: last.id, key: last.key, at: isoTime(last.time), title: last.title },
    judgedAt: storedAt === null ? null : isoTime(storedAt),
    suppressed: counts?.suppressed ?? 0,
    late: counts?.late ?? 0,
    lateEvents: late
      .slice(0, MOST_LATE)
      .map(({ id, key, time, wouldHave }) => ({ id, key, at: isoTime(time), wouldHave })),
    broken: counts?.broken ?? 0,
    forgotten: counts?.overflow ?? 0,
    reactions: shownReactions(listed),
  };
}

function triggerLine({
  name,
  description,
  condition,
  occurrences,
  last,
  late,
  lateEvents,
  broken,
  forgotten,
  reactions,
}: z.input<typeof Listed>): string {
  const when = last === null ? '' : `, last at ${last.at}: ${saidText(last.title)}`;
  const [event] = lateEvents;
  const changed =
    event === undefined ? '' : ` (the last, ${plainText(event.id)}, would have ${wordsOf(event.wouldHave)})`;
  const wrong = [
    ...(late > 0 ? [`${late} events came too late${changed}`] : []),
    ...(broken > 0 ? [`functions of the app broke ${broken} times`] : []),
    ...(forgotten > 0 ? [`${forgotten} keys were forgotten`] : []),
  ];
  const told = wrong.length === 0 ? '' : `; ${wrong.join('; ')}`;
  return `${name}: ${saidText(description)} When: ${jsonText(condition)}. Fired ${occurrences} times${when}${told}.${reactionText(reactions)}`;
}

function wordsOf(wouldHave: string): string {
  const words: Record<string, string> = {
    begun: 'made it fire',
    'not begun': 'kept it from firing',
    both: 'made it fire at another time',
    unknown: 'changed what is not known',
  };
  return words[wouldHave] ?? wouldHave;
}

const MOST_TRIED = 50;
const TRY_MS = 15_000;

const TryInput = z.strictObject({
  stream: StreamName,
  condition: ConditionArgument,
  from: timeArgument('Begin, e.g. -7d or 2026-01-01T00:00:00Z; default -1d'),
  to: timeArgument('End, exclusive; default now'),
});

const TryOutput = z.object({
  count: z.number().describe('How often it would have begun to hold'),
  firings: z.array(
    z.object({
      at: z.string(),
      key: z.string().nullable(),
      value: z.number().nullable(),
      eventId: z.string().nullable(),
    }),
  ),
  events: z.number().describe('Events that were judged'),
  readFrom: z.string().nullable().describe('What came before this was not looked at; null: all was'),
  notes: Notes,
  nextCalls: NextCalls,
});

function tryConditionTool({ app, runtime }: AppDeps): Tool {
  return tool({
    title: 'Try a condition',
    description: `When a condition would have begun to hold in the past of a stream, to find a good one before you wait for it. Each event is judged as if it had come when it happened; a wait judges as they arrive. Changes nothing. Kinds: ${KINDS_TEXT}.`,
    input: TryInput,
    output: TryOutput,
    annotations: READ_ONLY,
    async run({ stream: named, condition: given, from, to }, context) {
      const scope = accounted({ app, runtime }, context);
      const stream = findStream(app, named);
      const when = checkedCondition(conditionOfArgument(given, stream), stream, 'condition');
      const now = runtime.now();
      const range = { from: parseTime(from ?? '-1d', now, 'from'), to: parseTime(to ?? 'now', now, 'to') };
      if (range.from >= range.to) {
        throw new TidegateError('invalid_input', 'the range ends before it starts', {
          field: 'from',
          expected: 'a time before `to`',
        });
      }
      const on = new Map([[stream.name, stream.name]]);
      const [trial, notes] = await Promise.all([
        tryCondition(scope, { when, on }, { ...range, most: MOST_TRIED, deadline: now + TRY_MS }),
        unknownKeyNotes(scope, [stream], when.key),
      ]);
      const firings = trial.moments.map(({ time, key, value, events }) => {
        return { at: isoTime(time), key, value, eventId: events.at(-1)?.id ?? null };
      });
      const readFrom = trial.readFrom === null ? null : isoTime(trial.readFrom);
      const nextCalls = callsTo('Wait for it', app.toolNames.wait_for, {
        stream: named,
        condition: given.where === undefined ? given : { ...given, where: listedWhere(given.where) },
      });
      const lines = [
        `It would have begun to hold ${trial.count} times (${describeCondition(when)}; ${trial.events} events of ${stream.name}).`,
        ...(readFrom === null ? [] : [`What came before ${readFrom} was not looked at.`]),
        ...notes,
        ...firings.map(({ at, key, value, eventId }) => {
          const of = [...(key === null ? [] : [plainText(key)]), ...(value === null ? [] : [String(value)])];
          return `${at} ${of.join(' ')}${eventId === null ? '' : ` (event ${plainText(eventId)})`}`;
        }),
        ...(trial.count > firings.length ? [`and ${trial.count - firings.length} more`] : []),
        ...nextCalls.map(callLine),
      ];
      return {
        text: inLines(lines),
        structured: {
          count: trial.count,
          firings,
          events: trial.events,
          readFrom,
          ...(notes.length === 0 ? {} : { notes }),
          nextCalls,
        },
      };
    },
  });
}
