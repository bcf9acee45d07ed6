/**
 * The rows of windows that are answered in parts, added up: a model need not do that itself. Nothing is kept between two answers, so the
 * cursor brings what the parts before came to, where that is short enough to be copied. A check refuses a text that was copied wrong.
 *
 *     s<digest of what follows: 6>.<rows: base64url of JSON>.<cursor of the read>
 *
 * Pure.
 */
import * as z from 'zod';
import { fromBase64Url, toBase64Url } from '../base/base64url.ts';
import { meanWith } from '../streams/history/sample-values.ts';
import { byPlace } from '../streams/history/window-rows.ts';
import type { SeriesRow, WindowsPage } from '../streams/history/windows-page.ts';
import { shortDigest } from '../streams/log/short-position.ts';
import { badCursor } from '../streams/ranges/range.ts';

const DIGEST_CHARACTERS = 6;
type Values = NonNullable<SeriesRow['values']>;

/** Longest text of rows in a cursor. */
const ROWS_CHARACTERS = 1_500;
const FORM = new RegExp(`^s([\\w-]{${DIGEST_CHARACTERS}})\\.([\\w-]{1,${ROWS_CHARACTERS}})\\.(.+)$`, 's');
const VALUES = ['min', 'max', 'sum', 'first', 'firstTime', 'last', 'lastTime'] as const;
const DEVIATION = 'stddev';

const Packed = z.array(
  z.tuple([
    /** How far the window begins behind that of the row before, ms. */
    z.number(),
    /** Length of the window, ms; 0: it has no end. */
    z.number(),
    z.string().nullable(),
    z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).nullable(),
    /** Place of the series. */
    z.int().min(0),
    z.int().min(0),
    /** Those of `VALUES`, and the standard deviation where it is asked for; null: there are none. */
    z.array(z.number()).nullable(),
  ]),
);

interface HeldTotals {
  rows: string;
  /** With which the read goes on. */
  cursor: string;
}

export function isOfTotals(cursor: string): boolean {
  return FORM.test(cursor);
}

/** @throws TidegateError `bad_cursor` for a text that was changed */
export function readTotalsCursor(text: string): HeldTotals {
  const [, digest, rows = '', cursor = ''] = FORM.exec(text) ?? [];
  if (digest === undefined || digest !== digestOf(rows, cursor)) throw badCursor('it is not the one that was given');
  return { rows, cursor };
}

/** The cursor of a read with the rows so far. Null: they are too many. */
export function writeTotalsCursor(rows: readonly SeriesRow[], page: WindowsPage, cursor: string): string | null {
  let last = 0;
  const packed = rows.map(({ start, end, key, group, stream, field, count, values, more }) => {
    const series = page.series.findIndex((one) => one.stream === stream && one.field === field);
    const deviation = page.aggregates.includes(DEVIATION) ? [more[DEVIATION] ?? 0] : [];
    const numbers = values === null ? null : [...VALUES.map((name) => values[name]), ...deviation];
    const behind = start - last;
    last = start;
    return [behind, Number.isFinite(end) ? end - start : 0, key, group, series, count, numbers] as const;
  });
  // A sum of great numbers may be more than a double holds, and JSON has no such number.
  const isWritable = packed.every(([, , , , , , numbers]) => numbers?.every(Number.isFinite) !== false);
  const text = toBase64Url(new TextEncoder().encode(JSON.stringify(packed)));
  if (!isWritable || text.length > ROWS_CHARACTERS) return null;
  return `s${digestOf(text, cursor)}.${text}.${cursor}`;
}

/** The rows of the parts before, of which `page` is the next. */
export function totalRows({ rows }: HeldTotals, { series, aggregates }: WindowsPage): SeriesRow[] {
  let last = 0;
  return packedOf(rows).map(([behind, length, key, group, at, count, numbers]) => {
    last += behind;
    const one = series[at];
    if (one === undefined) throw badCursor('it is not of this form');
    const [min = 0, max = 0, sum = 0, first = 0, firstTime = 0, lastValue = 0, lastTime = 0, deviation = 0] =
      numbers ?? [];
    const mean = count === 0 ? 0 : sum / count;
    const values = numbers && { min, max, mean, sum, first, firstTime, last: lastValue, lastTime };
    const more: SeriesRow['more'] = aggregates.includes(DEVIATION) ? { [DEVIATION]: deviation } : {};
    return { start: last, end: length === 0 ? Infinity : last + length, key, group, ...one, count, values, more };
  });
}

/** Adds the rows of a part to those before, in the order of windows. */
export function addedUp(before: readonly SeriesRow[], part: readonly SeriesRow[]): SeriesRow[] {
  const rows = new Map(before.map((row) => [placeOf(row), row]));
  for (const row of part) {
    const standing = rows.get(placeOf(row));
    rows.set(placeOf(row), standing === undefined ? row : sumOf(standing, row));
  }
  return [...rows.values()].sort(byPlace);
}

function placeOf({ start, key, group, stream, field }: SeriesRow): string {
  return JSON.stringify([start, key, group, stream, field]);
}

function sumOf(a: SeriesRow, b: SeriesRow): SeriesRow {
  const count = a.count + b.count;
  if (a.values === null || b.values === null) return { ...a, count, values: a.values ?? b.values };
  const values = valuesOf(a.values, b.values, { share: b.count / count, count });
  if (a.more[DEVIATION] === undefined) return { ...a, count, values };
  // The squares of a part around the mean of both.
  const squares = (row: SeriesRow) =>
    row.count * ((row.more[DEVIATION] ?? 0) ** 2 + ((row.values?.mean ?? 0) - values.mean) ** 2);
  return { ...a, count, values, more: { ...a.more, [DEVIATION]: Math.sqrt((squares(a) + squares(b)) / count) } };
}

/** @param share the part that the events of `b` have in all */
function valuesOf(a: Values, b: Values, { share, count }: { share: number; count: number }): Values {
  const first = b.firstTime < a.firstTime ? b : a;
  const last = b.lastTime >= a.lastTime ? b : a;
  const sum = a.sum + b.sum;
  return {
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    mean: Number.isFinite(sum) ? sum / count : meanWith(a.mean, b.mean, share),
    sum,
    first: first.first,
    firstTime: first.firstTime,
    last: last.last,
    lastTime: last.lastTime,
  };
}

function packedOf(text: string): z.output<typeof Packed> {
  const bytes = fromBase64Url(text);
  try {
    const parsed = bytes && Packed.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
    if (parsed?.success) return parsed.data;
  } catch {
    // It is no JSON.
  }
  throw badCursor('it is not of this form');
}

function digestOf(rows: string, cursor: string): string {
  return shortDigest(`${rows}.${cursor}`, DIGEST_CHARACTERS);
}
