/** The answer of `read_history`: events, windows, or an estimate of what either would read. */
import * as z from 'zod';
import { listedAs } from '../base/schema/json-schema.ts';
import { Event, FeedNoteOutline } from '../calls/schemas.ts';
import { NextCalls } from '../calls/next-call.ts';

const Group = z
  .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
  .describe('Values of the fields in `by`');

const Row = z
  .object({
    start: z.number().describe('Epoch ms; the window is start <= time < end'),
    at: z.string().describe('The same, ISO 8601, in zone'),
    end: z.number().optional().describe('With zone or months, where windows differ in length; else start + windowMs'),
    endAt: z.string().optional().describe('The same, ISO 8601'),
    key: z.string().nullable(),
    group: Group.optional(),
    stream: z.string().optional().describe('With also: which series the row is of'),
    field: z.string().nullable().optional(),
    count: z.number(),
    firstTime: z.string().optional().describe('ISO 8601'),
    lastTime: z.string().optional(),
  })
  .catchall(z.number())
  .describe(
    'Aggregates stand under their names; one that is not known, such as the rate of a single event, is left out',
  );

const Sparkline = z.object({
  key: z.string().nullable(),
  group: Group.optional(),
  stream: z.string().optional(),
  field: z.string().nullable().optional(),
  aggregate: z.string(),
  range: z.string().describe('Least to greatest of what is drawn, with the unit'),
  line: z.string(),
});

export const HistoryOutput = z.object({
  stream: z.string(),
  events: z
    .array(Event.extend({ superseded: z.literal(true).optional().describe('This page has a newer revision of it') }))
    .optional()
    .describe('Without window'),
  order: z.enum(['oldest', 'newest']).optional(),
  by: z.enum(['time', 'arrival']).describe('arrival: their times are too mixed to be sorted').optional(),
  windows: z
    .array(Row)
    .optional()
    .describe(
      'With window: by time and key. Windows without an event are left out unless `empty`; the newest may still be filling',
    ),
  sparklines: z
    .array(Sparkline)
    .optional()
    .describe('With format sparkline: in place of windows, one for each key and field'),
  drawn: z.string().optional().describe('With format sparkline: what a character is'),
  notes: z
    .array(z.string())
    .optional()
    .describe('Which windows are incomplete, what does not add up, and keys that no event has'),
  window: z.string().optional().describe('Length of a window, as asked'),
  windowMs: z.number().nullable().optional().describe('The same in ms; null: all, or months, whose length differs'),
  zone: z.string().optional(),
  totals: listedAs(
    z.array(Row),
    z
      .array(z.looseObject({}))
      .describe('In parts: rows of all parts up to this one, added up; the whole answer once complete'),
  ).optional(),
  ofPart: z
    .array(z.string())
    .optional()
    .describe('Aggregates that tell of the events of this page alone: those of several pages do not add up'),
  skipped: z
    .object({ gaps: z.number(), missing: z.number() })
    .optional()
    .describe('Events that no window counts: gaps, and those without the numeric field'),
  estimate: z
    .object({
      events: z.number().describe('To be looked at, at most: keys and where leave out what was read already'),
      inRange: z
        .number()
        .describe(
          'About how many of them are in the range; much fewer where events came out of the order of their times',
        ),
      bytes: z.number().describe('If they are like the newest ones'),
      storeCalls: z.number().describe('That reading all of them would take'),
      mostEvents: z.number().describe('What one answer takes'),
      fits: z.boolean(),
    })
    .optional()
    .describe('With estimate: nothing was read'),
  from: z.string().nullable().describe('The range as it was understood, ISO 8601; null: no bound'),
  to: z.string().nullable(),
  complete: z
    .boolean()
    .describe(
      'False: go on with cursor. Rows of the same start, key and group on several pages are parts: take `totals`, or add counts and sums, and weigh means by count',
    ),
  cursor: z.string().nullable().describe('For the next page; null when complete'),
  tailCursor: z.string().nullable().optional().describe('Cursor of a tail that goes on right behind the newest event'),
  truncated: z.boolean().describe('True: events of the range may be gone, by retention, or the range begins anew'),
  olderTrimmed: z
    .literal(true)
    .optional()
    .describe('Without from: these begin with the oldest that is kept, and there were older ones'),
  anew: z
    .boolean()
    .optional()
    .describe('True: the store went back to an earlier state, the range begins anew: drop the pages before'),
  scanned: z.object({
    entries: z.number(),
    storeCalls: z.number(),
    through: z.string().nullable().describe('When the last event that was looked at arrived, ISO 8601'),
  }),
  nextCalls: NextCalls,
  feed: FeedNoteOutline,
});

export type HistoryAnswer = z.input<typeof HistoryOutput>;
export type HistoryAnswerRow = z.input<typeof Row>;
