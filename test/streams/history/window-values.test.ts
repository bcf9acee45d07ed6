import { describe, expect, test } from 'vitest';
import type { LoggedEvent } from '../../../src/base/event.ts';
import { evenGrid } from '../../../src/streams/history/window-grid.ts';
import { type AnswerRow, answerRows, valueOf } from '../../../src/streams/history/window-rows.ts';
import {
  createWindows,
  type WindowRow,
  type Windows,
  type WindowSpec,
} from '../../../src/streams/history/window-values.ts';
import { seeded } from './fixture.ts';

interface Given {
  windowMs: number | null;
  origin: number;
  perKey: boolean;
  field: string | null;
  most: number;
}
type Row = Pick<WindowRow, 'start' | 'key' | 'count' | 'values'>;

const spec = (given: Partial<Given> = {}): Given => ({
  windowMs: 1_000,
  origin: 0,
  field: 'v',
  perKey: true,
  most: 1_000,
  ...given,
});
const created = ({ windowMs, origin, perKey, field, most }: Given) => {
  const by = perKey ? ['key'] : [];
  const grid = evenGrid(windowMs, origin);
  const kept = { keepSamples: false, codes: null };
  const given: WindowSpec = { grid, from: -Infinity, field, by, clocks: [], zone: null, most, ...kept };
  return createWindows(given);
};
const rowsOf = (windows: Windows): Row[] =>
  answerRows(windows.groups(), {
    grid: evenGrid(null, 0),
    from: -Infinity,
    until: Infinity,
    aggregates: [],
    codes: null,
    empty: false,
    held: false,
    keys: [],
    most: 1_000,
  }).map(({ start, key, count, values }) => ({ start, key, count, values }));
const event = (time: number, v: unknown, key?: string): LoggedEvent =>
  ({ id: `${time}`, time, data: { v }, ...(key === undefined ? {} : { key }) }) as LoggedEvent;
const aggregate = (events: readonly LoggedEvent[], given: Partial<Given> = {}) => {
  const windows = created(spec(given));
  for (const each of events) expect(windows.add(each)).toBe(true);
  return { rows: rowsOf(windows), skipped: windows.skipped() };
};

/** The same, the long way: every window and key looks through all events anew. */
function recompute(events: readonly LoggedEvent[], { windowMs, origin, perKey }: Given): Row[] {
  const usable = events.filter(({ meta, data }) => !meta && typeof (data as { v?: unknown }).v === 'number');
  const startOf = (time: number) => {
    if (windowMs === null) return origin;
    let start = origin;
    while (start > time) start -= windowMs;
    while (start + windowMs <= time) start += windowMs;
    return start;
  };
  const places = new Set(usable.map(({ time, key }) => JSON.stringify([startOf(time), perKey ? (key ?? null) : null])));
  return [...places]
    .map((place) => JSON.parse(place) as [number, string | null])
    .sort(([a, j], [b, k]) => a - b || Number(j !== null) - Number(k !== null) || ((j ?? '') < (k ?? '') ? -1 : 1))
    .map(([start, key]) => {
      const inside = usable.filter((e) => startOf(e.time) === start && (!perKey || (e.key ?? null) === key));
      const numbers = inside.map(({ data }) => (data as { v: number }).v);
      const sum = numbers.reduce((total, n) => total + n, 0);
      const firstTime = Math.min(...inside.map(({ time }) => time));
      const lastTime = Math.max(...inside.map(({ time }) => time));
      const at = (time: number) => inside.filter((e) => e.time === time).map(({ data }) => (data as { v: number }).v);
      return {
        start,
        key,
        count: inside.length,
        values: {
          min: Math.min(...numbers),
          max: Math.max(...numbers),
          mean: sum / numbers.length,
          sum,
          first: at(firstTime)[0] ?? Number.NaN,
          firstTime,
          last: at(lastTime).at(-1) ?? Number.NaN,
          lastTime,
        },
      };
    });
}

describe('windows', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'seed %i: late, equal and edge times over several keys equal a recomputation',
    (seed) => {
      const random = seeded(seed);
      const windowMs = [1_000, 7, 60_000, null][seed % 4] ?? null;
      const origin = [0, 13, -500][seed % 3] ?? 0;
      const perKey = seed % 2 === 0;
      const events = Array.from({ length: 400 }, (_, index): LoggedEvent => {
        const late = random() < 0.3 ? -Math.floor(random() * 20_000) : 0;
        // Whole seconds now and then: the edges of windows, and equal times.
        const time = random() < 0.4 ? Math.floor(index / 5) * 1_000 + late - (late % 1_000) : index * 211 + late;
        const made = event(
          time,
          Math.round(random() * 1_000),
          random() < 0.1 ? undefined : `k${Math.floor(random() * 4)}`,
        );
        if (random() < 0.05) return { ...made, data: null, meta: { gap: { reason: 'lost' } } };
        if (random() < 0.05) return event(time, 'warm', made.key);
        return made;
      });
      const given = { windowMs, origin, perKey };
      const { rows, skipped } = aggregate(events, given);
      expect(rows).toEqual(recompute(events, spec(given)));
      expect(skipped.gaps).toBe(events.filter(({ meta }) => meta).length);
      expect(skipped.missing).toBe(
        events.filter(({ data, meta }) => !meta && (data as { v: unknown }).v === 'warm').length,
      );
      const counted = rows.reduce((sum, { count }) => sum + count, 0);
      expect(counted + skipped.gaps + skipped.missing).toBe(events.length);
    },
  );

  test('a window holds its start and not its end, and one without events has no row', () => {
    const { rows } = aggregate([event(0, 1), event(999, 2), event(1_000, 3), event(4_000, 4)]);
    expect(rows.map(({ start, count }) => [start, count])).toEqual([
      [0, 2],
      [1_000, 1],
      [4_000, 1],
    ]);
  });

  test('times before the origin fall in windows before it', () => {
    expect(aggregate([event(-1, 1)], { origin: 500 }).rows[0]?.start).toBe(-500);
  });

  test('of equal times the first to arrive is first, and the last to arrive last', () => {
    const [row] = aggregate([event(5, 10), event(5, 20), event(5, 30)]).rows;
    expect([row?.values?.first, row?.values?.last]).toEqual([10, 30]);
  });

  test('a path goes into objects, and only their own fields and numbers count', () => {
    const nested = { id: '1', time: 0, data: { motor: { temp: 4 } } } as LoggedEvent;
    expect(aggregate([nested], { field: 'motor.temp' }).rows[0]?.values?.sum).toBe(4);
    for (const field of ['motor', 'motor.temp.x', 'constructor.length', '__proto__', 'motor.none']) {
      expect(aggregate([nested], { field })).toEqual({ rows: [], skipped: { gaps: 0, missing: 1 } });
    }
  });

  test('without a field events are counted and nothing else', () => {
    expect(aggregate([event(0, 'x'), event(1, null)], { field: null }).rows).toEqual([
      { start: 0, key: null, count: 2, values: null },
    ]);
  });

  test('an event that would need a row too many is refused and changes nothing; others still go in', () => {
    const windows = created(spec({ most: 2 }));
    expect([event(0, 1), event(1_000, 1), event(2_000, 1), event(1_500, 3)].map((e) => windows.add(e))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect(rowsOf(windows).map(({ start, count }) => [start, count])).toEqual([
      [0, 1],
      [1_000, 2],
    ]);
  });

  test('numbers so great that no double holds their sum count, and have none', () => {
    const { rows, skipped } = aggregate([event(0, 1.7e308), event(1, 1.7e308), event(2, 1)]);
    const [row] = rows;
    expect(row).toMatchObject({ count: 3, values: { min: 1, max: 1.7e308 } });
    const shown = { start: 0, end: 1_000, key: null, group: null, more: {}, ...row } as AnswerRow;
    expect(valueOf(shown, { kind: 'sum', name: 'sum' })).toBeNull();
    expect(valueOf(shown, { kind: 'max', name: 'max' })).toBe(1.7e308);
    expect(skipped.missing).toBe(0);
  });
});
