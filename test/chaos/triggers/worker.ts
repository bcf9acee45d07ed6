/** The process that is killed in the trigger kill runs: it judges triggers on a store that it shares, until it is ended. */
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { createTriggerWork } from '../../../src/triggers/run.ts';
import { triggerApp } from './app.ts';

const environment = JSON.parse(process.argv[2] ?? '{}') as Record<string, string>;
const runtime = nodeRuntime(() => {});
const app = triggerApp();
const store = await openStore(readConfig(environment, 'sqlite'), runtime, app.name);
const work = createTriggerWork({ app, store, runtime });
process.on('disconnect', () => process.exit());
process.send?.('ready');
for (;;) {
  await work.run(runtime.now() + 10_000, null);
  await runtime.sleep(5);
}
