/** The task `wait_for`: it ends when a condition on a stream holds, so that an agent need not poll the stream. */
import * as z from 'zod';
import { Event, Notes, StreamName } from '../calls/schemas.ts';
import { checkedCondition } from '../declare/check/condition.ts';
import { ConditionArgument, conditionOfArgument, KINDS_TEXT } from './condition-input.ts';
import { callLine, callsTo } from '../calls/next-call.ts';
import { shownEvent } from '../calls/short-lines.ts';
import { exampleCall } from './describe.ts';
import type { App } from '../declare/app.ts';
import type { Condition } from '../declare/condition.ts';
import { type Occurrence, type Task, task } from '../declare/task.ts';
import { isoTime } from '../base/time/time-text.ts';
import { describeCondition } from '../streams/conditions/text.ts';
import type { Deps } from '../streams/deps.ts';
import { findStream } from '../streams/find-stream.ts';
import { scopeOf } from '../streams/scope.ts';
import { waitQuota } from '../tasks/records/quotas.ts';
import { inLines, jsonText, plainText } from '../base/plain.ts';
import { unknownKeyNotes } from './unknown-keys.ts';

const DEFAULT_SECONDS = 3_600;
const MOST_SECONDS = 86_400;
/** Most characters of the event's data in the text. The structured answer has all of it, and the text the call that reads it. */
const SHOWN_CHARACTERS = 20_000;
/** How long the result of the longest wait can still be read, ms. */
const KEPT_MS = 3_600_000;

const Input = z.strictObject({
  stream: StreamName,
  condition: ConditionArgument,
  seconds: z
    .number()
    .min(0)
    .max(MOST_SECONDS)
    .default(DEFAULT_SECONDS)
    .describe(`Longest wait, default ${DEFAULT_SECONDS}`),
});

const Output = z.object({
  held: z.boolean().describe('Whether the condition held before the time was over'),
  key: z.string().nullable().describe('For which key it held; null: for all together, or it did not'),
  at: z.string().nullable().describe('When it came to hold, ISO 8601; of what held already: when the wait began'),
  value: z.number().nullable().describe('The number that decided, where one did'),
  event: Event.nullable().describe('The event that did it; null for absence, and where it did not hold'),
  notes: Notes,
});

export function waitForTask(deps: Deps): Task {
  return task({
    title: 'Wait for',
    description: [
      'Waits until a condition on a stream holds, of any key unless it names some. Ends with the event for which it held, or held: false.',
      `Kinds: ${KINDS_TEXT}.`,
      'threshold and match end at once where the latest event passes; rate, count and change go by event time.',
      `Example: ${exampleCall(deps.app, 'wait')}`,
    ].join('\n'),
    version: '1',
    input: Input,
    output: Output,
    annotations: { readOnlyHint: true, openWorldHint: false },
    policy: { ttlMs: MOST_SECONDS * 1_000 + KEPT_MS },
    async prepare(input, { principal }) {
      const stream = findStream(deps.app, input.stream);
      const condition = checkedCondition(conditionOfArgument(input.condition, stream), stream, 'condition');
      await deps.quotas?.check(deps.store, waitQuota(deps.app, stream.name), principal);
      return { ...input, condition: condition as ConditionArgument };
    },
    async run({ stream, condition: prepared, seconds }, { progress, waitFor, principal }) {
      const condition = prepared as Condition;
      const words = describeCondition(condition);
      // In each turn: a key that nobody knew when the wait began may be known when it ends.
      const scope = scopeOf(deps, principal);
      const notes = await unknownKeyNotes(scope, [findStream(deps.app, stream)], condition.key);
      const told = notes.length === 0 ? {} : { notes };
      progress([`waiting on ${stream}: ${words}`, ...notes].join('. '));
      const occurrence = await waitFor(stream, condition, { timeoutMs: seconds * 1_000 });
      if (occurrence === null) {
        const structured = { held: false, key: null, at: null, value: null, event: null, ...told };
        return { text: inLines([`It did not hold within ${seconds} s: ${words} (${stream}).`, ...notes]), structured };
      }
      return {
        text: `It holds: ${words} (${stream})${occurrenceText(occurrence, deps.app, notes)}`,
        structured: { held: true, ...shownOccurrence(occurrence), ...told },
      };
    },
  });
}

function shownOccurrence({ at, event, ...rest }: Occurrence) {
  return { ...rest, at: isoTime(at), event: event && shownEvent(event) };
}

function occurrenceText(
  { key, at, event, value }: Occurrence,
  { toolNames }: Pick<App, 'toolNames'>,
  notes: readonly string[],
): string {
  const lines = [`, at ${isoTime(at)}${key === null ? '' : `, for ${plainText(key)}`}.`];
  if (value !== null) lines.push(`Value: ${value}`);
  if (event !== null) {
    const data = jsonText(event.data);
    const isCut = data.length > SHOWN_CHARACTERS;
    lines.push(
      `Event ${plainText(event.id)} of ${isoTime(event.time)}: ${isCut ? `${data.slice(0, SHOWN_CHARACTERS)}…` : data}`,
    );
    const [from, to] = [Math.floor(event.time), Math.floor(event.time) + 1];
    const asked = { stream: event.stream, from, to, ...(event.key === undefined ? {} : { keys: [event.key] }) };
    if (isCut) lines.push(...callsTo('The whole event', toolNames.read_history, asked).map(callLine));
  }
  return inLines([...lines, ...notes]);
}
