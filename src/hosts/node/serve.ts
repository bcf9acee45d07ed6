/** An app on Node that listens by itself: store, endpoint and workers, started together and ended together. */
import { type ServerType, serve as listen } from '@hono/node-server';
import type { Config } from '../../base/config.ts';
import type { App } from '../../declare/app.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Deps } from '../../streams/deps.ts';
import { createHost } from '../host.ts';
import type { CallerOptions, Host } from '../http-host.ts';
import { addressOf, timeoutsFor } from './listening.ts';
import { tellMisspelt } from '../misspelt.ts';
import { type LoopOptions, startLoop } from './loop.ts';
import { nodeSecrets } from './secrets.ts';
import { startTaskWorkers } from './workers.ts';
import { openNodeStore } from './store.ts';

export interface Serving {
  /** Base URL, with the port that was taken where `PORT` is 0. */
  url: string;
  host: Host;
  deps: Deps;
  /** Ends the workers, then the connections, then the store. */
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
  { tenants, ...callers }: CallerOptions = {},
): Promise<Serving> {
  const runtime = { ...lent, variable: config.variable };
  tellMisspelt(config, app, runtime.log);
  const store = await openNodeStore(config, runtime, app.name);
  const given: Deps = { app, store, runtime, ...(tenants ? { tenants } : {}) };
  const workers = loopOptions === null ? null : startTaskWorkers(given);
  const { publicUrl, allowedOrigins, host: hostname } = config;
  try {
    const secrets = await nodeSecrets(config, app.name);
    const deps = workers?.deps ?? given;
    const host = createHost({
      ...callers,
      ...deps,
      publicUrl,
      allowedOrigins,
      holds: loopOptions !== null,
      host: await addressOf(hostname),
      secrets,
      dispatch: workers?.dispatch,
    });
    const server = await bind(host.fetch, config);
    const loop = loopOptions === null ? null : startLoop(deps, loopOptions);
    return {
      url: urlOf(server, hostname),
      host,
      deps,
      async stop() {
        await Promise.all([loop?.stop(), workers?.stop()]);
        await host.close();
        await close(server);
        await store.close();
      },
    };
  } catch (error) {
    await workers?.stop();
    await store.close();
    throw error;
  }
}

function bind(fetch: Host['fetch'], { host, port, keepAliveMs }: Config): Promise<ServerType> {
  return new Promise((resolve, reject) => {
    const listening = { fetch, hostname: host, port, serverOptions: timeoutsFor(keepAliveMs) };
    const server = listen(listening, () => resolve(server));
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const mend =
        cause.code === 'EADDRINUSE' ? taken(port) : cause.code === 'EACCES' ? reserved(port) : elsewhere(host);
      const at = `${inUrl(host)}:${port}`;
      reject(new TidegateError('invalid_config', `cannot listen on ${at}: ${cause.message}`, { ...mend, cause }));
    });
  });
}

const taken = (port: number) => ({
  field: 'PORT',
  expected: 'a port that is free',
  hint: `set PORT to another number, or end what listens on ${port}`,
});

const reserved = (port: number) => ({
  field: 'PORT',
  expected: 'a port that this user may listen on, usually from 1024 on',
  hint: `set PORT to another number than ${port}`,
});

/** A name that leads nowhere, or an address that is not one of this machine's. */
const elsewhere = (host: string) => ({
  field: 'HOST',
  expected: 'an address or name of this machine: 127.0.0.1, 0.0.0.0 for all of its addresses, or one of them',
  hint: `HOST is ${host}; the name that others reach it by goes into PUBLIC_URL`,
});

function urlOf(server: ServerType, host: string): string {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${inUrl(host)}:${port}`;
}

/** A host as URLs write it. */
function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function close(server: ServerType): Promise<void> {
  if ('closeAllConnections' in server) server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
