/**
 * Aggregates per window of event time and key, built up one event at a time so that a scan streams through. Pure: it
 * reads no clock and no store. It does not fill gaps: a window without a value has no row.
 */
import { type EventMeta, isGap } from '../core/event.ts';
import { numberAt } from '../core/field-path.ts';
import type { Json } from '../core/json.ts';

export const AGGREGATES = ['count', 'min', 'max', 'mean', 'sum', 'first', 'last'] as const;
export type Aggregate = (typeof AGGREGATES)[number];

export interface WindowSpec {
  /** Length of a window, ms. Null: all events fall in one window, which begins at `origin`. */
  windowMs: number | null;
  /** A time (epoch ms) at which a window begins: 0 aligns windows to whole hours, UTC days and so on. */
  origin: number;
  /** Path of a numeric field in `data`, such as `mag` or `motor.temp`. Null: events are counted, nothing else. */
  field: string | null;
  /** A row for each key, or one for all keys together. */
  perKey: boolean;
  /** Most rows (windows times keys). */
  most: number;
}

/**
 * One window of one key. Rows of the same window and key that were made from different events merge: counts and sums
 * add up, means weigh by count, `first` is the one of the lesser `firstTime`, `last` the one of the greater `lastTime`.
 */
export interface WindowRow {
  /** Epoch ms; the window holds start <= time < start + windowMs. */
  start: number;
  /** Null where events have none, and where rows are not per key. */
  key: string | null;
  /** Events that had the field; without a field, all but gaps. */
  count: number;
  /** Null without a field. */
  values: WindowValues | null;
}

export interface WindowValues {
  min: number;
  max: number;
  mean: number;
  sum: number;
  /** Value of the event with the least time; of several at that time, the first to arrive. */
  first: number;
  firstTime: number;
  /** Value of the event with the greatest time; of several at that time, the last to arrive. */
  last: number;
  lastTime: number;
}

export interface Skipped {
  /** Gap events: they say that events are missing. */
  gaps: number;
  /** Events whose field is absent or not a number. */
  missing: number;
}

export interface Windows {
  /** Counts an event in. False: it needs a row more than `most`; nothing was changed. */
  add(event: WindowedEvent): boolean;
  /** By window, then by key. */
  rows(): WindowRow[];
  skipped(): Skipped;
}

export interface WindowedEvent {
  key?: string;
  time: number;
  data: Json;
  meta?: EventMeta;
}

export function createWindows(spec: WindowSpec): Windows {
  const windows = new Map<number, Map<string | null, WindowRow>>();
  const path = spec.field === null ? null : spec.field.split('.');
  const skipped: Skipped = { gaps: 0, missing: 0 };
  let size = 0;

  function rowAt(start: number, key: string | null): WindowRow | null {
    const window = windows.get(start) ?? new Map<string | null, WindowRow>();
    const standing = window.get(key);
    if (standing) return standing;
    if (size >= spec.most) return null;
    const row: WindowRow = { start, key, count: 0, values: null };
    window.set(key, row);
    windows.set(start, window);
    size += 1;
    return row;
  }

  return {
    add(event) {
      if (isGap(event)) {
        skipped.gaps += 1;
        return true;
      }
      const value = path === null ? null : numberAt(event.data, path);
      if (path !== null && value === null) {
        skipped.missing += 1;
        return true;
      }
      const row = rowAt(startOf(event.time, spec), spec.perKey ? (event.key ?? null) : null);
      if (row === null) return false;
      row.count += 1;
      if (value !== null) row.values = include(row.values, value, event.time, row.count);
      return true;
    },
    rows: () =>
      [...windows]
        .sort(([a], [b]) => a - b)
        .flatMap(([, window]) => [...window.values()].sort((a, b) => compareKeys(a.key, b.key))),
    skipped: () => ({ ...skipped }),
  };
}

/** Start of the window that a time falls in. */
export function startOf(time: number, { windowMs, origin }: Pick<WindowSpec, 'windowMs' | 'origin'>): number {
  return windowMs === null ? origin : origin + Math.floor((time - origin) / windowMs) * windowMs;
}

function include(values: WindowValues | null, value: number, time: number, count: number): WindowValues {
  if (values === null) {
    return {
      min: value,
      max: value,
      mean: value,
      sum: value,
      first: value,
      firstTime: time,
      last: value,
      lastTime: time,
    };
  }
  values.min = Math.min(values.min, value);
  values.max = Math.max(values.max, value);
  values.sum += value;
  values.mean = values.sum / count;
  if (time < values.firstTime) {
    values.first = value;
    values.firstTime = time;
  }
  if (time >= values.lastTime) {
    values.last = value;
    values.lastTime = time;
  }
  return values;
}

function compareKeys(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  return a < b ? -1 : 1;
}
