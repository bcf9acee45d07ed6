/** A process that holds the MQTT feed of a run, on a store that it shares with others. Settings come as JSON in the first argument. */
import { flushCompileCache } from 'node:module';
import { startLoop } from '../../src/hosts/node/loop.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { type HeldSettings, heldApp, LEASE_MS } from './mqtt-held-app.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as HeldSettings;
const runtime = nodeRuntime((level, message, fields) => {
  if (level !== 'debug') console.error(`${process.pid} ${level} ${message} ${JSON.stringify(fields ?? {})}`);
});
const store = await openStore(readConfig(settings.environment, 'sqlite'), runtime, 'held');
const loop = startLoop({ app: heldApp(settings), store, runtime }, { everyMs: 500, leaseMs: LEASE_MS });
async function stop(): Promise<void> {
  await loop.stop();
  await store.close();
  process.disconnect();
}
process.on('message', (message) => {
  if (message === 'stop') void stop();
});
// One that is killed leaves nothing behind for the next one to start by.
flushCompileCache();
process.send?.('ready');
