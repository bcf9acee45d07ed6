/** An HTTP tool that leaves behind whatever one can leave: an answer, counters of its limits, and a pause that the API asked for. */
import { composeRegistry } from '../../src/hosts/serving.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { api, defineApp, httpTool } from '../../src/index.ts';
import type { Caller } from '../../src/calls/caller.ts';
import type { Deps } from '../../src/streams/deps.ts';
import { json, startHttpSource } from '../services/http-feed.ts';

function nothing(): void {}

export async function driveHttpTools({ store, runtime }: Deps): Promise<void> {
  const source = await startHttpSource();
  source.on('/ok', json({ n: 1 }));
  source.on('/busy', (_request, response) => response.writeHead(429, { 'retry-after': '60' }).end());
  const shop = api({
    name: 'shop',
    url: source.origin,
    allow: [source.host],
    rateLimit: { requests: 10, perMs: 3_600_000 },
  });
  const tools = {
    kept: httpTool({ description: 'd', api: shop, url: '/ok', cache: { ttlMs: 60_000 } }),
    busy: httpTool({ description: 'd', api: shop, url: '/busy' }),
  };
  const app = defineApp({ name: 'stored', version: '1', description: 'd', tools });
  const { tools: registry } = composeRegistry({ app, runtime }, {});
  const caller: Caller = {
    principal: PUBLIC,
    account: { store },
    signal: new AbortController().signal,
    deadline: runtime.now() + 20_000,
    clientCapabilities: {},
    retry: null,
    meta: {},
    log: nothing,
    progress: nothing,
    emit: nothing,
  };
  try {
    const results = [await registry.call('kept', {}, caller), await registry.call('busy', {}, caller)];
    const failed = results.map((result) => 'isError' in result && result.isError === true);
    if (failed.join() !== 'false,true') throw new Error(JSON.stringify(results));
  } finally {
    await source.close();
  }
}
