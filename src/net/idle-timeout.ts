/** Waits for an upstream, but not longer than it may be silent. It stops waiting; the caller ends the work itself. */
import type { BurstContext } from '../declare/feed.ts';
import { TidegateError } from '../base/errors.ts';

export type IdleTimeout = <Value>(work: Promise<Value>) => Promise<Value>;

/** @returns a function that waits for `work`, and throws `upstream` after `timeoutMs`. */
export function createIdleTimeout(
  context: Pick<BurstContext, 'sleep'>,
  timeoutMs: number,
  source: string,
): IdleTimeout {
  return async (work) => {
    const settled = new AbortController();
    const silence = async (): Promise<never> => {
      await context.sleep(timeoutMs, settled.signal);
      throw new TidegateError('upstream', `${source} was silent for ${timeoutMs} ms`, {
        field: 'timeoutMs',
        expected: `headers, and each piece of the body, within ${timeoutMs} ms`,
      });
    };
    try {
      return await Promise.race([work, silence()]);
    } finally {
      settled.abort();
    }
  };
}
