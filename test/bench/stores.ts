/**
 * Commits, reads and appends per second on each driver, with one caller and with 32; and what DynamoDB is asked to write.
 * DynamoDB Local and a REST front before Redis stand in for the services: their figures compare changes, not engines.
 */
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { commitSurely } from '../../src/store/commit.ts';
import type { Operation, Store } from '../../src/store/store.ts';
import { ENGINES } from '../services/engine.ts';
import { benchDynamoWrites } from './dynamo-writes.ts';
import { onEngine } from './engines.ts';
import { print } from './print.ts';
import { reading } from './servers/ndjson.ts';

const CALLERS = [1, 32] as const;
const WARM_MS = 300;
const MEASURED_MS = 1_000;
const DEADLINE_MS = 30_000;

const runtime = nodeRuntime(() => {});
const value = reading(1) as Record<string, string | number>;

/** One call; `count` is another number each time, `caller` that of who calls. */
type Work = (store: Store, caller: number, count: number) => Promise<unknown>;

const WORKS: Record<string, Work> = {
  'commits (a new record)': (store, caller, count) =>
    commit(store, { kind: 'put', partition: `p${caller}`, id: `${count}`, value, expects: null }),
  'reads (a record)': (store, caller) => store.get({ partition: `p${caller}`, id: '0' }, runtime.now()),
  'appends (an entry, to a log of each caller)': (store, caller) =>
    commit(store, { kind: 'append', log: `log-${caller}`, entries: [value] }),
  'appends (an entry, all to one log)': (store) => commit(store, { kind: 'append', log: 'log', entries: [value] }),
};

async function commit(store: Store, operation: Operation): Promise<void> {
  const result = await commitSurely(runtime, store, [operation], runtime.now() + DEADLINE_MS);
  if (result.status !== 'committed') throw new Error(`a ${operation.kind} of its own met a conflict`);
}

/** Calls per second, by so many callers side by side. */
async function rate(store: Store, work: Work, callers: number, numbers: () => number): Promise<number> {
  const started = performance.now();
  let calls = 0;
  const call = async (caller: number) => {
    for (;;) {
      const count = numbers();
      await work(store, caller, count);
      const ms = performance.now() - started;
      if (ms >= WARM_MS + MEASURED_MS) return;
      if (ms >= WARM_MS) calls += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)));
  return calls / (MEASURED_MS / 1_000);
}

async function measure(environment: Record<string, string>): Promise<void> {
  const store = await openStore(readConfig(environment, 'memory'), runtime, 'bench');
  const rows: [string, string][] = [];
  try {
    for (const [name, work] of Object.entries(WORKS)) {
      let next = 0;
      for (const callers of CALLERS) {
        const perSecond = await rate(store, work, callers, () => next++);
        rows.push([`${name}, ${callers} at once`, `${Math.round(perSecond)}/s`]);
      }
    }
  } finally {
    await store.close();
  }
  print(`Calls per second on ${store.name}`, rows);
}

export async function benchStores(): Promise<void> {
  await measure({ STORE: 'memory' });
  for (const engine of ENGINES) await onEngine(engine, measure);
  await benchDynamoWrites();
}
