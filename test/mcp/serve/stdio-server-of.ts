/** An app over stdio, on a memory store of its own. */
import type { App } from '../../../src/declare/app.ts';
import { TidegateError } from '../../../src/base/errors.ts';
import { PUBLIC } from '../../../src/base/principal.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { nodePipe } from '../../../src/hosts/node/pipe.ts';
import { createRegistry } from '../../../src/mcp/registry/registry.ts';
import { serveRegistryOverStdio } from '../../../src/mcp/serve/stdio.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { statesOn } from '../../calls/states.ts';

const streamsFor = () => {
  throw new TidegateError('not_found', 'this test has no streams');
};

export function serveOverStdio(app: App): void {
  const runtime = systemRuntime((level, message) => console.error(level, message));
  const store = createMemoryStore();
  const deps = { app, runtime, streamsFor, requestStates: statesOn(runtime, store) };
  const registry = createRegistry(deps, []);
  serveRegistryOverStdio({ runtime, store, registry, registryOf: () => registry }, PUBLIC, nodePipe());
}
