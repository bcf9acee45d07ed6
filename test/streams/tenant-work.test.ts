/** Work of tenants comes due, is put off by who did it, and is not lost where more of it is made meanwhile. On every engine. */
import { expect, test } from 'vitest';
import { TidegateError } from '../../src/base/errors.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { defineApp } from '../../src/index.ts';
import { countCalls } from '../../src/store/counting.ts';
import { FAILED_AGAIN_MS, PASS_OVER_MS } from '../../src/store/due.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { DUE_PLACES, duePlaces, noteWork, workOnPlace } from '../../src/streams/tenant-work.ts';
import { testEachStore } from '../services/each-store.ts';

const MINUTE = 60_000;
const app = defineApp({ name: 'work', version: '1.0.0', description: 'Nothing but tenants' });

function at(store: Store, noted?: Map<string, number>) {
  const clock = { now: Date.UTC(2026, 4, 1) };
  const counted = countCalls(store);
  const runtime = { ...systemRuntime(() => {}), now: () => clock.now };
  const deps = { app, store: counted.store, runtime, isOpen: false, ...(noted ? { noted } : {}) };
  const scope = (tenant: string) => scopeOfLogs(deps, { tenant });
  return {
    clock,
    deps,
    counted,
    note: (tenant: string, remembered = true) => noteWork(scope(tenant), ['sweep'], { withinMs: MINUTE, remembered }),
    due: async () => (await duePlaces(deps, 'sweep')).due,
    tenants: async () => (await duePlaces(deps, 'sweep')).due.map((place): string => place.scope.tenant).sort(),
  };
}

async function expectKept(store: Store): Promise<void> {
  const { clock, note, due, tenants } = at(store);
  for (const tenant of ['acme', 'glob%2Fex', 'public']) await note(tenant);
  expect(await tenants()).toEqual([]);
  clock.now += MINUTE;
  expect(await tenants()).toEqual(['acme', 'glob%2Fex', 'public']);
  const [first, second, third] = (await due()).toSorted((a, b) => (a.scope.tenant < b.scope.tenant ? -1 : 1));
  await first?.settle(clock.now + MINUTE);
  await second?.settle(null);
  // More work is made while it is done: it stays due.
  await note('public');
  await third?.settle(null);
  expect(await tenants()).toEqual([]);
  clock.now += MINUTE;
  expect(await tenants()).toEqual(['acme', 'public']);
  await note('glob%2Fex');
  clock.now += MINUTE;
  expect(await tenants()).toEqual(['acme', 'glob%2Fex', 'public']);
}

testEachStore('keeps what is due', expectKept);

test('a process that noted work asks the store again when that is due, and not before', async () => {
  const { clock, counted, note } = at(createMemoryStore(), new Map());
  await note('acme');
  expect(counted.calls()).toEqual({ getMany: 1, commit: 1 });
  for (let n = 0; n < 100; n += 1) await note('acme');
  clock.now += MINUTE / 2;
  await note('acme');
  expect(counted.total()).toBe(2);
  await note('globex');
  expect(counted.total()).toBe(4);
  clock.now += MINUTE;
  await note('acme');
  expect(counted.total()).toBe(6);
});

test('what is noted elsewhere is read, and not written again', async () => {
  const store = createMemoryStore();
  const [one, other] = [at(store), at(store)];
  await one.note('acme');
  await other.note('acme');
  expect(other.counted.calls()).toEqual({ getMany: 1 });
});

test('two that note the same at once both come through', async () => {
  const { note, tenants, clock } = at(createMemoryStore());
  await Promise.all(Array.from({ length: 10 }, () => note('acme', false)));
  clock.now += MINUTE;
  expect(await tenants()).toEqual(['acme']);
});

test('a call takes up so many tenants, says that there are more, and the next takes the others', async () => {
  const { deps, clock, note } = at(createMemoryStore());
  const many = DUE_PLACES + 20;
  for (let n = 0; n < many; n += 1) await note(`t${n}`);
  clock.now += MINUTE;
  const seen = new Set<string>();
  const first = await duePlaces(deps, 'sweep');
  expect(first).toMatchObject({ more: true });
  for (const { scope, settle } of first.due) {
    seen.add(scope.tenant);
    await settle(null);
  }
  const second = await duePlaces(deps, 'sweep');
  expect(second).toMatchObject({ more: false });
  for (const { scope } of second.due) seen.add(scope.tenant);
  expect(seen.size).toBe(many);
});

test('a host that lists its tenants has them all, and notes nothing; an open server has its one tenant', async () => {
  const { deps, counted } = at(createMemoryStore());
  const listing = { ...deps, tenants: () => ['acme', 'a/b'] };
  const found = await duePlaces(listing, 'sweep');
  expect(found.due.map(({ scope }) => scope.tenant)).toEqual(['acme', 'a%2Fb']);
  await noteWork(scopeOfLogs(listing, { tenant: 'acme' }), ['sweep'], { withinMs: 1 });
  expect(counted.total()).toBe(0);
  const { due } = await duePlaces({ ...deps, isOpen: true }, 'sweep');
  expect(due.map(({ scope }) => scope.tenant)).toEqual(['public']);
});

test('work of a tenant that fails is put off, and is due again after a pause', async () => {
  const { clock, deps, note, due, tenants } = at(createMemoryStore());
  await note('acme');
  clock.now += MINUTE;
  const failing = async (code: 'newer_version' | 'rate_limited') => {
    const [place] = await due();
    if (!place) throw new Error('nothing is due');
    await expect(workOnPlace(deps, place, () => Promise.reject(new TidegateError(code, 'no')))).rejects.toMatchObject({
      code,
    });
    expect(await tenants()).toEqual([]);
  };
  await failing('rate_limited');
  clock.now += FAILED_AGAIN_MS;
  await failing('newer_version');
  clock.now += PASS_OVER_MS - 1;
  expect(await tenants()).toEqual([]);
  clock.now += 1;
  const [place] = await due();
  if (place) await workOnPlace(deps, place, async () => null);
  expect(await tenants()).toEqual([]);
});

test('a store that takes no pause tells what the work failed of', async () => {
  const { deps } = at(createMemoryStore());
  const full = new TidegateError('store_full', 'full');
  const error = new TidegateError('rate_limited', 'no');
  await expect(
    workOnPlace(deps, { settle: () => Promise.reject(full) }, () => Promise.reject(error)),
  ).rejects.toMatchObject({ code: 'rate_limited' });
});
