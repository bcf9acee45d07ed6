/** The arguments of `read_history`. Arguments of windows need `window`, or a cursor of a page of windows. */
import * as z from 'zod';
import { whereSchema } from '../declare/check/condition-schema.ts';
import { knownName } from '../declare/spec/known-names.ts';
import { TidegateError } from '../base/errors.ts';
import { AGGREGATE_NAMES, MOST_AGGREGATES } from '../streams/history/aggregate.ts';
import { DEFAULT_EVENTS, MOST_EVENTS } from '../streams/history/events.ts';
import { MOST_KEYS } from '../streams/history/range.ts';
import { SCAN_BUDGET } from '../streams/history/scan.ts';
import { DURATION_EXPECTED } from '../base/time/time-text.ts';
import { MOST_ALSO, MOST_BY } from '../streams/history/window-question.ts';
import { MOST_SCANNED } from '../streams/history/windows-scan.ts';
import { CursorText, Key, StreamName, Time } from '../calls/schemas.ts';

const MOST_TOP = 100;
const Path = z.string().max(200);
const AggregateName = z.string().max(20);

const ARGUMENTS = {
  stream: StreamName,
  from: Time.optional().describe(`Beginning of the range, inclusive: ${Time.description}`),
  to: Time.optional().describe('End of the range, exclusive; the same forms. Default: no end'),
  keys: z.array(Key).min(1).max(MOST_KEYS).optional().describe('Only events of these keys'),
  where: whereSchema
    .optional()
    .describe(
      'Only events whose fields pass, by path: { "state": "on", "motor.temp": { "above": 80 } }. Tests: equals, not, oneOf, contains, like, above, atLeast, below, atMost, exists; all have to pass',
    ),
  limit: z.int().min(1).max(MOST_EVENTS).default(DEFAULT_EVENTS).describe('Most events; not used with window'),
  order: z
    .enum(['oldest', 'newest'])
    .optional()
    .describe(
      'Which come first: events in order of arrival (default: oldest where `from` is given, else newest), windows by time (default: oldest)',
    ),
  cursor: CursorText.optional().describe(
    '`cursor` of the page before: give it with stream alone. It carries the question; limit, top and format are given again',
  ),
  window: z
    .string()
    .max(20)
    .optional()
    .describe(
      `Aggregate instead of listing: length of a window, ${DURATION_EXPECTED}; 1w from Monday, 1mo of the calendar; or all for one over the range`,
    ),
  field: Path.optional().describe('With window: the numeric field, by its path. Default: events are counted'),
  aggregates: z
    .array(AggregateName)
    .min(1)
    .max(MOST_AGGREGATES)
    .optional()
    .describe(
      `With window: of ${AGGREGATE_NAMES.join(', ')}; any pN, any gaps>duration. Default: min, max, mean; count is always given. Percentiles interpolate; increase allows for counters that begin again at 0; timeWeightedMean lets each value hold until the next; gaps counts silences of a window longer than that, longestGap is in ms`,
    ),
  by: z
    .array(Path)
    .max(MOST_BY)
    .optional()
    .describe('With window: a row for each `key` (default) and for each value of these fields; []: all together'),
  also: z
    .array(z.strictObject({ stream: StreamName.optional(), field: Path.optional() }))
    .min(1)
    .max(MOST_ALSO)
    .optional()
    .describe(
      'With window: further fields, of this stream or of others, on the same windows; keys, where and by go for all',
    ),
  top: z
    .strictObject({
      n: z.int().min(1).max(MOST_TOP),
      by: AggregateName.describe('An aggregate'),
      lowest: z.boolean().optional().describe('Default false: the highest'),
    })
    .optional()
    .describe(
      'With window: of each window only the n rows that rank first, of 10,000 at most, e.g. { "n": 5, "by": "max" }',
    ),
  zone: z
    .string()
    .max(64)
    .optional()
    .describe(
      'With window: IANA time zone, such as Europe/Berlin, whose days and hours windows follow across clock changes, and in which dates are read. Default: UTC',
    ),
  align: z
    .enum(['epoch', 'from'])
    .optional()
    .describe('With window: windows begin at whole multiples (default), or at `from`'),
  empty: z.boolean().optional().describe('With window: true also gives windows without events. Default: left out'),
  format: z
    .enum(['table', 'sparkline'])
    .optional()
    .describe(
      'With window: of the text: a line a row (default), or a sparkline for each key and field of the first of aggregates',
    ),
  maxEvents: z
    .int()
    .min(1)
    .max(MOST_SCANNED)
    .optional()
    .describe(
      `Read at most so many events, and answer in parts with a cursor. Default: ${SCAN_BUDGET.entries}, and a window query that would read more is refused with what it would read`,
    ),
  estimate: z.boolean().optional().describe('True: only tell how many events and bytes the query would read'),
};

export const HistoryInput = z.strictObject(ARGUMENTS, {
  error: (issue) =>
    issue.code === 'unrecognized_keys'
      ? `${issue.keys.join(', ')}: ${knownName(String(issue.keys[0]), Object.keys(ARGUMENTS))}`
      : undefined,
});
export type HistoryInput = z.output<typeof HistoryInput>;

const OF_WINDOWS = ['field', 'aggregates', 'by', 'also', 'top', 'zone', 'align', 'empty', 'format'] as const;

/** @throws TidegateError `invalid_input` naming `window`, where an argument is given that needs it */
export function checkListing(input: HistoryInput): void {
  const needing = OF_WINDOWS.find((name) => input[name] !== undefined);
  if (needing === undefined) return;
  throw new TidegateError('invalid_input', `${needing} is given without window`, {
    field: 'window',
    expected: `a length such as 5m, because ${needing} is given`,
  });
}

/** Leaves out what was not given, so that defaults apply. */
export function given<Query extends object>(query: Query): { [Name in keyof Query]?: Exclude<Query[Name], undefined> } {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as never;
}
