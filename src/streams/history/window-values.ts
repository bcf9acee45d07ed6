/**
 * Builds aggregates for each window of event time and each group, one event at a time, so that a scan need not keep its
 * events. Pure: it reads no clock and no store. window-rows.ts computes the aggregates that need all values of a window
 * or those before it, from the samples kept here. A window without a value has no row here.
 */
import { type EventMeta, isGap } from '../../base/event.ts';
import { numberAt, pathOf, valueAt } from '../../base/field-path.ts';
import type { Json } from '../../base/json.ts';
import { meanWith, type Sample } from './sample-values.ts';
import type { Grid } from './window-grid.ts';
import { grouping, type GroupedEvent, type Grouping, type GroupName } from './window-groups.ts';

export interface WindowSpec extends Grouping {
  grid: Grid;
  /** Epoch ms. An event before this makes no row; it only gives the value at the beginning of the range. */
  from: number;
  /** Path of a numeric field in `data`, such as `mag` or `motor.temp`. Null: events are only counted. */
  field: string | null;
  /**
   * Null: values are numbers. Else they are texts, numbers, true and false, and a sample has a code in place of the value: its place in
   * this list, as text, or any further number.
   */
  codes: readonly string[] | null;
  /** Most rows (windows times groups). */
  most: number;
  /** Whether rows keep the time and value of each event. */
  keepSamples: boolean;
}

/**
 * One window of one group. Rows of the same window and group that were made from different events can be merged: add
 * counts and sums, weight means by count, take `first` of the row with the lesser `firstTime` and `last` of the row
 * with the greater `lastTime`.
 */
export interface WindowRow extends GroupName {
  /** Epoch ms; the window holds start <= time < end. */
  start: number;
  /** Infinity where there is one window over the whole range. */
  end: number;
  /** Number of events that had the field; without a field, of all events but gaps. */
  count: number;
  /** Null without a field, of values that are no numbers, and where count is 0. */
  values: WindowValues | null;
}

interface WindowValues {
  min: number;
  max: number;
  mean: number;
  /** Infinite where it is more than a double holds. */
  sum: number;
  /** Value of the event with the least time; of several at that time, the first to arrive. */
  first: number;
  firstTime: number;
  /** Value of the event with the greatest time; of several at that time, the last to arrive. */
  last: number;
  lastTime: number;
}

/** A row with the samples that it was made from, in order of arrival. Without a field their values are 0. */
export interface SampledRow extends WindowRow {
  samples: Sample[] | null;
}

export interface Group extends GroupName {
  /** Newest sample before the range; null where it is unknown, and where samples are not kept. */
  before: Sample | null;
  /** Rows by the start of their window. */
  rows: Map<number, SampledRow>;
}

export interface Skipped {
  /** Gap events, which report that events are missing. */
  gaps: number;
  /** Events whose field is absent or not a number, or no value where values are no numbers. */
  missing: number;
}

export interface Windows {
  /** Takes in an event. Returns false, and changes nothing, where the event needs a row beyond `most`. */
  add(event: WindowedEvent): boolean;
  /** Whether `add` would take it. */
  fits(event: WindowedEvent): boolean;
  /** In no order. */
  groups(): Group[];
  skipped(): Skipped;
}

interface WindowedEvent extends GroupedEvent {
  meta?: EventMeta;
}

export function createWindows(spec: WindowSpec): Windows {
  const { grid, from, most, keepSamples } = spec;
  const path = spec.field === null ? null : pathOf(spec.field);
  const groupsBy = grouping(spec);
  const groups = new Map<string, Group>();
  const skipped: Skipped = { gaps: 0, missing: 0 };
  let size = 0;

  function groupAt(id: string, event: WindowedEvent): Group {
    const standing = groups.get(id);
    if (standing) return standing;
    const made: Group = { ...groupsBy.named(event), before: null, rows: new Map() };
    groups.set(id, made);
    return made;
  }

  function remember(event: WindowedEvent, value: number): void {
    if (!keepSamples) return;
    const group = groupAt(groupsBy.idOf(event), event);
    // Of equal times the last to arrive holds.
    if (event.time >= (group.before?.time ?? -Infinity)) group.before = { time: event.time, value };
  }

  function rowAt(event: WindowedEvent): SampledRow | null {
    const id = groupsBy.idOf(event);
    const start = grid.startOf(event.time);
    const standing = groups.get(id)?.rows.get(start);
    if (standing) return standing;
    if (size >= most) return null;
    const group = groupAt(id, event);
    const end = grid.endOf(start);
    const samples = keepSamples ? [] : null;
    const row = { start, end, key: group.key, group: group.group, count: 0, values: null, samples };
    group.rows.set(start, row);
    size += 1;
    return row;
  }

  const codeAt = spec.codes === null ? null : coding(spec.codes);
  const valueOf = ({ data }: WindowedEvent) =>
    path === null ? 0 : codeAt === null ? numberAt(data, path) : codeAt(valueAt(data, path));

  return {
    add(event) {
      const { time } = event;
      if (isGap(event)) {
        if (time >= from) skipped.gaps += 1;
        return true;
      }
      const value = valueOf(event);
      if (value === null) {
        if (time >= from) skipped.missing += 1;
        return true;
      }
      if (time < from) {
        remember(event, value);
        return true;
      }
      const row = rowAt(event);
      if (row === null) return false;
      row.count += 1;
      row.samples?.push({ time, value });
      if (path !== null && codeAt === null) row.values = include(row.values, value, time, row.count);
      return true;
    },
    fits(event) {
      if (isGap(event) || event.time < from || valueOf(event) === null) return true;
      return size < most || groups.get(groupsBy.idOf(event))?.rows.has(grid.startOf(event.time)) === true;
    },
    groups: () => [...groups.values()],
    skipped: () => ({ ...skipped }),
  };
}

/** Gives each value a number, by its text: first those that are known. Null for lists, objects and what is missing. */
function coding(known: readonly string[]): (value: Json) => number | null {
  const codes = new Map(known.map((text, index) => [text, index]));
  return (value) => {
    if (value === null || typeof value === 'object') return null;
    const text = String(value);
    const code = codes.get(text) ?? codes.size;
    codes.set(text, code);
    return code;
  };
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
  values.mean = Number.isFinite(values.sum) ? values.sum / count : meanWith(values.mean, value, 1 / count);
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
