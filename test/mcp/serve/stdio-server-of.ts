/** An app over stdio, on a memory store of its own. */
import type { App } from '../../../src/declare/app.ts';
import { TidegateError } from '../../../src/base/errors.ts';
import { PUBLIC } from '../../../src/base/principal.ts';
import { type Runtime, systemRuntime } from '../../../src/base/runtime.ts';
import { nodePipe } from '../../../src/hosts/node/pipe.ts';
import { createAppStreams } from '../../../src/calls/streams.ts';
import { tasksExtension } from '../../../src/mcp/tasks/extension.ts';
import type { TaskDeps } from '../../../src/tasks/records/find-task.ts';
import { startRunner } from '../../../src/tasks/work/runner.ts';
import { createTasks } from '../../../src/tasks/work/service.ts';
import { createRegistry } from '../../../src/mcp/registry/registry.ts';
import { serveRegistryOverStdio } from '../../../src/mcp/pipe/stdio.ts';
import type { Extension } from '../../../src/mcp/extension.ts';
import type { Store } from '../../../src/store/store.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { statesOn } from '../../calls/states.ts';

const streamsFor = () => {
  throw new TidegateError('not_found', 'this test has no streams');
};

/** With its tasks, where it has some; they are worked on at once. */
export function serveOverStdio(app: App): void {
  const runtime = systemRuntime((level, message) => console.error(level, message));
  const store = createMemoryStore();
  const deps = { app, runtime, streamsFor, requestStates: statesOn(runtime, store) };
  const registry = createRegistry(deps, app.tasks.size > 0 ? [worked(app, store, runtime)] : []);
  serveRegistryOverStdio({ runtime, store, registry, registryOf: () => registry }, PUBLIC, nodePipe());
}

/** Tasks, until nobody reads any more. */
function worked(app: App, store: Store, runtime: Runtime): Extension {
  const deps: TaskDeps = { app, store, runtime, streamsFor: createAppStreams, catalog: app.tasks };
  const runner = startRunner(deps, { everyMs: 20 });
  process.stdin.once('end', () => void runner.stop());
  return tasksExtension(createTasks(deps, runner.dispatch), deps);
}
