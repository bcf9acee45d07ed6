/** The app's streams, as its own tools, tasks, prompts and resources read and append to them. */
import type { StreamEvent } from '../base/event.ts';
import type { Json } from '../base/json.ts';
import type { AggregateName, StreamWindows, WindowsOptions } from './stream-windows.ts';
import type { Stream } from './stream.ts';

/**
 * A stream, by its declaration or by its name. A declaration gives the types of its data. A name gives no types, and a
 * name that no stream has fails only when the stream is used.
 */
export type StreamRef<Data, Input = unknown> = string | Stream<Data, Input>;

export interface EventPage<Data> {
  events: StreamEvent<Data>[];
  /** The position after this page, also where the page is empty. It is null while the stream never had an event. */
  cursor: string | null;
  /**
   * True: events after the given cursor are no longer kept, or the stream went back to an earlier state, such as by a restore.
   * The page begins at the oldest event that is kept.
   */
  truncated: boolean;
}

/** Which events of a stream's past to read. */
export interface HistoryOptions {
  /** The first event time, inclusive: epoch ms, ISO 8601, or a time ago such as `-1h`. */
  from?: number | string;
  /** The end of the event times, exclusive. */
  to?: number | string;
  /** Only events of these keys, and gaps. At most 20 keys. */
  keys?: readonly string[];
  /** 1 to 1,000; default 100. */
  limit?: number;
  /**
   * By the times of events; as they arrived where their times are too mixed to be sorted within a page's reads. Default: `oldest` first
   * where there is a `from`, else `newest` first.
   */
  order?: 'oldest' | 'newest';
  /** The `cursor` of the previous page. The other options must then be the same as before; `limit` may differ. */
  cursor?: string;
}

/**
 * Which events to remove: one by its id, with all of its revisions; all of a key; or those of a range of event time, of
 * all keys or of one.
 */
export type EventSelector =
  | { id: string }
  | { key: string }
  | {
      /** The first event time, inclusive: epoch ms, ISO 8601, or a time ago such as `-1h`. Default: no bound. */
      from?: number | string;
      /** The end of the event times, exclusive. Default: no bound; at least one of the two is needed. */
      to?: number | string;
      key?: string;
    };

export interface RemovedEvents {
  /** How many events were removed, as far as the stream was looked at. */
  removed: number;
  /** False: the stream is long, `removed` may be too small, and the sweep goes on. No reader gets the events all the same. */
  complete: boolean;
}

export interface HistoryEvents<Data> {
  events: StreamEvent<Data>[];
  /** The cursor for the next page. Null: this is the last page. */
  cursor: string | null;
  /** True: retention removed events of the range, or the page is `anew`. */
  truncated: boolean;
  /** The stream went back to an earlier state, such as by a restore: the range begins anew, and pages before do not count. */
  anew: boolean;
}

/** The app's streams, bound to the caller's tenant. An unknown stream throws `not_found`. */
export interface AppStreams {
  names(): string[];
  /**
   * The newest event, or the newest event of `key` where the stream is keyed. It is null where there is none. Takes one
   * store call.
   */
  latest<Data = Json>(stream: StreamRef<Data>, key?: string): Promise<StreamEvent<Data> | null>;
  /**
   * The newest event of each key, in the order of keys. `limit` is 1 to 1,000, and 100 by default. Takes one store
   * call.
   */
  latestByKey<Data = Json>(
    stream: StreamRef<Data>,
    page?: { after?: string; limit?: number },
  ): Promise<{ events: StreamEvent<Data>[]; next: string | null }>;
  /**
   * The keys that begin with `prefix`, in order. By default these are all keys. `limit` is 1 to 1,000, and 100 by
   * default. Takes one store call.
   */
  keys(stream: StreamRef<unknown>, page?: { prefix?: string; limit?: number }): Promise<CompletedValues>;
  /**
   * The newest `n` events (1 to 1,000), oldest first. Where `before` is given, the newest events before that cursor.
   * Takes one store call.
   */
  last<Data = Json>(stream: StreamRef<Data>, n: number, before?: string): Promise<EventPage<Data>>;
  /**
   * The events after a cursor, oldest first. With null it begins at the oldest event. `limit` is 1 to 1,000, and 100 by
   * default. Takes one store call.
   */
  read<Data = Json>(stream: StreamRef<Data>, after: string | null, limit?: number): Promise<EventPage<Data>>;
  /**
   * The events of a range of time with the gaps among them, one page for each call. A page takes two store calls, and
   * more with `keys`.
   */
  history<Data = Json>(stream: StreamRef<Data>, options?: HistoryOptions): Promise<HistoryEvents<Data>>;
  /**
   * Aggregates over windows of a range of time, as `read_history` computes them. A query that would read more than
   * 10,000 events throws `too_costly`, unless it sets `maxEvents`; counts, sums and what else needs no single events read
   * 19,000. Takes at most 21 store calls, 29 where values from before the range have no room beside it, and 2 where one read is enough.
   */
  windows<Data = Json, const Name extends AggregateName = 'min' | 'max' | 'mean'>(
    stream: StreamRef<Data>,
    options: WindowsOptions<Data, Name>,
  ): Promise<StreamWindows<Name>>;
  /** Validates `data` against the stream's schema, appends it, and returns the event. Throws `invalid_input`. */
  append<Data = Json, Input = unknown>(
    stream: StreamRef<Data, Input>,
    data: NoInfer<Input>,
  ): Promise<StreamEvent<Data>>;
  /**
   * Removes events that the stream has now. Once it resolves, no reader gets them any more, and the latest event of a key
   * is the latest of what is left. Their bytes are erased from the stream at once, or within an hour where it is long. A
   * tail sees a gap that says what was removed. Events that come later are not removed; where events have ids, a removed
   * one does not come back as long as its removal is among the stream's newest `dedupe` events. It may be repeated.
   * Throws `invalid_input` with the field, and `rate_limited` where 200 removals wait.
   */
  remove(stream: StreamRef<unknown>, selector: EventSelector): Promise<RemovedEvents>;
}

/** The values that complete what a person typed. Clients see the first 100 of them. */
export interface CompletedValues {
  values: string[];
  /** True: there are more values than these. */
  hasMore: boolean;
}
