/** What is a tenant's own: taken out as a file, and removed, with nothing of another tenant changed. */
import { expect, test } from 'vitest';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createSqliteStore } from '../../../src/store/sqlite/store.ts';
import { safePrincipal } from '../../../src/base/principal.ts';
import { latestKey } from '../../../src/streams/log/latest.ts';
import { transferOf } from '../../../src/store/driver.ts';
import type { Store } from '../../../src/store/store.ts';
import { tenantsDelete, tenantsExport, tenantsList } from '../../../src/operate/backup/tenants.ts';
import { ADA, AT, dump, EVE, HOOK, newWorld, opened, reading, restored, run, SECRET, textOf } from './scene.ts';

async function filled(store: Store): Promise<void> {
  const world = newWorld();
  for (const [index, principal] of [ADA, EVE].entries()) {
    const app = opened(world, store, AT, principal);
    await app.request('events/subscribe', {
      name: 'stream.readings',
      arguments: {},
      delivery: { mode: 'webhook', url: `${HOOK}/${index}`, secret: SECRET },
      cursor: null,
    });
    for (const task of ['sleeps', 'waits', 'asks']) await app.begin(task);
    await app.streams.append('own', { text: principal.subject });
    await app.streams.append('readings', reading(`r${index}`, 's1', 20));
    await app.scheduled();
    await app.close();
  }
}

const isOf = (tenant: string) => (name: string) => name.startsWith(`${tenant}/`) || name.includes(` ${tenant}/`);

test.each(['memory', 'sqlite'])('a tenant is removed from %s, and nothing of another one changes', async (engine) => {
  const store = engine === 'memory' ? createMemoryStore() : createSqliteStore({ path: ':memory:' });
  await filled(store);
  const before = await dump(store);
  expect(Object.keys(before.records).filter(isOf('acme')).length).toBeGreaterThan(10);
  const rows = (await run(tenantsList, store))['tenants'] as { tenant: string }[];
  expect(rows.map(({ tenant }) => tenant)).toEqual(['acme', 'evil', 'public']);
  const exported = await textOf(store, newWorld(), 'acme');
  const gone = await run(tenantsDelete, store, { name: 'acme' });
  expect(gone).toMatchObject({ tenant: 'acme', stays: ['readings', 'bids'] });
  const after = await dump(store);
  const others = (names: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(names).filter(([name]) => !isOf('acme')(name)));
  expect([after.records, after.logs]).toEqual([others(before.records), others(before.logs)]);
  // What is not there may be a name that was mistyped.
  const again = await run(tenantsDelete, store, { name: 'acme' });
  expect(again).toMatchObject({ records: 0, logs: 0 });
  expect([gone, again].map((answer) => tenantsDelete.failed?.(answer))).toEqual([null, 'not_found']);
  await expect(run(tenantsExport, store, { name: 'acme', file: 'f' })).rejects.toMatchObject({ code: 'not_found' });

  // What was taken out is what was removed, and stands again where it is restored.
  const own = createMemoryStore();
  await restored(own, exported, { hold: false });
  const mine = await dump(own);
  const taken = (names: Record<string, unknown>) => Object.keys(names).filter(isOf('acme'));
  expect([Object.keys(mine.records).filter((name) => !name.includes('/reactions ')), Object.keys(mine.logs)]).toEqual([
    taken(before.records),
    taken(before.logs),
  ]);
});

test('a removal that is stopped says what is gone, and the same call again removes the rest', async () => {
  const store = createMemoryStore();
  await filled(store);
  const before = await dump(store);
  const stop = new AbortController();
  const stopping = run(tenantsDelete, store, { name: 'acme' }, AT, {
    signal: stop.signal,
    progress: (done) => void (done > 0 && stop.abort()),
  });
  await expect(stopping).rejects.toMatchObject({
    code: 'cancelled',
    message: expect.stringMatching(/^stopped: [1-9]\d* records and \d+ logs are removed/),
    hint: 'the same call again removes what is left',
  });
  const half = await dump(store);
  expect(Object.keys(half.logs)).toEqual(Object.keys(before.logs));
  await run(tenantsDelete, store, { name: 'acme' });
  const after = await dump(store);
  expect([...Object.keys(after.records), ...Object.keys(after.logs)].filter(isOf('acme'))).toEqual([]);
});

test('the tenant of the app itself is none of them', async () => {
  const store = createMemoryStore();
  await filled(store);
  const before = await dump(store);
  await expect(run(tenantsDelete, store, { name: 'public' })).rejects.toMatchObject({ code: 'invalid_input' });
  expect(await dump(store)).toEqual(before);
});

test('a store whose driver cannot be read as a whole is told so', async () => {
  const { transfer: _, ...store } = createMemoryStore();
  await expect(transferOf(store)).rejects.toMatchObject({ code: 'not_supported' });
  const bundled: Store = { ...store, transfer: () => Promise.reject(new Error('no such module')) };
  await expect(transferOf(bundled)).rejects.toMatchObject({ code: 'not_supported' });
});

test('a file of one tenant takes the place of what that tenant has, and of nothing else', async () => {
  const store = createMemoryStore();
  await filled(store);
  const before = await dump(store);
  const exported = await textOf(store, newWorld(), 'acme');
  await expect(restored(store, exported)).rejects.toMatchObject({ code: 'invalid_input', field: '--replace' });
  await restored(store, exported, { replace: true, hold: false });
  const after = await dump(store);
  expect(Object.keys(after.records)).toEqual(Object.keys(before.records));
  expect(after.logs).toEqual(before.logs);
  await run(tenantsDelete, store, { name: 'acme' });
  await restored(store, exported, { hold: false });
  expect((await dump(store)).logs).toEqual(before.logs);
  expect((await restored(store, exported, { replace: true })).held).toBeGreaterThan(0);
  const held = await dump(store);
  expect(Object.keys(held.records).filter((name) => name.startsWith('public/reactions'))).toEqual([]);
});

test.each(['Zürich GmbH', '../x y', 'half \ud83d', `${'ü'.repeat(60)} long`])(
  'the name that the list shows of %j is taken by the removal',
  async (tenant) => {
    const store = createMemoryStore();
    const safe = await safePrincipal({ ...ADA, tenant });
    const key = latestKey(safe.tenant, 'own', null);
    await store.commit([{ kind: 'put', ...key, value: 1, expects: null }], {
      id: 'one',
      now: AT,
      deadline: AT + 1_000,
    });
    const rows = (await run(tenantsList, store))['tenants'] as { tenant: string }[];
    const shown = rows.map((row) => row.tenant).find((name) => name !== 'public') ?? '';
    if (tenant.length < 60) expect(shown).toBe(tenant);
    expect(await run(tenantsDelete, store, { name: shown })).toMatchObject({ records: 1 });
    expect((await run(tenantsList, store))['tenants']).not.toContainEqual(expect.objectContaining({ tenant: shown }));
  },
);
