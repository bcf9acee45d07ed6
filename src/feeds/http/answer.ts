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
  /** Identity of the request and of what is taken from its answer, and where to. Validators are of both. */
  readingMark: string;
}

export interface FeedAnswer {
  /** For errors: no query. */
  source: string;
  /** The URL that was asked. */
  url: URL;
  /** Where the body is from, behind all redirects: no query. Links in it may be relative to this. */
  location: string;
  /** The URL of the first page. */
  base: URL;
  headers: Headers;
  format: HttpFormat;
  /** The charset of `Content-Type`, in lower case; null where it names none. */
  charset: string | null;
  body: ReadableStream<Uint8Array>;
  /** What makes the next request for this URL conditional; null where the source sends no validators. */
  validators: Validators | null;
  /** Identity of this body: its request and its ETag. Null where the source sends no ETag. */
  mark: string | null;
  /** Gives the place at the host back. Call it when the body is read, or given up. */
  release(): void;
}
