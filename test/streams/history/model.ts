/**
 * What windows over a range should hold, worked out the long way from all events that ever arrived: nothing is built up,
 * nothing is shared with the code under test but the shape of a row. Windows of a time zone are found by what its clocks
 * show, a quarter of an hour at a time.
 */
import type { LoggedEvent } from '../../../src/base/event.ts';

export interface Arrived {
  /** Epoch ms. */
  at: number;
  event: LoggedEvent;
}

export interface ModelQuery {
  from: number;
  /** Null: no end. */
  to: number | null;
  now: number;
  lookBackMs: number;
  /** Null: one window over all. */
  windowMs: number | null;
  /** A time at which a window begins; not used with a zone. */
  origin: number;
  zone: string | null;
  by: readonly string[];
  passes: (event: LoggedEvent) => boolean;
  field: string | null;
  /** Also windows in which nothing happened, for these keys beside those that were met. */
  empty: readonly (string | null)[] | null;
  percentiles: readonly number[];
  gapsOverMs: number;
  rateMs: number;
}

export interface ModelRow {
  start: number;
  end: number;
  key: string | null;
  group: Record<string, unknown> | null;
  count: number;
  numbers: Record<string, number | null>;
}

const QUARTER = 900_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

export function modelRows(all: readonly Arrived[], query: ModelQuery): ModelRow[] {
  const { from, to, lookBackMs, field } = query;
  const found = all
    .map(({ event }) => event)
    .filter((event) => query.passes(event) && event.meta?.gap === undefined)
    .filter(({ time }) => time >= from - lookBackMs && (to === null || time < to))
    .map((event) => ({ event, value: field === null ? 0 : at(event.data, field) }))
    .filter((sample): sample is { event: LoggedEvent; value: number } => typeof sample.value === 'number');
  // By time; of equal times by arrival.
  const ordered = found.map((sample, index) => ({ ...sample, index }));
  ordered.sort((a, b) => a.event.time - b.event.time || a.index - b.index);
  const windows = windowsOf(query);
  const apart = Map.groupBy(ordered, ({ event }) => JSON.stringify(nameOf(event, query.by)));
  const names = [...apart].filter(
    ([, samples]) => query.empty !== null || samples.some(({ event }) => event.time >= from),
  );
  for (const key of query.empty ?? []) {
    if (!ordered.some(({ event }) => nameOf(event, query.by).key === key))
      names.push([JSON.stringify({ key, group: null }), []]);
  }
  const rows: ModelRow[] = [];
  for (const [id, samples] of names) {
    const name = JSON.parse(id) as Pick<ModelRow, 'key' | 'group'>;
    const inRange = samples.filter(({ event }) => event.time >= from);
    const starts = new Map(inRange.map(({ event }) => windows(event.time)).map((window) => [window.start, window]));
    if (query.empty !== null) {
      const until = Math.min(to ?? Infinity, query.now);
      for (let time = from; time < until; time = windows(time).end) starts.set(windows(time).start, windows(time));
    }
    for (const { start, end } of [...starts.values()].sort((a, b) => a.start - b.start)) {
      const inside = inRange.filter(({ event }) => windows(event.time).start === start);
      const before = samples.filter(({ event }) => event.time < Math.max(start, from));
      const span = [Math.max(start, from), Math.min(end, to ?? Infinity, query.now)] as const;
      const numbers = numbersOf(
        inside.map(({ event, value }) => [event.time, value]),
        before.at(-1)?.value ?? null,
        span,
        query,
      );
      rows.push({ start, end, ...name, count: inside.length, numbers });
    }
  }
  const text = (row: ModelRow) => `${row.key === null ? '0' : `1${row.key}`} ${JSON.stringify(row.group)}`;
  return rows.sort((a, b) => a.start - b.start || (text(a) < text(b) ? -1 : 1));
}

type Pair = readonly [time: number, value: number];

function numbersOf(
  pairs: readonly Pair[],
  standing: number | null,
  [begin, end]: readonly [number, number],
  { field, percentiles, gapsOverMs, rateMs }: ModelQuery,
): Record<string, number | null> {
  const times = [begin, ...pairs.map(([time]) => time)];
  const gaps = [...times.slice(1), end]
    .map((time, index) => time - (times[index] ?? time))
    .filter((length) => length > 0);
  const ofTimes = {
    longestGap: gaps.reduce((a, b) => Math.max(a, b), 0),
    gaps: gaps.filter((length) => length > gapsOverMs).length,
  };
  if (field === null) return ofTimes;
  const values = pairs.map(([, value]) => value);
  const steps = standing === null ? values : [standing, ...values];
  const gained = steps
    .slice(1)
    .map((value, index) => (value < (steps[index] ?? 0) ? value : value - (steps[index] ?? 0)));
  const derived = {
    ...ofTimes,
    increase: steps.length === 0 ? null : total(gained),
    timeWeightedMean: held(pairs, standing, begin, end),
  };
  const [first, last] = [pairs[0], pairs.at(-1)];
  if (!first || !last) return { ...derived, stddev: null, rate: null, ...ranks([], percentiles) };
  const firsts = pairs.filter(([time]) => time === first[0]);
  const lasts = pairs.filter(([time]) => time === last[0]);
  const mean = total(values) / values.length;
  const passed = last[0] - first[0];
  const change = (lasts.at(-1)?.[1] ?? 0) - (firsts[0]?.[1] ?? 0);
  return {
    ...derived,
    min: values.reduce((a, b) => Math.min(a, b)),
    max: values.reduce((a, b) => Math.max(a, b)),
    mean,
    sum: total(values),
    first: firsts[0]?.[1] ?? null,
    firstTime: first[0],
    last: lasts.at(-1)?.[1] ?? null,
    lastTime: last[0],
    stddev: Math.sqrt(total(values.map((value) => (value - mean) * (value - mean))) / values.length),
    rate: passed === 0 ? null : (change * rateMs) / passed,
    ...ranks(values, percentiles),
  };
}

/** Each value by how long it held, added up. */
function held(pairs: readonly Pair[], standing: number | null, begin: number, end: number): number | null {
  const steps: Pair[] = standing === null ? [...pairs] : [[begin, standing], ...pairs];
  const lengths = steps.map(([time], index) => Math.max(0, (steps[index + 1]?.[0] ?? end) - time));
  const all = total(lengths);
  return all === 0 ? null : total(steps.map(([, value], index) => value * (lengths[index] ?? 0))) / all;
}

function ranks(values: readonly number[], percentiles: readonly number[]): Record<string, number | null> {
  const sorted = [...values].sort((a, b) => a - b);
  return Object.fromEntries(
    percentiles.map((percent) => {
      const rank = (percent / 100) * (sorted.length - 1);
      const below = sorted[Math.trunc(rank)];
      const above = sorted[Math.trunc(rank) + 1] ?? below;
      return [`p${percent}`, below === undefined || above === undefined ? null : below + (above - below) * (rank % 1)];
    }),
  );
}

/** The window of a moment. */
function windowsOf({ windowMs, origin, zone }: ModelQuery): (time: number) => { start: number; end: number } {
  if (windowMs === null) return () => ({ start: origin, end: Infinity });
  if (zone === null) {
    return (time) => {
      const start = time - ((((time - origin) % windowMs) + windowMs) % windowMs);
      return { start, end: start + windowMs };
    };
  }
  const label = labels(windowMs, zone);
  const known = new Map<number, { start: number; end: number }>();
  if (QUARTER % windowMs === 0) {
    return (time) => ({
      start: time - (((time % windowMs) + windowMs) % windowMs),
      end: time - (time % windowMs) + windowMs,
    });
  }
  return (time) => {
    const quarter = Math.floor(time / QUARTER) * QUARTER;
    const standing = known.get(quarter);
    if (standing) return standing;
    let [start, end] = [quarter, quarter + QUARTER];
    while (label(start - QUARTER) === label(quarter)) start -= QUARTER;
    while (label(end) === label(quarter)) end += QUARTER;
    known.set(quarter, { start, end });
    return { start, end };
  };
}

/** What the clocks of a zone show of a quarter of an hour, as far as it tells windows apart. */
function labels(windowMs: number, zone: string): (quarter: number) => string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  const known = new Map<number, string>();
  const make = (quarter: number) => {
    const [date = '', time = ''] = format.format(quarter).split(' ');
    const day = Date.parse(`${date}T00:00:00Z`) / DAY;
    if (windowMs >= DAY) return `${Math.floor(day / (windowMs / DAY))}`;
    const [hours = 0, minutes = 0] = time.split(':').map(Number);
    const part = Math.floor((hours * 60 + minutes) / (windowMs / 60_000));
    // Of an hour that comes twice each is one.
    const offset = windowMs <= HOUR ? Date.parse(`${date}T${time}Z`) - quarter : 0;
    return `${date} ${part} ${offset}`;
  };
  return (quarter) => {
    const text = known.get(quarter) ?? make(quarter);
    known.set(quarter, text);
    return text;
  };
}

function nameOf(event: LoggedEvent, by: readonly string[]) {
  const fields = by.filter((name) => name !== 'key');
  const group = Object.fromEntries(fields.map((name) => [name, at(event.data, name) ?? null]));
  return { key: by.includes('key') ? (event.key ?? null) : null, group: fields.length === 0 ? null : group };
}

function at(data: unknown, path: string): unknown {
  let value = data;
  for (const name of path.split('.')) value = (value as Record<string, unknown> | null | undefined)?.[name];
  return value;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
