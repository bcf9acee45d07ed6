/** The whole app: HTTP routes, origin checks, body limit, registry, both eras; on a memory store that no call touches. */
import { createHost } from '../../../src/hosts/host.ts';
import { defineApp, tool } from '../../../src/index.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { listen } from './listen.ts';
import { answer, DESCRIPTION, Input, NAMES } from './tools.ts';

const app = defineApp({
  name: 'bench',
  version: '1.0.0',
  description: 'Twenty tools',
  tools: Object.fromEntries(
    NAMES.map((name) => [name, tool({ description: DESCRIPTION, input: Input, run: async (input) => answer(input) })]),
  ),
});
const host = createHost({ app, store: createMemoryStore(), runtime: systemRuntime(() => {}), host: '127.0.0.1' });
listen(host.fetch);
