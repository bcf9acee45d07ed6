/** The process that is killed: it follows the log and delivers, over and over. Settings come as JSON in the first argument. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import { createDeliveryWork } from '../../../src/deliveries/work/run-deliveries.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { deliveryWorld, PLACES } from './world.ts';

export interface DeliveryWorkerSettings {
  environment: Record<string, string>;
  receiver: string;
  leaseMs: number;
}

const { environment, receiver, leaseMs } = JSON.parse(process.argv[2] ?? '{}') as DeliveryWorkerSettings;
// Pauses are short, so that what was not taken comes again within the run.
const runtime = { ...nodeRuntime(() => {}), random: () => Math.random() / 500 };
const store = await openStore(readConfig(environment, 'sqlite'), runtime, 'ticks');
const work = createDeliveryWork(deliveryWorld(store, runtime, receiver), { stays: true, leaseMs });
process.on('disconnect', () => process.exit());
process.send?.('ready');
for (;;) {
  await work.run(Date.now() + 5_000, PLACES).catch(() => {});
  await sleep(20);
}
