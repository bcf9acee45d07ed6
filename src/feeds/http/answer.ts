/** One request of an HTTP feed and its answer. Types alone. */
import type { HttpFormat } from './options.ts';
import type { Validators } from './position.ts';

export interface FeedRequest {
  url: URL;
  /** The URL of the first page. */
  base: URL;
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  body: string | null;
  /** Identity of the request. */
  mark: string;
}

export interface FeedAnswer {
  /** For errors: no query. */
  source: string;
  /** As it was asked, and the URL of the first page. */
  url: URL;
  base: URL;
  headers: Headers;
  format: HttpFormat;
  body: ReadableStream<Uint8Array>;
  /** What makes the next request for this URL conditional; null where the source gives nothing for it. */
  validators: Validators | null;
  /** Identity of this body, where the source has given it one (its ETag at its URL). */
  mark: string | null;
  /** Gives the place at the host back; the body is read by then, or given up. */
  release(): void;
}
