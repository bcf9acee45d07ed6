/**
 * How many requests each caller may make in a window, over all instances. An instance takes a piece of the caller's limit from
 * the store and serves from it without asking, so most requests cost no call and wait for nothing.
 *
 * A request that finds no piece takes one itself. It waits for that of another request only by looking, and not for long: on some
 * platforms a request may end without a word, and with it its calls. While the store fails, who holds a piece goes on, and
 * everybody else is refused with the error of the store: never is more let through.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Store } from '../store.ts';
import { isWindowOf, openWindow, takePiece, type WindowLimit, type WindowShare } from './window-share.ts';

export interface RequestLimit extends WindowLimit {
  /** Its name in the app's declaration, such as `quotas.requests`. */
  name: string;
  /** Whose requests are counted, in words: `of one caller`. */
  whose: string;
}

export interface RequestShares {
  /**
   * Takes one of each limit. Null: it is taken. Else it is when the promise resolves.
   * @throws TidegateError (by the promise) `rate_limited` with the limit, and when its window ends; as the store's
   */
  take(store: Store, limits: readonly RequestLimit[]): Promise<void> | null;
}

/** Callers that are remembered; who is forgotten loses the piece that is held for them. */
const MOST_CALLERS = 10_000;
/** After a failure of the store nobody asks it again for so long, ms. */
const REST_MS = 1_000;
/** While a call is younger than this, others wait for its piece, ms. */
const YOUNG_MS = 300;
/** Calls under way of one instance for one limit. Older ones count as lost. */
const MOST_ASKING = 4;
const LOST_MS = 10_000;
/** How long a request looks for a piece, ms, and how long it sleeps between two looks, at first and at most. */
const LOOKS_MS = 5_000;
const FIRST_LOOK_MS = 4;
const LONGEST_LOOK_MS = 50;

export function createRequestShares({ now, sleep }: Pick<Runtime, 'now' | 'sleep'>): RequestShares {
  const shares = new Map<string, WindowShare>();

  function shareOf(limit: RequestLimit): WindowShare {
    const at = now();
    const last = shares.get(limit.counter) ?? null;
    if (last !== null && last.limit === limit.limit && isWindowOf(last, at)) return last;
    const share = openWindow(limit, at, last);
    if (last === null && shares.size >= MOST_CALLERS) forgetOne(shares, at);
    shares.set(limit.counter, share);
    return share;
  }

  /** Answers the share of which one was taken. */
  async function search(store: Store, limit: RequestLimit): Promise<WindowShare> {
    let share = shareOf(limit);
    let looked = 0;
    for (let look = FIRST_LOOK_MS; ; share = shareOf(limit)) {
      if (use(share)) return share;
      if (share.isFull) throw refusal(limit, share.end - now());
      const at = now();
      const { failure } = share;
      if (failure !== null && at >= failure.at && at - failure.at < REST_MS) throw failure.error;
      if (mayAsk(share, at)) {
        await counted(share, () => takePiece(store, limit, share, at));
        continue;
      }
      if (looked >= LOOKS_MS) throw slow();
      await counted(share, () => sleep(look));
      looked += look;
      look = Math.min(2 * look, LONGEST_LOOK_MS);
    }
  }

  async function takeAll(store: Store, limits: readonly RequestLimit[]): Promise<void> {
    const taken: WindowShare[] = [];
    try {
      for (const limit of limits) taken.push(await search(store, limit));
    } catch (thrown) {
      for (const share of taken) {
        share.held += 1;
        share.used -= 1;
      }
      throw thrown;
    }
  }

  return {
    take(store, limits) {
      const standing = limits.map(shareOf);
      if (standing.some(({ held }) => held === 0)) return takeAll(store, limits);
      standing.forEach(use);
      return null;
    },
  };
}

/** False: nothing is held. */
function use(share: WindowShare): boolean {
  if (share.held === 0) return false;
  share.held -= 1;
  share.used += 1;
  return true;
}

/** While a request waits, it counts for the size of the next piece. */
async function counted(share: WindowShare, wait: () => Promise<void>): Promise<void> {
  share.waiting += 1;
  try {
    await wait();
  } finally {
    share.waiting -= 1;
  }
}

function mayAsk({ asking }: WindowShare, at: number): boolean {
  for (const call of asking) if (at < call.at || at - call.at >= LOST_MS) asking.delete(call);
  return asking.size < MOST_ASKING && [...asking].every((call) => at - call.at >= YOUNG_MS);
}

/** One of an older window, where the oldest of all is one; else the oldest. */
function forgetOne(shares: Map<string, WindowShare>, at: number): void {
  for (const [counter, share] of shares) {
    if (isWindowOf(share, at)) break;
    shares.delete(counter);
  }
  const [oldest] = shares.keys();
  if (oldest !== undefined && shares.size >= MOST_CALLERS) shares.delete(oldest);
}

function refusal({ name, whose, limit, windowMs }: RequestLimit, againMs: number): TidegateError {
  const seconds = Math.max(1, Math.ceil(againMs / 1_000));
  return new TidegateError('rate_limited', `Too many requests ${whose}`, {
    field: name,
    expected: `at most ${limit} requests ${whose} in ${windowMs / 1_000} s`,
    hint: `send the same request again in ${seconds} s, and fewer of them`,
    retryAfterMs: seconds * 1_000,
  });
}

function slow(): TidegateError {
  const message = 'the store is too slow to say whether a caller may ask more';
  return new TidegateError('store_unavailable', message, { retryAfterMs: REST_MS });
}
