/**
 * Appends numbered entries to a log that others append to as well, a few in each commit, from `go` until `stop`. Before
 * each commit it says how many it will have given with it, and after it how many it has. Settings come as JSON in the
 * first argument.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { commitSurely } from '../../src/store/commit.ts';
import { seededRandom } from '../../src/store/contract/seeded.ts';
import { onOrders } from './orders.ts';

export interface AppenderSettings {
  environment: Record<string, string>;
  log: string;
  /** What its entries are signed with. */
  name: string;
  seed: number;
}

/** What it says: `begun` before a commit, `done` after it; both count its entries. */
export interface AppenderNote {
  begun?: number;
  done?: number;
}

/** `n` counts from 0, for each appender. */
export interface Numbered {
  by: string;
  n: number;
}

const MOST_ENTRIES = 5;
/** Now and then so many, which one segment does not hold: they have to be read all or none. */
const BULK = 120;
const BULK_SHARE = 0.08;
const COMMIT_WITHIN_MS = 60_000;

const { environment, log, name, seed } = JSON.parse(process.argv[2] ?? '{}') as AppenderSettings;
const random = seededRandom(seed);
const runtime = nodeRuntime(() => {});
const store = await openStore(readConfig(environment, 'sqlite'), runtime, 'followers');
const orders = onOrders();
/** Resolves when it was written, so that no word is left unsaid at the end. */
const say = (note: AppenderNote) => new Promise((resolve) => process.send?.(note, resolve));

await orders.go;
let given = 0;
while (!orders.stopped()) {
  const count = random() < BULK_SHARE ? BULK : 1 + Math.floor(random() * MOST_ENTRIES);
  const entries = Array.from({ length: count }, (_, index) => ({ by: name, n: given + index }));
  await say({ begun: given + count });
  const append = { kind: 'append', log, entries } as const;
  const { status } = await commitSurely(runtime, store, [append], runtime.now() + COMMIT_WITHIN_MS);
  if (status !== 'committed') throw new Error('an append alone met a conflict');
  given += count;
  await say({ done: given });
  // An engine inside this process answers without letting orders in.
  await turn();
}
await store.close();
process.disconnect();
