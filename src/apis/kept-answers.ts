/**
 * Answers of an HTTP tool in the store, in a fixed number of places: an answer's place follows from its arguments, and
 * a newer one of other arguments takes it over. So nothing has to be counted or thrown away. An answer is known by a
 * digest that cannot be forged, since another caller's arguments may be the same text's enemy.
 */
import { canonicalText, hexOf, sha256 } from '../base/digest.ts';
import { isDeep, type Json, utf8Bytes } from '../base/json.ts';
import type { HttpCache } from '../declare/http-tool.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Reading, Store } from '../store/store.ts';
import type { Made } from './answer.ts';
import { keptAnswer } from './names.ts';

/** What an answer is known by, and where it stands. */
export interface Mark {
  digest: string;
  place: number;
}

export interface Kept {
  made: Made;
  ageMs: number;
  fresh: boolean;
}

export const DEFAULT_ENTRIES = 1_000;
/** Of an answer as JSON. */
export const KEPT_BYTES = 256 * 1024;

/**
 * Null for what JSON does not tell from others: it could be taken for another's.
 * @param about whose answers they are: what else would make others of the same arguments
 * @param known the arguments, or what the declaration makes of them
 */
export async function markOf(
  about: string,
  { entries = DEFAULT_ENTRIES }: HttpCache,
  known: unknown,
): Promise<Mark | null> {
  if (known === undefined || !isTold(known)) return null;
  const text = canonicalText([about, JSON.parse(JSON.stringify(known)) as Json]);
  const digest = hexOf(await sha256(text));
  return { digest, place: Number.parseInt(digest.slice(0, 8), 16) % entries };
}

/**
 * Whether JSON says all of it. Of a set, a map or a promise it says nothing, and of some numbers that they are null.
 */
function isTold(value: unknown): boolean {
  if (value === null || value === undefined || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every((each) => each !== undefined && isTold(each));
  if (value instanceof Date) return Number.isFinite(value.getTime());
  if (typeof value !== 'object') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isTold);
}

/** Null: nothing of these arguments stands there. */
export function keptIn(reading: Reading, { digest }: Mark, { ttlMs }: HttpCache, now: number): Kept | null {
  const stored = keptAnswer.read(reading);
  if (stored?.digest !== digest) return null;
  const { at, structured, text } = stored;
  const made: Made = {
    ok: true,
    ...(structured === undefined ? {} : { structured }),
    ...(text === undefined ? {} : { text }),
  };
  const ageMs = Math.max(0, now - at);
  return { made, ageMs, fresh: ageMs < ttlMs };
}

/**
 * Keeps it where it fits. Whoever was faster keeps an answer as good, so a conflict is no matter; a lost one is asked
 * for again.
 */
export async function keep(
  { runtime, store, deadline }: { runtime: Runtime; store: Store; deadline: number },
  found: Reading,
  { digest }: Mark,
  { ttlMs, staleMs = 0 }: HttpCache,
  { structured, text }: Made,
): Promise<void> {
  const now = runtime.now();
  const value = {
    digest,
    at: now,
    ...(structured === undefined ? {} : { structured }),
    ...(text === undefined ? {} : { text }),
  };
  if (utf8Bytes(JSON.stringify(value)) > KEPT_BYTES || isDeep(value)) return;
  const put = keptAnswer.replace(found, value, { expiresAt: now + ttlMs + staleMs });
  await store.commit([put], { id: runtime.newId(), now, deadline });
}
