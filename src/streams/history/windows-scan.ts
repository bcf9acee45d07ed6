/**
 * Scans the streams of a page of windows at the same time, each stream once for all of its series. The scans share the
 * budget evenly, so the page keeps to its most store calls whatever the question is.
 */
import type { LoggedEvent } from '../../base/event.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import { replaces } from '../log/latest.ts';
import { followsEvents, needsSamples } from './aggregate.ts';
import { badCursor, isPicky, matcher, type Positions } from '../ranges/range.ts';
import { type RangeReport, type ReadLimits, scanRange } from '../ranges/range-scan.ts';
import { SCAN_BUDGET, type ScanBudget } from '../ranges/scan.ts';
import type { Plan } from './window-plan.ts';
import type { Series } from './window-question.ts';
import { createWindows, type Windows } from './window-values.ts';
import type { Scope } from '../scope.ts';

/** Most rows (windows times groups, of all series) on a page. */
export const MOST_ROWS = 1_000;
/** Most rows that a ranked answer may choose its first rows from. */
export const MOST_RANKED = 10_000;
/** Most store calls for all streams together; up to eight more for each where what came before the range had no room, which is found out first. */
const MOST_WINDOW_CALLS = 21;
/** Greatest `maxEvents`: as many events as the store calls can read. */
export const MOST_SCANNED = (MOST_WINDOW_CALLS - 2) * READ_LIMIT;

/** Most that one answer may read, where the question is not for parts. */
interface ReadBound {
  /** Of each stream. */
  entries: number;
  reads: number;
}

/**
 * All streams have the same, so that together they keep within `MOST_WINDOW_CALLS`. Keys and filters leave events out only after they
 * were read, since a log has no index by key. A question with them may therefore read as much as the calls allow, and so may one
 * that keeps no events, such as of counts and sums.
 */
export function readBound(
  plan: Pick<Plan, 'range' | 'scans' | 'aggregates'>,
  maxEvents: number | undefined,
  budget: ScanBudget = SCAN_BUDGET,
): ReadBound {
  const isOwn = budget !== SCAN_BUDGET;
  const scans = plan.scans.length;
  const most = maxEvents ?? ((isPicky(plan.range) || keepsNothing(plan)) && !isOwn ? MOST_SCANNED : budget.entries);
  const entries = Math.max(1, Math.floor(most / scans));
  if (isOwn) return { entries, reads: budget.reads };
  // Two calls of each scan are reserved: those that look the range up.
  const reads = Math.floor(MOST_WINDOW_CALLS / scans) - 2;
  return { entries: Math.min(entries, reads * READ_LIMIT), reads };
}

/** Whether a scan keeps rows alone: no samples, and no events to find the newest revisions among. */
function keepsNothing({ aggregates, scans }: Pick<Plan, 'scans' | 'aggregates'>): boolean {
  return !aggregates.some(needsSamples) && !scans.some(({ stream }) => hasRevisions(stream));
}

interface PlanScan {
  plan: Plan;
  /** Where the page before ended; null for a first page. */
  resumed: Positions | null;
  /** Undefined where a query that would read more than the budget is refused. */
  maxEvents: number | undefined;
  mostRows: number;
  limits: ReadLimits;
}

interface PlanReport {
  /** By stream, then series. */
  built: Windows[][];
  /** By stream; null for a stream that an earlier page read to its end. */
  reports: (RangeReport | null)[];
  /** Most events that all scans together may read. */
  mostEvents: number;
  /** Of each id the newest revision of the range counts alone. False: each counts, or no stream has revisions. */
  isFolded: boolean;
  /** Values from before the range were not looked for, since the range alone is all that the budget allows. */
  leftOutBefore: boolean;
  /** Store calls beside those of the reports. */
  storeCalls: number;
}

/** Where one of the streams went back to an earlier state, all begin anew, so that one answer takes the place of those before. */
export async function scanPlan(scope: Scope, asked: PlanScan): Promise<PlanReport> {
  const report = await scanOnce(scope, asked);
  const isRefused = report.reports.some((one) => one?.ended === 'refused');
  if (!isRefused || asked.plan.lookBackMs === 0) return report;
  // What came before the range is worth reading, but not worth a refusal.
  const alone = await scanOnce(scope, { ...asked, plan: { ...asked.plan, lookBackMs: 0 } });
  const spent = report.reports.reduce((sum, one) => sum + (one?.scanned.storeCalls ?? 0), 0);
  return { ...alone, leftOutBefore: true, storeCalls: spent };
}

async function scanOnce(scope: Scope, asked: PlanScan): Promise<PlanReport> {
  // What follows one event to the next is not told in parts, so that nothing is read in vain.
  const refuses =
    asked.resumed === null && (asked.maxEvents === undefined || asked.plan.aggregates.some(followsEvents));
  // A part has events whose corrections are in another.
  const folded = refuses ? await scanAll(scope, asked, { refuses, folds: true }) : null;
  if (folded !== null && (folded.isFolded || !asked.plan.scans.some(({ stream }) => hasRevisions(stream))))
    return folded;
  const report = await scanAll(scope, asked, { refuses, folds: false });
  const others = report.reports.filter((one) => one?.anew !== true);
  if (others.length === 0 || others.length === report.reports.length) return report;
  const { reports, ...anew } = await scanAll(scope, { ...asked, resumed: null }, { refuses: false, folds: false });
  return { ...anew, reports: reports.map((one) => one && { ...one, anew: true, truncated: true }) };
}

async function scanAll(
  scope: Scope,
  { plan, resumed, maxEvents, mostRows, limits }: PlanScan,
  { refuses, folds }: { refuses: boolean; folds: boolean },
): Promise<PlanReport> {
  if (resumed !== null && resumed.length !== plan.scans.length) throw badCursor('it is not of this form');
  const budget = readBound(plan, maxEvents, limits.budget);
  const built = plan.scans.map(({ series }) => series.map((one) => windowsOf(plan, one, mostRows)));
  const newest = plan.scans.map(({ stream }) => (folds && hasRevisions(stream) ? createNewest(isInTime(plan)) : null));
  const visitors = plan.scans.map((_scan, index) => visitor(plan, built[index] ?? []));
  const scanning = plan.scans.map(async ({ stream }, index): Promise<RangeReport | null> => {
    const position = resumed?.[index] ?? null;
    if (resumed !== null && position === null) return null;
    return scanRange(scope, stream, {
      range: plan.range,
      order: 'oldest',
      resumed: position,
      mostCalls: null,
      limits: { ...limits, budget },
      wanted: null,
      visit: newest[index]?.visit ?? visitors[index] ?? (() => true),
      isFull: () => false,
      lookBackMs: plan.lookBackMs,
      refuses,
    });
  });
  const reports = await Promise.all(scanning);
  const isWhole = reports.every((report) => report?.complete === true);
  const fits = newest.map((one, index) => one === null || one.events().every((event) => visitors[index]?.(event)));
  const isFolded = newest.some((one) => one !== null) && isWhole && fits.every(Boolean);
  const mostEvents = budget.entries * plan.scans.length;
  return { built, reports, mostEvents, isFolded, leftOutBefore: false, storeCalls: 0 };
}

function hasRevisions({ declaration }: DeclaredStream): boolean {
  return declaration.options.revision !== undefined;
}

/** Whether an event is of the time of a plan, whatever its key and its fields. */
function isInTime({ range, lookBackMs }: Plan): (event: LoggedEvent) => boolean {
  return matcher({ from: range.from - lookBackMs, to: range.to, keys: null, where: null });
}

/**
 * Collects events in the order of their log, and keeps of each id the newest revision of those that `isIn` passes. Others are left out,
 * because which of them are read beside the range is chance.
 */
function createNewest(isIn: (event: LoggedEvent) => boolean) {
  const events = new Map<string, LoggedEvent>();
  return {
    visit: (event: LoggedEvent): true => {
      if (!isIn(event)) return true;
      const standing = events.get(event.id);
      if (standing !== undefined && !replaces(event, standing)) return true;
      events.delete(event.id);
      events.set(event.id, event);
      return true;
    },
    events: () => [...events.values()],
  };
}

/** All series of a stream take an event, or none does, so that no later page counts it again. */
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

function windowsOf(
  { grid, zone, range, by, clocks, codes, aggregates, series }: Plan,
  { field }: Series,
  mostRows: number,
): Windows {
  return createWindows({
    grid,
    from: range.from,
    field,
    by,
    clocks,
    zone,
    codes,
    most: Math.floor(mostRows / series.length),
    keepSamples: aggregates.some(needsSamples),
  });
}
