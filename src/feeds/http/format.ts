/**
 * How the body of an HTTP feed reads. JSON and NDJSON are known by their names; each other format is a value that the
 * app makes (`csv()`, `rss()`, `sse()`), so that a Worker carries only the parsers of what it declares. A format loads
 * its parser with the first burst that needs it.
 */
import type { Problem } from '../../declare/problem.ts';
import type { NdjsonItem, NdjsonParser } from '../kit/ndjson.ts';

/** What came as one item, or why it is none. */
export type BodyItem = NdjsonItem;
/** Fed with the body as it comes; holds a bounded rest. */
export type RowParser = NdjsonParser;

export interface FormatBase {
  kind: 'format';
  /** For errors: `CSV`. */
  name: string;
  /** Media types that are asked for. */
  accept: string;
  /** Media types that cannot be it, whatever their body says. */
  refuses: RegExp;
  /** Most bytes of a body where the feed declares nothing. Null: 10 MiB, or the budget's bytes where those are more. */
  maxBytes: number | null;
  /** Mistakes in its own options; paths are below `format`. */
  problems(): Problem[];
}

/** Each row is an item, taken as it comes. */
export interface RowFormat extends FormatBase {
  reads: 'rows';
  /** Of an item that is no such row: what was expected. */
  expected: string;
  load(): Promise<() => RowParser>;
}

/** A document, read whole. */
export interface DocumentFormat extends FormatBase {
  reads: 'document';
  /** The parser answers the items; what it throws fails the burst. */
  load(): Promise<(text: string) => readonly unknown[]>;
}
