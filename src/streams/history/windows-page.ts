/** What a read of windows is asked for, and what a page of it answers. Types, and no more. */
import type { RangeQuery } from '../ranges/range.ts';
import type { Scanned } from '../ranges/range-scan.ts';
import type { Zone } from '../../base/time/zone.ts';
import type { Carried } from './carried.ts';
import type { Silence } from './silent-keys.ts';
import type { Series, WindowsAsked } from './window-question.ts';
import type { AnswerRow } from './window-rows.ts';
import type { Skipped } from './window-values.ts';

export interface Top {
  n: number;
  /** Name of an aggregate. */
  by: string;
  /** Default false: the highest. */
  lowest?: boolean;
  /** Default false: the first rows of each window. True: of all windows together. */
  overall?: boolean;
}

export interface WindowsQuery extends RangeQuery, WindowsAsked {
  /** Keeps only the first rows by rank. */
  top?: Top;
  /** Which windows come first. Default `oldest`. */
  order?: 'oldest' | 'newest';
  /**
   * Most events to read for one page; the answer then comes in parts. Default: a query that would read more than the
   * budget is refused.
   */
  maxEvents?: number;
  /** Of which moment times relative to now are, epoch ms. Default: now, or that of the cursor. */
  since?: number;
}

export interface SeriesRow extends AnswerRow {
  stream: string;
  field: string | null;
}

export interface WindowsPage {
  /** At most `MOST_ROWS`, ordered by window, then key and group, then series. */
  rows: SeriesRow[];
  series: Series[];
  /** Names of the aggregates. */
  aggregates: string[];
  /** What the field holds: a number, or any value. */
  of: 'number' | 'value';
  /** Rows are in the order of their ranks over all windows. */
  overall: boolean;
  /** Length of a window, as `windowLength` reads it. */
  window: string;
  /** Null: one window over the whole range, or months, which differ in length. */
  windowMs: number | null;
  zone: Zone | null;
  /** Groups by a clock's hours or days, of whose name events may have fields that no schema declares. */
  ambiguous: string[];
  from: number;
  to: number | null;
  /** Of which moment its times relative to now are, epoch ms. */
  since: number;
  /** This page and those before it read the whole range. */
  complete: boolean;
  /**
   * Aggregates of this page's events alone that do not merge with those of other pages. Empty where one page is the
   * whole answer.
   */
  ofPart: string[];
  /** `top` or `empty` was asked for and not applied, because the answer is only a part. */
  unranked: boolean;
  /** Continues where this page ended; null where complete. */
  cursor: string | null;
  truncated: boolean;
  /**
   * A stream went back to an earlier state since the page before, such as by a restore. This page begins the range anew, in
   * place of those before it.
   */
  anew: boolean;
  skipped: Skipped;
  /** Aggregates that some row lacks, and is not ranked by, because a double does not hold the number. */
  overflowed: string[];
  /** Of each id the newest revision of the range counts alone. False: each counts, or no stream of the question has revisions. */
  isFolded: boolean;
  /** Known keys without an event in the range that have no row; null: nobody looked, or the answer is a part. */
  silent: Silence['silent'];
  /** Keys that have rows without events, and whose latest event fails the filter. */
  failing: Silence['failing'];
  /** What is not known of the values with which the range began. */
  carried: Pick<Carried, 'unknown' | 'hasMore'>;
  /** Windows without an event in which a value stood have no rows, because these would be too many. */
  heldLeftOut: boolean;
  scanned: Scanned;
}
