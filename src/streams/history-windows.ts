/**
 * Aggregates over a range of a stream, per window and key.
 *
 * Events are late and out of order, so no point of a log finishes a window for good. A read that its budget stops
 * therefore does not claim whole windows: each page is exact for its own part of the log, the parts are disjoint and
 * leave nothing out, and rows of the same window and key merge (see `WindowRow`). `complete` on a first page says that
 * no merging is needed. Every page stops between two entries, whatever stopped it: the budget, or too many rows.
 */
import type { DeclaredStream } from '../core/declaration/stream.ts';
import { TidegateError } from '../core/errors.ts';
import { PATH_CHARACTERS } from '../core/field-path.ts';
import { READ_LIMIT } from '../store/limits.ts';
import type { Deps } from './deps.ts';
import { checkNumeric } from './fields.ts';
import { matcher, type Range, type RangeQuery } from './history-range.ts';
import { badCursor, openRange, type Rest } from './range-cursor.ts';
import { type ReadLimits, type Scanned, scanRange } from './range-scan.ts';
import { DURATION_EXPECTED, parseDuration } from './time-text.ts';
import { createWindows, type Skipped, startOf as startOfWindow, type WindowRow, type WindowSpec } from './windows.ts';

/** Most rows (windows times keys) on a page. */
export const MOST_ROWS = 1_000;
/** A query without `from` reaches back this many windows. */
export const DEFAULT_WINDOWS = 60;
const LONGEST_WINDOW_MS = 366 * 86_400_000;

const KIND = 'windows';

export interface WindowsQuery extends RangeQuery {
  /** Length of a window, `30s`, `5m`, `1h`, `1d`; or `all` for one window, for which `from` is needed. */
  window: string;
  /** Path of a numeric field (`motor.temp`). Default: events are counted. */
  field?: string;
  /** Default true: a row for each key. */
  perKey?: boolean;
  /** Where windows begin: at whole multiples since the epoch in UTC (default), or at `from`. */
  align?: 'epoch' | 'from';
}

export interface WindowsPage {
  /** At most `MOST_ROWS`, by window and then key. Windows without a value have none. */
  rows: WindowRow[];
  /** Null: one window over the whole range. */
  windowMs: number | null;
  from: number | null;
  to: number | null;
  /** All of the range was read, by this page and those before it. */
  complete: boolean;
  /** Goes on where this page ended; null where complete. */
  cursor: string | null;
  truncated: boolean;
  skipped: Skipped;
  scanned: Scanned;
}

type Spec = Omit<WindowSpec, 'most'>;

/** @throws TidegateError `invalid_input` with the field; `bad_cursor` for a cursor of another stream or query. */
export async function readWindows(
  deps: Deps,
  tenant: string,
  stream: DeclaredStream,
  query: WindowsQuery,
  limits: ReadLimits = {},
): Promise<WindowsPage> {
  const now = deps.runtime.now();
  const { range: asked, resumed, cursorAt } = openRange(stream, KIND, query, now);
  const { range, spec } = resumed
    ? { range: asked, spec: carried(resumed.rest, asked, query) }
    : plan(stream, asked, query, now);
  const windows = createWindows({ ...spec, most: MOST_ROWS });
  const matches = matcher(range);
  const { next, complete, truncated, scanned } = await scanRange(deps, tenant, stream, {
    range,
    order: 'oldest',
    resumed: resumed?.position ?? null,
    mostCalls: null,
    limits,
    chunk: READ_LIMIT,
    visit: (event) => !matches(event) || windows.add(event),
    isFull: () => false,
  });
  const { windowMs, origin, field, perKey } = spec;
  return {
    rows: windows.rows(),
    windowMs,
    from: range.from,
    to: range.to,
    complete,
    cursor: cursorAt(next, range, [windowMs, origin, field, perKey]),
    truncated,
    skipped: windows.skipped(),
    scanned,
  };
}

function plan(stream: DeclaredStream, asked: Range, query: WindowsQuery, now: number): { range: Range; spec: Spec } {
  const windowMs = windowOf(query.window);
  if (windowMs === null && asked.from === null) {
    throw new TidegateError('invalid_input', 'a single window over everything needs a beginning', {
      field: 'from',
      expected: 'a time, because `window` is all',
    });
  }
  const field = query.field ?? null;
  if (field !== null && (field === '' || field.length > PATH_CHARACTERS)) {
    throw new TidegateError('invalid_input', 'no such path', { field: 'field', expected: 'a path such as motor.temp' });
  }
  if (field !== null) checkNumeric(stream, field);
  const from = asked.from ?? defaultFrom(windowMs ?? 1, asked.to ?? now);
  const origin = windowMs === null || query.align === 'from' ? from : 0;
  return { range: { ...asked, from }, spec: { windowMs, origin, field, perKey: query.perKey ?? true } };
}

function defaultFrom(windowMs: number, to: number): number {
  return startOfWindow(to, { windowMs, origin: 0 }) - (DEFAULT_WINDOWS - 1) * windowMs;
}

/** Null for `all`. */
function windowOf(text: string): number | null {
  if (text === 'all') return null;
  const windowMs = parseDuration(text);
  if (windowMs !== null && windowMs > 0 && windowMs <= LONGEST_WINDOW_MS) return windowMs;
  throw new TidegateError('invalid_input', `not a length of a window: ${text.slice(0, 40)}`, {
    field: 'window',
    expected: `${DURATION_EXPECTED}, 366d at most; or all`,
  });
}

function carried([windowMs, origin, field, perKey]: Rest, { from }: Range, query: WindowsQuery): Spec {
  const formed =
    (windowMs === null || (typeof windowMs === 'number' && windowMs > 0)) &&
    typeof origin === 'number' &&
    (field === null || typeof field === 'string') &&
    typeof perKey === 'boolean';
  if (!formed) throw badCursor('it is not of this form');
  if (windowOf(query.window) !== windowMs) throw badCursor('it goes with another `window`');
  if (query.field !== undefined && query.field !== field) throw badCursor('it goes with another `field`');
  if (query.perKey !== undefined && query.perKey !== perKey) throw badCursor('it goes with another `perKey`');
  const aligned = query.align === undefined || windowMs === null || origin === (query.align === 'from' ? from : 0);
  if (!aligned) throw badCursor('it goes with another `align`');
  return { windowMs, origin, field, perKey };
}
