/** What one connection, or one address, has asked for of late: it counts half after some seconds, and is nothing after a minute. */

export interface Spending {
  /** As of `at`, bytes. */
  spent: number;
  at: number;
}

/** In this time, ms, what was spent counts half. */
const HALF_LIFE_MS = 5_000;

/** What counts of it at a time, and of what is spent then. @param more is spent on top */
export function spentOf(spending: Spending, time: number, more = 0): number {
  if (time > spending.at) {
    spending.spent *= 0.5 ** ((time - spending.at) / HALF_LIFE_MS);
    spending.at = time;
  }
  spending.spent += more;
  return spending.spent;
}
