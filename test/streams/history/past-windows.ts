/** Windows over what came in any order, against a plain list: see past.ts. */
import { expect } from 'vitest';
import type { WindowsPage, WindowsQuery } from '../../../src/streams/history/windows-page.ts';
import { type Asked, type Held, HOUR, type Past, queryOf } from './past.ts';

/** Whether a window of this length may begin then, in UTC. */
const BEGINS: Readonly<Record<string, (start: Date) => boolean>> = {
  all: () => true,
  '1d': (start) => start.getTime() % (24 * HOUR) === 0,
  '1w': (start) => start.getUTCDay() === 1 && start.getTime() % (24 * HOUR) === 0,
  '1mo': (start) => start.getUTCDate() === 1 && start.getTime() % (24 * HOUR) === 0,
};

/** Windows over the same range, in parts: each holds what the list holds between its edges, and together they hold all. */
export async function checkWindows(at: Past, asked: Asked): Promise<void> {
  const { query, matches } = queryOf(asked);
  if (query.from === undefined) return;
  const { limit: _limit, order: _order, ...range } = query;
  const { window } = asked;
  const held = at.held.filter(matches);
  const misses = at.lost.some(matches);
  const found = new Map<number, { end: number; count: number; sum: number }>();
  let truncated = false;
  for (
    let next: WindowsQuery | null = { ...range, window, by: [], field: 'v', aggregates: ['sum'], maxEvents: 1_500 };
    next;
  ) {
    const page: WindowsPage = await at.windows(next);
    for (const { start, end, count, values } of page.rows) {
      const before = found.get(start) ?? { end, count: 0, sum: 0 };
      found.set(start, { end, count: before.count + count, sum: before.sum + (values?.sum ?? 0) });
    }
    truncated ||= page.truncated;
    expect(page.scanned.storeCalls).toBeLessThanOrEqual(21);
    next = page.cursor === null ? null : { ...next, cursor: page.cursor };
  }
  if (misses) expect(truncated).toBe(true);
  for (const [start, { end, count, sum }] of found) {
    const within = held.filter(({ time }) => time >= start && time < end);
    expect([BEGINS[window]?.(new Date(start)), count, sum]).toEqual([true, within.length, sumOf(within)]);
  }
  expect(totalOf([...found.values()].map(({ count }) => count))).toBe(held.length);
}

function sumOf(list: readonly Held[]): number {
  return totalOf(list.map(({ data }) => data.v));
}

function totalOf(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
