/**
 * The process that is told to end: a whole server, as `tidegate start` runs it, on a store that it shares with others. Settings
 * come as JSON in the first argument; it says `ready` when it serves.
 */
import { flushCompileCache } from 'node:module';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { serve } from '../../../src/hosts/node/serve.ts';
import { leave, untilStopped } from '../../../src/hosts/stop-signal.ts';
import { readConfig } from '../../../src/store/drivers/open.ts';
import { chaosApp } from '../app.ts';
import type { WorkerSettings } from '../worker.ts';

const { environment, sourceUrl, mqttUrl, leaseMs, name } = JSON.parse(process.argv[2] ?? '{}') as WorkerSettings;
const host = nodeRuntime(() => {});
const runtime = { ...host, newId: () => `${name}.${host.newId()}` };
const stopped = untilStopped();
const config = readConfig({ ...environment, PORT: '0' }, 'sqlite');
const serving = await serve(config, chaosApp(sourceUrl, mqttUrl), runtime, { leaseMs, everyMs: 500 });
// One that is killed leaves nothing behind for the next one to start by.
flushCompileCache();
console.log('ready');
process.on('disconnect', () => process.exit(1));
// The channel alone keeps nobody here.
process.channel?.unref();
await stopped;
await serving.stop();
leave();
