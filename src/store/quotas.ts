/**
 * How much of the store a principal, and all of them together, may take up: bytes, or things that are counted. What was taken is
 * summed in counters of the store, so over all instances. A counter belongs to a piece of time and ends by itself, because what
 * is stored ends too; so a sum that is wrong (an answer that was lost counts twice, what a killed process took is not given back)
 * is right again when its time is over. What is given back sooner is taken off the counter of the time in which it was taken.
 */
import { TidegateError } from '../base/errors.ts';
import type { Owner } from '../base/principal.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Store } from './store.ts';

export interface Quota {
  /** Its name in the app's declaration, such as `quotas.results`. */
  name: string;
  /** What it is kept apart by beside the owner, such as a stream. Default: nothing. */
  within?: string;
  /** What is refused, in words: `large answers`. */
  of: string;
  unit: 'bytes' | 'waits' | 'sessions';
  /** Most for one principal. */
  each: number;
  /** Most for all principals together. */
  all: number;
  /** How long after it was taken something still stands, at most, ms. */
  lastsMs: number;
  /** That time in words, where what is counted is a flow: `in a day`. Default: `at once`. */
  span?: string;
  /** What the caller can do about it. */
  hint: string;
}

export interface Quotas {
  /**
   * Takes `amount`, or refuses all of it. Small amounts are summed in this process first: most of them cost no call.
   * @throws TidegateError `rate_limited` with the quota, what it is, and when to come again; as the store's
   */
  take(store: Store, quota: Quota, owner: Owner, amount: number): Promise<void>;
  /**
   * Refuses as `take` does where this process knows that there was no room a while ago, and there is none now. Else it costs
   * no call: for work that takes something later.
   */
  check(store: Store, quota: Quota, owner: Owner): Promise<void>;
  /** Gives back what was taken at `takenAt`, epoch ms. It does not throw: what is not given back ends with its time. */
  give(store: Store, quota: Quota, owner: Owner, amount: number, takenAt: number): Promise<void>;
}

/** The pieces of time that `lastsMs` is divided into. */
const PIECES = 2;
/** Amounts below this share of a quota are summed in the process, up to this share. */
const SMALL_SHARE = 1 / 1_000;
/** How long what earlier pieces of time summed up to is remembered, ms. */
const REMEMBERED_MS = 30_000;
const MOST_REMEMBERED = 1_000;
const WAITS_AGAIN_MS = 60_000;

export function createQuotas({ now, log }: Pick<Runtime, 'now' | 'log'>): Quotas {
  /** What was summed here and not yet told to the store, by the counter's key. */
  const untold = new Map<string, number>();
  const earlier = new Map<string, { total: number; at: number }>();
  /** The counters that stood at their limit when they were last asked. */
  const full = new Set<string>();

  async function before(store: Store, key: string, expiresAt: number, at: number): Promise<number> {
    const known = earlier.get(key);
    if (known !== undefined && at - known.at < REMEMBERED_MS && at >= known.at) return known.total;
    if (earlier.size >= MOST_REMEMBERED) earlier.clear();
    const total = await store.add(key, 0, { now: at, expiresAt });
    earlier.set(key, { total, at });
    return total;
  }

  /** One of the two limits of a quota. Answers after how long to come again, ms; null: it was taken. */
  async function takeOf(store: Store, counter: Counter, limit: number, amount: number): Promise<number | null> {
    const at = now();
    const pieceMs = counter.pieceMs;
    const start = at - (at % pieceMs);
    const key = keyOf(counter, start);
    const sum = (untold.get(key) ?? 0) + amount;
    if (amount < limit * SMALL_SHARE && sum < limit * SMALL_SHARE && !full.has(key)) {
      if (untold.size >= MOST_REMEMBERED) untold.clear();
      untold.set(key, sum);
      return null;
    }
    untold.delete(key);
    const expiresAt = (from: number) => from + (PIECES + 1) * pieceMs;
    const starts = Array.from({ length: PIECES }, (_, index) => start - (index + 1) * pieceMs);
    const [current, ...others] = await Promise.all([
      store.add(key, sum, { now: at, expiresAt: expiresAt(start) }),
      ...starts.map((from) => before(store, keyOf(counter, from), expiresAt(from), at)),
    ]);
    const total = others.reduce((all, one) => all + Math.max(0, one), Math.max(0, current));
    if (total <= limit) {
      full.delete(key);
      return null;
    }
    await store.add(key, -amount, { now: at, expiresAt: expiresAt(start) });
    full.add(key);
    if (full.size > MOST_REMEMBERED) full.clear();
    return againAfter(total, limit, others, start + pieceMs - at, pieceMs);
  }

  async function giveTo(store: Store, counter: Counter, limit: number, amount: number, takenAt: number): Promise<void> {
    const at = now();
    const { pieceMs } = counter;
    const start = takenAt - (takenAt % pieceMs);
    const key = keyOf(counter, start);
    const expiresAt = start + (PIECES + 1) * pieceMs;
    if (expiresAt <= at) return;
    const sum = (untold.get(key) ?? 0) - amount;
    if (amount < limit * SMALL_SHARE && sum > -limit * SMALL_SHARE && untold.size < MOST_REMEMBERED) {
      untold.set(key, sum);
      return;
    }
    untold.delete(key);
    await store.add(key, sum, { now: at, expiresAt });
    earlier.delete(key);
  }

  async function take(store: Store, quota: Quota, owner: Owner, amount: number): Promise<void> {
    const [each, all] = countersOf(quota, owner);
    const eachAgainMs = await takeOf(store, each, quota.each, amount);
    if (eachAgainMs !== null) throw refusal(quota, quota.each, 'of one caller', eachAgainMs);
    const allAgainMs = await takeOf(store, all, quota.all, amount);
    if (allAgainMs === null) return;
    await giveTo(store, each, quota.each, amount, now());
    throw refusal(quota, quota.all, 'of all callers', allAgainMs);
  }

  return {
    take,
    async check(store, quota, owner) {
      const at = now();
      const isFull = countersOf(quota, owner).some((one) => full.has(keyOf(one, at - (at % one.pieceMs))));
      if (!isFull) return;
      await take(store, quota, owner, 1);
      await this.give(store, quota, owner, 1, at);
    },
    async give(store, quota, owner, amount, takenAt) {
      const [each, all] = countersOf(quota, owner);
      try {
        await giveTo(store, each, quota.each, amount, takenAt);
        await giveTo(store, all, quota.all, amount, takenAt);
      } catch (thrown) {
        const message = thrown instanceof Error ? thrown.message : String(thrown);
        log('warn', 'what was taken of a quota is given back when its time is over', { quota: quota.name, message });
      }
    },
  };
}

interface Counter {
  name: string;
  pieceMs: number;
}

function countersOf({ name, within, lastsMs }: Quota, { tenant, subject }: Owner): [each: Counter, all: Counter] {
  const pieceMs = Math.ceil(lastsMs / PIECES);
  const all = `${tenant}/quota/${name}${within === undefined ? '' : `/${within}`}`;
  return [
    { name: `${all}//${subject}`, pieceMs },
    { name: all, pieceMs },
  ];
}

function keyOf({ name }: Counter, start: number): string {
  return `${name}/${start}`;
}

/** When the oldest pieces of time that are in the way have ended, ms. */
function againAfter(
  total: number,
  limit: number,
  newestFirst: readonly number[],
  leftMs: number,
  pieceMs: number,
): number {
  let over = total - limit;
  for (const [index, one] of newestFirst.toReversed().entries()) {
    over -= Math.max(0, one);
    if (over <= 0) return leftMs + index * pieceMs;
  }
  return leftMs + newestFirst.length * pieceMs;
}

function refusal(
  { name, of, unit, hint, span = 'at once' }: Quota,
  limit: number,
  whose: string,
  retryAfterMs: number,
): TidegateError {
  return new TidegateError('rate_limited', `The store keeps too many ${of} already`, {
    field: name,
    expected: `at most ${limit} ${unit} ${whose} ${span}`,
    hint,
    // Waits end by themselves all the time.
    retryAfterMs: unit === 'waits' ? Math.min(retryAfterMs, WAITS_AGAIN_MS) : retryAfterMs,
  });
}
