/** Three processes that serve one app on one store, behind a proxy that sends each request to another of them. */
import { type AppProcess, startAppProcess } from './app-process.ts';
import { type Engine, startEngine } from './engine.ts';
import { type Choose, inTurn, type SpreadProxy, startSpreadProxy } from './spread-proxy.ts';

const PROCESSES = 3;

export interface Spread {
  /** Base URL that stands for those of the processes. */
  url: string;
  proxy: SpreadProxy;
  processes: readonly AppProcess[];
  close: () => Promise<void>;
}

/**
 * @param app the file whose default export is the app
 * @param variables of each process, beside those of the store
 */
export async function startSpread(
  app: string,
  engine: Engine,
  variables: Record<string, string>,
  choose: Choose = inTurn(),
): Promise<Spread> {
  const { environment, stop } = await startEngine(engine);
  const processes: AppProcess[] = [];
  const stopAll = async () => {
    await Promise.all(processes.map((each) => each.stop()));
    await stop();
  };
  try {
    for (let begun = 0; begun < PROCESSES; begun += 1) {
      processes.push(await startAppProcess(app, { ...environment, ...variables }));
    }
    const urls = processes.map(({ url }) => url);
    const proxy = await startSpreadProxy(urls, choose);
    return {
      url: proxy.url,
      proxy,
      processes,
      async close() {
        await proxy.close();
        await stopAll();
      },
    };
  } catch (thrown) {
    await stopAll();
    throw thrown;
  }
}
