/**
 * Tenants of whose triggers something cannot be read, and alarms that cannot be read, are due before others of their shard, and are
 * more than one look finds. The others have their turn all the same.
 */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { TidegateError } from '../../src/base/errors.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { defineApp, stream, trigger } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { FAILED_AGAIN_MS } from '../../src/store/due.ts';
import { DUE_LIMIT } from '../../src/store/limits.ts';
import { shardOf } from '../../src/store/shard.ts';
import { isPresent, type Put, type RecordKey } from '../../src/store/store.ts';
import { publish } from '../../src/streams/log/publish.ts';
import { type LogTenant, scopeOfLogs } from '../../src/streams/scope.ts';
import { DUE_PLACES, noteWrites, tenantWorkKey, tenantWorkQueue } from '../../src/streams/tenant-work.ts';
import { alarmKey, alarmRecord, SHELVED_QUEUE } from '../../src/triggers/alarms/records.ts';
import type { AlarmStatus } from '../../src/triggers/alarms/state.ts';
import { createAlarmWork } from '../../src/triggers/alarms/work.ts';
import { triggerKey } from '../../src/triggers/names.ts';
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

function stage() {
  const clock = { now: Date.UTC(2026, 10, 30) };
  const store = createMemoryStore();
  const runtime = { ...systemRuntime(() => {}), now: () => clock.now, random: () => 0 };
  const within = () => ({ now: clock.now, deadline: clock.now + MINUTE });
  return { clock, store, within, deps: { app, store, runtime, isOpen: false } };
}

/** Tenants whose records stand in the first shard. */
function tenantsOfShard(count: number, keyOf: (tenant: string) => RecordKey): LogTenant[] {
  const tenants: LogTenant[] = [];
  for (let n = 0; tenants.length < count; n += 1) {
    if (shardOf(keyOf(`t${n}`)) === 0) tenants.push(`t${n}` as LogTenant);
  }
  return tenants;
}

test.each(['cannot be read', 'are refused by the store', 'are refused by the store, with what is due'])(
  'tenants whose triggers %s keep no other from its own',
  async (how) => {
    const { clock, store, within, deps } = stage();
    const tenants = tenantsOfShard(DUE_PLACES + 31, (tenant) => tenantWorkKey(tenant, 'triggers'));
    const good = tenants.pop()!;
    const bad = new Set<string>(tenants);
    for (const tenant of tenants) {
      await noteWrites(deps, [tenant]);
      if (how !== 'cannot be read') continue;
      const put: Put = { kind: 'put', ...triggerKey(tenant, 'hot'), value: 'this is none', expects: null };
      await store.commit([put], { id: tenant, ...within() });
    }
    clock.now += 1_000;
    await noteWrites(deps, [good]);
    await publish(
      scopeOfLogs(deps, { tenant: good }),
      app.streams.get('rooms')!,
      { data: { celsius: 20 } },
      within().deadline,
    );
    clock.now += MINUTE;

    const isRefused = ({ partition }: RecordKey) => {
      const [tenant = '', kind] = partition.split('/');
      return how.startsWith('are refused') && bad.has(tenant) && (kind !== 'tenant-work' || how.endsWith('due'));
    };
    const refuse = (keys: readonly object[]) => {
      if (keys.some((key) => 'partition' in key && isRefused(key as RecordKey)))
        throw new TidegateError('store_unavailable', 'this partition answers nothing');
    };
    const faulty: typeof store = {
      ...store,
      get: async (key, now) => (refuse([key]), store.get(key, now)),
      getMany: async (keys, now) => (refuse(keys), store.getMany(keys, now)),
      commit: async (operations, options) => (refuse(operations), store.commit(operations, options)),
    };
    const work = createTriggerWork({ ...deps, store: faulty });
    for (let calls = 0; calls < 3; calls += 1) {
      await work.run(clock.now + MINUTE, null);
      clock.now += 1_000;
    }
    expect(isPresent(await store.get(triggerKey(good, 'hot'), clock.now))).toBe(true);
    // They are kept, and tried again.
    const now = clock.now + FAILED_AGAIN_MS;
    const due = await store.due(tenantWorkQueue('triggers'), { now, limit: DUE_LIMIT, from: 0 });
    expect(due.filter(({ partition }) => bad.has(partition.split('/')[0] ?? ''))).toHaveLength(bad.size);
  },
);

test('alarms that cannot be read keep no shelf from its end', async () => {
  const { clock, store, within, deps } = stage();
  const tenants = tenantsOfShard(DUE_LIMIT + 2, (tenant) => alarmKey(tenant as LogTenant, 'hot', null));
  const good = tenants.pop()!;
  const shelved: AlarmStatus = {
    trigger: 'hot',
    key: null,
    holds: true,
    latched: false,
    acknowledged: false,
    shelvedUntil: clock.now,
    severity: 'major',
    title: 'Hot',
    value: 31,
    occurrence: 'o1',
    count: 1,
    raisedAt: clock.now - MINUTE,
    lastAt: clock.now - MINUTE,
    changedAt: clock.now - MINUTE,
    by: null,
    note: null,
  };
  for (const tenant of [...tenants, good]) {
    const at = tenant === good ? clock.now : clock.now - 1_000;
    const due = { queue: SHELVED_QUEUE, at };
    const put = alarmRecord.put(alarmKey(tenant, 'hot', null), shelved, { expects: null, due });
    await store.commit([tenant === good ? put : { ...put, value: 'this is none' }], { id: tenant, ...within() });
  }
  clock.now += 1_000;
  const work = createAlarmWork(deps);
  for (let calls = 0; calls < 2; calls += 1) await work.run(clock.now + MINUTE, null);
  const ended = alarmRecord.read(await store.get(alarmKey(good, 'hot', null), clock.now));
  expect(ended?.shelvedUntil).toBe(null);
  const due = await store.due(SHELVED_QUEUE, { now: clock.now + FAILED_AGAIN_MS, limit: DUE_LIMIT, from: 0 });
  expect(due).toHaveLength(DUE_LIMIT);
});
