/**
 * Keeps answers of an HTTP tool in the store, in a fixed number of places. The arguments decide the place of an answer,
 * and a newer answer to other arguments takes the place over, so nothing has to be counted or removed. A SHA-256 of the
 * arguments tells answers apart, so that nobody can find arguments that read another call's answer.
 */
import { canonicalText, hexOf, sha256 } from '../base/digest.ts';
import { asTidegateError } from '../base/errors.ts';
import { isDeep, type Json, utf8Bytes } from '../base/json.ts';
import { liesBeyond } from '../base/time/stored-time.ts';
import type { HttpCache } from '../declare/http-tool.ts';
import { cacheSpec } from '../declare/spec/http-tool.ts';
import { withDefaults } from '../declare/spec/options.ts';
import type { Runtime } from '../base/runtime.ts';
import { commitIfTaken } from '../store/commit.ts';
import type { Reading, Store } from '../store/store.ts';
import type { Made } from './answer.ts';
import { keptAnswer } from './names.ts';

/** The digest that tells an answer from others, and its place. */
export interface Mark {
  digest: string;
  place: number;
}

export interface Kept {
  made: Made;
  ageMs: number;
  fresh: boolean;
}

/** Largest answer that is kept, as JSON. */
export const KEPT_BYTES = 256 * 1024;

/**
 * The mark of the arguments. Null: JSON does not hold all of them, so other arguments could get the same mark.
 * @param about what else an answer depends on: the tool and its declaration
 * @param known the arguments, or what the declaration makes of them
 */
export async function markOf(
  about: string,
  cache: HttpCache<Record<string, unknown>>,
  known: unknown,
): Promise<Mark | null> {
  if (known === undefined || !isJsonWhole(known)) return null;
  const { entries } = withDefaults(cacheSpec, cache);
  const text = canonicalText([about, JSON.parse(JSON.stringify(known)) as Json]);
  const digest = hexOf(await sha256(text));
  return { digest, place: Number.parseInt(digest.slice(0, 8), 16) % entries };
}

/**
 * Whether JSON holds all of a value. It holds nothing of a set, a map or a promise, and writes some numbers as null.
 */
function isJsonWhole(value: unknown): boolean {
  if (value === null || value === undefined || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every((each) => each !== undefined && isJsonWhole(each));
  if (value instanceof Date) return Number.isFinite(value.getTime());
  if (typeof value !== 'object') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isJsonWhole);
}

/** Whether a newer release has kept an answer there, which this one can neither read nor overwrite. */
export function isOfNewerRelease(place: Reading): boolean {
  try {
    keptAnswer.read(place);
    return false;
  } catch (thrown) {
    if (asTidegateError(thrown).code === 'newer_version') return true;
    throw thrown;
  }
}

/** The kept answer to these arguments. Null: the place has none. */
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
  // One that a clock ahead of this one has kept may be of any age.
  return { made, ageMs, fresh: ageMs < ttlMs && !liesBeyond(at, now, 0) };
}

/**
 * Keeps an answer that is small enough. A conflict is ignored, because a faster call has kept an answer that is as
 * good. An answer that the store does not take, or that is lost, is only asked for again.
 */
export async function keep(
  { runtime, store, deadline }: { runtime: Runtime; store: Store; deadline: number },
  found: Reading,
  { digest }: Mark,
  cache: HttpCache<Record<string, unknown>>,
  { structured, text }: Made,
): Promise<void> {
  const { ttlMs, staleMs } = withDefaults(cacheSpec, cache);
  const now = runtime.now();
  const value = {
    digest,
    at: now,
    ...(structured === undefined ? {} : { structured }),
    ...(text === undefined ? {} : { text }),
  };
  if (utf8Bytes(JSON.stringify(value)) > KEPT_BYTES || isDeep(value)) return;
  const put = keptAnswer.replace(found, value, { expiresAt: now + ttlMs + staleMs });
  await commitIfTaken(runtime, store, [put], deadline, 'an answer of an API is not kept');
}
