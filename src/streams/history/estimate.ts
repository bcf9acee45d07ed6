/**
 * Estimates how much a read of history would look at, without reading it. For each stream it counts the events among which
 * the index of times says that events of the range may be. It takes two store calls for each stream, or three where the
 * range is older than the newest 65,000 events or so; and twice these where what came before the range has no room.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { TidegateError } from '../../base/errors.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { Deps } from '../deps.ts';
import { type Estimate, estimateRange } from './log-estimate.ts';
import { type Range, resolveRange } from '../ranges/range.ts';
import { askedOf } from './windows.ts';
import type { WindowsQuery } from './windows-page.ts';
import { argumentsText, type CallOf, narrowing } from './windows-refused.ts';
import { planOf } from './window-plan.ts';
import { readBound } from './windows-scan.ts';
import { questionOf } from './window-question.ts';
import type { Scope } from '../scope.ts';

interface HistoryEstimate extends Estimate {
  range: Range;
  /** About how many store calls it would take to read all of it. */
  queryCalls: number;
  /** Most events that one answer holds, or reads for windows. A query for windows that would read more is refused. */
  mostEvents: number;
  fits: boolean;
  /** How to ask for less; null where it fits. */
  hint: string | null;
}

/**
 * @param pageEvents most events of a page, for a query without windows
 * @throws TidegateError the same errors as the query itself for wrong arguments
 */
export async function estimateHistory(
  scope: Scope,
  stream: DeclaredStream,
  query: WindowsQuery,
  pageEvents: number,
  callOf: CallOf = argumentsText,
): Promise<HistoryEstimate> {
  if (query.cursor !== undefined) {
    throw new TidegateError('invalid_input', 'what a cursor goes on with is not estimated', {
      field: 'cursor',
      expected: 'to be left out, because estimate is given',
    });
  }
  const now = scope.runtime.now();
  const asked = resolveRange(stream, query, now);
  const plan = query.window === undefined ? null : planned(scope, stream, query, asked, now);
  const range = plan?.range ?? asked;
  const streams = plan?.scans.map((scan) => scan.stream) ?? [stream];
  const share = plan === null ? pageEvents : readBound(plan, query.maxEvents).entries;
  const estimateEach = (lookBackMs: number | undefined) =>
    Promise.all(streams.map((one) => estimateRange(scope, one, range, lookBackMs)));
  const first = await estimateEach(plan?.lookBackMs);
  // The query leaves out what came before the range where that would be too much.
  const leavesOut = plan !== null && plan.lookBackMs > 0 && first.some((one) => one.events > share);
  const each = leavesOut ? await estimateEach(0) : first;
  const events = each.reduce((sum, one) => sum + one.events, 0);
  const inRange = each.reduce((sum, one) => sum + one.inRange, 0);
  const most = share * each.length;
  const fits = each.every((one) => one.events <= share);
  return {
    range,
    events,
    inRange,
    bytes: each.reduce((sum, one) => sum + one.bytes, 0),
    storeCalls: [...first, ...(leavesOut ? each : [])].reduce((sum, one) => sum + one.storeCalls, 0),
    queryCalls: each.reduce(
      (sum, one) => sum + (leavesOut ? 3 : 1) + Math.max(1, Math.ceil(one.events / READ_LIMIT)),
      0,
    ),
    mostEvents: most,
    fits,
    hint: fits
      ? null
      : plan === null
        ? 'read it in pages, by their cursors'
        : narrowing({ plan, now, callOf }, { events, inRange }, most),
  };
}

function planned(deps: Deps, stream: DeclaredStream, query: WindowsQuery, asked: Range, now: number) {
  return planOf(deps.app, stream, questionOf(stream.name, stream.keyed, askedOf(query)), asked, now);
}
