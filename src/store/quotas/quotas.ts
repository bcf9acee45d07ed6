/**
 * How much a principal, and all of a tenant together, may take up at once: bytes that are stored, or things that are counted. It is
 * summed over all instances (`counter.ts` says how, and why it is never above). A sum that is too high (an answer that was
 * lost, what a killed process took and did not give back) is right again when its time is over.
 */
import { TidegateError } from '../../base/errors.ts';
import { APP_TENANT, type Owner } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';
import { createCounters } from './counter.ts';
import { PIECES } from './hands.ts';
import type { Counter } from './pieces.ts';
import type { Store } from '../store.ts';

export interface Quota {
  /** Its name in the app's declaration, such as `quotas.results`. */
  name: string;
  /** What it is kept apart by beside the owner, such as a stream. Default: nothing. */
  within?: string;
  /** What is refused, in words: `large answers`. */
  of: string;
  unit: 'bytes' | 'waits' | 'sessions' | 'tasks' | 'streams' | 'questions' | 'requests';
  /** Most for one principal; null: as many as it wants. */
  each: number | null;
  /** Most for all principals of a tenant together; null: as many as they want. */
  all: number | null;
  /** Whether `all` counts the principals of every tenant, as for what they share. Default: those of the owner's tenant. */
  allTenants?: boolean;
  /** How long after it was taken something still stands, at most, ms. */
  lastsMs: number;
  /** That time in words, where what is counted is a flow: `in a day`. Default: `at once`. */
  span?: string;
  /** What the caller can do about it. */
  hint: string;
  /** It may be above by a thousandth for each instance, so that what few callers take costs no call. Default: it is never above. */
  isLoose?: boolean;
  /** What is given back tells a moment that is not later than when it was taken. Default: by half a minute at most. */
  isExact?: boolean;
  /** What is said where it is refused. Default: that the store keeps too many of `of`. */
  title?: string;
}

export interface Quotas {
  /**
   * Takes `amount`, or refuses all of it. Where amounts are small, some more is taken at once: most of them cost no call.
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

/** Waits, tasks and streams end by themselves all the time. */
const SOON_MS = 60_000;
const ENDING: ReadonlySet<Quota['unit']> = new Set(['waits', 'tasks', 'streams']);

/** @param sleep absent: no request waits for what another takes */
export function createQuotas({
  log,
  ...clock
}: Pick<Runtime, 'now' | 'log'> & Partial<Pick<Runtime, 'sleep'>>): Quotas {
  const { now } = clock;
  const counters = createCounters(clock);

  async function take(store: Store, quota: Quota, owner: Owner, amount: number): Promise<void> {
    const { each, all } = countersOf(quota, owner);
    const takenAt = now();
    // What cannot be given back ends with its time, and the caller is told why it was refused.
    const back = (counter: Counter) => counters.give(store, counter, amount, takenAt).catch(() => {});
    // Both at once: a caller waits for one answer.
    const [ofEach, ofAll] = await Promise.allSettled([
      each ? counters.take(store, each, amount) : Promise.resolve(null),
      all ? counters.take(store, all, amount) : Promise.resolve(null),
    ]);
    if (ofEach.status === 'rejected' || ofAll.status === 'rejected') {
      if (each && ofEach.status === 'fulfilled' && ofEach.value === null) await back(each);
      if (all && ofAll.status === 'fulfilled' && ofAll.value === null) await back(all);
      throw ofEach.status === 'rejected' ? ofEach.reason : (ofAll as PromiseRejectedResult).reason;
    }
    const [eachAgainMs, allAgainMs] = [ofEach.value, ofAll.value];
    if (each && eachAgainMs !== null) {
      if (all && allAgainMs === null) await back(all);
      throw refusal(quota, each.limit, 'of one caller', eachAgainMs);
    }
    if (all === null || allAgainMs === null) return;
    if (each) await back(each);
    throw refusal(quota, all.limit, 'of all callers', allAgainMs);
  }

  async function give(store: Store, quota: Quota, owner: Owner, amount: number, takenAt: number): Promise<void> {
    const { each, all } = countersOf(quota, owner);
    try {
      if (each) await counters.give(store, each, amount, takenAt);
      if (all) await counters.give(store, all, amount, takenAt);
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      log('warn', 'what was taken of a quota is given back when its time is over', { quota: quota.name, message });
    }
  }

  return {
    take,
    give,
    async check(store, quota, owner) {
      const { each, all } = countersOf(quota, owner);
      if (!(each && counters.isFull(each)) && !(all && counters.isFull(all))) return;
      const at = now();
      await take(store, quota, owner, 1);
      await give(store, quota, owner, 1, at);
    },
  };
}

/** Null: there is no such limit. */
function countersOf(
  { name, within, lastsMs, unit, isLoose = false, isExact = false, allTenants = false, ...most }: Quota,
  { tenant, subject }: Owner,
): { each: Counter | null; all: Counter | null } {
  const pieceMs = Math.ceil(lastsMs / PIECES);
  const kind = { pieceMs, isLoose, isExact, isHeld: ENDING.has(unit) };
  const of = `quota/${name}${within === undefined ? '' : `/${within}`}`;
  const all = `${allTenants ? APP_TENANT : tenant}/${of}`;
  return {
    each: most.each === null ? null : { name: `${tenant}/${of}//${subject}`, limit: most.each, ...kind },
    all: most.all === null ? null : { name: all, limit: most.all, ...kind },
  };
}

function refusal(
  { name, of, unit, hint, span = 'at once', title = `The store keeps too many ${of} already` }: Quota,
  limit: number,
  whose: string,
  againMs: number,
): TidegateError {
  return new TidegateError('rate_limited', title, {
    field: name,
    expected: `at most ${limit} ${unit} ${whose} ${span}`,
    hint,
    retryAfterMs: ENDING.has(unit) ? Math.min(againMs, SOON_MS) : againMs,
  });
}
