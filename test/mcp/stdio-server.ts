/** The sample app over stdio; run by a test as a process of its own. */
import { TidegateError } from '../../src/core/errors.ts';
import { systemRuntime } from '../../src/core/runtime.ts';
import { createRegistry } from '../../src/mcp/registry.ts';
import { serveRegistryOverStdio } from '../../src/mcp/stdio.ts';
import { sampleApp } from './sample-app.ts';
import { NO_STATES } from './states.ts';

const runtime = systemRuntime((level, message) => console.error(level, message));
const streamsFor = () => {
  throw new TidegateError('not_found', 'this test has no streams');
};
serveRegistryOverStdio({
  runtime,
  registry: createRegistry({ app: sampleApp, runtime, streamsFor, requestStates: NO_STATES }, {}),
});
