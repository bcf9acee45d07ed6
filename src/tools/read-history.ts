/**
 * `read_history`: events of the past by the page, aggregates of them by window and group, or an estimate of what either
 * would read. A page of a range costs two store calls, and more where events came out of the order of their times, or where keys,
 * filters or windows leave much out. The state of the feed is read where that makes no third call.
 */
import { type Tool, tool } from '../declare/tool.ts';
import type { ToolContext } from '../declare/context.ts';
import type { App } from '../declare/app.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import { findStream } from '../streams/find-stream.ts';
import { DEFAULT_EVENTS, ORDERED_CALLS, readHistory } from '../streams/history/events.ts';
import { estimateHistory } from '../streams/history/estimate.ts';
import { WINDOWS_KIND } from '../streams/history/windows.ts';
import { kindOf } from '../streams/history/range-cursor.ts';
import { isOfRows } from '../streams/history/rows-cursor.ts';
import { isOfTotals } from './windows-totals.ts';
import { meantWhere } from '../streams/ranges/where.ts';
import { SCAN_BUDGET } from '../streams/ranges/scan.ts';
import { isoTime } from '../base/time/time-text.ts';
import { accounted, type AppDeps } from '../calls/context.ts';
import { exampleCall } from './describe.ts';
import { feedText, readNote, unreadNote } from './feed-note.ts';
import { checkListing, given, HistoryInput } from './history-input.ts';
import { type HistoryAnswer, HistoryOutput } from './history-output.ts';
import { windowsAnswer } from './history-windows.ts';
import { READ_ONLY } from '../calls/schemas.ts';
import { eventRow } from '../calls/short-lines.ts';
import { createRevisedPage, REVISIONS } from './revisions.ts';
import { bothHalves, createPage, roomFor } from '../calls/halves.ts';
import { callsTo, type NextCall } from '../calls/next-call.ts';
import type { StreamEvent } from '../base/event.ts';
import type { Scope } from '../streams/scope.ts';
import { withUnknownKeys, withUnmatchedStreams } from './unknown-keys.ts';
import { timeText } from './windows-text.ts';
import { zoneOf } from '../base/time/zone.ts';
import {
  changedCall,
  OLDER_TRIMMED,
  endText,
  mixedText,
  nextPageCall,
  rangeText,
  readable,
  readText,
} from './history-text.ts';

export function readHistoryTool({ app, runtime }: AppDeps): Tool {
  return tool({
    title: 'History',
    description: [
      'Events of a stream by range of time, keys and filter; or, with window, aggregates for each window and key, such as means, percentiles, time in a state.',
      'Without a range: the newest. A range may lie ahead, for forecasts.',
      `Example: ${exampleCall(app, 'windows')}`,
    ].join('\n'),
    input: HistoryInput,
    output: HistoryOutput,
    annotations: READ_ONLY,
    async run(asked, context) {
      const scope = accounted({ app, runtime }, context);
      const stream = findStream(app, asked.stream);
      const input = asked.where === undefined ? asked : { ...asked, where: meantWhere(stream, asked.where) };
      const ofWindows = input.window !== undefined || isOfWindows(stream, input.cursor);
      if (!ofWindows) checkListing(input);
      if (input.estimate === true) return estimateAnswer(scope, stream, input);
      const answer = ofWindows
        ? await windowsAnswer(scope, stream, input, context)
        : await eventsAnswer(scope, stream, input, context);
      const told = await withUnknownKeys(scope, stream, input, answer);
      return ofWindows ? withUnmatchedStreams(scope, stream, input, told) : told;
    },
  });
}

async function eventsAnswer(scope: Scope, stream: DeclaredStream, input: HistoryInput, context: ToolContext) {
  const { from, to, cursor, keys, where, order, limit, maxEvents, zone: name } = input;
  const zone = name === undefined ? null : zoneOf(name);
  const room = roomFor(limit !== undefined, scope.app.results.bytes, input);
  const isRevised = stream.declaration.options.revision !== undefined;
  const rowOf = (event: StreamEvent) => eventRow(event, stream.identified);
  const page = isRevised ? createRevisedPage(room, rowOf) : createPage(room, rowOf);
  const reading = readHistory(scope, stream, given({ from, to, cursor, keys, where, order, limit, zone: name }), {
    ...(maxEvents === undefined ? {} : { budget: { ...SCAN_BUDGET, entries: maxEvents } }),
    deadline: context.deadline,
    take: page.take,
  });
  // The newest events cost one call. What another range costs is known only when it has been read.
  const newest = [from, to, cursor, keys, where].every((bound) => bound === undefined);
  const [found, early] = await Promise.all([reading, newest ? readNote(scope, stream) : null]);
  const spare = found.scanned.storeCalls < ORDERED_CALLS;
  const feed = newest ? early : spare ? await readNote(scope, stream) : unreadNote(stream);
  const { events: _events, anew, olderTrimmed, ...report } = found;
  const { rows } = page;
  return bothHalves<HistoryAnswer>({
    before: [
      `${rows.length} event(s) of ${stream.name}, ${found.order} first${mixedText(found)}${rangeText(found, (time) => timeText(time, { zone }))}`,
    ],
    name: 'events',
    rows,
    after: [
      ...(isRevised && rows.length > 0 ? [REVISIONS] : []),
      ...(olderTrimmed ? [OLDER_TRIMMED] : []),
      ...endText(found),
      ...readText(found, input),
      ...feedText(feed, scope.runtime.now()),
    ],
    calls: [...nextPageCall(scope.app, input, found.cursor), ...tailOf(scope.app, input, found.tailCursor)],
    structured: {
      stream: stream.name,
      ...report,
      ...(anew ? { anew } : {}),
      ...(olderTrimmed ? { olderTrimmed } : {}),
      ...readable(found),
      feed,
    },
  });
}

function isOfWindows(stream: DeclaredStream, cursor: string | undefined): boolean {
  return cursor !== undefined && (isOfRows(cursor) || isOfTotals(cursor) || kindOf(stream, cursor) === WINDOWS_KIND);
}

/** Goes on behind the newest event, for the same keys. */
function tailOf({ toolNames }: App, { stream, keys }: HistoryInput, cursor: string | null): NextCall[] {
  return cursor === null ? [] : callsTo('What comes after', toolNames.tail_stream, { stream, cursor, keys });
}

/** Reads where in the log the range lies, and the newest events for their size, and nothing else. */
async function estimateAnswer(scope: Scope, stream: DeclaredStream, input: HistoryInput) {
  const { stream: _stream, limit, format: _format, estimate: _estimate, ...query } = input;
  const found = await estimateHistory(scope, stream, given(query), limit ?? DEFAULT_EVENTS, (changes) =>
    changedCall(scope.app, input, changes),
  );
  const { range, events, inRange, bytes, queryCalls, mostEvents, fits, hint } = found;
  const feed = unreadNote(stream);
  const structured: HistoryAnswer = {
    stream: stream.name,
    estimate: { events, inRange, bytes, storeCalls: queryCalls, mostEvents, fits },
    ...readable({ ...range, scanned: { entries: 0, storeCalls: found.storeCalls, through: null } }),
    complete: false,
    cursor: null,
    truncated: false,
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
