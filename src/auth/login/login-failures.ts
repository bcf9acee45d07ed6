/**
 * How many logins may fail in a minute at one instance. One that is under way counts as one that fails, until it is known to be none: so many
 * at once are bounded as those one after another are. Nobody knows who tries them, so they count for no caller, and each may ask
 * the store or an issuer. What is over is refused unasked, whoever sends it; calls with `Authorization` go on meanwhile.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';

interface LoginFailures {
  /** Begins one more, which counts as failed; an error where none may be tried. */
  begin(): LoginTry | TidegateError;
}

interface LoginTry {
  /** It did not fail, or nobody can say whether it would: it counts no longer. Called once at most. */
  forgive(): void;
}

const MOST_FAILURES = 300;
const MINUTE_MS = 60_000;

export function createLoginFailures({ now }: Pick<Runtime, 'now'>): LoginFailures {
  let since = now();
  let failures = 0;
  return {
    begin() {
      const at = now();
      // A minute that lies ahead is over: the clock was set back.
      if (at < since || at - since >= MINUTE_MS) {
        since = at;
        failures = 0;
      }
      if (failures < MOST_FAILURES) {
        failures += 1;
        const within = since;
        return { forgive: () => void (failures -= within === since ? 1 : 0) };
      }
      return new TidegateError('rate_limited', 'Too many logins have failed', {
        field: 'credential',
        expected: `at most ${MOST_FAILURES} logins that fail or are under way in ${MINUTE_MS / 1_000} s`,
        hint: 'log in later; calls that bring the key or token itself are served',
        retryAfterMs: since + MINUTE_MS - at,
      });
    },
  };
}
