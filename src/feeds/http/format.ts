/**
 * The formats of a body. JSON and NDJSON are declared by their names. Every other format is a value that the app makes
 * (`csv()`, `rss()`, `sse()`), so that a Worker carries only the parsers that its app declares. A format loads its parser
 * with the first burst that needs it.
 */
import type { FeedItem } from '../../declare/feed.ts';
import type { Problem } from '../../declare/problem.ts';
import type { NdjsonItem, NdjsonParser } from '../kit/ndjson.ts';

/** One item, or what came in its place and why it is invalid. A gap has `meta`. */
export type BodyItem = NdjsonItem & Pick<FeedItem, 'meta'>;
/** Takes the body as it comes. It holds a bounded rest. */
export type RowParser = NdjsonParser;

export interface FormatBase {
  kind: 'format';
  /** The name in errors, such as `CSV`. */
  name: string;
  /** The `Accept` header of the request. */
  accept: string;
  /** Media types that are refused without a look at the body. Null: the body alone decides. */
  refuses: RegExp | null;
  /** Most bytes of a body where the feed declares none. Null means 10 MiB, or the budget's bytes where those are more. */
  maxBytes: number | null;
  /** As the app gave them. A body that was read with others is asked for anew. */
  options: object;
  /** Mistakes in the options of the format. Their paths are below `format`. */
  problems(): Problem[];
}

/** A format of rows. Each row is an item, and is taken as it comes. */
export interface RowFormat extends FormatBase {
  reads: 'rows';
  /** What was expected of an item that is no such row. */
  expected: string;
  load(): Promise<(origin: RowOrigin) => RowParser>;
}

/** Where rows come from and where they go. */
export interface RowOrigin {
  /** What the `Content-Type` says, if the platform knows that charset; null otherwise. */
  charset: string | null;
  /** For each stream, the fields without which its schema refuses every row; empty where that is not known. */
  required: readonly (readonly string[])[];
  /** For each stream, all fields that its schema names; empty where that is not known. */
  fields: readonly (readonly string[])[];
}

/** A format of documents, which are read whole, in whatever charset they are. */
export interface DocumentFormat extends FormatBase {
  reads: 'document';
  /** The parser answers the items. What it throws fails the burst. */
  load(): Promise<(bytes: Uint8Array, origin: DocumentOrigin) => readonly unknown[]>;
}

/** Where a document comes from. */
interface DocumentOrigin {
  /** Its URL without query and credentials, which may hold secrets. Links may be relative to it. */
  url: string;
  /** What its `Content-Type` says; null where it says nothing. */
  charset: string | null;
}
