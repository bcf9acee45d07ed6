/**
 * Aggregates over windows of a stream's past, as an app's own handlers ask for them. The options have the names that
 * `read_history` uses.
 */
import type { FieldPath } from '../base/field-path.ts';
import type { Json } from '../base/json.ts';
import type { RateUnit, Scalar, Where } from './condition.ts';
import type { Stream } from './stream.ts';

/**
 * Name of an aggregate. Percentiles interpolate. `gaps>5m` counts the silences of a window that are longer than 5
 * minutes, and `longestGap` is in ms.
 */
export type AggregateName =
  | 'count'
  | 'min'
  | 'max'
  | 'mean'
  | 'sum'
  | 'first'
  | 'last'
  | 'stddev'
  | 'timeWeightedMean'
  | 'increase'
  | 'longestGap'
  | `p${number}`
  | `rate/${RateUnit}`
  | `gaps>${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

export interface WindowsOptions<Data = Json, Name extends AggregateName = AggregateName> {
  /**
   * Length of a window, such as `30s`, `5m`, `1h` or `1d`. `1w` begins on a Monday and `1mo` on the first of a month;
   * 2, 3, 4, 6 or 12 months are counted from January. `all` is one window over the whole range and needs `from`.
   */
  window?: string;
  /** The first event time, inclusive: epoch ms, ISO 8601, or a time ago such as `-1h`. Default: 60 windows back. */
  from?: number | string;
  /** The end of the event times, exclusive. */
  to?: number | string;
  /** Only events of these keys; at most 20. */
  keys?: readonly string[];
  /** Only events whose data pass. */
  where?: Where<NoInfer<Data>>;
  /** Path of a number in the data. Default: events are counted. */
  field?: FieldPath<NoInfer<Data>, number>;
  /** The aggregates, at most 20. Default, with a field: min, max and mean. */
  aggregates?: readonly Name[];
  /** What rows are grouped by: `key` (the default, where there are keys) and the values of fields. At most 3. */
  by?: readonly ('key' | FieldPath<NoInfer<Data>>)[];
  /** More fields, of this stream or of others, over the same windows. At most 3. */
  also?: readonly { stream?: string | Stream<unknown>; field?: string }[];
  /** Keeps only the `n` rows of each window that rank first. */
  top?: { n: number; by: AggregateName; lowest?: boolean };
  /** IANA name of the time zone; default UTC. Windows follow its days and hours, and dates are read in it. */
  zone?: string;
  /** Where windows begin: at whole multiples of their length (default), or at `from`. */
  align?: 'epoch' | 'from';
  /** True: windows without an event also have rows. Default false. */
  empty?: boolean;
  /** Which windows come first; default `oldest`. */
  order?: 'oldest' | 'newest';
  /**
   * Most events that one call reads. The answer then comes in pages. Default: a query that would read more than 10,000
   * events is refused (19,000 where no single events are kept). Gaps, rates, `increase` and `timeWeightedMean` follow one
   * event to the next, and are refused in pages: ask for parts of the range, as the refusal says.
   */
  maxEvents?: number;
  /**
   * The `cursor` of the previous page. The other options must then be the same as before; `order`, `top` and `maxEvents` may
   * differ.
   */
  cursor?: string;
}

export interface WindowsRow<Name extends AggregateName = AggregateName> {
  /** Epoch ms. The window holds events with start <= time < end. */
  start: number;
  /** Null: there is one window over the whole range. */
  end: number | null;
  key: string | null;
  /** Values of the fields in `by`, by path. Null: `by` has no fields. */
  group: Readonly<Record<string, Scalar>> | null;
  stream: string;
  field: string | null;
  /** How many events had the field. Where there is no field, how many events there were except gaps. */
  count: number;
  /** The aggregates by name. One that is not known is null, such as the rate of a single event. */
  values: Readonly<Record<Name, number | null>>;
}

export interface StreamWindows<Name extends AggregateName = AggregateName> {
  /** At most 1,000 rows, in the order of window, then key and group, then fields. */
  rows: WindowsRow<Name>[];
  /** False: continue with `cursor`. Rows of the same window and group on several pages are then pieces of one row. */
  complete: boolean;
  cursor: string | null;
  /**
   * Aggregates that count for this page alone and cannot be merged with those of other pages. Empty where this page is
   * the whole answer.
   */
  ofPart: string[];
  /** True: retention removed events of the range, or the page is `anew`. */
  truncated: boolean;
  /** A stream went back to an earlier state, such as by a restore: the range begins anew, and pages before do not count. */
  anew: boolean;
  /** Numbers of events that no window counts: gaps, and events without the field. */
  skipped: { gaps: number; missing: number };
  /** Aggregates that are null in some row, and left it out of `top`, because the number is beyond 1.8e308, the greatest of a double. */
  overflowed: string[];
}
