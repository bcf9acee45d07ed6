/**
 * Turns windows as a scan built them into the rows of an answer. It computes the aggregates that need all values of a
 * window or those before it, adds empty windows, orders the rows, and picks the highest or lowest of each window. Pure.
 */
import { TidegateError } from '../../base/errors.ts';
import { type Aggregate, type Merging, needsSamples } from './aggregate.ts';
import * as of from './sample-values.ts';
import type { Grid } from './window-grid.ts';
import type { Group, SampledRow, WindowRow } from './window-values.ts';

export interface AnswerRow extends WindowRow {
  /**
   * The requested aggregates that are not in `values`, by name; null: not known, such as the rate of a single event. One that is
   * more than a double holds is infinite.
   */
  more: Record<string, number | null>;
}

interface RowsSpec {
  grid: Grid;
  /** Epoch ms. Together with `until`: the part of the range that has passed. */
  from: number;
  until: number;
  aggregates: readonly Aggregate[];
  /** Texts whose places are their codes in samples; null: samples are of numbers. */
  codes: readonly string[] | null;
  /** True: windows in which a group has no event have rows too. */
  empty: boolean;
  /** True: windows without an event in which a value is known to have stood have rows, where these fit (`heldFit`). */
  held: boolean;
  /** Keys that have rows with `empty` even if none of their events was found; null stands for all keys together. */
  keys: readonly (string | null)[];
  /** Most rows. */
  most: number;
}

/**
 * Makes the rows, ordered by window, then key, then group.
 * @throws TidegateError `invalid_input`: `empty`, where empty windows would make more rows than `most`.
 */
export function answerRows(groups: readonly Group[], spec: RowsSpec): AnswerRow[] {
  if (spec.empty) {
    const [starts, all] = [startsOf(spec), withKeys(groups, spec.keys)];
    if (starts === null || starts.length * all.length > spec.most) throw tooMany(spec.most);
    return all.flatMap((group) => rowsOf(group, starts, spec)).sort(byPlace);
  }
  const starts = spec.held && heldFit(groups, spec) ? startsOf(spec) : null;
  return groups.flatMap((group) => rowsOf(group, heldIn(group, starts), spec)).sort(byPlace);
}

/** Whether there is room for a row of each window in which a value stood. */
export function heldFit(groups: readonly Group[], spec: RowsSpec): boolean {
  if (!spec.held) return true;
  const starts = startsOf(spec);
  return starts !== null && starts.length * groups.length <= spec.most;
}

/** The value by which rows are ranked and drawn; null where it is unknown. */
export function valueOf(row: AnswerRow, aggregate: Aggregate): number | null {
  const value = computed(row, aggregate);
  return value !== null && Number.isFinite(value) ? value : null;
}

/** The names of the aggregates that some row lacks because a double does not hold the number. */
export function overflowedIn(rows: readonly AnswerRow[], aggregates: readonly Aggregate[]): string[] {
  const lacks = (aggregate: Aggregate) => (row: AnswerRow) => !Number.isFinite(computed(row, aggregate) ?? 0);
  return aggregates.filter((aggregate) => rows.some(lacks(aggregate))).map(({ name }) => name);
}

function computed(row: AnswerRow, { kind, name }: Aggregate): number | null {
  if (kind === 'count') return row.count;
  return row.more[name] ?? row.values?.[kind as Exclude<Merging, 'count'>] ?? null;
}

interface Ranking {
  n: number;
  aggregate: Aggregate;
  /** Default false: the highest. */
  lowest?: boolean;
  /** True: the first rows of all windows together. Default: of each window. */
  overall?: boolean;
}

/** Returns the first `n` rows by rank, in that order. Rows without a value are left out. */
export function topRows(rows: readonly AnswerRow[], { n, aggregate, lowest, overall }: Ranking): AnswerRow[] {
  const windows = Map.groupBy(rows, ({ start }) => (overall ? 0 : start));
  const sign = lowest ? 1 : -1;
  return [...windows.values()].flatMap((window) =>
    window
      .map((row) => ({ row, value: valueOf(row, aggregate) }))
      .filter((ranked): ranked is { row: AnswerRow; value: number } => ranked.value !== null)
      .sort((a, b) => sign * (a.value - b.value) || byPlace(a.row, b.row))
      .slice(0, n)
      .map(({ row }) => row),
  );
}

function rowsOf(group: Group, starts: readonly number[] | null, spec: RowsSpec): AnswerRow[] {
  const places = starts ?? startsIn(group);
  let { before } = group;
  return places.map((start) => {
    const row = group.rows.get(start) ?? emptyRow(group, start, spec);
    const samples = row.samples?.toSorted((a, b) => a.time - b.time) ?? [];
    const made = { ...base(row), more: moreOf(row, samples, before, spec) };
    before = samples.at(-1) ?? before;
    return made;
  });
}

function startsIn({ rows }: Group): number[] {
  return [...rows.keys()].sort((a, b) => a - b);
}

/** The windows of a group from the first on in which its value is known. */
function heldIn(group: Group, starts: readonly number[] | null): number[] {
  const own = startsIn(group);
  const first = group.before === null ? (own[0] ?? Infinity) : -Infinity;
  const held = (starts ?? []).filter((start) => start >= first);
  return [...new Set([...own, ...held])].sort((a, b) => a - b);
}

function base({ start, end, key, group, count, values }: SampledRow): WindowRow {
  return { start, end, key, group, count, values };
}

function moreOf(
  row: SampledRow,
  samples: readonly of.Sample[],
  before: of.Sample | null,
  { aggregates, codes, from, until }: RowsSpec,
): Record<string, number | null> {
  const span = { start: Math.max(row.start, from), end: Math.min(row.end, until) };
  const sorted = aggregates.some(({ kind }) => kind === 'percentile')
    ? samples.map(({ value }) => value).sort((a, b) => a - b)
    : [];
  const gaps = aggregates.some(({ kind }) => kind === 'gaps' || kind === 'longestGap')
    ? of.gapsBetween(samples, span)
    : { longest: 0, lengths: [] };
  const value = (aggregate: Aggregate): number | null => {
    if (aggregate.kind === 'percentile') return of.percentile(sorted, aggregate.part);
    if (aggregate.kind === 'stddev') return of.stddev(samples);
    if (aggregate.kind === 'increase') return of.increase(samples, before);
    if (aggregate.kind === 'timeWeightedMean') return of.timeWeightedMean(samples, before, span);
    if (aggregate.kind === 'distinct') return of.distinctCount(samples);
    if (aggregate.kind === 'timeIn') {
      const wanted = codes === null ? Number(aggregate.value) : codes.indexOf(aggregate.value);
      return of.timeIn(wanted, samples, before, span);
    }
    if (aggregate.kind === 'longestGap') return gaps.longest;
    if (aggregate.kind === 'gaps') return gaps.lengths.filter((length) => length > aggregate.overMs).length;
    if (aggregate.kind !== 'rate' || row.values === null) return null;
    const { first, firstTime, last, lastTime } = row.values;
    return of.rate({ time: firstTime, value: first }, { time: lastTime, value: last }, aggregate.perMs);
  };
  const asked = aggregates.filter((aggregate) => needsSamples(aggregate) || aggregate.kind === 'rate');
  return Object.fromEntries(asked.map((aggregate) => [aggregate.name, value(aggregate)]));
}

function emptyRow({ key, group }: Group, start: number, { grid }: RowsSpec): SampledRow {
  return { start, end: grid.endOf(start), key, group, count: 0, values: null, samples: null };
}

/** Null where there are more than `most`. */
function startsOf({ grid, from, until, most }: RowsSpec): number[] | null {
  const starts: number[] = [];
  if (from >= until) return starts;
  for (let start = grid.startOf(from); start < until; start = grid.endOf(start)) {
    if (starts.length >= most) return null;
    starts.push(start);
  }
  return starts;
}

function withKeys(groups: readonly Group[], keys: RowsSpec['keys']): readonly Group[] {
  const met = new Set(groups.map(({ key }) => key));
  const missing = keys.filter((key) => !met.has(key));
  return [...groups, ...missing.map((key) => ({ key, group: null, before: null, rows: new Map() }))];
}

function tooMany(most: number): TidegateError {
  return new TidegateError('invalid_input', 'too many windows to show the empty ones', {
    field: 'empty',
    expected: `at most ${most} windows times groups: a longer window, a shorter range, or fewer keys`,
  });
}

export function byPlace(a: WindowRow, b: WindowRow): number {
  return a.start - b.start || compare(a.key, b.key) || (a.group === null ? 0 : compareGroups(a, b));
}

function compareGroups(a: WindowRow, b: WindowRow): number {
  const others = Object.values(b.group ?? {});
  for (const [index, value] of Object.values(a.group ?? {}).entries()) {
    const other = others[index] ?? null;
    const order =
      typeof value === 'number' && typeof other === 'number'
        ? value - other
        : compare(JSON.stringify(value), JSON.stringify(other));
    if (order !== 0) return order;
  }
  return 0;
}

function compare(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  return a < b ? -1 : 1;
}
