/** Operators see and revoke keys of their own tenant, and one of the app's those of every tenant. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { createKey, keysOf, listKeys } from '../../src/auth/keys/manage.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { defineApp, stream, trigger } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { operated } from './stage.ts';

const readings = stream({ description: 'Readings', schema: z.object({ n: z.number() }) });
const app = defineApp({
  name: 'operated',
  version: '1',
  description: 'For operators',
  streams: { readings },
  triggers: { high: trigger({ description: 'High', on: readings, when: { kind: 'threshold', field: 'n', above: 1 } }) },
});

async function keyed() {
  const store = createMemoryStore();
  const deps = { store, runtime: systemRuntime(() => {}) };
  const made = async (name: string, tenant: string) => {
    const { key, text } = await createKey(deps, { name, tenant, scopes: ['streams:read'], expiresAt: null });
    return { id: key.id, text };
  };
  const [ours, theirs] = [await made('ada', 'acme'), await made('eve', 'evil')];
  const states = async () => Object.fromEntries((await listKeys(deps)).map(({ id, state }) => [id, state]));
  return { ...operated(app, store), ours, theirs, states };
}

test('keys are listed by tenant, and never the key itself', async () => {
  const { call, ours, theirs } = await keyed();
  const namesFor = async (as: string) => {
    const { structured, text } = await call('admin_keys_list', {}, as);
    for (const key of [ours, theirs]) expect(text + JSON.stringify(structured)).not.toContain(key.text.slice(-20));
    return (structured['keys'] as { name: string }[]).map(({ name }) => name);
  };
  expect(await namesFor('acme/ops admin:read')).toEqual(['ada']);
  expect(await namesFor('public/ops admin')).toEqual(['ada', 'eve']);
});

test("another tenant's key is as unknown as one that is not there, and one's own is revoked", async () => {
  const { call, ours, theirs, states } = await keyed();
  const as = 'acme/ops admin';
  const foreign = await call('admin_keys_revoke', { key: theirs.id }, as);
  const nobody = await call('admin_keys_revoke', { key: 'a'.repeat(theirs.id.length) }, as);
  expect(foreign.isError).toBe(true);
  expect(foreign.text.replace(theirs.id, '')).toBe(nobody.text.replace('a'.repeat(theirs.id.length), ''));
  expect(await call('admin_keys_revoke', { key: ours.id }, as)).toMatchObject({ isError: false });
  expect(await states()).toEqual({ [ours.id]: 'revoked', [theirs.id]: 'valid' });
});

test.each([
  ['with a space', 'Acme Inc', 'Acme%20Inc'],
  ['with a slash', 'a/b', 'a%2Fb'],
])('a tenant %s has its own keys, and not those of one that is called like its safe name', async (_, named, safe) => {
  const deps = { store: createMemoryStore(), runtime: systemRuntime(() => {}) };
  const make = (name: string, tenant: string) =>
    createKey(deps, { name, tenant, scopes: ['streams:read'], expiresAt: null });
  await make('own', named);
  await make('other', safe);
  expect((await keysOf(await listKeys(deps), safe)).map(({ name }) => name)).toEqual(['own']);
});

test('triggers are listed with how often they fired', async () => {
  const { call } = await keyed();
  const { structured } = await call('admin_triggers_list', {}, 'acme/ops admin:read');
  expect(structured['triggers']).toMatchObject([{ trigger: 'high', streams: ['readings'], fired: 0, judgedAt: null }]);
});
