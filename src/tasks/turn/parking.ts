/**
 * When a turn is over: as soon as all that `run` does waits for something and nothing of it is under way. Whoever waits gets a
 * promise that never settles: `run` stops there, and no `catch` of its own can take it for an error.
 */
import type { Runtime } from '../../base/runtime.ts';

export interface Parking {
  /** Never settles: it waits for a later turn, which begins at `dueAt` (epoch ms) at the latest. */
  park(dueAt: number): Promise<never>;
  /** Counts as under way until it settles; the turn is not over before. */
  busy<Value>(work: Promise<Value>): Promise<Value>;
  /** How much is under way. */
  underWay(): number;
  /** Resolves when all waits, with the earliest `dueAt`. */
  parked: Promise<number>;
  /** The turn is over: no function of the context does anything from now on. */
  close(): void;
  isClosed(): boolean;
}

/** How long `run` may take between two calls before waiting counts as all that it does, ms. */
const IDLE_MS = 1;

export function createParking(runtime: Pick<Runtime, 'sleep'>): Parking {
  let dueAt = Number.POSITIVE_INFINITY;
  let parkedCount = 0;
  let underWay = 0;
  let changes = 0;
  let closed = false;
  const { promise: parked, resolve } = Promise.withResolvers<number>();

  /** Looks after a pause, so that what a settled promise sets off in `run` comes first. */
  async function look(): Promise<void> {
    changes += 1;
    const seen = changes;
    if (parkedCount === 0 || underWay > 0) return;
    await runtime.sleep(IDLE_MS);
    if (seen === changes && underWay === 0) resolve(dueAt);
  }

  return {
    parked,
    park(at) {
      dueAt = Math.min(dueAt, at);
      parkedCount += 1;
      void look();
      // One promise for all would keep every `run` that waits for it in memory.
      return new Promise<never>(() => {});
    },
    async busy(work) {
      underWay += 1;
      changes += 1;
      try {
        return await work;
      } finally {
        underWay -= 1;
        void look();
      }
    },
    underWay: () => underWay,
    close() {
      closed = true;
    },
    isClosed: () => closed,
  };
}
