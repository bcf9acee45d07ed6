/**
 * Decides when the messages that a burst has collected are committed, whatever sends them. It learns what came and when, and
 * answers whether to commit now or how long to wait for more. Pure: the clock is lent.
 *
 * A commit for every few messages of a trickle would be dear, so one that is not full is allowed once at the start of a burst
 * and then once per hundred messages; the rest waits for the burst's end. A connection that is held has no such end: what
 * came is committed soon there, but not more often than each `HELD_COMMIT_MS`. A broker whose window of unacknowledged messages
 * is full sends nothing more until we commit and acknowledge: such a standstill is learned from its size.
 */
export interface PacingOptions {
  /** A batch of this many messages is full. */
  batchMessages: number;
  batchBytes: number;
  /** How long a batch is collected. */
  lingerMs: number;
  /** The burst ends after so long without a message. */
  idleMs: number;
  /** How many unacknowledged messages the broker sends; null: not known. */
  window: number | null;
  /** Whether the connection is held. Silence then ends nothing. */
  held?: boolean;
}

/**
 * A connection that is held makes at most one commit in this time, ms, unless a batch is full. What comes is then readable
 * within 300 ms, with the time of the commit and of the projection.
 */
export const HELD_COMMIT_MS = 100;

type Verdict = { verdict: 'commit' | 'idle' } | { verdict: 'wait'; waitMs: number };

interface Pacing {
  /** Messages arrived; `unacknowledged` of them will be acknowledged after the commit. */
  arrived(messages: number, unacknowledged: number, bytes: number): void;
  decide(): Verdict;
  /** What was collected is committed and acknowledged. Called once after each `decide` that was acted on. */
  committed(): void;
}

const MESSAGES_PER_SMALL_COMMIT = 100;
/** A smaller standstill is taken for a trickle, not for a full window. */
const LEAST_WINDOW = 5;

export function createPacing(options: PacingOptions, now: () => number): Pacing {
  const { batchMessages, batchBytes, lingerMs, held = false } = options;
  const idleMs = held ? Number.POSITIVE_INFINITY : options.idleMs;
  let window = options.window;
  let messages = 0;
  let unacknowledged = 0;
  let bytes = 0;
  let total = 0;
  let commits = 0;
  let firstAt = now();
  let lastAt = now();
  let committedAt = Number.NEGATIVE_INFINITY;
  /** The size of the last standstill, and whether messages came at once when it was acknowledged. */
  let standstill: { size: number; committedAt: number; resumed: boolean } | null = null;
  /** Whether nothing came for a while when the commit was decided; the commit's own time does not count. */
  let decidedInQuiet = false;

  const isQuiet = (time: number) => time - lastAt >= lingerMs;

  function decide(): Verdict {
    const time = now();
    decidedInQuiet = time - lastAt >= lingerMs / 2;
    const idleAt = lastAt + idleMs;
    if (messages === 0) {
      return time >= idleAt ? { verdict: 'idle' } : { verdict: 'wait', waitMs: idleAt - time };
    }
    if (messages >= batchMessages || bytes >= batchBytes) return { verdict: 'commit' };
    if (window !== null && unacknowledged >= window) return { verdict: 'commit' };
    if (time >= idleAt) return { verdict: 'idle' };
    if (held) {
      const dueAt = Math.max(firstAt + lingerMs, committedAt + HELD_COMMIT_MS);
      return time >= dueAt ? { verdict: 'commit' } : { verdict: 'wait', waitMs: dueAt - time };
    }
    const allowed = commits < 1 + Math.floor(total / MESSAGES_PER_SMALL_COMMIT);
    if (allowed) {
      const dueAt = firstAt + lingerMs;
      return time >= dueAt ? { verdict: 'commit' } : { verdict: 'wait', waitMs: Math.min(dueAt, idleAt) - time };
    }
    if (standstill?.resumed && standstill.size === unacknowledged) {
      if (isQuiet(time)) return { verdict: 'commit' };
      return { verdict: 'wait', waitMs: Math.min(lastAt + lingerMs, idleAt) - time };
    }
    return { verdict: 'wait', waitMs: idleAt - time };
  }

  return {
    arrived(count, unacked, size) {
      if (count === 0) return;
      lastAt = now();
      if (messages === 0) {
        firstAt = lastAt;
        if (standstill) standstill.resumed = lastAt - standstill.committedAt < lingerMs / 2;
      }
      messages += count;
      unacknowledged += unacked;
      bytes += size;
      total += count;
      // If more messages come than the window that was learned, it was not a window.
      if (window !== null && options.window === null && unacknowledged > window) window = null;
    },
    decide,
    committed() {
      const time = now();
      if (standstill?.resumed && standstill.size === unacknowledged && window === null) window = unacknowledged;
      const size = unacknowledged >= LEAST_WINDOW && decidedInQuiet ? unacknowledged : null;
      standstill = size === null ? null : { size, committedAt: time, resumed: false };
      if (messages > 0) {
        commits += 1;
        committedAt = time;
      }
      messages = 0;
      unacknowledged = 0;
      bytes = 0;
      // Messages that come during the commit wait in the socket, so silence is counted from here.
      lastAt = time;
    },
  };
}
