/**
 * `read_history`: events of the past by the page, aggregates of them by window and group, or an estimate of what either
 * would read. A page of a range costs two store calls, and more where events came out of the order of their times, or where keys,
 * filters or windows leave much out. The state of the feed is read where that makes no third call.
 */
import { type Tool, tool } from '../declare/tool.ts';
import type { ToolContext } from '../declare/context.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import { aggregateOf } from '../streams/history/aggregate.ts';
import { findStream } from '../streams/find-stream.ts';
import { ORDERED_CALLS, readHistory } from '../streams/history/events.ts';
import { estimateHistory } from '../streams/history/estimate.ts';
import { readWindows, type SeriesRow, WINDOWS_KIND, type WindowsPage } from '../streams/history/windows.ts';
import { kindOf } from '../streams/history/range-cursor.ts';
import type { ReadLimits } from '../streams/history/range-scan.ts';
import { SCAN_BUDGET } from '../streams/history/scan.ts';
import { isoTime } from '../base/time/time-text.ts';
import { valueOf } from '../streams/history/window-rows.ts';
import { accounted, type AppDeps } from '../calls/context.ts';
import { exampleCall } from './describe.ts';
import { readNote, unreadNote } from './feed-note.ts';
import { checkListing, given, HistoryInput } from './history-input.ts';
import { type HistoryAnswer, type HistoryAnswerRow, HistoryOutput } from './history-output.ts';
import { READ_ONLY } from '../calls/schemas.ts';
import { eventLine, lines } from '../calls/short-lines.ts';
import { edgesText, fieldsText, sparklineLines, tableLines, timeText } from './windows-text.ts';
import type { Scope } from '../streams/scope.ts';
import { skippedText, rangeText, endText, partText, withFeed } from './history-text.ts';

export function readHistoryTool({ app, runtime }: AppDeps): Tool {
  return tool({
    title: 'History',
    description: [
      'Events of a stream by range of time, keys and filter; or, with window, aggregates of a number for each window and key: counts, means, sums, extremes, percentiles, rates, gaps.',
      'Without a range: the newest events. Times are those at which events happened; a range may lie ahead, for forecasts.',
      `Example: ${exampleCall(app, 'windows')}`,
    ].join('\n'),
    input: HistoryInput,
    output: HistoryOutput,
    annotations: READ_ONLY,
    async run(input, context) {
      const scope = accounted({ app, runtime }, context);
      const stream = findStream(app, input.stream);
      const goesOn = input.cursor !== undefined && kindOf(stream, input.cursor) === WINDOWS_KIND;
      const ofWindows = input.window !== undefined || goesOn;
      if (!ofWindows) checkListing(input);
      if (input.estimate === true) return estimateAnswer(scope, stream, input);
      return ofWindows ? windowsAnswer(scope, stream, input, context) : eventsAnswer(scope, stream, input, context);
    },
  });
}

async function eventsAnswer(scope: Scope, stream: DeclaredStream, input: HistoryInput, context: ToolContext) {
  const { from, to, cursor, keys, where, order, limit, maxEvents } = input;
  const budget: ReadLimits = maxEvents === undefined ? {} : { budget: { ...SCAN_BUDGET, entries: maxEvents } };
  const reading = readHistory(scope, stream, given({ from, to, cursor, keys, where, order, limit }), {
    ...budget,
    deadline: context.deadline,
  });
  // The newest events cost one call. What another range costs is known only when it has been read.
  const newest = [from, to, cursor, keys, where].every((bound) => bound === undefined);
  const [page, early] = await Promise.all([reading, newest ? readNote(scope, stream) : null]);
  const spare = page.scanned.storeCalls < ORDERED_CALLS;
  const feed = newest ? early : spare ? await readNote(scope, stream) : unreadNote(stream);
  const structured: HistoryAnswer = { stream: stream.name, ...page, feed };
  const what = `${page.events.length} event(s) of ${stream.name}, ${page.order} first`;
  const out = [what + rangeText(page, isoTime), ...lines(page.events, eventLine), ...endText(page)];
  if (page.tailCursor !== null) out.push(`For what comes after: tail_stream with cursor=${page.tailCursor}`);
  return { structured, text: withFeed(out, feed, scope.runtime.now()) };
}

async function windowsAnswer(scope: Scope, stream: DeclaredStream, input: HistoryInput, context: ToolContext) {
  const { stream: _stream, limit: _limit, format, estimate: _estimate, ...query } = input;
  const page = await readWindows(scope, stream, given(query), { deadline: context.deadline });
  const feed = unreadNote(stream);
  const { from, to, complete, cursor, truncated, skipped, scanned, window, windowMs, ofPart, zone } = page;
  const structured: HistoryAnswer = {
    stream: stream.name,
    windows: page.rows.map((row) => toRow(row, page)),
    window,
    windowMs,
    ...(zone === null ? {} : { zone: zone.name }),
    ...(ofPart.length === 0 ? {} : { ofPart }),
    skipped,
    from,
    to,
    complete,
    cursor,
    truncated,
    scanned,
    feed,
  };
  const fields = page.series.flatMap((series) => (series.field === null ? [] : [series.field]));
  const what = `${page.rows.length} row(s) of ${stream.name}${fieldsText(page, scope.app)
    .map((name) => `, ${name}`)
    .join('')}, window ${window}`;
  const shown = format === 'sparkline' ? sparklineLines(page, scope.app) : tableLines(page);
  const head = what + rangeText(page, (time) => timeText(time, page));
  const out = [
    head,
    ...shown,
    ...skippedText(page, fields),
    ...endText(page),
    ...partText(page),
    ...edgesText(page, scope.runtime.now()),
  ];
  return { structured, text: withFeed(out, feed, scope.runtime.now()) };
}

/** Reads where in the log the range lies, and the newest events for their size, and nothing else. */
async function estimateAnswer(scope: Scope, stream: DeclaredStream, input: HistoryInput) {
  const { stream: _stream, limit, format: _format, estimate: _estimate, ...query } = input;
  const found = await estimateHistory(scope, stream, given(query), limit);
  const { range, events, inRange, bytes, queryCalls, mostEvents, fits, hint } = found;
  const feed = unreadNote(stream);
  const structured: HistoryAnswer = {
    stream: stream.name,
    estimate: { events, inRange, bytes, storeCalls: queryCalls, mostEvents, fits },
    from: range.from,
    to: range.to,
    complete: false,
    cursor: null,
    truncated: false,
    scanned: { entries: 0, storeCalls: found.storeCalls, through: null },
    feed,
  };
  const others = inRange < events / 2 ? ` (about ${inRange} of them in the range)` : '';
  const size = `at most ${events} events${others}, about ${bytes} bytes, in about ${queryCalls} calls to the store`;
  const verdict = fits
    ? 'One answer holds that.'
    : `One answer takes ${mostEvents}.${hint === null ? '' : ` Hint: ${hint}.`}`;
  const text = `It would read ${size}${rangeText(range, isoTime)}. ${verdict}`;
  return { structured, text };
}

function toRow(row: SeriesRow, page: WindowsPage): HistoryAnswerRow {
  const { start, end, key, group, stream, field, count, values } = row;
  const named = {
    start,
    ...(end === Infinity || (page.zone === null && page.windowMs !== null) ? {} : { end }),
    key,
    ...(group === null ? {} : { group }),
    ...(page.series.length > 1 ? { stream, field } : {}),
    count,
  };
  const numbers: Record<string, number> = {};
  for (const name of page.aggregates) {
    const value = valueOf(row, aggregateOf(name));
    if (value !== null) numbers[name] = value;
    if (name === 'first' && values !== null) numbers['firstTime'] = values.firstTime;
    if (name === 'last' && values !== null) numbers['lastTime'] = values.lastTime;
  }
  return { ...named, ...numbers } as HistoryAnswerRow;
}
