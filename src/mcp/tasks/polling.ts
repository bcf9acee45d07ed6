/**
 * Reads the state of a task, and limits how often a caller may ask for it. A caller at the interval that it was given
 * costs one store call, and is counted in this process alone. A much faster one is counted in the store too, so that
 * all instances refuse alike; once refused, it costs no call until its window is over. A caller that polls many
 * instances, each of them slowly, is not noticed.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Principal } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';
import { hasEnded, type Header } from '../../tasks/records/header.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import { pollIntervalMs } from './view.ts';

/**
 * @param readsPage true: of a task that has ended it is no poll, however many pages follow each other
 * @throws TidegateError `not_found`; `rate_limited`
 */
export type Poll = (tasks: Tasks, principal: Principal, taskId: string, readsPage?: boolean) => Promise<Header>;

export const POLL_WINDOW_MS = 10_000;
/** A task may be asked for this many times as often as `pollIntervalMs` says. */
const TIMES_AS_OFTEN = 10;
/** Polls in a window that are always allowed: two a second, however old the task is. */
const LEAST_POLLS = 20;
/** Most tasks that are counted in a window. Further ones are not counted until the next window. */
const MOST_COUNTED = 10_000;

interface Count {
  here: number;
  /** How many of `here` the store has counted. */
  stored: number;
  refused: boolean;
}

export function createPoll({ now: clock }: Pick<Runtime, 'now'>): Poll {
  let window = 0;
  let counts = new Map<string, Count>();

  return async (tasks, principal, taskId, readsPage = false) => {
    const now = clock();
    const start = now - (now % POLL_WINDOW_MS);
    if (start !== window) {
      window = start;
      counts = new Map();
    }
    const standing = counts;
    const key = `${principal.tenant} ${principal.subject} ${taskId}`;
    if (standing.get(key)?.refused) throw tooOften(start + POLL_WINDOW_MS - now);
    const header = await tasks.get(principal, taskId);
    if (readsPage && hasEnded(header)) return header;

    const count = standing.get(key) ?? { here: 0, stored: 0, refused: false };
    if (count.here === 0 && standing.size >= MOST_COUNTED) return header;
    standing.set(key, count);
    count.here += 1;
    const most = mostPolls(header, now);
    if (count.here <= most / 2) return header;
    const added = count.here - count.stored;
    count.stored = count.here;
    const all = await tasks.countPolls(principal, taskId, added, { start, end: start + POLL_WINDOW_MS });
    if (all <= most) return header;
    count.refused = true;
    throw tooOften(start + POLL_WINDOW_MS - now);
  };
}

/** Most polls of one task in a window. */
export function mostPolls(header: Header, now: number): number {
  return Math.max(LEAST_POLLS, Math.floor((TIMES_AS_OFTEN * POLL_WINDOW_MS) / pollIntervalMs(header, now)));
}

function tooOften(retryAfterMs: number): TidegateError {
  return new TidegateError('rate_limited', 'The task is asked for too often', {
    expected: 'pauses of pollIntervalMs, which every answer tells',
    retryAfterMs,
  });
}
