/** Work on triggers goes over tenants. What fails for one of them keeps no other from its turn, and is met again later. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { TidegateError } from '../../src/base/errors.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { defineApp, stream, trigger } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { PASS_OVER_MS } from '../../src/store/due.ts';
import type { LogTenant } from '../../src/streams/scope.ts';
import { noteWrites } from '../../src/streams/tenant-work.ts';
import { alarmKey, SHELVED_QUEUE } from '../../src/triggers/alarms/records.ts';
import { createAlarmWork } from '../../src/triggers/alarms/work.ts';
import { createTriggerWork } from '../../src/triggers/run.ts';

const MINUTE = 60_000;
const rooms = stream({ description: 'Rooms', schema: z.object({ celsius: z.number() }), tenants: 'each' });
const hot = trigger({
  description: 'Hot',
  on: rooms,
  when: { kind: 'threshold', field: 'celsius', above: 30 },
  alarm: {},
});
const app = defineApp({ name: 'rooms', version: '1', description: 'Rooms', streams: { rooms }, triggers: { hot } });
const TENANTS = Array.from({ length: 30 }, (_, n) => `tenant-${n}` as LogTenant);

function stage() {
  const clock = { now: Date.UTC(2026, 10, 30) };
  const store = createMemoryStore();
  const runtime = { ...systemRuntime(() => {}), now: () => clock.now, random: () => 0 };
  return { clock, store, deps: { app, store, runtime, isOpen: false } };
}

test('a tenant whose reactions cannot begin keeps no other tenant from its triggers', async () => {
  const { clock, deps } = stage();
  await noteWrites(deps, TENANTS);
  clock.now += MINUTE;
  const followed: string[] = [];
  let isFull = true;
  const work = createTriggerWork(deps, [
    async (tenant) => {
      followed.push(tenant);
      if (isFull && tenant === 'tenant-7') throw new TidegateError('rate_limited', 'there are too many tasks');
    },
  ]);
  const { error } = await work.run(clock.now + MINUTE, null);
  expect(error?.code).toBe('rate_limited');
  expect(followed.toSorted()).toEqual(TENANTS.toSorted());
  // It is not first in its queue again, and is not forgotten.
  await work.run(clock.now + MINUTE, null);
  expect(followed).toHaveLength(TENANTS.length);
  isFull = false;
  clock.now += MINUTE;
  await work.run(clock.now + MINUTE, null);
  expect(followed.slice(TENANTS.length)).toEqual(['tenant-7']);
  clock.now += PASS_OVER_MS;
  await work.run(clock.now + MINUTE, null);
  expect(followed).toHaveLength(TENANTS.length + 1);
});

test('an alarm of a newer release keeps no shelf of others from its end', async () => {
  const { clock, store, deps } = stage();
  const read = new Set<string>();
  for (const [n, tenant] of TENANTS.entries()) {
    const due = { queue: SHELVED_QUEUE, at: clock.now - 1_000 + n };
    const put = {
      kind: 'put',
      ...alarmKey(tenant, 'hot', 'a'),
      value: { $v: 9, value: 1 },
      expects: null,
      due,
    } as const;
    await store.commit([put], { id: tenant, now: clock.now, deadline: clock.now + MINUTE });
  }
  const seen = {
    ...store,
    get: (...[key, now]: Parameters<typeof store.get>) => (read.add(key.partition), store.get(key, now)),
  };
  const work = createAlarmWork({ ...deps, store: seen });
  const { error } = await work.run(clock.now + MINUTE, null);
  expect(error?.code).toBe('newer_version');
  expect(read.size).toBe(TENANTS.length);
  const due = () => store.due(SHELVED_QUEUE, { now: clock.now, limit: 100, from: 0 });
  expect(await due()).toEqual([]);
  clock.now += PASS_OVER_MS;
  expect(await due()).toHaveLength(TENANTS.length);
});
