/** The answer of `read_history` with windows: aggregates in both of its halves, as a table or as sparklines. */
import type { ToolContext } from '../declare/context.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import { bothHalves, type ShownRow } from '../calls/halves.ts';
import { isoTime } from '../base/time/time-text.ts';
import { aggregateOf } from '../streams/history/aggregate.ts';
import { valueOf } from '../streams/history/window-rows.ts';
import { readWindows, type SeriesRow, type WindowsPage } from '../streams/history/windows.ts';
import type { Scope } from '../streams/scope.ts';
import { unreadNote } from './feed-note.ts';
import { given, type HistoryInput } from './history-input.ts';
import type { HistoryAnswer, HistoryAnswerRow } from './history-output.ts';
import { endText, nextPageCall, partText, rangeText, readable, skippedText } from './history-text.ts';
import { drawn, edgesText, fieldsText, tableLine, timeText } from './windows-text.ts';

export async function windowsAnswer(scope: Scope, stream: DeclaredStream, input: HistoryInput, context: ToolContext) {
  const { stream: _stream, limit: _limit, format, estimate: _estimate, ...query } = input;
  const page = await readWindows(scope, stream, given(query), { deadline: context.deadline });
  const { complete, cursor, truncated, skipped, window, windowMs, ofPart, zone } = page;
  const fields = page.series.flatMap((series) => (series.field === null ? [] : [series.field]));
  const named = fieldsText(page, scope.app).map((name) => `, ${name}`);
  const what = `${page.rows.length} row(s) of ${stream.name}${named.join('')}, window ${window}`;
  const drawing = format === 'sparkline' ? drawn(page, scope.app) : null;
  const notes = [...partText(page), ...edgesText(page, scope.runtime.now())];
  return bothHalves<HistoryAnswer>({
    before: [what + rangeText(page, (time) => timeText(time, page)), ...(drawing ? [drawing.head] : [])],
    name: format === 'sparkline' ? 'sparklines' : 'windows',
    rows: format === 'sparkline' ? (drawing?.rows ?? []) : tableRows(page),
    after: [...skippedText(page, fields), ...endText(page), ...notes],
    calls: nextPageCall(input, cursor),
    structured: {
      stream: stream.name,
      window,
      windowMs,
      ...(zone === null ? {} : { zone: zone.name }),
      ...(ofPart.length === 0 ? {} : { ofPart }),
      skipped,
      ...(drawing ? { drawn: drawing.head } : {}),
      ...(notes.length === 0 ? {} : { notes }),
      ...readable(page),
      complete,
      cursor,
      truncated,
      feed: unreadNote(stream),
    },
  });
}

/** A row for each window and group, with all of its series. */
function tableRows(page: WindowsPage): ShownRow[] {
  const places = Map.groupBy(page.rows, (row) => JSON.stringify([row.start, row.key, row.group]));
  return [...places.values()].map((rows) => ({
    line: tableLine(rows, page),
    items: rows.map((row) => toRow(row, page)),
  }));
}

function toRow(row: SeriesRow, page: WindowsPage): HistoryAnswerRow {
  const { start, end, key, group, stream, field, count, values } = row;
  const named = {
    start,
    at: timeText(start, page),
    ...(end === Infinity || (page.zone === null && page.windowMs !== null) ? {} : { end }),
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
