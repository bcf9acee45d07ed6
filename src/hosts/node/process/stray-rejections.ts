/**
 * Tells of promises that an app left alone and that were rejected, such as those of a call whose `await` is missing. Node would end
 * the process, and with it what all other callers wait for. It is for processes that serve an app and nothing else.
 */
import type { Log } from '../../../base/runtime.ts';

/** How often one message is told, and the others counted. */
const MOST_TOLD = 20;

/** @returns ends it */
export function tellStrayRejections(log: Log): () => void {
  const told = new Map<string, number>();

  function tell(reason: unknown): void {
    const cause = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    const count = (told.get(cause) ?? 0) + 1;
    if (told.size < MOST_TOLD || told.has(cause)) told.set(cause, count);
    // Each message once, and again with each tenfold.
    if (!Number.isInteger(Math.log10(count))) return;
    log('error', 'a promise was rejected, and no code waits for it: an await or a catch is missing', { cause, count });
  }

  process.on('unhandledRejection', tell);
  return () => void process.off('unhandledRejection', tell);
}
