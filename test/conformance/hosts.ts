/** Where the suite's app is served: on Node on each of the stores, and in workerd. */
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { startScheduledWorker } from '../hosts/workers/scheduled-worker.ts';
import { serveApp } from '../mcp/served.ts';
import { requireService, type Service } from '../services/available.ts';
import { type Engine, type RunningEngine, startEngine } from '../services/engine.ts';
import { conformanceApp } from './app.ts';

export interface Host {
  mcpUrl: string;
  close(): Promise<void>;
}

export const HOSTS = {
  memory: () => onNode({ environment: { STORE: 'memory' }, stop: async () => {} }),
  sqlite: () => onNodeWith('sqlite'),
  redis: () => onNodeWith('redis'),
  dynamodb: () => onNodeWith('dynamodb'),
  workerd: () => inWorkerd(),
} satisfies Record<string, () => Promise<Host>>;

export type HostName = keyof typeof HOSTS;

const NEEDED: Partial<Record<HostName, Service>> = { redis: 'redis', dynamodb: 'dynamodb', workerd: 'redis' };

/** Whether what the host stands on is on this machine; says so where it is not. */
export function isPossible(name: HostName): boolean {
  const service = NEEDED[name];
  return service === undefined || requireService(service);
}

/** What the Worker seals with. */
const TIDEGATE_SECRET = 'a secret of the tests, of 32 characters';

async function onNodeWith(engine: Engine): Promise<Host> {
  return onNode(await startEngine(engine));
}

async function onNode({ environment, stop }: RunningEngine): Promise<Host> {
  const config = readConfig(environment, 'memory');
  const store = await openStore(
    config,
    nodeRuntime(() => {}),
    conformanceApp.name,
  );
  const served = await serveApp(conformanceApp, { builtIns: true, store, runner: {} });
  return {
    mcpUrl: served.mcpUrl,
    async close() {
      await served.close();
      await store.close();
      await stop();
    },
  };
}

async function inWorkerd(): Promise<Host> {
  const worker = await startScheduledWorker('test/conformance/worker.ts', { TIDEGATE_SECRET, HOST: '127.0.0.1' });
  return { mcpUrl: `${worker.url}/mcp`, close: () => worker.stop() };
}
