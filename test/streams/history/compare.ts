/** Rows as the code under test answers them, beside those of the model; and pages put together as their reader is told to. */
import { expect } from 'vitest';
import type { SeriesRow } from '../../../src/streams/history/windows-page.ts';
import type { ModelRow } from './model.ts';

/** What sums of doubles in another order may differ by. */
const LOST = 1e-9;

/** @param names of the aggregates to compare; `rate` and `gaps` stand for the asked unit and length. */
export function expectRows(
  rows: readonly SeriesRow[],
  model: readonly ModelRow[],
  names: Record<string, string>,
): void {
  expect(rows.map(place)).toEqual(model.map(place));
  for (const [index, row] of rows.entries()) {
    const numbers = model[index]?.numbers ?? {};
    const wrong = Object.entries(names).filter(([name, told]) => !near(numberOf(row, told), numbers[name] ?? null));
    const shown = wrong.map(([name, told]) => ({ name, found: numberOf(row, told), expected: numbers[name] ?? null }));
    expect(shown, JSON.stringify(place(row))).toEqual([]);
  }
}

const place = ({ start, end, key, group, count }: SeriesRow | ModelRow) => ({ start, end, key, group, count });

function numberOf({ more, values }: SeriesRow, name: string): number | null {
  return more[name] ?? (values as Record<string, number> | null)?.[name] ?? null;
}

function near(a: number | null, b: number | null): boolean {
  return a === b || (a !== null && b !== null && Math.abs(a - b) <= LOST * Math.max(1, Math.abs(a), Math.abs(b)));
}

/** As the documentation of `WindowRow` tells a reader to. */
export function merged(parts: readonly SeriesRow[]): SeriesRow[] {
  const rows = new Map<string, SeriesRow>();
  for (const row of parts) {
    const id = JSON.stringify([row.start, row.key, row.group, row.stream, row.field]);
    const standing = rows.get(id);
    rows.set(id, standing === undefined ? row : both(standing, row));
  }
  return [...rows.values()].sort((a, b) => a.start - b.start || (textOf(a) < textOf(b) ? -1 : 1));
}

function both(a: SeriesRow, b: SeriesRow): SeriesRow {
  const count = a.count + b.count;
  if (a.values === null || b.values === null) return { ...a, count, values: a.values ?? b.values };
  const [x, y] = [a.values, b.values];
  const [early, late] = [y.firstTime < x.firstTime ? y : x, y.lastTime >= x.lastTime ? y : x];
  const sum = x.sum + y.sum;
  const mean = sum / count;
  const squares = [a, b].map(
    (row) => row.count * ((row.more['stddev'] ?? 0) ** 2 + ((row.values?.mean ?? 0) - mean) ** 2),
  );
  return {
    ...a,
    count,
    values: {
      min: Math.min(x.min, y.min),
      max: Math.max(x.max, y.max),
      mean,
      sum,
      first: early.first,
      firstTime: early.firstTime,
      last: late.last,
      lastTime: late.lastTime,
    },
    more: { stddev: Math.sqrt(squares.reduce((total, each) => total + each, 0) / count) },
  };
}

function textOf({ key, group }: SeriesRow): string {
  return `${key === null ? '0' : `1${key}`} ${JSON.stringify(group)}`;
}
