/**
 * A clock that stands still until a test moves it. Whoever sleeps by it wakes when the time has come, in order. Work that
 * is driven moves the clock by itself, as far as that work waits.
 */
import { realTurn } from './real-turn.ts';

export interface TestClock {
  /** Epoch ms. */
  now(): number;
  /** `isGuard`: while work is driven, the clock moves to it only where the work has stood still for long. */
  sleep(ms: number, signal?: AbortSignal, isGuard?: boolean): Promise<void>;
  /** Moves the clock, and lets everyone who slept until then go on. */
  advance(ms: number): Promise<void>;
  /** Waits for the work. While nothing but the clock keeps it, the clock moves to the next sleeper's time. */
  drive<Result>(work: Promise<Result>): Promise<Result>;
}

interface Sleeper {
  at: number;
  isGuard: boolean;
  wake: () => void;
}

/** Other work gets this many chances to go on before the clock moves to the next sleeper. */
const IDLE_TURNS = 25;
/** The same before it moves to one that guards: the work may wait for a store or a file, whose time is not that of the clock. */
const GUARDED_TURNS = 2_000;

export function createTestClock(at: number): TestClock {
  let now = at;
  const sleepers = new Set<Sleeper>();

  function first(): Sleeper | null {
    return [...sleepers].reduce<Sleeper | null>((one, other) => (one && one.at <= other.at ? one : other), null);
  }

  function wakeFirst(until: number, withGuards = true): boolean {
    const sleeper = first();
    if (sleeper === null || sleeper.at > until || (sleeper.isGuard && !withGuards)) return false;
    now = Math.max(now, sleeper.at);
    sleeper.wake();
    return true;
  }

  return {
    now: () => now,
    sleep: (ms, signal, isGuard = false) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const sleeper: Sleeper = {
          // A clock shows whole ms.
          at: now + Math.ceil(ms),
          isGuard,
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
        const isLong = turns >= GUARDED_TURNS;
        if (turns % IDLE_TURNS === 0 && wakeFirst(Number.POSITIVE_INFINITY, isLong)) turns = 0;
      }
    },
  };
}
