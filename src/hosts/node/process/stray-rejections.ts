/**
 * Tells of promises that an app left alone and that were rejected, such as those of a call whose `await` is missing. Node would end
 * the process, and with it what all other callers wait for. It is for processes that serve an app and nothing else.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Log } from '../../../base/runtime.ts';

/** How often one message is told, and the others counted. */
const MOST_TOLD = 20;

/** In whose name work is done. What it begins has the name too, however much later it goes on. */
const names = new AsyncLocalStorage<string>();

/** As `Runtime.named`. */
export function doNamed<Made>(name: string, work: () => Made): Made {
  return names.run(name, work);
}

/** @returns ends it */
export function tellStrayRejections(log: Log): () => void {
  const told = new Map<string, number>();

  function tell(reason: unknown): void {
    const cause = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    const count = (told.get(cause) ?? 0) + 1;
    if (told.size < MOST_TOLD || told.has(cause)) told.set(cause, count);
    // Each message once, and again with each tenfold.
    if (!Number.isInteger(Math.log10(count))) return;
    const name = names.getStore();
    const place = name === undefined ? '' : ` of ${name}`;
    const fields = { ...(name === undefined ? {} : { of: name }), cause, count };
    log('error', `a promise${place} was rejected, and no code waits for it: an await or a catch is missing`, fields);
  }

  process.on('unhandledRejection', tell);
  return () => void process.off('unhandledRejection', tell);
}

let isInPlace = false;

/**
 * The same, once in a process, in the place of the listener that AWS's runtime for Lambda sets before it loads a function: that one answers the invocation
 * with an error and ends the instance. What the function itself has set stays.
 */
export function tellInPlaceOfLambda(log: Log): void {
  if (isInPlace) return;
  isInPlace = true;
  const [platforms] = process.listeners('unhandledRejection');
  if (platforms) process.off('unhandledRejection', platforms);
  tellStrayRejections(log);
}
