/** The rows of a page of windows, of all its series: made, ranked and put in order; and what the scans report together. Pure. */
import { type Aggregate, isOfTimes } from './aggregate.ts';
import type { RangeReport, Scanned } from '../ranges/range-scan.ts';
import { type AnswerRow, answerRows, byPlace, heldFit, topRows } from './window-rows.ts';
import type { Plan } from './window-plan.ts';
import type { Series } from './window-question.ts';
import { BY_KEY } from './window-groups.ts';
import type { Skipped, Windows } from './window-values.ts';
import type { SeriesRow, Top } from './windows-page.ts';

export function seriesRows(
  series: Series,
  plan: Plan,
  built: readonly Windows[][],
  {
    whole,
    now,
    mostRows,
    silent,
    held,
  }: { whole: boolean; now: number; mostRows: number; silent: readonly string[]; held: boolean },
): { rows: SeriesRow[]; fit: boolean } {
  const scan = plan.scans.findIndex((one) => one.series.includes(series));
  const windows = built[scan]?.[plan.scans[scan]?.series.indexOf(series) ?? -1];
  const { grid, aggregates, codes, by, range } = plan;
  const perKeyAlone = by.length === 1 && by[0] === BY_KEY && plan.scans[scan]?.stream.keyed === true;
  const groups = windows?.groups() ?? [];
  const spec = {
    grid,
    from: range.from,
    until: Math.min(range.to ?? Infinity, now),
    aggregates: series.field === null ? aggregates.filter(isOfTimes) : aggregates,
    codes,
    // Which windows are empty is unknown for a part.
    empty: plan.empty && whole,
    held,
    keys: perKeyAlone ? (range.keys ?? silent) : by.length === 0 ? [null] : [],
    most: Math.floor(mostRows / plan.series.length),
  };
  const rows = answerRows(groups, spec).map((row) => ({ ...row, ...series }));
  return { rows, fit: plan.empty || heldFit(groups, spec) };
}

/** Ranks the groups by the first series. The other series give their rows for the same groups. */
export function rankedRows(rows: readonly SeriesRow[], first: Series | undefined, top: Top & { aggregate: Aggregate }) {
  const isFirst = ({ stream, field }: SeriesRow) => stream === first?.stream && field === first.field;
  const best = topRows(rows.filter(isFirst), top);
  const beside = Map.groupBy(
    rows.filter((row) => !isFirst(row)),
    placeOf,
  );
  return best.flatMap((row) => [row as SeriesRow, ...(beside.get(placeOf(row)) ?? [])]);
}

function placeOf({ start, key, group }: AnswerRow): string {
  return JSON.stringify([start, key, group]);
}

export function orderedRows(rows: SeriesRow[], isRanked: boolean, newest: boolean): SeriesRow[] {
  // Sorting is stable, so ranked rows keep their order within a window, and series keep theirs.
  const sorted = isRanked ? rows : rows.sort(byPlace);
  return newest ? sorted.sort((a, b) => b.start - a.start) : sorted;
}

export function skippedOf(built: readonly Windows[][]): Skipped {
  const each = built.map((series) => series.map((windows) => windows.skipped()));
  return {
    gaps: each.reduce((sum, [first]) => sum + (first?.gaps ?? 0), 0),
    missing: each.flat().reduce((sum, { missing }) => sum + missing, 0),
  };
}

export function scannedOf(reports: readonly RangeReport[]): Scanned {
  const all = reports.map(({ scanned }) => scanned);
  const open = reports.filter(({ complete }) => !complete).map(({ scanned }) => scanned.through);
  const throughs = (open.length > 0 ? open : all.map(({ through }) => through)).filter((through) => through !== null);
  return {
    entries: all.reduce((sum, { entries }) => sum + entries, 0),
    storeCalls: all.reduce((sum, { storeCalls }) => sum + storeCalls, 0),
    // Unfinished scans count up to the earliest of their ends, finished ones up to the latest.
    through: throughs.length === 0 ? null : open.length > 0 ? Math.min(...throughs) : Math.max(...throughs),
  };
}
