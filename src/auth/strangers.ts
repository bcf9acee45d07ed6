/**
 * How often others are asked about credentials that nobody has seen: a read of the store, a question to an issuer. Whoever invents
 * credentials makes each of them cost one, so those that turn out to be none are rationed, and those that were good before are
 * asked about in any case. A good one that is new is not told from an invented one: while somebody spends the ration, it may be
 * refused for now.
 */
import { TidegateError } from '../base/errors.ts';
import { createRecent } from './recent.ts';

export interface Strangers {
  /**
   * Call it before the question. It takes one from the ration, where the name is not known to be good.
   * @throws TidegateError `overloaded` where the ration is spent
   */
  admit(name: string, now: number): void;
  /** Call it after the question. What is good gives back what it took. */
  answered(name: string, isGood: boolean, now: number): void;
  isKnown(name: string, now: number): boolean;
}

interface Ration {
  /** How many may be asked about at once after a rest. */
  most: number;
  /** How many more each second. */
  perSecond: number;
}

/** How long it is remembered that a name was good, ms. */
const KNOWN_MS = 3_600_000;
const MOST_KNOWN = 5_000;
const RETRY_MS = 1_000;

export function createStrangers({ most, perSecond }: Ration): Strangers {
  const known = createRecent<boolean>(MOST_KNOWN, KNOWN_MS);
  let left = most;
  let at: number | null = null;
  const isKnown = (name: string, now: number) => known.get(name, now) === true;
  return {
    isKnown,
    admit(name, now) {
      if (isKnown(name, now)) return;
      // A clock that leaps fills the ration, and does not empty it.
      left = Math.min(most, left + (Math.abs(now - (at ?? now)) / 1_000) * perSecond);
      at = now;
      if (left < 1) {
        throw new TidegateError('overloaded', 'too many credentials that do not exist are tried', {
          retryAfterMs: RETRY_MS,
        });
      }
      left -= 1;
    },
    answered(name, isGood, now) {
      if (isGood && !isKnown(name, now)) left = Math.min(most, left + 1);
      if (isGood || isKnown(name, now)) known.set(name, isGood, now);
    },
  };
}
