/**
 * The process that is killed: runs the app's feeds over and over on a store that it shares with others, until it is told
 * to end. Settings come as JSON in the first argument; it says `ready` before its first burst.
 */
import { flushCompileCache } from 'node:module';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { ingest } from '../../src/feeds/run/run.ts';
import { chaosApp } from './app.ts';

export interface WorkerSettings {
  environment: Record<string, string>;
  sourceUrl: string;
  mqttUrl: string;
  leaseMs: number;
  /** Begins every lease's holder, so that a lease that is left tells whose it was. */
  name: string;
}

const settings = JSON.parse(process.argv[2] ?? '{}') as WorkerSettings;
const host = nodeRuntime(() => {});
const runtime = { ...host, newId: () => `${settings.name}.${host.newId()}` };
const app = chaosApp(settings.sourceUrl, settings.mqttUrl);
const store = await openStore(readConfig(settings.environment, 'sqlite'), runtime, app.name);
// One that is killed leaves nothing behind for the next one to start by.
flushCompileCache();
console.log('ready');
process.on('disconnect', () => process.exit());
for (;;) {
  await ingest({ app, store, runtime }, runtime.now() + 2_000, { leaseMs: settings.leaseMs });
}
