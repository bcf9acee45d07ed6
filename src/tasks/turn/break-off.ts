/** How a turn breaks off that `run` neither ended nor left: its task is lost, or the store fails. */
import { asTidegateError } from '../../base/errors.ts';
import type { Journal } from './journal.ts';

export type Broken = { kind: 'lost' } | { kind: 'broken'; error: unknown };

export interface BreakOff {
  /** Resolves with what broke the turn off first. */
  happened: Promise<Broken>;
  lose(): void;
  fail(error: unknown): void;
  /** Breaks the turn off, and never settles, where the work meets what a newer release has written: `run` cannot mend that. */
  guard<Value>(work: Promise<Value>): Promise<Value>;
  /** Commits what was noted; breaks the turn off, and never settles, where that cannot be done. */
  flush(): Promise<void>;
}

export function createBreakOff(journal: Pick<Journal, 'flush'>): BreakOff {
  const { promise: happened, resolve } = Promise.withResolvers<Broken>();
  const lose = () => resolve({ kind: 'lost' });
  const fail = (error: unknown) => resolve({ kind: 'broken', error });
  return {
    happened,
    lose,
    fail,
    async guard(work) {
      try {
        return await work;
      } catch (thrown) {
        if (asTidegateError(thrown).code !== 'newer_version') throw thrown;
        fail(thrown);
        return new Promise<never>(() => {});
      }
    },
    async flush() {
      try {
        if ((await journal.flush()) === 'committed') return;
        lose();
      } catch (error) {
        fail(error);
      }
      await new Promise<never>(() => {});
    },
  };
}
