/** Who brings a key, and who does not. */
import { describe, expect, test } from 'vitest';
import type { TidegateError } from '../../../src/base/errors.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { createKeyIdentifier, REVOKED_WITHIN_MS } from '../../../src/auth/keys/identifier.ts';
import { keyAt, keyRecord } from '../../../src/auth/keys/key-record.ts';
import { newKey, readKey } from '../../../src/auth/keys/key-text.ts';
import { revokeKey } from '../../../src/auth/keys/manage.ts';
import { checkFor, keyStage, START, withSecretOf } from './stage.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const refusal = (reason: string, told?: string) => ({
  ok: false,
  error: 'invalid_token',
  reason,
  ...(told === undefined ? {} : { told }),
});

describe('a key', () => {
  test('names its subject, tenant and scopes, and itself as the client', async () => {
    const { create, instance } = keyStage();
    const { text, key } = await create();
    expect(await instance().identify(text)).toEqual({
      ok: true,
      principal: { tenant: 'acme', subject: 'ci', client: `tg_${key.id}`, scopes: ['streams:read', 'tasks'] },
    });
  });

  test('that takes the place of another of its name is the same caller', async () => {
    const { create, instance } = keyStage();
    const [first, second] = [await create(), await create()];
    const identifier = instance();
    const found = [await identifier.identify(first.text), await identifier.identify(second.text)];
    expect(found).toMatchObject([{ principal: { subject: 'ci' } }, { principal: { subject: 'ci' } }]);
    expect(first.text).not.toBe(second.text);
  });

  test('of which only a salted hash is stored', async () => {
    const { create, deps } = keyStage();
    const { text, key } = await create();
    const { secret } = readKey(text) ?? { secret: '' };
    const stored = JSON.stringify(await deps.store.list('public/key', { now: START, limit: 10 }));
    expect(stored).toContain(key.id);
    expect(stored).not.toContain(secret);
    expect(stored).not.toContain(text.slice(-6));
    const again = await create();
    const hashes = await Promise.all([key, again.key].map(async ({ id }) => deps.store.get(keyAt(id), START)));
    expect(new Set(hashes.map((reading) => keyRecord.read(reading)?.salt)).size).toBe(2);
  });

  test.each([
    ['that has expired', { expiresAt: START + HOUR }, HOUR, 'a key of ci is expired'],
    ['that expires in a moment', { expiresAt: START + HOUR }, HOUR - 1, null],
  ])('%s', async (_, given, laterMs, reason) => {
    const { create, instance, clock } = keyStage();
    const { text } = await create(given);
    const warm = instance();
    expect(await warm.identify(text)).toMatchObject({ ok: true });
    clock.time = START + HOUR - 20;
    expect(await warm.identify(text)).toMatchObject({ ok: true });
    clock.time = START + laterMs;
    for (const identifier of [warm, instance()]) {
      expect(await identifier.identify(text)).toEqual(
        reason === null ? expect.objectContaining({ ok: true }) : refusal(reason, 'it is expired'),
      );
    }
  });

  test('that was revoked is refused after half a minute at most, and at once by who did not know it', async () => {
    const { create, instance, clock, deps } = keyStage();
    const { text, key } = await create();
    const warm = instance();
    expect(await warm.identify(text)).toMatchObject({ ok: true });
    clock.time += 1_000;
    await revokeKey(deps, key.id);
    expect(await instance().identify(text)).toEqual(refusal('a key of ci is revoked', 'it is revoked'));
    // It is asked for all the time, which does not keep it known.
    for (let ms = 0; ms < REVOKED_WITHIN_MS; ms += 500) {
      clock.time += 500;
      await warm.identify(text);
    }
    expect(await warm.identify(text)).toEqual(refusal('a key of ci is revoked', 'it is revoked'));
  });

  test.each([
    ['an hour ahead', HOUR],
    ['a year ahead', 365 * DAY],
    ['an hour back', -HOUR],
    ['half a minute back', -30_000],
    ['eleven seconds back', -11_000],
  ])('that was revoked is refused when the clock leaps %s', async (_, leapMs) => {
    const { create, instance, clock, deps } = keyStage();
    const { text, key } = await create();
    const warm = instance();
    await warm.identify(text);
    clock.time += 19_000;
    await revokeKey(deps, key.id);
    expect(await warm.identify(text)).toMatchObject({ ok: true });
    clock.time += leapMs;
    expect(await warm.identify(text)).toMatchObject({ ok: false });
  });

  test('that was revoked is not brought back by a read that began before and ends later', async () => {
    const { create, instance, clock, deps } = keyStage();
    const { text, key } = await create();
    const get = deps.store.get.bind(deps.store);
    const held = Promise.withResolvers<void>();
    // The first read is answered before the revocation, and its answer comes late.
    deps.store.get = async (...given) => {
      const reading = await get(...given);
      await held.promise;
      return reading;
    };
    const warm = instance();
    const slow = warm.identify(text);
    await Promise.resolve();
    deps.store.get = get;
    clock.time += 1_000;
    await revokeKey(deps, key.id);
    expect(await warm.identify(text)).toMatchObject({ ok: false });
    held.resolve();
    await slow;
    clock.time += 1_000;
    expect(await warm.identify(text)).toEqual(refusal('a key of ci is revoked', 'it is revoked'));
  });

  test('that was revoked is refused in time by a clock that is set back by little', async () => {
    const { create, instance, clock, deps } = keyStage();
    const { text, key } = await create();
    const warm = instance();
    await warm.identify(text);
    await revokeKey(deps, key.id);
    let passedMs = 0;
    const pass = (ms: number, backMs = 0) => {
      passedMs += ms;
      clock.time += ms - backMs;
    };
    pass(15_000, 9_000);
    await warm.identify(text);
    pass(15_000);
    expect(passedMs).toBe(REVOKED_WITHIN_MS);
    expect(await warm.identify(text)).toMatchObject({ ok: false });
  });
});

test('ids that are invented are read in a ration, and keys that were good of late in any case', async () => {
  const { create, instance, clock, calls } = keyStage();
  const [good, later] = [await create(), await create()];
  const identifier = instance();
  expect(await identifier.identify(good.text)).toMatchObject({ ok: true });
  clock.time += 30_000;
  const before = calls.get;
  const codes = [];
  for (let at = 0; at < 2_000; at += 1) {
    const found = await Promise.resolve(identifier.identify(newKey().text)).catch((error: TidegateError) => error.code);
    codes.push(typeof found === 'string' ? found : 'refused');
  }
  expect(calls.get - before).toBe(500);
  expect(codes.filter((code) => code === 'overloaded')).toHaveLength(1_500);
  expect(await identifier.identify(good.text)).toMatchObject({ ok: true });
  await expect(identifier.identify(later.text)).rejects.toMatchObject({ code: 'overloaded' });
  clock.time += 1_000;
  expect(await identifier.identify(later.text)).toMatchObject({ ok: true });
});

test('a hash that the platform has at once is the one that it promises', async () => {
  const { create, deps } = keyStage();
  const { text } = await create();
  const { sha256 } = nodeRuntime(() => {});
  const atOnce = createKeyIdentifier(
    { ...deps, runtime: { ...deps.runtime, ...(sha256 && { sha256 }) } },
    { environmentKey: newKey().text },
  );
  expect(sha256).toBeDefined();
  expect(await atOnce.identify(text)).toMatchObject({ ok: true });
  expect(await atOnce.identify(withSecretOf(text, newKey().text))).toMatchObject({ ok: false });
});

describe('what is no key', () => {
  test('is refused, whatever of it is wrong, and capitals count', async () => {
    const { create, instance, calls } = keyStage();
    const { text } = await create();
    const other = await create({ name: 'other' });
    const identifier = instance();
    expect(await identifier.identify(withSecretOf(text, text))).toMatchObject({ ok: true });
    expect(await identifier.identify(withSecretOf(text, newKey().text))).toEqual(
      refusal('the secret of a key of ci is wrong'),
    );
    expect(await identifier.identify(withSecretOf(text, other.text))).toMatchObject({ ok: false });
    expect(await identifier.identify(newKey().text)).toEqual(refusal('there is no such key'));
    calls.get = 0;
    for (const wrong of ['tg_', 'tg_x', text.toLowerCase(), text.toUpperCase().replace('TG_', 'tg_'), `${text}x`]) {
      expect(await identifier.identify(wrong)).toEqual(
        refusal('what begins like a key is none', 'it is no whole key, or has a slip'),
      );
    }
    expect(calls.get).toBe(0);
    const swapped = text.replace(/^tg_(.)/, (_, first: string) => `tg_${first === 'a' ? 'A' : 'a'}`);
    expect(await identifier.identify(`${swapped.slice(0, -6)}${checkFor(swapped.slice(0, -6))}`)).toEqual(
      refusal('there is no such key'),
    );
  });

  test('is named in no reason', async () => {
    const { create, instance } = keyStage();
    const { text } = await create();
    const wrong = withSecretOf(text, newKey().text);
    const found = await instance().identify(wrong);
    expect(JSON.stringify(found)).not.toContain(readKey(wrong)?.secret);
    expect(JSON.stringify(found)).not.toContain(readKey(wrong)?.id);
  });
});

describe('the key of the environment', () => {
  const KEY = 'a-key-of-the-environment-0123456789';

  test('may do everything, and costs no call to the store', async () => {
    const { instance, calls } = keyStage();
    const identifier = instance(KEY);
    expect(identifier.takes(KEY)).toBe(true);
    expect(await identifier.identify(KEY)).toEqual({
      ok: true,
      principal: { tenant: 'public', subject: 'key', client: null, scopes: ['*'] },
    });
    expect(calls.get).toBe(0);
  });

  test('is taken as a whole, and nothing else is', async () => {
    const { instance } = keyStage();
    const identifier = instance(KEY);
    for (const wrong of [
      KEY.slice(1),
      KEY.slice(0, -1),
      `${KEY}0`,
      KEY.toUpperCase(),
      `${KEY}\u0000`,
      'ey.ey.ey',
      '',
    ]) {
      expect(identifier.takes(wrong)).toBe(false);
      expect(await identifier.identify(wrong)).toMatchObject({ ok: false });
    }
    expect(instance().takes(KEY)).toBe(false);
    expect(instance().takes('')).toBe(false);
  });

  test('may look like a key of the store', async () => {
    const { instance, calls } = keyStage();
    const { text } = newKey();
    expect(await instance(text).identify(text)).toMatchObject({ principal: { subject: 'key' } });
    expect(calls.get).toBe(0);
  });
});
