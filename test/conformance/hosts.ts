/**
 * Where the suite's app is served: on Node on each of the stores, and in workerd. `spread-…`: by three processes on one store,
 * behind a proxy that sends each request to another of them, in turn or (`…-random`) by seeded chance.
 */
import { join } from 'node:path';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { startScheduledWorker } from '../hosts/workers/scheduled-worker.ts';
import { serveApp } from '../mcp/served.ts';
import { requireService, type Service } from '../services/available.ts';
import { type Engine, type RunningEngine, startEngine } from '../services/engine.ts';
import { startSpread } from '../services/spread.ts';
import { byChance, type Choose, inTurn } from '../services/spread-proxy.ts';
import { seededRandom } from '../../src/store/contract/seeded.ts';
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
  'spread-sqlite': () => spread('sqlite', inTurn()),
  'spread-redis': () => spread('redis', inTurn()),
  'spread-dynamodb': () => spread('dynamodb', inTurn()),
  'spread-sqlite-random': () => spread('sqlite', atRandom()),
  'spread-redis-random': () => spread('redis', atRandom()),
  'spread-dynamodb-random': () => spread('dynamodb', atRandom()),
} satisfies Record<string, () => Promise<Host>>;

export type HostName = keyof typeof HOSTS;

const NEEDED: Partial<Record<HostName, Service>> = {
  redis: 'redis',
  dynamodb: 'dynamodb',
  workerd: 'redis',
  'spread-redis': 'redis',
  'spread-dynamodb': 'dynamodb',
  'spread-redis-random': 'redis',
  'spread-dynamodb-random': 'dynamodb',
};

/** Whether what the host stands on is on this machine; says so where it is not. */
export function isPossible(name: HostName): boolean {
  const service = NEEDED[name];
  return service === undefined || requireService(service);
}

/** What all that serve one app seal with. */
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
  const served = await serveApp(conformanceApp, {
    builtIns: true,
    store,
    runner: {},
    listening: { streamMs: 60_000, most: 100, reads: null },
  });
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

const SEED = 20_261_130;

function atRandom(): Choose {
  return byChance(seededRandom(SEED));
}

async function spread(engine: Engine, choose: Choose): Promise<Host> {
  const app = join(import.meta.dirname, 'app.ts');
  const { url, proxy, close } = await startSpread(app, engine, { TIDEGATE_SECRET, LOG_LEVEL: 'warn' }, choose);
  return {
    mcpUrl: `${url}/mcp`,
    async close() {
      console.log(`requests of each process: ${proxy.given().join(', ')}`);
      await close();
    },
  };
}
