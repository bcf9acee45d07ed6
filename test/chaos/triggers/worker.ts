/** The process that is killed in the trigger kill runs: it judges triggers on a store that it shares, and does all that follows, until it is ended. */
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { runEventWork } from '../../../src/hosts/event-work.ts';
import { withTasks } from '../../../src/hosts/task-deps.ts';
import { triggerApp } from './app.ts';

const environment = JSON.parse(process.argv[2] ?? '{}') as Record<string, string>;
const runtime = nodeRuntime(() => {});
const app = triggerApp();
const store = await openStore(readConfig(environment, 'sqlite'), runtime, app.name);
const deps = withTasks({ app, store, runtime, isOpen: true });
process.on('disconnect', () => process.exit());
process.send?.('ready');
for (;;) {
  await runEventWork(deps, runtime.now() + 10_000);
  await runtime.sleep(5);
}
