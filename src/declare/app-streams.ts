/** An app's streams as its own tools, tasks, prompts and resources reach them. */
import type { StreamEvent } from '../base/event.ts';
import type { Json } from '../base/json.ts';
import type { AggregateName, StreamWindows, WindowsOptions } from './stream-windows.ts';
import type { Stream } from './stream.ts';

/**
 * A stream by its declaration, which gives the types of its data, or by name: what a name stands for only the app knows,
 * so its data are not typed and a name that no stream has is found out when it is asked for.
 */
export type StreamRef<Data, Input = unknown> = string | Stream<Data, Input>;

export interface EventPage<Data> {
  events: StreamEvent<Data>[];
  /** Where to go on, also when there was nothing; null while the stream never had an event. */
  cursor: string | null;
  /** Events after the given cursor are gone; the page begins at the oldest that is left. */
  truncated: boolean;
}

/** A part of a stream's past. */
export interface HistoryOptions {
  /** Event time from which on, inclusive: epoch ms, ISO 8601, or ago: `-1h`. */
  from?: number | string;
  /** Event time up to which, exclusive. */
  to?: number | string;
  /** Only events of these keys, and gaps; at most 20. */
  keys?: readonly string[];
  /** 1 to 1,000; default 100. */
  limit?: number;
  /** Of arrival. Default: `oldest` first where there is a `from`, else `newest` first. */
  order?: 'oldest' | 'newest';
  /** `cursor` of the page before; what else is asked must then be as it was, or be left out. */
  cursor?: string;
}

export interface HistoryEvents<Data> {
  events: StreamEvent<Data>[];
  /** For the next page; null where this is the last. */
  cursor: string | null;
  /** Events of the range are gone, by retention. */
  truncated: boolean;
}

/** The app's streams, bound to the caller's tenant. An unknown stream throws `not_found`. */
export interface AppStreams {
  names(): string[];
  /** The newest event, of `key` where the stream is keyed; null where there is none. One store call. */
  latest<Data = Json>(stream: StreamRef<Data>, key?: string): Promise<StreamEvent<Data> | null>;
  /** The newest event of each key, in key order; `limit` is 1 to 1,000, default 100. One store call. */
  latestByKey<Data = Json>(
    stream: StreamRef<Data>,
    page?: { after?: string; limit?: number },
  ): Promise<{ events: StreamEvent<Data>[]; next: string | null }>;
  /** Keys that begin with `prefix` (default: all), in order; `limit` is 1 to 1,000, default 100. One store call. */
  keys(stream: StreamRef<unknown>, page?: { prefix?: string; limit?: number }): Promise<CompletedValues>;
  /** The newest `n` events (1 to 1,000), oldest first; `before` a cursor where one is given. One store call. */
  last<Data = Json>(stream: StreamRef<Data>, n: number, before?: string): Promise<EventPage<Data>>;
  /** Events after a cursor (null: from the oldest on), oldest first; `limit` is 1 to 1,000, default 100. One store call. */
  read<Data = Json>(stream: StreamRef<Data>, after: string | null, limit?: number): Promise<EventPage<Data>>;
  /** Events of a range of time, a page at a time, gaps among them. Two store calls a page; more with `keys`. */
  history<Data = Json>(stream: StreamRef<Data>, options?: HistoryOptions): Promise<HistoryEvents<Data>>;
  /**
   * Aggregates over windows of a range of time, as `read_history` makes them. A query that would read more than 10,000
   * events throws `too_costly`, unless it gives `maxEvents`. At most 21 store calls, 2 where one read is enough.
   */
  windows<Data = Json, const Name extends AggregateName = 'min' | 'max' | 'mean'>(
    stream: StreamRef<Data>,
    options: WindowsOptions<Data, Name>,
  ): Promise<StreamWindows<Name>>;
  /** Validates `data` by the stream's schema, appends it, and answers the event. Throws `invalid_input`. */
  append<Data = Json, Input = unknown>(
    stream: StreamRef<Data, Input>,
    data: NoInfer<Input>,
  ): Promise<StreamEvent<Data>>;
}

/** What was found of values that complete what was typed; of more than 100 clients see the first 100. */
export interface CompletedValues {
  values: string[];
  /** There are more than these. */
  hasMore: boolean;
}
