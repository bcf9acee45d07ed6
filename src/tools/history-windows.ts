/** The answer of `read_history` with windows: aggregates in both of its halves, as a table or as sparklines. */
import type { ToolContext } from '../declare/context.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import { bothHalves, createPage, type Room, roomFor, type ShownRow } from '../calls/halves.ts';
import { isoTime } from '../base/time/time-text.ts';
import { aggregateOf } from '../streams/history/aggregate.ts';
import {
  type HeldRows,
  isOfRows,
  placeAfter,
  readRowsCursor,
  type RowPlace,
  rowsBefore,
  writeRowsCursor,
} from '../streams/history/rows-cursor.ts';
import { overflowedIn, valueOf } from '../streams/history/window-rows.ts';
import { readWindows } from '../streams/history/windows.ts';
import type { SeriesRow, WindowsPage } from '../streams/history/windows-page.ts';
import type { Scope } from '../streams/scope.ts';
import { unreadNote } from './feed-note.ts';
import { given, type HistoryInput } from './history-input.ts';
import type { HistoryAnswer, HistoryAnswerRow } from './history-output.ts';
import type { Changes } from '../streams/history/windows-refused.ts';
import { orderedRows } from '../streams/history/series-rows.ts';
import { addedUp, isOfTotals, readTotalsCursor, totalRows, writeTotalsCursor } from './windows-totals.ts';
import {
  changedCall,
  endText,
  followedText,
  heldText,
  nextPageCall,
  partText,
  rangeText,
  readable,
  readText,
  silentText,
  overflowedText,
  skippedText,
  NO_TOTALS,
  totalsText,
} from './history-text.ts';
import { clocksText, drawn, edgesText, fieldsText, revisedText, tableLine, timeText } from './windows-text.ts';

export async function windowsAnswer(scope: Scope, stream: DeclaredStream, input: HistoryInput, context: ToolContext) {
  const { stream: _stream, limit, format, estimate: _estimate, ...query } = input;
  const resumed = heldRows(input);
  const from = resumed === null ? query.cursor : (resumed.cursor ?? undefined);
  const totals = from === undefined || !isOfTotals(from) ? null : readTotalsCursor(from);
  const cursorOfRead = totals?.cursor ?? from;
  const asked = { ...query, ...(resumed === null ? {} : { since: resumed.since }), cursor: cursorOfRead };
  const callOf = (changes: Changes) => changedCall(scope.app, input, changes);
  const page = await readWindows(scope, stream, given(asked), { deadline: context.deadline, callOf });
  const { truncated, anew, skipped, window, windowMs, ofPart, zone } = page;
  // What begins anew has other rows than those that were shown, and none of them was.
  const held = anew ? null : resumed;
  const fields = page.series.flatMap((series) => (series.field === null ? [] : [series.field]));
  const named = fieldsText(page, scope.app).map((name) => `, ${name}`);
  const what = `${page.rows.length} row(s) of ${stream.name}${named.join('')}, window ${window}`;
  const drawing = format === 'sparkline' ? drawn(page, scope.app) : null;
  const rows = format === 'sparkline' ? (drawing?.rows ?? []).map((row) => ({ row, of: [] })) : tableRows(page);
  const room = roomFor(limit !== undefined, scope.app.results.bytes, input);
  const starts = page.overall ? [] : rows.flatMap(({ of: [first] }) => (first === undefined ? [] : [first.start]));
  const shown = shownOf(rows, { starts, held, room, most: limit ?? Infinity, newestFirst: query.order === 'newest' });
  const added = totals === null && cursorOfRead !== undefined && !anew ? null : totalsOf(totals, page);
  const goesOn = added === null || page.cursor === null ? null : writeTotalsCursor(added, page, page.cursor);
  const cursor = shown.end === null ? (goesOn ?? page.cursor) : cursorAt(shown.end, input, page, held);
  // The first part is its own total, and a part whose lines go on is not told yet.
  const isAdded = added !== null && totals !== null && shown.end === null;
  const sums = isAdded ? tableRows({ ...page, rows: orderedRows(added, false, query.order === 'newest') }) : [];
  const isTold = sums.length > 0 && fitsWhole(sums, room);
  const computed = page.aggregates.map((name) => aggregateOf(name));
  const beyond = overflowedIn(isTold && added !== null ? added : [], computed);
  const isPart = page.cursor !== null || (cursorOfRead !== undefined && !anew);
  const lacksTotals = isPart && goesOn === null && !isTold && shown.end === null;
  // A drawing has all windows in each of its rows.
  const inView = drawing ? page.rows : shown.rows.flatMap(({ of }) => of);
  const notes = [
    ...(shown.left > 0 ? [`${shown.left} more line(s) follow, by the next call.`] : []),
    ...partText(page),
    ...(lacksTotals ? [NO_TOTALS] : []),
    ...overflowedText(page, beyond),
    ...revisedText(page, scope.app),
    ...clocksText(page),
    ...silentText(page, input, fields),
    ...heldText(page, input),
    ...followedText(page, input),
    ...edgesText({ ...page, rows: inView, cursor: goesOn === null ? page.cursor : null }, scope.runtime.now()),
  ];
  return bothHalves<HistoryAnswer>({
    before: [what + rangeText(page, (time) => timeText(time, page)), ...(drawing ? [drawing.head] : [])],
    name: format === 'sparkline' ? 'sparklines' : 'windows',
    rows: shown.rows.map(({ row }) => row),
    after: [
      ...skippedText(page, fields),
      ...endText(page),
      ...readText(page, input),
      ...notes,
      ...(goesOn === null ? [] : ['A part, not the whole: the next parts add up what came before them (totals).']),
      ...(isTold ? [totalsText(page), ...sums.map(({ row }) => row.line)] : []),
    ],
    calls: nextPageCall(scope.app, input, cursor),
    structured: {
      stream: stream.name,
      window,
      windowMs,
      ...(zone === null ? {} : { zone: zone.name }),
      ...(ofPart.length === 0 ? {} : { ofPart }),
      skipped,
      ...(isTold ? { totals: sums.flatMap(({ row }) => row.items) as HistoryAnswerRow[] } : {}),
      ...(drawing ? { drawn: drawing.head } : {}),
      ...(notes.length === 0 ? {} : { notes }),
      ...readable(page),
      complete: page.complete && shown.end === null,
      cursor,
      truncated,
      ...(anew ? { anew } : {}),
      feed: unreadNote(stream),
    },
  });
}

/** What the parts up to this one come to. */
function totalsOf(held: ReturnType<typeof readTotalsCursor> | null, page: WindowsPage): SeriesRow[] {
  return addedUp(held === null || page.anew ? [] : totalRows(held, page), page.rows);
}

/** A line of the answer, and the rows of windows that stand in it. */
interface Line {
  row: ShownRow;
  of: readonly SeriesRow[];
}

interface Showing {
  /** Of each line's window; none where lines are in no order of windows. */
  starts: readonly number[];
  held: HeldRows | null;
  room: Room;
  most: number;
  newestFirst: boolean;
}

/** The lines behind the place of the page before, as many as there is room for. `end` is null where these are the last. */
function shownOf(lines: readonly Line[], { starts, held, room, most, newestFirst }: Showing) {
  const before = held === null ? 0 : rowsBefore(held.place, starts, newestFirst);
  const page = createPage(room, ({ row }: Line) => row);
  for (const line of lines.slice(before)) if (page.rows.length === most || !page.take(line)) break;
  const end = before + page.rows.length;
  const left = Math.max(0, lines.length - end);
  return { rows: lines.slice(before, end), left, end: left === 0 ? null : placeAfter(end, starts) };
}

/** Whether an answer has room for these lines beside its own. */
function fitsWhole(lines: readonly Line[], room: Room): boolean {
  const page = createPage(room, ({ row }: Line) => row);
  return lines.every((line) => page.take(line));
}

/** What the cursor of a page that ended within its rows goes with; the number of rows may differ. */
function questionOf({ cursor: _cursor, limit: _limit, ...question }: HistoryInput) {
  return question;
}

function heldRows(input: HistoryInput): HeldRows | null {
  const { cursor } = input;
  return cursor === undefined || !isOfRows(cursor) ? null : readRowsCursor(cursor, questionOf(input));
}

function cursorAt(place: RowPlace, input: HistoryInput, { since, anew }: WindowsPage, held: HeldRows | null): string {
  const cursor = anew ? null : held === null ? (input.cursor ?? null) : held.cursor;
  return writeRowsCursor({ since, place, cursor }, questionOf(input));
}

/** A line for each window and group, with all of its series. */
function tableRows(page: WindowsPage): Line[] {
  const places = Map.groupBy(page.rows, (row) => JSON.stringify([row.start, row.key, row.group]));
  return [...places.values()].map((of) => ({
    row: { line: tableLine(of, page), items: of.map((row) => toRow(row, page)) },
    of,
  }));
}

function toRow(row: SeriesRow, page: WindowsPage): HistoryAnswerRow {
  const { start, end, key, group, stream, field, count, values } = row;
  const named = {
    start,
    at: timeText(start, page),
    ...(end === Infinity || (page.zone === null && page.windowMs !== null) ? {} : { end, endAt: timeText(end, page) }),
    key,
    ...(group === null ? {} : { group }),
    ...(page.series.length > 1 ? { stream, field } : {}),
    count,
  };
  const numbers: Record<string, number | string> = {};
  for (const name of page.aggregates) {
    const value = valueOf(row, aggregateOf(name));
    if (value !== null) numbers[name] = value;
    if (name === 'first' && values !== null) numbers['firstTime'] = isoTime(values.firstTime);
    if (name === 'last' && values !== null) numbers['lastTime'] = isoTime(values.lastTime);
  }
  return { ...named, ...numbers } as HistoryAnswerRow;
}
