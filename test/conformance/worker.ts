/** The suite's app as a Worker, whose schedule works on tasks alone. */
import { readConfig } from '../../src/core/config.ts';
import { systemRuntime } from '../../src/core/runtime.ts';
import { withTasks } from '../../src/entry/compose.ts';
import { createWorker } from '../../src/entry/worker-host.ts';
import { openStore } from '../../src/store/open.ts';
import { runTasks } from '../../src/tasks/run-due.ts';
import { conformanceApp } from './app.ts';

const ENTRY_MS = 5_000;

const runtime = systemRuntime(() => {});
const host = createWorker(conformanceApp);

export default {
  fetch: (request: Request, environment: Record<string, string>) => host.fetch(request, environment),
  async scheduled(_event: unknown, environment: Record<string, string>): Promise<void> {
    const store = await openStore(readConfig(environment, 'redis'), runtime, conformanceApp.name);
    await runTasks(withTasks({ app: conformanceApp, store, runtime }), runtime.now() + ENTRY_MS);
  },
};
