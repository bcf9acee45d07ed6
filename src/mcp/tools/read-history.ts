/**
 * `read_history`: events of the past by the page, or aggregates of them by window and key. A page is at most two calls to
 * the store, more where keys leave out much; the state of the feed is told where it makes no third one.
 */
import * as z from 'zod';
import { type Tool, tool, type ToolContext } from '../../core/declaration/handlers.ts';
import type { DeclaredStream } from '../../core/declaration/stream.ts';
import { TidegateError } from '../../core/errors.ts';
import type { Deps } from '../../streams/deps.ts';
import { findStream } from '../../streams/find-stream.ts';
import { DEFAULT_EVENTS, type HistoryPage, MOST_CALLS, MOST_EVENTS, readHistory } from '../../streams/history.ts';
import { MOST_KEYS } from '../../streams/history-range.ts';
import { readWindows, type WindowsPage } from '../../streams/history-windows.ts';
import { DURATION_EXPECTED, isoTime } from '../../streams/time-text.ts';
import { type Aggregate, AGGREGATES, type WindowRow } from '../../streams/windows.ts';
import { accounted, type AppDeps } from '../call-context.ts';
import { describeStreams, exampleCall } from './describe.ts';
import { type FeedNote as Note, feedText, readNote, unreadNote } from './feed-note.ts';
import { CursorText, Event, FeedNote, Key, READ_ONLY, StreamName, Time } from './schemas.ts';
import { eventLine, lines, numberText } from './table.ts';

const DEFAULT_AGGREGATES: readonly Aggregate[] = ['min', 'max', 'mean'];

const Input = z.strictObject({
  stream: StreamName,
  from: Time.optional().describe(`Beginning of the range, inclusive: ${Time.description}`),
  to: Time.optional().describe('End of the range, exclusive; the same forms. Default: no end'),
  keys: z.array(Key).min(1).max(MOST_KEYS).optional().describe('Only events of these keys'),
  limit: z.int().min(1).max(MOST_EVENTS).default(DEFAULT_EVENTS).describe('Most events; not used with window'),
  order: z
    .enum(['oldest', 'newest'])
    .optional()
    .describe('Which come first, in order of arrival. Default: oldest where `from` is given, else newest'),
  cursor: CursorText.optional().describe(
    '`cursor` of the page before. It carries the range, keys and order, which may be left out; `window` is given again',
  ),
  window: z
    .string()
    .max(20)
    .optional()
    .describe(`Aggregate instead of listing: length of a window, ${DURATION_EXPECTED}, or all for one over the range`),
  field: z
    .string()
    .max(200)
    .optional()
    .describe('With window: the numeric field, by its path. Default: events are counted'),
  aggregates: z
    .array(z.enum(AGGREGATES))
    .min(1)
    .max(AGGREGATES.length)
    .optional()
    .describe('With window and field: which. Default: min, max, mean; count is always given'),
  perKey: z.boolean().optional().describe('With window: a row for each key (default), or false: all keys together'),
  align: z
    .enum(['epoch', 'from'])
    .optional()
    .describe('With window: windows begin at whole multiples in UTC (default), or at `from`'),
});

const Row = z.object({
  start: z.number().describe('Epoch ms; the window is start <= time < start + windowMs'),
  key: z.string().nullable(),
  count: z.number(),
  min: z.number().optional(),
  max: z.number().optional(),
  mean: z.number().optional(),
  sum: z.number().optional(),
  first: z.number().optional(),
  firstTime: z.number().optional(),
  last: z.number().optional(),
  lastTime: z.number().optional(),
});

const Output = z.object({
  stream: z.string(),
  events: z.array(Event).optional().describe('Without window'),
  order: z.enum(['oldest', 'newest']).optional(),
  windows: z
    .array(Row)
    .optional()
    .describe('With window: by time and key; windows without a value are left out. The newest may still be filling'),
  windowMs: z.number().nullable().optional(),
  skipped: z
    .object({ gaps: z.number(), missing: z.number() })
    .optional()
    .describe('Events that no window counts: gaps, and those without the numeric field'),
  from: z.number().nullable().describe('The range as it was understood, epoch ms; null: no bound'),
  to: z.number().nullable(),
  complete: z
    .boolean()
    .describe('False: go on with cursor. Windows of such pages are parts: add up rows of the same start and key'),
  cursor: z.string().nullable().describe('For the next page; null when complete'),
  tailCursor: z.string().nullable().optional().describe('For tail_stream: goes on right behind the newest event'),
  truncated: z.boolean().describe('True: events of the range are gone, by retention'),
  scanned: z.object({
    entries: z.number(),
    storeCalls: z.number(),
    through: z.number().nullable().describe('Arrival time of the last event looked at'),
  }),
  feed: FeedNote,
});

type Answer = z.input<typeof Output>;

export function readHistoryTool({ app, runtime }: AppDeps): Tool {
  return tool({
    title: 'History',
    description: [
      'Events of a stream in the past by range, keys and page; or, with window, count, min, max, mean, sum, first and last of a numeric field per window and key.',
      'Without a range: the newest events. Ranges are by the time events happened; late ones are found up to the lateness that list_streams tells.',
      describeStreams(app),
      `Example: ${exampleCall(app, 'windows')}`,
    ].join('\n'),
    input: Input,
    output: Output,
    annotations: READ_ONLY,
    async run(input, context) {
      const deps = accounted({ app, runtime }, context);
      const stream = findStream(app, input.stream);
      return input.window === undefined
        ? eventsAnswer(deps, stream, input, context)
        : windowsAnswer(deps, stream, { ...input, window: input.window }, context);
    },
  });
}

async function eventsAnswer(deps: Deps, stream: DeclaredStream, input: z.output<typeof Input>, context: ToolContext) {
  for (const field of ['field', 'aggregates', 'perKey', 'align'] as const) {
    if (input[field] !== undefined) throw needsWindow(field);
  }
  const { tenant } = context.principal;
  const { from, to, cursor, keys, order, limit } = input;
  const reading = readHistory(deps, tenant, stream, given({ from, to, cursor, keys, order, limit }), {
    deadline: context.deadline,
  });
  // The newest events are one call; how many others take is known when they are there.
  const newest = [from, to, cursor, keys].every((bound) => bound === undefined);
  const [page, early] = await Promise.all([reading, newest ? readNote(deps, tenant, stream) : null]);
  const spare = page.scanned.storeCalls < MOST_CALLS;
  const feed = newest ? early : spare ? await readNote(deps, tenant, stream) : unreadNote(stream);
  const structured: Answer = { stream: stream.name, ...page, feed };
  const what = `${page.events.length} event(s) of ${stream.name}, ${page.order} first`;
  const shown = lines(page.events, eventLine);
  return { structured, text: text(what, shown, page, feed, deps.runtime.now(), page.tailCursor) };
}

async function windowsAnswer(
  deps: Deps,
  stream: DeclaredStream,
  input: z.output<typeof Input> & { window: string },
  context: ToolContext,
) {
  const { from, to, cursor, keys, window, field, perKey, align } = input;
  const query = { window, ...given({ from, to, cursor, keys, field, perKey, align }) };
  const page = await readWindows(deps, context.principal.tenant, stream, query, { deadline: context.deadline });
  const feed = unreadNote(stream);
  const { rows, ...rest } = page;
  const wanted = input.aggregates ?? DEFAULT_AGGREGATES;
  const windows = rows.map((row) => toRow(row, wanted));
  const structured: Answer = { stream: stream.name, windows, ...rest, feed };
  const what = `${rows.length} row(s) of ${stream.name}${field === undefined ? '' : `, ${field}`}, window ${window}`;
  const shown = [...lines(windows, rowLine), ...skippedText(page.skipped, field)];
  return { structured, text: text(what, shown, page, feed, deps.runtime.now(), null) };
}

/** Without what was not given, so that defaults apply. */
function given<Query extends object>(query: Query): { [Name in keyof Query]?: Exclude<Query[Name], undefined> } {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as never;
}

function toRow({ start, key, count, values }: WindowRow, wanted: readonly Aggregate[]): z.input<typeof Row> {
  const row: z.input<typeof Row> = { start, key, count };
  if (values === null) return row;
  for (const name of wanted) {
    if (name === 'count') continue;
    row[name] = values[name];
    if (name === 'first') row.firstTime = values.firstTime;
    if (name === 'last') row.lastTime = values.lastTime;
  }
  return row;
}

function rowLine({ start, key, ...numbers }: z.input<typeof Row>): string {
  const parts = AGGREGATES.flatMap((name) =>
    numbers[name] === undefined ? [] : [`${name}=${numberText(numbers[name])}`],
  );
  return [isoTime(start), ...(key === null ? [] : [key]), ...parts].join(' ');
}

/** What the rows leave out, where they do: a field that no event has would look like a stream without events. */
function skippedText({ gaps, missing }: WindowsPage['skipped'], field: string | undefined): string[] {
  const without =
    missing === 0 ? [] : [`Not counted: ${missing} event(s) without a number at ${field ?? 'the field'}.`];
  return gaps === 0 ? without : [...without, `Not counted: ${gaps} gap(s), where events are missing.`];
}

function text(
  what: string,
  shown: readonly string[],
  page: HistoryPage | WindowsPage,
  feed: Note | null,
  now: number,
  tailCursor: string | null,
): string {
  const { from, to, scanned } = page;
  const range =
    from === null && to === null
      ? ''
      : `, ${from === null ? '…' : isoTime(from)} to ${to === null ? 'now' : isoTime(to)}`;
  const out = [what + range, ...shown];
  if (page.truncated) out.push('Truncated: events of this range are gone by retention.');
  if (page.cursor !== null) {
    const through =
      scanned.through === null
        ? ''
        : ` What arrived up to ${isoTime(scanned.through)} was looked at (${scanned.entries} events).`;
    out.push(`Not complete.${through} Go on with cursor=${page.cursor} or narrow the query.`);
  }
  if (tailCursor !== null) out.push(`For what comes after: tail_stream with cursor=${tailCursor}`);
  return [...out, ...feedText(feed, now)].join('\n');
}

function needsWindow(field: string): TidegateError {
  return new TidegateError('invalid_input', `${field} is given without window`, {
    field: 'window',
    expected: `a length such as 5m, because ${field} is given`,
  });
}
