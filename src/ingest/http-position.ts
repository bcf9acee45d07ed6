/**
 * Where an HTTP feed stands: the source's cursor, what makes the next request conditional, and how far a body was read
 * that a burst did not end. Pure.
 *
 * The validators belong to a body that was read to its end and to the URL that it came from, so both are kept
 * together; the URL as a fingerprint, because it may carry a secret.
 */
import type { Json } from '../core/json.ts';

export interface HttpPosition {
  cursor: string | number | null;
  validators: Validators | null;
  /** Null where the last body was read to its end. */
  read: PartlyRead | null;
}

export interface PartlyRead {
  /** Identity of the body: where it comes again, what was read of it is passed over. */
  mark: string;
  items: number;
}

export interface Validators {
  /** Fingerprint of the URL. */
  url: string;
  etag: string | null;
  lastModified: string | null;
}

/** A stored position; one that another kind of feed left counts as none. */
export function readPosition(stored: Json): HttpPosition {
  const fields = typeof stored === 'object' && stored !== null && !Array.isArray(stored) ? stored : {};
  const { cursor, url, etag, lastModified, mark, items } = fields;
  return {
    cursor: typeof cursor === 'string' || typeof cursor === 'number' ? cursor : null,
    validators:
      typeof url === 'string' ? { url, etag: textOrNull(etag), lastModified: textOrNull(lastModified) } : null,
    read: typeof mark === 'string' && typeof items === 'number' ? { mark, items } : null,
  };
}

export function writePosition({ cursor, validators, read }: HttpPosition): Json {
  return { cursor, ...validators, ...read };
}

/** The headers that ask for a body only where it is another than the one that was read. */
export function conditionalHeaders(validators: Validators | null, url: string): Record<string, string> {
  if (validators === null || validators.url !== url) return {};
  return {
    ...(validators.etag === null ? {} : { 'if-none-match': validators.etag }),
    ...(validators.lastModified === null ? {} : { 'if-modified-since': validators.lastModified }),
  };
}

/** 64 bits of SHA-256, as hex. */
export async function fingerprint(content: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(digest, 0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function textOrNull(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
