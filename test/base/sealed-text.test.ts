import { expect, test } from 'vitest';
import * as z from 'zod';
import { createSealer } from '../../src/base/seal.ts';
import { sealedText } from '../../src/base/sealed-text.ts';

const sealer = createSealer({ current: 'a secret of the operator, long enough', previous: null }, 'test');
const terms = { bound: 'ada', expiresAt: 2_000 };
const handle = sealedText('handle', () => z.tuple([z.string(), z.number()]));

test('opens what was sealed, for whom it was sealed, until it expires', async () => {
  const text = await handle.seal(sealer, ['a', 1], terms);
  expect(await handle.open(sealer, text, 'ada', 1_000)).toEqual({ ok: true, value: ['a', 1], expiresAt: 2_000 });
  expect(await handle.open(sealer, text, 'bob', 1_000)).toEqual({ ok: false, reason: 'foreign' });
  expect(await handle.open(sealer, text, 'ada', 2_000)).toEqual({ ok: false, reason: 'expired' });
});

test('loses no member in silence: one that its schema leaves out is a defect', async () => {
  const names = sealedText('names', () => z.record(z.string(), z.string()));
  const value = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;
  await expect((async () => names.seal(sealer, value, terms))()).rejects.toMatchObject({ code: 'internal' });
  const any = sealedText('any', () => z.custom<Record<string, string>>());
  const opened = await any.open(sealer, await any.seal(sealer, value, terms), 'ada', 1_000);
  expect(opened.ok && Object.entries(opened.value)).toEqual(Object.entries(value));
});

test('reads the text of the release before, and refuses that of the next', async () => {
  const next = sealedText('handle', () => z.object({ id: z.string() }), {
    version: 2,
    upgrade: { 1: (value) => ({ id: String((value as unknown[])[0]) }) },
  });
  const old = await handle.seal(sealer, ['a', 1], terms);
  expect(await next.open(sealer, old, 'ada', 1_000)).toMatchObject({ ok: true, value: { id: 'a' } });
  const fresh = await next.seal(sealer, { id: 'a' }, terms);
  await expect(handle.open(sealer, fresh, 'ada', 1_000)).rejects.toMatchObject({ code: 'newer_version' });
});
