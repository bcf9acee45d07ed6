/** The limit of a handler: what its caller and the log are told where it does not answer by the deadline of its request. */
import { causeText, TidegateError } from '../errors.ts';
import type { Runtime } from '../runtime.ts';
import type { TimeLimit } from './in-time.ts';

/** How long after the deadline a handler may still answer, ms: one that hears its signal says what it has by then. */
const GRACE_MS = 500;

/** The time by which the caller is answered, and what is said where the handler is not done by then. */
export function answerLimit(runtime: Pick<Runtime, 'now' | 'log'>, deadline: number, what: string): TimeLimit {
  const now = runtime.now();
  const seconds = Math.max(0, Math.round((deadline - now) / 100) / 10);
  const overAt = Math.max(deadline, now) + GRACE_MS;
  return {
    overAt,
    over() {
      runtime.log('warn', `${what} did not answer by the deadline of its request`, { of: what, seconds });
      const hint = 'what it does may go on and take effect all the same, so look before you call it again';
      const message = `The ${what} did not answer within ${seconds} s, the time that a request has`;
      return new TidegateError('cancelled', message, { hint });
    },
    late(outcome) {
      const lateMs = runtime.now() - overAt;
      const message = `${what} ${outcome.kind} after its request was over: nobody hears of it`;
      const cause = outcome.kind === 'failed' ? causeText(outcome.thrown) : null;
      runtime.log('warn', message, { of: what, lateMs, ...(cause === null ? {} : { cause }) });
    },
  };
}
