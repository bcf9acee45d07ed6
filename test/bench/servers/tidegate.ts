/**
 * The whole app as `npm start` serves it: bounds, turns, HTTP routes, origin checks, body limit, registry, both eras; on a memory
 * store that no call touches.
 */
import { createHost } from '../../../src/hosts/host.ts';
import { defineApp, tool } from '../../../src/index.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { serveApp } from './serve-app.ts';
import { answer, DESCRIPTION, Input, NAMES } from './tools.ts';

const app = defineApp({
  name: 'bench',
  version: '1.0.0',
  description: 'Twenty tools',
  tools: Object.fromEntries(
    NAMES.map((name) => [name, tool({ description: DESCRIPTION, input: Input, run: async (input) => answer(input) })]),
  ),
});
serveApp(createHost({ app, store: createMemoryStore(), runtime: systemRuntime(() => {}), host: '127.0.0.1' }));
