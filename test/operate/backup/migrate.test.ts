/** Records of earlier releases, counted and rewritten. */
import { expect, test } from 'vitest';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { migrateRecords } from '../../../src/operate/backup/migrate.ts';
import type { Store } from '../../../src/store/store.ts';
import { AT, dump, HOOK, newWorld, opened, run, SECRET } from './scene.ts';

/** A store whose subscription an earlier release wrote. */
async function former(): Promise<{ store: Store; wanted: unknown }> {
  const store = createMemoryStore();
  const app = opened(newWorld(), store);
  await app.request('events/subscribe', {
    name: 'stream.readings',
    arguments: {},
    delivery: { mode: 'webhook', url: HOOK, secret: SECRET },
    cursor: null,
  });
  await app.close();
  const wanted = await dump(store);
  const { records } = await store.list('acme/subscription', { now: AT, limit: 1 });
  const [record] = records;
  if (record === undefined) throw new Error('nothing is subscribed');
  const { partition, id, version, expiresAt, due } = record;
  const { value } = record.value as { value: Record<string, null> };
  const put = { kind: 'put', partition, id, expects: version, expiresAt, due } as const;
  await store.commit([{ ...put, value: { ...value, previous: null } }], { id: 'former', now: AT, deadline: AT + 1 });
  return { store, wanted };
}

test('what an earlier release wrote is counted, then rewritten once, and nothing else is', async () => {
  const { store, wanted } = await former();
  const old = await dump(store);
  expect(old).not.toEqual(wanted);
  const row = { kind: 'subscription', version: 1, records: 1, becomes: 2 };
  const counted = await run(migrateRecords, store, { dryRun: true });
  expect(counted).toMatchObject({ upgraded: 0, changed: 0 });
  expect(counted['kinds']).toContainEqual(row);
  expect(await dump(store)).toEqual(old);
  expect(await run(migrateRecords, store)).toMatchObject({ upgraded: 1, changed: 0 });
  expect(await dump(store)).toEqual(wanted);
  const again = await run(migrateRecords, store);
  expect(again['kinds']).toContainEqual({ ...row, version: 2, becomes: null });
  expect(migrateRecords.lines(again, AT, 100).at(-1)).toMatch(/^Nothing is needed/);
});

test('what a newer release wrote stays as it is', async () => {
  const { store } = await former();
  const put = {
    kind: 'put',
    partition: 'acme/waiters/readings',
    id: 't w',
    expects: null,
    value: { $v: 9, value: 1 },
  } as const;
  await store.commit([put], { id: 'newer', now: AT, deadline: AT + 1 });
  const { kinds } = await run(migrateRecords, store);
  expect(kinds).toContainEqual({ kind: 'waiters', version: 9, records: 1, becomes: null });
  expect((await store.get({ partition: put.partition, id: put.id }, AT)).value).toEqual(put.value);
});
