/** What it costs to find out who brings a key: reads of the store, and the note of its last use. */
import { describe, expect, test } from 'vitest';
import { TidegateError } from '../../../src/base/errors.ts';
import { isPresent } from '../../../src/store/store.ts';
import { REVOKED_WITHIN_MS } from '../../../src/auth/keys/identifier.ts';
import { keyAt } from '../../../src/auth/keys/key-record.ts';
import { newKey } from '../../../src/auth/keys/key-text.ts';
import { listKeys, revokeKey } from '../../../src/auth/keys/manage.ts';
import { keyStage, START, withSecretOf } from './stage.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const refusal = (reason: string, told?: string) => ({
  ok: false,
  error: 'invalid_token',
  reason,
  ...(told === undefined ? {} : { told }),
});

describe('calls to the store', () => {
  test('a key that is known costs none, and one each twenty seconds', async () => {
    const { create, instance, calls, clock } = keyStage();
    const { text } = await create();
    const identifier = instance();
    await identifier.identify(text);
    Object.assign(calls, { get: 0, commit: 0 });
    for (let second = 0; second < 60; second += 1) {
      clock.time += 1_000;
      await identifier.identify(text);
    }
    expect(calls).toEqual({ get: 3, commit: 0 });
  });

  test('10,000 times the same wrong key cost one, and so do 10,000 wrong secrets of one key', async () => {
    const { create, instance, calls } = keyStage();
    const { text } = await create();
    const identifier = instance();
    const wrong = newKey().text;
    for (let time = 0; time < 10_000; time += 1) await identifier.identify(wrong);
    expect(calls.get).toBe(1);
    for (let time = 0; time < 10_000; time += 1) {
      expect(await identifier.identify(withSecretOf(text, newKey().text))).toMatchObject({ ok: false });
    }
    expect(calls.get).toBe(2);
    expect(calls.commit).toBe(1);
  });

  test('10,000 other ids drive out no key that is known', async () => {
    const { create, instance, calls } = keyStage();
    const { text } = await create();
    const identifier = instance();
    await identifier.identify(text);
    for (let time = 0; time < 10_000; time += 1)
      await Promise.resolve(identifier.identify(newKey().text)).catch(() => null);
    expect(calls.get).toBe(501);
    expect(await identifier.identify(text)).toMatchObject({ ok: true });
    expect(calls.get).toBe(501);
  });

  test('a store that does not answer refuses who is not known, and lets nobody through when that is over', async () => {
    const { create, instance, broken, clock } = keyStage();
    const { text } = await create();
    const warm = instance();
    await warm.identify(text);
    broken.by = new TidegateError('store_unavailable', 'gone');
    await expect(instance().identify(text)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await warm.identify(text)).toMatchObject({ ok: true });
    clock.time += REVOKED_WITHIN_MS;
    await expect(warm.identify(text)).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  test('a key that a newer release wrote lets nobody through', async () => {
    const { create, instance, deps } = keyStage();
    const { text, key } = await create();
    const reading = await deps.store.get(keyAt(key.id), START);
    const put = { kind: 'put', ...keyAt(key.id), value: { $v: 2, value: {} }, expects: reading.version } as const;
    await deps.store.commit([put], { id: 'newer', now: START, deadline: START + 1_000 });
    await expect(instance().identify(text)).rejects.toMatchObject({ code: 'newer_version' });
  });
});

describe('the last use', () => {
  test('is written once an hour, whichever instance sees it, and changes nothing else', async () => {
    const { create, instance, calls, clock, deps } = keyStage();
    const { text, key } = await create({ expiresAt: START + 90 * DAY });
    const stored = await deps.store.get(keyAt(key.id), START);
    calls.commit = 0;
    const [one, two] = [instance(), instance()];
    for (let minute = 0; minute < 150; minute += 1) {
      await Promise.all([one.identify(text), two.identify(text)]);
      clock.time += 60_000;
    }
    // Both may try at the same time, and one of them writes.
    expect(calls.commit).toBeGreaterThanOrEqual(3);
    expect(calls.commit).toBeLessThanOrEqual(6);
    const [listed] = await listKeys(deps);
    expect(listed).toEqual({ ...key, lastUsedAt: START + 120 * 60_000 });
    const reading = await deps.store.get(keyAt(key.id), clock.time);
    expect(isPresent(reading) && isPresent(stored) && reading.expiresAt === stored.expiresAt).toBe(true);
  });

  test('does not bring back a key that is revoked meanwhile', async () => {
    const { create, instance, clock, deps } = keyStage();
    const { text, key } = await create();
    const warm = instance();
    await warm.identify(text);
    clock.time += 2 * HOUR;
    const [found] = await Promise.all([warm.identify(text), revokeKey(deps, key.id)]);
    expect(found).toBeDefined();
    expect(await listKeys(deps)).toMatchObject([{ state: 'revoked' }]);
    expect(await instance().identify(text)).toEqual(refusal('a key of ci is revoked', 'it is revoked'));
  });

  test('fails nobody whose key is right', async () => {
    const { create, instance, broken, lines, calls } = keyStage();
    const { text } = await create();
    broken.commits = new TidegateError('store_full', 'no room');
    const identifier = instance();
    expect(await identifier.identify(text)).toMatchObject({ ok: true });
    expect(await identifier.identify(text)).toMatchObject({ ok: true });
    expect(lines).toEqual(['warn the last use of a key is not written: no room']);
    expect(calls.commit).toBe(2);
  });
});
