/** The entry suite on Node, with sqlite. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../../src/store/drivers/open.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { serve } from '../../../src/hosts/node/serve.ts';
import { entrySuite } from '../suite.ts';

entrySuite('Node with sqlite', { store: 'sqlite', notLive: null }, async (given) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-entry-'));
  const environment = { SQLITE_PATH: join(folder, 'tidegate.db'), PORT: '0' };
  Object.assign(process.env, given);
  const { default: app } = await import('../../end-to-end/app.ts');
  const runtime = nodeRuntime(() => {});
  const start = (more = {}) => serve(readConfig({ ...environment, ...more }, 'sqlite'), app, runtime, null);
  let serving = await start();
  async function replace(more = {}): Promise<void> {
    await serving.stop();
    serving = await start(more);
  }
  return {
    url: () => serving.url,
    schedule: async () => (await serving.host.scheduled(Date.now() + 10_000)).error === null,
    replace,
    // A file is never out of reach; a store that was closed answers the same.
    loseStore: () => serving.deps.store.close(),
    findStore: () => replace(),
    async stop() {
      for (const name of Object.keys(given)) delete process.env[name];
      await serving.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});
