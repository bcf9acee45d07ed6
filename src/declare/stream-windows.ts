/** Aggregates over windows of a stream's past as an app's own handlers ask for them, in the words of `read_history`. */
import type { FieldPath } from '../base/field-path.ts';
import type { Json } from '../base/json.ts';
import type { RateUnit, Scalar, Where } from './condition.ts';
import type { Stream } from './stream.ts';

/** Percentiles interpolate; `gaps>5m` counts silences of a window that are longer, `longestGap` is in ms. */
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
  /** Length of a window, `30s`, `5m`, `1h`, `1d`; `all` for one over the range, which needs `from`. Left out with a cursor. */
  window?: string;
  /** Event time from which on, inclusive: epoch ms, ISO 8601, or ago: `-1h`. Default: 60 windows back. */
  from?: number | string;
  /** Event time up to which, exclusive. */
  to?: number | string;
  /** Only events of these keys; at most 20. */
  keys?: readonly string[];
  /** Only events whose data pass. */
  where?: Where<NoInfer<Data>>;
  /** Path of a number in the data. Default: events are counted. */
  field?: FieldPath<NoInfer<Data>, number>;
  /** At most 20; default, with a field: min, max and mean. */
  aggregates?: readonly Name[];
  /** A row for each `key` (default, where there are keys), and for each value of these fields; at most 3. */
  by?: readonly ('key' | FieldPath<NoInfer<Data>>)[];
  /** Further fields, of this stream or of others, on the same windows; at most 3. */
  also?: readonly { stream?: string | Stream<unknown>; field?: string }[];
  /** Of each window only the `n` rows that rank first. */
  top?: { n: number; by: AggregateName; lowest?: boolean };
  /** IANA name of the time zone whose days and hours windows follow, and in which dates are read; default UTC. */
  zone?: string;
  /** Windows begin at whole multiples of their length (default), or at `from`. */
  align?: 'epoch' | 'from';
  /** True: windows without an event have rows too; default false. */
  empty?: boolean;
  /** Which windows come first; default `oldest`. */
  order?: 'oldest' | 'newest';
  /** Reads so many events at most, and answers in parts. Default: a query that would read more than 10,000 is refused. */
  maxEvents?: number;
  /** `cursor` of the part before; what else is asked must then be as it was, or be left out. */
  cursor?: string;
}

export interface WindowsRow<Name extends AggregateName = AggregateName> {
  /** Epoch ms; the window holds start <= time < end. */
  start: number;
  /** Null: there is one window over the whole range. */
  end: number | null;
  key: string | null;
  /** Values of the fields in `by`, by path; null where there are none. */
  group: Readonly<Record<string, Scalar>> | null;
  stream: string;
  field: string | null;
  /** Events that had the field; without one, all but gaps. */
  count: number;
  /** As they were asked for; null where one is not known, such as the rate of a single event. */
  values: Readonly<Record<Name, number | null>>;
}

export interface StreamWindows<Name extends AggregateName = AggregateName> {
  /** At most 1,000, by window, then key and group, then in the order of the fields. */
  rows: WindowsRow<Name>[];
  /** False: go on with `cursor`. Rows of the same window and group are then parts of one. */
  complete: boolean;
  cursor: string | null;
  /** Aggregates that tell of this part alone, and do not merge with those of others; none where it is the whole. */
  ofPart: string[];
  /** Events of the range are gone, by retention. */
  truncated: boolean;
  /** Events that no window counts: gaps, and those without the field. */
  skipped: { gaps: number; missing: number };
}
