/** `list_triggers`: what the app's triggers have found and how they do; one store call. */
import * as z from 'zod';
import { inLines, jsonText, plainText, saidText } from '../../base/plain.ts';
import { isoTime } from '../../base/time/time-text.ts';
import { TidegateError } from '../../base/errors.ts';
import { accounted, type AppDeps } from '../../calls/context.ts';
import { callLine, callsTo, type NextCall, NextCalls } from '../../calls/next-call.ts';
import { READ_ONLY } from '../../calls/schemas.ts';
import type { DeclaredTrigger } from '../../declare/trigger.ts';
import type { JsonObject } from '../../base/json.ts';
import { isLeaf } from '../../triggers/judging/plan.ts';
import { type Tool, tool } from '../../declare/tool.ts';
import { readTriggers, type ListedTrigger } from '../../triggers/list.ts';
import { listedCondition } from '../condition-input.ts';
import { tryConditionTool } from './try-condition.ts';
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
