/**
 * How many logins may fail in a minute at one instance. Nobody knows who tries them, so they count for no caller, and each may ask
 * the store or an issuer. What is over is refused unasked, whoever sends it; calls with `Authorization` go on meanwhile.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';

export interface LoginFailures {
  /** Null: one more may be tried. */
  refusal(): TidegateError | null;
  add(): void;
}

const MOST_FAILURES = 300;
const MINUTE_MS = 60_000;

export function createLoginFailures({ now }: Pick<Runtime, 'now'>): LoginFailures {
  let since = now();
  let failures = 0;
  return {
    refusal() {
      const at = now();
      // A minute that lies ahead is over: the clock was set back.
      if (at < since || at - since >= MINUTE_MS) {
        since = at;
        failures = 0;
      }
      if (failures < MOST_FAILURES) return null;
      return new TidegateError('rate_limited', 'Too many logins have failed', {
        field: 'credential',
        expected: `at most ${MOST_FAILURES} logins that fail in ${MINUTE_MS / 1_000} s`,
        hint: 'log in later; calls that bring the key or token itself are served',
        retryAfterMs: since + MINUTE_MS - at,
      });
    },
    add: () => void (failures += 1),
  };
}
