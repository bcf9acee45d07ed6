/** What a deployment on Cloudflare is called: the Worker, its queues, the namespace of its rate limit. Pure. */

/** Most characters of a Worker's name, which is a label of its host name. */
const MOST_WORKER_NAME = 63;
const MOST_QUEUE_NAME = 63;
/** Queues have names of letters, digits and hyphens. */
const DEAD_SUFFIX = '-tasks-dead';

interface QueueNames {
  tasks: string;
  /** Where messages go that were tried in vain. */
  dead: string;
}

/** The Worker's name that is made of an app's. It may be too long, which is for `nameProblem` to say. */
export function workerNameOf(app: string): string {
  return app
    .toLowerCase()
    .replaceAll(/[^a-z\d]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
}

export function queueNamesOf(worker: string): QueueNames {
  return { tasks: `${worker}-tasks`, dead: `${worker}${DEAD_SUFFIX}` };
}

/** What is wrong with a Worker's name, in words that follow `expected `; null for a right one. */
export function workerNameExpected(name: string, hasQueue: boolean): string | null {
  const most = hasQueue ? MOST_QUEUE_NAME - DEAD_SUFFIX.length : MOST_WORKER_NAME;
  if (/^[a-z\d]([a-z\d-]*[a-z\d])?$/.test(name) && name.length <= most) return null;
  const why = hasQueue ? ', because its queues have longer ones' : '';
  return `at most ${most} lower-case letters, digits and hyphens${why}`;
}

/**
 * A namespace for the rate limit of one Worker. Those that have the same one in an account count together, so it follows from the
 * name: FNV-1a, as a positive whole number.
 */
export function rateNamespaceOf(worker: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(worker)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return String((hash % 2_000_000_000) + 1);
}
