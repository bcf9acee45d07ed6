/**
 * Writes rows of windows as text: a line for each window and group, or a sparkline for each group and field. Pure.
 */
import type { App } from '../declare/app.ts';
import { aggregateOf, isOfAnyValue, isOfTimes, isSpan } from '../streams/history/aggregate.ts';
import { fieldsOf } from '../streams/fields.ts';
import type { SeriesRow, WindowsPage } from '../streams/history/windows-page.ts';
import { durationText, isoTime, zonedTime } from '../base/time/time-text.ts';
import { ALL, meanMs, windowLength } from '../streams/history/window-length.ts';
import type { Series } from '../streams/history/window-question.ts';
import { valueOf } from '../streams/history/window-rows.ts';
import type { ShownRow } from '../calls/halves.ts';
import { jsonText, plainText } from '../base/plain.ts';
import { numberText } from '../calls/short-lines.ts';

/** Longest sparkline, in characters. */
const WIDTH = 60;
/** Most windows that are drawn: the newest. */
const MOST_DRAWN = 6_000;

/** `2026-11-20T12:00:00Z boiler-1 state="on" count=2 min=10`; the series of a window and group stand on one line. */
export function tableLine(rows: readonly SeriesRow[], page: WindowsPage): string {
  const [first] = rows;
  if (!first) return '';
  const several = page.series.length > 1;
  const each = rows.map((row) => `${several ? `${labelOf(row, page.series)}: ` : ''}${numbersOf(row, page).join(' ')}`);
  return [timeText(first.start, page), ...nameOf(first), each.join(' | ')].join(' ');
}

/** The fields, each with its unit: `temp [°C]`. */
export function fieldsText({ series }: WindowsPage, app: App): string[] {
  return series.flatMap((each) => {
    const unit = unitOf(app, each);
    return each.field === null ? [] : [unit === null ? each.field : `${each.field} [${unit}]`];
  });
}

/** Says whether sums and counts are of corrections alone, or of what was corrected too. */
export function revisedText({ series, isFolded }: WindowsPage, { streams }: App): string[] {
  const names = [...new Set(series.map(({ stream }) => stream))];
  const revised = names.filter((name) => streams.get(name)?.declaration.options.revision !== undefined);
  if (revised.length === 0) return [];
  return isFolded
    ? [`Of each event of ${revised.join(', ')} the newest of its revisions with a time in this range counts alone.`]
    : [
        `Each revision of an event of ${revised.join(', ')} counts as an event, because the answer is in parts or has many rows.`,
      ];
}

/** Says what was meant by a name that is of a clock, and may be of a field too. */
export function clocksText({ ambiguous, zone }: WindowsPage): string[] {
  return ambiguous.map(
    (name) =>
      `${name} is the clock's, in ${zone?.name ?? 'UTC'}; a field of that name groups where the schema declares it.`,
  );
}

/**
 * Says which windows are incomplete: at the edges of the range, while they last, and on a page that is not the last.
 */
export function edgesText(page: WindowsPage, now: number): string[] {
  const { rows, from, to, window, cursor } = page;
  if (window === ALL || rows.length === 0) return [];
  const has = (test: (row: SeriesRow) => boolean) => rows.some(test);
  return [
    ...(has(({ start }) => start < from) ? ['The first window is counted from the beginning of the range on.'] : []),
    ...(to !== null && to <= now && has(({ end }) => end > to)
      ? ['The last window is counted up to the end of the range.']
      : []),
    ...((to === null || to > now) && has(({ end }) => end > now) ? ['The newest window is not over yet.'] : []),
    ...(cursor === null ? [] : ['Windows may go on on the next page: add counts and sums, weigh means by count.']),
  ];
}

interface Drawing {
  /** Says what a character is. */
  head: string;
  rows: ShownRow[];
}

/** A row for each group and field: `boiler-1 temp mean 10..80.5 °C ▁▂▃▅·█`. */
export function drawn(page: WindowsPage, app: App): Drawing | null {
  const starts = page.rows.map(({ start }) => start);
  const begin = starts.reduce((least, start) => Math.min(least, start), Infinity);
  const end = starts.reduce((greatest, start) => Math.max(greatest, start), -Infinity);
  if (page.rows.length === 0) return null;
  const stepMs = meanMs(windowLength(page.window));
  const placeOf = (start: number) => (stepMs === null ? 0 : Math.round((start - begin) / stepMs));
  const length = placeOf(end) + 1;
  const shown = Math.min(length, MOST_DRAWN);
  const named = Map.groupBy(page.rows, (row) => JSON.stringify([row.key, row.group, row.stream, row.field]));
  let shownEach = 1;
  const rows = [...named.values()].flatMap((rowsOf): ShownRow[] => {
    const [first] = rowsOf;
    if (!first) return [];
    const { key, group, stream, field } = first;
    const aggregate = drawnOf(page, first);
    const values = Array.from({ length: shown }, (): number | null => null);
    for (const row of rowsOf) {
      const at = placeOf(row.start) - (length - shown);
      if (at >= 0) values[at] = valueOf(row, aggregateOf(aggregate));
    }
    const { line, each } = sparkline(values, WIDTH);
    shownEach = each;
    const unit = unitOfAggregate(aggregate, unitOf(app, first));
    const label = field === null && page.series.length === 1 ? [] : [labelOf(first, page.series)];
    const range = `${rangeOf(values, aggregate)}${unit}`;
    const of = page.series.length > 1 ? { stream, field } : {};
    const item = { key, ...(group === null ? {} : { group }), ...of, aggregate, range, line };
    return [{ line: [...nameOf(first), ...label, aggregate, range, line].join(' '), items: [item] }];
  });
  const window = stepMs === null ? 'the whole range' : `a window of ${page.window}`;
  const what = shownEach === 1 ? window : `the mean of ${shownEach} windows of ${page.window}`;
  const head = `A character is ${what}, from ${timeText(begin + (length - shown) * (stepMs ?? 0), page)} to ${timeText(end, page)}; · is one without a value; ▁ to █ is the range of its line.`;
  return { head, rows };
}

export function timeText(time: number, { zone }: Pick<WindowsPage, 'zone'>): string {
  return zone === null ? isoTime(time) : zonedTime(time, zone);
}

function nameOf({ key, group }: SeriesRow): string[] {
  const fields = Object.entries(group ?? {}).map(([path, value]) => `${plainText(path)}=${jsonText(value)}`);
  return [...(key === null ? [] : [plainText(key)]), ...fields];
}

function numbersOf(row: SeriesRow, { aggregates }: WindowsPage): string[] {
  const asked = aggregates.filter((name) => name !== 'count').map(aggregateNamed);
  const numbers = asked.map((aggregate) => [aggregate.name, valueOf(row, aggregate)] as const);
  return [
    `count=${row.count}`,
    ...numbers.flatMap(([name, value]) =>
      value === null ? [] : [`${name}=${valueText(name, value)}${whenText(name, row)}`],
    ),
  ];
}

/** When the first or the last value was. */
function whenText(aggregate: string, { values }: SeriesRow): string {
  if (values === null || (aggregate !== 'first' && aggregate !== 'last')) return '';
  return `@${isoTime(aggregate === 'first' ? values.firstTime : values.lastTime)}`;
}

/** The first aggregate that was asked for and that the series has. The mean, where none was asked for. */
function drawnOf({ aggregates }: WindowsPage, { field, more }: SeriesRow): string {
  const asked = aggregates.filter((name) => name !== 'count');
  if (field === null) return asked.find((name) => Object.hasOwn(more, name)) ?? 'count';
  return asked.join() === 'min,max,mean' ? 'mean' : (asked[0] ?? 'mean');
}

function aggregateNamed(name: string) {
  return aggregateOf(name);
}

/** Writes a span of time as a duration. */
function valueText(aggregate: string, value: number): string {
  return isSpan(aggregateOf(aggregate)) ? durationText(value) : numberText(value);
}

function rangeOf(values: readonly (number | null)[], aggregate: string): string {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return 'no value';
  const least = known.reduce((a, b) => Math.min(a, b));
  const greatest = known.reduce((a, b) => Math.max(a, b));
  return `${valueText(aggregate, least)}..${valueText(aggregate, greatest)}`;
}

/** An aggregate of times alone does not have the field's unit, and a rate has a unit of its own. */
function unitOfAggregate(name: string, unit: string | null): string {
  const aggregate = aggregateOf(name);
  if (unit === null || isOfTimes(aggregate) || isOfAnyValue(aggregate)) return '';
  return aggregate.kind === 'rate' ? ` ${unit}${name.slice(name.indexOf('/'))}` : ` ${unit}`;
}

function unitOf(app: App, { stream, field }: Series): string | null {
  const declared = app.streams.get(stream);
  const unit = declared && fieldsOf(declared).find(({ name }) => name === field)?.unit;
  return unit ?? null;
}

function labelOf({ stream, field }: Series, all: readonly Series[]): string {
  const one = all.every((series) => series.stream === stream);
  return one ? (field ?? 'events') : `${stream}${field === null ? '' : `.${field}`}`;
}

const BLOCKS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
/** Stands for a place without a value. */
export const NOTHING = '·';

/**
 * Draws a character for each value, or for the mean of so many neighbours that the line has at most `width` characters.
 * The least value is the lowest block and the greatest the highest; equal values are in the middle.
 */
export function sparkline(values: readonly (number | null)[], width: number): { line: string; each: number } {
  const each = Math.max(1, Math.ceil(values.length / width));
  const parts = Array.from({ length: Math.ceil(values.length / each) }, (_, at) =>
    meanOf(values.slice(at * each, (at + 1) * each)),
  );
  const known = parts.filter((part) => part !== null);
  const [least, greatest] = [Math.min(...known), Math.max(...known)];
  const block = (value: number) => {
    // Halved first, because the difference of two very great numbers would be infinite.
    const share = least === greatest ? 0.5 : (value / 2 - least / 2) / (greatest / 2 - least / 2);
    return BLOCKS[Math.min(BLOCKS.length - 1, Math.floor(share * BLOCKS.length))] ?? NOTHING;
  };
  return { line: parts.map((part) => (part === null ? NOTHING : block(part))).join(''), each };
}

function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value / known.length, 0);
}
