/**
 * A clock that stands still until a test moves it. Whoever sleeps by it wakes when the time has come, in order. Work that
 * is driven moves the clock by itself, as far as that work waits.
 */
import { realTurn } from './real-turn.ts';

export interface TestClock {
  /** Epoch ms. */
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Moves the clock, and lets everyone who slept until then go on. */
  advance(ms: number): Promise<void>;
  /** Waits for the work. While nothing but the clock keeps it, the clock moves to the next sleeper's time. */
  drive<Result>(work: Promise<Result>): Promise<Result>;
}

interface Sleeper {
  at: number;
  wake: () => void;
}

/** Other work gets this many chances to go on before the clock moves to the next sleeper. */
const IDLE_TURNS = 25;

export function createTestClock(at: number): TestClock {
  let now = at;
  const sleepers = new Set<Sleeper>();

  function first(): Sleeper | null {
    return [...sleepers].reduce<Sleeper | null>((one, other) => (one && one.at <= other.at ? one : other), null);
  }

  function wakeFirst(until: number): boolean {
    const sleeper = first();
    if (sleeper === null || sleeper.at > until) return false;
    now = Math.max(now, sleeper.at);
    sleeper.wake();
    return true;
  }

  return {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper: Sleeper = {
          // A clock shows whole ms.
          at: now + Math.ceil(ms),
          wake: () => {
            sleepers.delete(sleeper);
            signal?.removeEventListener('abort', sleeper.wake);
            resolve();
          },
        };
        signal?.addEventListener('abort', sleeper.wake, { once: true });
        sleepers.add(sleeper);
      }),
    async advance(ms) {
      const until = now + ms;
      do await realTurn();
      while (wakeFirst(until));
      now = until;
      await realTurn();
    },
    async drive(work) {
      let isOver = false;
      const end = () => void (isOver = true);
      work.then(end, end);
      for (let turns = 1; ; turns += 1) {
        await realTurn();
        if (isOver) return work;
        if (turns % IDLE_TURNS === 0) wakeFirst(Number.POSITIVE_INFINITY);
      }
    },
  };
}
