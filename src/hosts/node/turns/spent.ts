/** What one connection, or one address, has asked for of late: it counts half after some seconds, and is nothing after a minute. */

export interface Share {
  /** As of `at`, bytes. */
  spent: number;
  at: number;
}

/** In this time, ms, what was spent counts half. */
const HALF_LIFE_MS = 5_000;

/** What counts of it at a time, and of what is spent then. @param more is spent on top */
export function spentOf(share: Share, time: number, more = 0): number {
  if (time > share.at) {
    share.spent *= 0.5 ** ((time - share.at) / HALF_LIFE_MS);
    share.at = time;
  }
  share.spent += more;
  return share.spent;
}
