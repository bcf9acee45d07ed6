/** A Worker of this repository in workerd on a Redis of its own, whose schedule is called all the time. */
import { startEngine } from '../../services/engine.ts';
import { startWorker } from './workerd.ts';

/** Pause between two looks at what is due, ms: a deployed Worker is called once a minute. */
const LOOK_MS = 100;

/** @param main its entry point, from the root of this repository */
export async function startScheduledWorker(main: string, variables: Record<string, string>) {
  const { environment, stop } = await startEngine('redis');
  const worker = await startWorker({ ...environment, ...variables }, main);
  const ending = new AbortController();
  const looking = (async () => {
    while (!ending.signal.aborted) {
      await worker.cron();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  })();
  return {
    url: worker.url,
    async stop() {
      ending.abort();
      await looking;
      await worker.stop();
      await stop();
    },
  };
}
