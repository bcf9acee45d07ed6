/**
 * The scans of a page of windows: one for each stream, side by side, each for all of the stream's series. They share the
 * budget evenly, so that whatever is asked the page stays within its calls to the store.
 */
import type { LoggedEvent } from '../../base/event.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import { needsSamples } from './aggregate.ts';
import { matcher } from './range.ts';
import { badCursor } from './range-cursor.ts';
import { type RangeReport, type ReadLimits, scanRange } from './range-scan.ts';
import { SCAN_BUDGET } from './scan.ts';
import type { Plan } from './window-plan.ts';
import type { Series } from './window-question.ts';
import { createWindows, type Windows } from './window-values.ts';
import type { Scope } from '../scope.ts';

/** Most rows (windows times groups, of all series) on a page. */
export const MOST_ROWS = 1_000;
/** Most rows of which the first are found, where those are all that is answered. */
export const MOST_RANKED = 10_000;
/** Most calls to the store, for all streams together. */
export const MOST_WINDOW_CALLS = 21;
/** Most that `maxEvents` can ask for: so many can be read within the calls. */
export const MOST_SCANNED = (MOST_WINDOW_CALLS - 2) * READ_LIMIT;

export interface PlanScan {
  plan: Plan;
  /** Where the page before ended, as `positionText` told it; null: a first page. */
  resumed: string | null;
  /** Null where a query that would read more is refused. */
  maxEvents: number | undefined;
  mostRows: number;
  limits: ReadLimits;
}

export interface PlanReport {
  /** By stream, then series. */
  built: Windows[][];
  /** By stream; null for one that was read to its end before. */
  reports: (RangeReport | null)[];
  /** What the scans read together at most. */
  mostEvents: number;
}

export async function scanPlan(
  scope: Scope,
  { plan, resumed, maxEvents, mostRows, limits }: PlanScan,
): Promise<PlanReport> {
  const positions = resumed === null ? null : positionsOf(resumed, plan);
  const budget = shareOf(maxEvents, plan.scans.length, limits);
  const built = plan.scans.map(({ series }) => series.map((one) => windowsOf(plan, one, mostRows)));
  const reports = plan.scans.map(async ({ stream }, index): Promise<RangeReport | null> => {
    const position = positions?.[index] ?? null;
    if (positions !== null && position === null) return null;
    return scanRange(scope, stream, {
      range: plan.range,
      order: 'oldest',
      resumed: position,
      mostCalls: null,
      limits: { ...limits, budget },
      chunk: READ_LIMIT,
      visit: visitor(plan, built[index] ?? []),
      isFull: () => false,
      lookBackMs: plan.lookBackMs,
      refuses: resumed === null && maxEvents === undefined,
    });
  });
  return { built, reports: await Promise.all(reports), mostEvents: budget.entries * plan.scans.length };
}

/** Where the next page goes on; null where there is none. */
export function positionText(reports: readonly (RangeReport | null)[]): string | null {
  const positions = reports.map((report) => report?.next ?? null);
  return positions.every((position) => position === null) ? null : JSON.stringify(positions);
}

/** The same for each stream, so that all of them together stay within `MOST_WINDOW_CALLS`. */
function shareOf(maxEvents: number | undefined, scans: number, { budget = SCAN_BUDGET }: ReadLimits) {
  const entries = Math.max(1, Math.floor((maxEvents ?? budget.entries) / scans));
  if (budget !== SCAN_BUDGET) return { entries, reads: budget.reads };
  // Each finds its beginning, and may ask how much is ahead.
  const reads = Math.floor(MOST_WINDOW_CALLS / scans) - 2;
  return { entries: Math.min(entries, reads * READ_LIMIT), reads };
}

function positionsOf(position: string, { scans }: Plan): (string | null)[] {
  try {
    const positions: unknown = JSON.parse(position);
    const formed = Array.isArray(positions) && positions.length === scans.length;
    if (formed && positions.every((each) => each === null || typeof each === 'string')) return positions;
  } catch {
    // As any other text that is none.
  }
  throw badCursor('it is not of this form');
}

/** An event is counted in by all series of its stream or by none, so that no page counts it again. */
function visitor(plan: Plan, built: readonly Windows[]): (event: LoggedEvent) => boolean {
  const matches = matcher({ ...plan.range, from: plan.range.from - plan.lookBackMs });
  const [only, ...others] = built;
  if (only && others.length === 0) return (event) => !matches(event) || only.add(event);
  return (event) => {
    if (!matches(event)) return true;
    if (!built.every((windows) => windows.fits(event))) return false;
    for (const windows of built) windows.add(event);
    return true;
  };
}

function windowsOf({ grid, range, by, aggregates, series }: Plan, { field }: Series, mostRows: number): Windows {
  return createWindows({
    grid,
    from: range.from,
    field,
    by,
    most: Math.floor(mostRows / series.length),
    keepSamples: aggregates.some(needsSamples),
  });
}
