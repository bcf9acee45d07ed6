/**
 * Equal calls that overlap in this process share the work of the first. A call waits for a bounded time, and does the
 * work itself where the first one ended without an answer: on Workers a request may end, and its work with it.
 */
import { TidegateError } from '../base/errors.ts';
import type { Runtime } from '../base/runtime.ts';

interface Flights<Answer> {
  /**
   * @param waitMs longest wait for the work of another call
   * @throws what `work` throws, and the signal's reason.
   */
  share(key: string, signal: AbortSignal, waitMs: number, work: () => Promise<Answer>): Promise<Answer>;
}

type Ended<Answer> = { answer: Answer } | 'failed' | 'late';

export function createFlights<Answer>({ sleep }: Pick<Runtime, 'sleep'>): Flights<Answer> {
  const flights = new Map<string, Promise<Ended<Answer>>>();

  async function lead(key: string, work: () => Promise<Answer>): Promise<Answer> {
    const flight = work();
    const settled: Promise<Ended<Answer>> = flight.then(
      (answer) => ({ answer }),
      () => 'failed' as const,
    );
    flights.set(key, settled);
    try {
      return await flight;
    } finally {
      if (flights.get(key) === settled) flights.delete(key);
    }
  }

  return {
    async share(key, signal, waitMs, work) {
      for (;;) {
        const under = flights.get(key);
        if (under === undefined) return lead(key, work);
        const timer = new AbortController();
        const over = AbortSignal.any([signal, timer.signal]);
        const ended = await Promise.race([under, sleep(waitMs, over).then(() => 'late' as const)]);
        timer.abort();
        if (signal.aborted) throw reasonOf(signal);
        if (ended === 'late') return work();
        if (ended !== 'failed') return ended.answer;
      }
    },
  };
}

function reasonOf({ reason }: AbortSignal): unknown {
  return reason instanceof TidegateError ? reason : new TidegateError('cancelled', 'The caller went away');
}
