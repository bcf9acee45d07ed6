/**
 * `npm run bench scale`: what calls cost as what is stored grows, one thing at a time: events, keys, streams, tasks, listeners and
 * subscriptions. Of each call it counts the calls to the store and takes the median time, at each size. What grows with the
 * size, rather than with the answer, is marked. It runs on memory and sqlite; `--store redis` or another engine runs on
 * that one, `--only keys` measures one thing, and `--full` larger sizes.
 */
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import type { Store } from '../../src/store/store.ts';
import { ENGINES } from '../services/engine.ts';
import { onEngine } from './engines.ts';
import { type Axis, axes } from './scale/axes.ts';
import { type Figure, type Filled, measure } from './scale/calls.ts';
import { printScale } from './scale/table.ts';
import { runtime } from './scale/world.ts';

const STORES = ['memory', ...ENGINES] as const;
type StoreName = (typeof STORES)[number];
const BY_DEFAULT: readonly StoreName[] = ['memory', 'sqlite'];

async function onStore<T>(name: StoreName, work: (store: Store) => Promise<T>): Promise<T> {
  if (name === 'memory') return work(createMemoryStore());
  return onEngine(name, async (environment) => {
    const store = await openStore(readConfig(environment, 'sqlite'), runtime, 'scale');
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  });
}

type Measured = [size: number, figures: Map<string, Figure>];

async function measureAxis(name: StoreName, axis: Axis, sizes: readonly number[]): Promise<Measured[]> {
  if (axis.isAnew) {
    const found: Measured[] = [];
    for (const size of sizes) {
      found.push(await onStore(name, async (store) => [size, await measure(await axis.grow(store, 0, size, null))]));
    }
    return found;
  }
  return onStore(name, async (store) => {
    const found: Measured[] = [];
    let filled: Filled | null = null;
    for (const [index, size] of sizes.entries()) {
      filled = await axis.grow(store, sizes[index - 1] ?? 0, size, filled);
      found.push([size, await measure(filled)]);
    }
    await axis.end?.();
    return found;
  });
}

function valueOf(options: readonly string[], name: string): string | null {
  const at = options.indexOf(name);
  return at === -1 ? null : (options[at + 1] ?? '');
}

export async function benchScale(options: readonly string[] = []): Promise<void> {
  const [only, engine] = [valueOf(options, '--only'), valueOf(options, '--store')];
  const stores = engine === null ? BY_DEFAULT : STORES.filter((name) => name === engine);
  if (stores.length === 0) throw new Error(`no store ${engine}; there are ${STORES.join(', ')}`);
  // Whatever is compiled while it runs is compiled before the smallest size is measured.
  for (let round = 0; round < 3; round += 1) {
    for (const axis of axes().slice(0, 1)) await measureAxis('memory', axis, [1_000]);
  }
  for (const name of stores) {
    for (const axis of axes()) {
      if (only !== null && axis.of !== only) continue;
      const sizes = [...axis.sizes, ...(options.includes('--full') ? (axis.full ?? []) : [])];
      const began = performance.now();
      const found = await measureAxis(name, axis, sizes);
      printScale(`${axis.of} on ${name} (${((performance.now() - began) / 1_000).toFixed(0)} s)`, axis.of, found);
    }
  }
}
