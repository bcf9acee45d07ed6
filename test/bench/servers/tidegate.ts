/**
 * The whole app as `npm start` serves it: bounds, turns, HTTP routes, origin checks, body limit, registry, both eras; on a memory
 * store that no call touches.
 */
import * as z from 'zod';
import { createHost } from '../../../src/hosts/host.ts';
import { createBoundedServer } from '../../../src/hosts/node/bounded-server.ts';
import { defineApp, tool } from '../../../src/index.ts';
import { BOUND_VARIABLES, boundsOf } from '../../../src/base/config/bounds.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
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
const bounds = boundsOf(z.object(BOUND_VARIABLES).parse({}));
const clock = { now: () => performance.now() };
createBoundedServer(host.fetch, clock, 65_000, bounds).listen(Number(process.argv[2]), '127.0.0.1', () =>
  console.log('listening'),
);
