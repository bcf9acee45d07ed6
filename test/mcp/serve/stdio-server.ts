/** The sample app over stdio; run by a test as a process of its own. */
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { TidegateError } from '../../../src/base/errors.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createRegistry } from '../../../src/mcp/registry/registry.ts';
import { PUBLIC } from '../../../src/base/principal.ts';
import { serveRegistryOverStdio } from '../../../src/mcp/serve/stdio.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { sampleApp } from '../sample-app.ts';
import { NO_STATES } from '../../calls/states.ts';

const runtime = systemRuntime((level, message) => console.error(level, message));
const streamsFor = () => {
  throw new TidegateError('not_found', 'this test has no streams');
};
const store = createMemoryStore();
const deps = { app: sampleApp, runtime, streamsFor, requestStates: NO_STATES };
serveRegistryOverStdio({ runtime, store, registry: createRegistry(deps, []) }, PUBLIC, new StdioServerTransport());
