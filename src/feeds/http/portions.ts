/** What a body is read into, whatever its format, and what both ways of reading know of it. */
import { TidegateError } from '../../base/errors.ts';
import type { IdleTimeout } from '../../net/idle-timeout.ts';
import type { FeedAnswer } from './answer.ts';
import { asksForNew } from './exchange.ts';
import type { BodyItem } from './format.ts';
import type { HttpPosition } from './position.ts';
import type { HttpSettings } from './spec.ts';

/**
 * Most items of a portion. A portion this large makes the records of its commit weigh little, and stays within the store's
 * limits for one commit: as segments it takes 80 of the 90 operations.
 */
export const PORTION_ITEMS = 8_000;
export const PORTION_BYTES = 1024 * 1024;
/** The longest time that an item of a slow body waits for others. */
export const PORTION_AGE_MS = 1_000;

export interface Portion {
  items: BodyItem[];
  /** The body around the items, JSON only. */
  body?: unknown;
  /** Identity of the body that the items are from; null where it has none. */
  mark: string | null;
  /** True on the one portion that ends the body. */
  end: boolean;
}

export interface BodyReading {
  answer: FeedAnswer;
  options: Pick<HttpSettings, 'url' | 'items' | 'pick' | 'wait' | 'cursor' | 'since' | 'pages' | 'charset'>;
  /** The page that is read; null for the first. */
  position: Pick<HttpPosition, 'page'>;
  /** For each stream, the fields without which its schema refuses every row; empty where that is not known. */
  required: readonly (readonly string[])[];
  /** For each stream, all fields that its schema names; empty where that is not known. */
  fields: readonly (readonly string[])[];
  now: () => number;
  /** Waits for a piece of the body, but not longer than the source may be silent. */
  withinTimeout: IdleTimeout;
}

/** Bytes of byte order marks, and the record separator of a sequence of JSON. */
const MARKS = new Set([0xef, 0xbb, 0xbf, 0xfe, 0xff, 0x1e]);

/** Whether the source said that there is this page. */
export function isPromised({ page }: BodyReading['position']): boolean {
  return page?.behind?.follows === true;
}

/** Whether a body may be empty because there is nothing new. */
export function mayBeEmpty({ options, position }: BodyReading): boolean {
  if (isPromised(position)) return false;
  return asksForNew(options) || position.page !== null;
}

export function emptyBody(name: string, source: string): TidegateError {
  return new TidegateError('upstream', `${source} answered an empty body where ${name} was expected`, {
    field: 'format',
    expected: `${name}; where there is nothing, a header, an empty list or the status 204`,
  });
}

/** Whether there are only spaces, ends of lines, separators of records and byte order marks. */
export function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || MARKS.has(byte));
}
