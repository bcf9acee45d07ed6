/** The runs of this process that hold a connection. See `feeds/run/run.ts`. */
import type { Holding } from '../../feeds/run/run.ts';

/** @param onEnd called whenever a run has ended */
export function createHolding(onEnd: () => void): Holding {
  const running = new Map<string, Promise<void>>();
  return {
    has: (name) => running.has(name),
    begin(name, work) {
      const run = work().finally(() => {
        running.delete(name);
        onEnd();
      });
      running.set(name, run);
    },
    async ended() {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
}
