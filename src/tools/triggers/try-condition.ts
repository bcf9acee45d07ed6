/**
 * `try_condition`: when a condition would have begun to hold in the past of a stream; one store call for each 1,000 entries
 * since the range began, 50 at most.
 */
import * as z from 'zod';
import { inLines, plainText } from '../../base/plain.ts';
import { isoTime, parseTime } from '../../base/time/time-text.ts';
import { TidegateError } from '../../base/errors.ts';
import { accounted, type AppDeps } from '../../calls/context.ts';
import { callLine, callsTo, NextCalls } from '../../calls/next-call.ts';
import { Notes, READ_ONLY, StreamName, timeArgument } from '../../calls/schemas.ts';
import { checkedCondition } from '../../declare/check/condition.ts';
import { type Tool, tool } from '../../declare/tool.ts';
import { describeCondition } from '../../streams/conditions/text.ts';
import { findStream } from '../../streams/find-stream.ts';
import { tryCondition } from '../../triggers/try.ts';
import { ConditionArgument, conditionOfArgument, KINDS_TEXT, listedWhere } from '../condition-input.ts';
import { unknownKeyNotes } from '../unknown-keys.ts';

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

export function tryConditionTool({ app, runtime }: AppDeps): Tool {
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
