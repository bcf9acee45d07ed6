/** Keys are made, listed and revoked, alike on every engine. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newKey } from '../../../src/auth/keys/key-text.ts';
import { KEY_PARTITION } from '../../../src/auth/keys/key-record.ts';
import { listKeys, revokeKey } from '../../../src/auth/keys/manage.ts';
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { requireService } from '../../services/available.ts';
import { type RunningEngine, startEngine } from '../../services/engine.ts';
import { keyStage, START, withSecretOf } from './stage.ts';

const DAY = 86_400_000;

function suite(open: () => Promise<Store>) {
  let store: Store;
  beforeAll(async () => {
    store = await open();
  });
  afterAll(() => store.close());

  test('a key lives: made, used, listed, revoked, forgotten', async () => {
    const { create, clock, deps, instance } = keyStage(store);
    const first = await create({ expiresAt: START + 90 * DAY });
    const second = await create({ name: 'backup', tenant: 'public', scopes: ['*'] });
    expect(await instance().identify(first.text)).toMatchObject({ ok: true });
    expect(await instance().identify(withSecretOf(first.text, newKey().text))).toMatchObject({ ok: false });
    clock.time += 60_000;
    const third = await create();
    expect((await listKeys(deps)).map(({ id, state, lastUsedAt }) => ({ id, state, lastUsedAt }))).toEqual([
      { id: third.key.id, state: 'valid', lastUsedAt: null },
      { id: first.key.id, state: 'valid', lastUsedAt: START },
      { id: second.key.id, state: 'valid', lastUsedAt: null },
    ]);
    expect(await revokeKey(deps, first.key.id)).toMatchObject({ state: 'revoked', revokedAt: START + 60_000 });
    clock.time += 60_000;
    expect(await revokeKey(deps, first.key.id)).toMatchObject({ state: 'revoked', revokedAt: START + 60_000 });
    expect(await instance().identify(first.text)).toMatchObject({ ok: false });
    expect(await instance().identify(third.text)).toMatchObject({ ok: true });
    await revokeKey(deps, third.key.id);
    clock.time += 31 * DAY;
    expect((await listKeys(deps)).map(({ id }) => id)).toEqual([second.key.id]);
    expect(await instance().identify(first.text)).toMatchObject({ reason: 'there is no such key' });
    await revokeKey(deps, second.key.id);
  });

  test('one that is used while it is revoked is revoked', async () => {
    const { create, deps, instance } = keyStage(store);
    for (let time = 0; time < 5; time += 1) {
      const { text, key } = await create();
      await Promise.all([...Array.from({ length: 4 }, () => instance().identify(text)), revokeKey(deps, key.id)]);
      expect(await instance().identify(text)).toMatchObject({ ok: false });
    }
  });
}

describe('memory', () => suite(() => Promise.resolve(createMemoryStore())));

for (const engine of ['sqlite', 'redis', 'dynamodb'] as const) {
  describe.skipIf(engine !== 'sqlite' && !requireService(engine))(`${engine} (needs its engine)`, () => {
    let running: RunningEngine;
    afterAll(() => running.stop());
    suite(async () => {
      running = await startEngine(engine);
      return openStore(
        readConfig(running.environment, 'sqlite'),
        systemRuntime(() => {}),
        'keys',
      );
    });
  });
}

test('what is wrong with a new key is named, and nothing is stored', async () => {
  const { create, deps } = keyStage();
  const cases = [
    [{ name: '' }, 'name'],
    [{ name: 'a/b' }, 'name'],
    [{ name: 'a'.repeat(65) }, 'name'],
    [{ name: 'a\n' }, 'name'],
    [{ name: 'public', tenant: 'public' }, 'name'],
    [{ tenant: '' }, 'tenant'],
    [{ tenant: ' acme' }, 'tenant'],
    [{ tenant: 'ac\nme' }, 'tenant'],
    [{ tenant: 'a'.repeat(257) }, 'tenant'],
    [{ scopes: [] }, 'scope'],
    [{ scopes: ['a b'] }, 'scope'],
    [{ scopes: ['"'] }, 'scope'],
    [{ scopes: Array.from({ length: 65 }, (_, at) => `s${at}`) }, 'scope'],
    [{ expiresAt: START }, 'expires'],
    [{ expiresAt: Number.NaN }, 'expires'],
  ] as const;
  for (const [given, field] of cases) {
    await expect(create(given), JSON.stringify(given)).rejects.toMatchObject({ code: 'invalid_input', field });
  }
  expect(await listKeys(deps)).toEqual([]);
});

test('a key that there is not cannot be revoked', async () => {
  const { deps } = keyStage();
  await expect(revokeKey(deps, '0'.repeat(16))).rejects.toMatchObject({ code: 'not_found', field: 'ID' });
});

test('thousands of keys are listed', async () => {
  const { create, deps } = keyStage();
  for (let at = 0; at < 1_200; at += 1) await create({ name: `n${at}` });
  expect(await listKeys(deps)).toHaveLength(1_200);
  expect((await deps.store.list(KEY_PARTITION, { now: START, limit: 10 })).next).not.toBeNull();
});

test.each(['Zürich GmbH', '../x', 'auth0|123', 'a'.repeat(256)])(
  'a key may be for the tenant %s, as data may name it',
  async (tenant) => {
    const { create, deps } = keyStage();
    await create({ tenant });
    expect(await listKeys(deps)).toMatchObject([{ tenant }]);
  },
);
