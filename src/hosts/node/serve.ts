/** An app on Node that listens by itself: store, endpoint and workers, started together and ended together. */
import type { Server } from 'node:http';
import { getHeapStatistics } from 'node:v8';
import type { Config } from '../../base/config/config.ts';
import { isLoopback, readHostname } from '../../base/config/origins.ts';
import type { App } from '../../declare/app.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Deps } from '../../streams/deps.ts';
import { isSecureUrl } from '../../http/safe-headers.ts';
import { watchChanges } from '../../calls/changes/kept.ts';
import { withAudit } from '../audit.ts';
import { createObserve } from '../../http/observe/observe.ts';
import { createHost } from '../host.ts';
import { standingIn } from '../listening.ts';
import type { CallerOptions, Host } from '../http-host.ts';
import { createBoundedServer } from './bounded-server.ts';
import { createConnections } from './connections.ts';
import { createEnding } from './ending.ts';
import { addressOf, checkOpenAddress, hostInUrl, notListening, refuseOpen, tellPlain } from './listening.ts';
import { fromEnvironment } from '../platforms/from-environment.ts';
import { type LoopOptions, startLoop } from './loop.ts';
import { startPresence } from './process/presence.ts';
import { nodeSecrets } from './secrets.ts';
import { watchProcess } from './process/families.ts';
import { startTaskWorkers, type TaskWorkers } from './workers.ts';
import { openNodeStore } from './store.ts';

/** As clients on this machine name a server that listens on loopback. */
const LOCAL_NAMES = ['127.0.0.1', 'localhost', '::1'];

export interface Serving {
  /** Base URL, with the port that was taken where `PORT` is 0. */
  url: string;
  host: Host;
  deps: Deps;
  /**
   * Takes no further connection, lets what is under way end within `SHUTDOWN_MS` while the workers hand over what they hold, then
   * ends the connections and the store.
   */
  stop(): Promise<void>;
}

/**
 * @param loopOptions null: no worker runs in this process, and `host.scheduled` has to be called
 * @throws TidegateError `invalid_config` for a port that is taken, `store_unavailable` for a store that does not answer.
 */
export async function serve(
  config: Config,
  app: App,
  lent: Runtime,
  loopOptions: LoopOptions | null = {},
  own: CallerOptions = {},
): Promise<Serving> {
  const ending = createEnding(lent);
  const observe = createObserve(app, { process: watchProcess() });
  const { host: hostname } = config;
  let bases: readonly string[] = [];
  const { runtime, store, ...known } = await fromEnvironment({
    config,
    app,
    runtime: { ...lent, ending: ending.signals },
    own,
    openStore: async (runtime) => observe.timed(await openNodeStore(config, runtime, app.name)),
    async checkOpen({ log }) {
      await checkOpenAddress(config, own, log);
      tellPlain(config, log);
    },
    bases: isLoopback(readHostname(hostname) ?? '') ? () => bases : null,
    secrets: () => nodeSecrets(config, app.name),
  });
  let workers: TaskWorkers | null = null;
  try {
    const { watch, ...watched } = watchChanges({ ...known, store, runtime, noted: new Map<string, number>() });
    const given = withAudit(watched);
    workers = loopOptions === null ? null : startTaskWorkers(given);
    const deps = workers?.deps ?? given;
    const host = createHost({
      listening: standingIn(getHeapStatistics().heap_size_limit),
      observe,
      operators: async () => (await import('../../operate/faces/tools.ts')).operatorTools,
      ...own,
      ...given,
      ...deps,
      watch,
      holds: loopOptions !== null,
      host: await addressOf(hostname),
      bodies: { bytes: config.bounds.bodiesMib * 1_048_576, ms: config.bounds.bodyMs },
      dispatch: workers?.dispatch,
    });
    const server = await bind(host.fetch, config, own);
    bases = LOCAL_NAMES.map((name) => urlOf(server, name));
    const connections = createConnections(server, runtime);
    const loop = loopOptions === null ? null : startLoop(deps, loopOptions);
    const presence = startPresence(deps);
    return {
      url: urlOf(server, hostname),
      host,
      deps,
      async stop() {
        await ending.wait(config.shutdownMs, () => Promise.all([connections.drain(), loop?.stop(), workers?.stop()]));
        await connections.cut();
        await host.close();
        await presence.stop();
        await store.close();
      },
    };
  } catch (error) {
    await workers?.stop();
    await store.close();
    throw error;
  }
}

function bind(fetch: Host['fetch'], config: Config, own: CallerOptions): Promise<Server> {
  const { host, port, publicUrl, keepAliveMs, bounds, trustedProxies } = config;
  return new Promise((resolve, reject) => {
    // Turns and slow readers go by time that passes, whatever the clock of the machine says.
    const clock = { now: () => performance.now() };
    const isSecure = publicUrl !== null && isSecureUrl(publicUrl);
    const server = createBoundedServer(fetch, clock, keepAliveMs, { ...bounds, proxies: trustedProxies }, isSecure);
    server.once('error', (cause: NodeJS.ErrnoException) => reject(notListening(cause, host, port)));
    server.listen(port, host, () => {
      const bound = server.address();
      try {
        // A name may mean another address by now. Nothing was taken in yet.
        if (typeof bound === 'object' && bound !== null) refuseOpen(config, own, bound.address);
        resolve(server);
      } catch (refusal) {
        server.close();
        reject(refusal);
      }
    });
  });
}

function urlOf(server: Server, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${hostInUrl(host)}:${port}`;
}
