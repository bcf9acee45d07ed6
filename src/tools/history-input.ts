/** The arguments of `read_history`. Arguments of windows need `window`, or a cursor of a page of windows. */
import * as z from 'zod';
import { TidegateError } from '../base/errors.ts';
import {
  AGGREGATE_CHARACTERS,
  expectedAggregate,
  knownAggregate,
  MOST_AGGREGATES,
} from '../streams/history/aggregate.ts';
import { DEFAULT_EVENTS, MOST_EVENTS } from '../streams/history/events.ts';
import { MOST_KEYS } from '../streams/ranges/range.ts';
import { SCAN_BUDGET } from '../streams/ranges/scan.ts';
import { MOST_ALSO, MOST_BY } from '../streams/history/window-question.ts';
import { MOST_SCANNED } from '../streams/history/windows-scan.ts';
import { ZONE_CHARACTERS } from '../base/time/zone.ts';
import { whereArgument } from './condition-input.ts';
import { CursorText, Key, StreamName, timeArgument } from '../calls/schemas.ts';

const MOST_TOP = 100;
const Path = z.string().max(200);
const AggregateName = z.string().max(AGGREGATE_CHARACTERS);
const KnownAggregate = AggregateName.refine((name) => knownAggregate(name) !== null, {
  error: ({ input }) => `Expected ${expectedAggregate(String(input))}`,
});

const ARGUMENTS = {
  stream: StreamName,
  from: timeArgument(
    'Inclusive: -15m, +6h, now, ISO 8601 with its zone, or epoch ms. Default: the oldest that is kept; with window 60 windows ago',
  ),
  to: timeArgument('Exclusive. Default: no end'),
  keys: z.array(Key).min(1).max(MOST_KEYS).optional().describe('Only events of these keys'),
  where: whereArgument(
    'Only events that pass all, e.g. [{"field":"motor.temp","above":80}]. not, notContains: or none; contains, like: case counts; exists: there, not null',
  ).optional(),
  limit: z
    .int()
    .min(1)
    .max(MOST_EVENTS)
    .optional()
    .describe(`Most events or rows. Default: what fits 25 KB, at most ${DEFAULT_EVENTS} events`),
  order: z
    .enum(['oldest', 'newest'])
    .optional()
    .describe('By time. Default: oldest with `from` or window, else newest'),
  cursor: CursorText.optional().describe('`cursor` of the page before, with its whole question'),
  window: z
    .string()
    .max(20)
    .optional()
    .describe(
      'Aggregates for each 30s, 5m, 1h, 1d, 1w (from Monday), 1mo; all: the range as one. With it: field, aggregates, by, also, top, align, empty, format',
    ),
  field: Path.optional().describe(
    'Path of a number, e.g. motor.temp; of any value for distinct and timeIn. Default: events are counted',
  ),
  aggregates: z
    .array(KnownAggregate)
    .min(1)
    .max(MOST_AGGREGATES)
    .optional()
    .describe(
      'Default min, max, mean. count, sum, first, last, stddev, p50 (any pN), distinct (how many values), timeWeightedMean (a value holds until the next), timeIn=open (how long it was so), increase (of a counter), rate/minute (second, hour, day), longestGap, gaps>5m (silences over 5 m)',
    ),
  by: z
    .array(Path)
    .max(MOST_BY, { error: `Expected at most ${MOST_BY}: leave some out, or ask by others in a further call` })
    .optional()
    .describe(
      `A row for each value of at most ${MOST_BY} of fields, \`key\`, hourOfDay and dayOfWeek (1: Monday; in zone). Default: ["key"]; []: all together`,
    ),
  also: z
    .array(z.strictObject({ stream: z.string().max(64).optional(), field: Path.optional() }), {
      error: 'Expected a list such as [{ "field": "rpm" }]',
    })
    .min(1)
    .max(MOST_ALSO)
    .optional()
    .describe('Further fields, of this or another stream'),
  top: z
    .strictObject(
      {
        n: z.int().min(1).max(MOST_TOP),
        by: AggregateName.describe('An aggregate'),
        lowest: z.boolean().optional(),
        overall: z.boolean().optional().describe('Of all windows together'),
      },
      {
        error: ({ code }) =>
          code === 'invalid_type' ? 'Expected an object such as { "n": 3, "by": "max" }' : undefined,
      },
    )
    .optional()
    .describe('Only the n first rows of each window'),
  zone: z
    .string()
    .max(ZONE_CHARACTERS)
    .optional()
    .describe('IANA zone of times, days, hours, e.g. Europe/Berlin. Default: UTC'),
  align: z.enum(['epoch', 'from']).optional().describe('Windows begin at round times (default) or `from`'),
  empty: z.boolean().optional().describe('Also windows without events, of all known keys'),
  format: z.enum(['table', 'sparkline']).optional().describe('sparkline draws the first aggregate'),
  maxEvents: z
    .int()
    .min(1)
    .max(MOST_SCANNED)
    .optional()
    .describe(
      `Answer in parts of so many; the last has totals where rows are few. Default: over ${SCAN_BUDGET.entries} are refused, ${MOST_SCANNED} with keys or where, or of counts, sums, means`,
    ),
  estimate: z.boolean().optional().describe('Only tell what it would read'),
};

export const HistoryInput = z.strictObject(ARGUMENTS);
export type HistoryInput = z.output<typeof HistoryInput>;

const OF_WINDOWS = ['field', 'aggregates', 'by', 'also', 'top', 'align', 'empty', 'format'] as const;

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
