/** Tells the store once a minute that this process works on it, and at its end that it does no more. */
import { hostname } from 'node:os';
import { asTidegateError } from '../../../base/errors.ts';
import type { Deps } from '../../../streams/deps.ts';
import { noteEnded, notePresent, PRESENT_EACH_MS } from '../../../streams/presence.ts';

export function startPresence(deps: Deps): { stop(): Promise<void> } {
  const { runtime } = deps;
  const ending = new AbortController();
  const id = runtime.newId();
  const place = `process ${process.pid} on ${hostname()}`;

  async function attempt(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (thrown) {
      const { code, message } = asTidegateError(thrown);
      runtime.log('debug', `presence: ${message}`, { code });
    }
  }

  async function run(): Promise<void> {
    while (!ending.signal.aborted) {
      await attempt(() => notePresent(deps, id, place));
      if (!ending.signal.aborted) await runtime.sleep(PRESENT_EACH_MS, ending.signal);
    }
    await attempt(() => noteEnded(deps, id));
  }

  const running = run();
  return {
    async stop() {
      ending.abort();
      await running;
    },
  };
}
