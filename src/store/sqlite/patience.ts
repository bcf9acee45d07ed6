/**
 * Waiting for another process's lock without stopping this one. SQLite itself would block the thread for as long as it waits,
 * so it is told not to wait: work that meets a lock stands in line, and is tried again after pauses in which everything
 * else goes on. Those in line have their turns in the order in which they came.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { backoff } from '../../base/backoff.ts';
import type { Runtime } from '../../base/runtime.ts';
import { isBusy } from './errors.ts';

const PAUSES = { firstMs: 2, mostMs: 50, steady: 0.5 };

interface Waiter {
  work: () => unknown;
  /** How long it waits at most, ms. */
  leftMs: number;
  resolve: (result: unknown) => void;
  reject: (error: unknown) => void;
}

/** Does the work, which has no effect where it meets a lock. @param mostMs how long it may wait. @throws what it threw last */
type Patience = <Result>(work: () => Result, mostMs: number) => Result | Promise<Result>;

export function createPatience({ random, sleep }: Pick<Runtime, 'random' | 'sleep'>): Patience {
  let line: Waiter[] = [];
  let isServing = false;

  async function serve(): Promise<void> {
    if (isServing) return;
    isServing = true;
    for (let attempt = 0; line.length > 0; attempt += 1) {
      const ms = backoff(PAUSES, attempt, random());
      await sleep(ms);
      for (const waiter of line) waiter.leftMs -= ms;
      while (line.length > 0 && !tryFirst()) {
        attempt = 0;
        await turn();
      }
    }
    isServing = false;
  }

  /** Whether the first in line meets a lock. Those whose time is up then leave the line. */
  function tryFirst(): boolean {
    const [{ work, resolve, reject }] = line as [Waiter];
    try {
      resolve(work());
    } catch (error) {
      if (isBusy(error)) {
        for (const waiter of line) if (waiter.leftMs <= 0) waiter.reject(error);
        line = line.filter(({ leftMs }) => leftMs > 0);
        return true;
      }
      reject(error);
    }
    line.shift();
    return false;
  }

  return <Result>(work: () => Result, mostMs: number) => {
    if (line.length === 0) {
      try {
        return work();
      } catch (error) {
        if (!isBusy(error) || mostMs <= 0) throw error;
      }
    }
    return new Promise<Result>((resolve, reject) => {
      line.push({ work, leftMs: mostMs, resolve: (result) => resolve(result as Result), reject });
      void serve();
    });
  };
}
