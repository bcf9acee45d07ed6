/** What sealing promises, for every platform that has WebCrypto. */
import { describe, expect, test } from 'vitest';
import { createSealer, type Secrets } from '../../src/base/seal.ts';

const NOW = 1_800_000_000_000;
const secrets = (current: string, previous: string | null = null): Secrets => ({ current, previous });
const [A, B, C] = ['a', 'b', 'c'].map((letter) => letter.repeat(40)) as [string, string, string];
const terms = { bound: 'alice calls pay', expiresAt: NOW + 1_000 };
const VALUE = { answers: ['yes', 'café'], n: 1.5, none: null };
const FOREIGN = { ok: false, reason: 'foreign' };

export function sealerCases(): void {
  describe('what was sealed', () => {
    const sealer = createSealer(secrets(A), 'x');

    test('opens where it was sealed, and at another instance with the same secret', async () => {
      const text = await sealer.seal(VALUE, terms);
      const opened = { ok: true, value: VALUE, expiresAt: terms.expiresAt };
      expect(await sealer.open(text, terms.bound, NOW)).toEqual(opened);
      expect(await createSealer(secrets(A), 'x').open(text, terms.bound, NOW)).toEqual(opened);
    });

    test('cannot be read, and is another text each time, of characters that travel anywhere', async () => {
      const [one, two] = [await sealer.seal(VALUE, terms), await sealer.seal(VALUE, terms)];
      expect(one).not.toBe(two);
      expect(one).toMatch(/^1\.[\w-]{8}\.[\w-]+$/);
      const decoded = atob((one.split('.')[2] ?? '').replaceAll('-', '+').replaceAll('_', '/'));
      expect(decoded.length).toBeGreaterThan(50);
      for (const word of ['answers', 'yes', 'alice']) expect(decoded).not.toContain(word);
    });

    test('does not open when any of its characters was changed, or one is added or missing', async () => {
      const text = await sealer.seal({ a: 1 }, terms);
      const changed = Array.from(text, (character, at) => {
        const other = character === 'A' ? 'B' : 'A';
        return text.slice(0, at) + other + text.slice(at + 1);
      });
      for (const wrong of [...changed, `${text}A`, `${text}-TAMPERED`, text.slice(0, -1), `${text}.`, `${text}.A`]) {
        expect(await sealer.open(wrong, terms.bound, NOW), wrong).toEqual(FOREIGN);
      }
    });

    test('has no second text: bits that stand for nothing may not be set', async () => {
      // The last character of base64url has unused bits for two of three lengths.
      for (const value of ['a', 'ab', 'abc']) {
        const text = await sealer.seal(value, terms);
        const last = text.charCodeAt(text.length - 1);
        const wrong = text.slice(0, -1) + String.fromCharCode(last === 122 ? 121 : last + 1);
        expect(await sealer.open(wrong, terms.bound, NOW)).toEqual(FOREIGN);
      }
    });

    test.each(['', '.', '..', '1..', '1.AAAAAAAA.', '2.AAAAAAAA.AAAA', 'no', '1.é.é', '\u0000'])(
      'is not %j',
      async (text) => {
        expect(await sealer.open(text, terms.bound, NOW)).toEqual(FOREIGN);
      },
    );

    test('opens for what it is bound to, and for nothing else', async () => {
      const text = await sealer.seal(VALUE, terms);
      expect(await sealer.open(text, 'mallory calls pay', NOW)).toEqual(FOREIGN);
      expect(await createSealer(secrets(A), 'y').open(text, terms.bound, NOW)).toEqual(FOREIGN);
    });

    test('opens until it expires, and for ever where it does not', async () => {
      const text = await sealer.seal(VALUE, terms);
      expect(await sealer.open(text, terms.bound, NOW + 999)).toMatchObject({ ok: true });
      expect(await sealer.open(text, terms.bound, NOW + 1_000)).toEqual({ ok: false, reason: 'expired' });
      const lasting = await sealer.seal(VALUE, { ...terms, expiresAt: null });
      expect(await sealer.open(lasting, terms.bound, Number.MAX_SAFE_INTEGER)).toMatchObject({ ok: true });
    });

    test('opens while its secret is the current or the previous one, and not after', async () => {
      const text = await sealer.seal(VALUE, terms);
      const opens = async (given: Secrets | null) => (await createSealer(given, 'x').open(text, terms.bound, NOW)).ok;
      expect(await opens(secrets(B, A))).toBe(true);
      expect(await opens(secrets(C, B))).toBe(false);
      expect(await opens(null)).toBe(false);
    });
  });

  test('without a secret nothing is sealed, and the variable is named', async () => {
    const sealing = createSealer(null, 'x').seal(1, terms);
    await expect(sealing).rejects.toMatchObject({ code: 'invalid_config', field: 'TIDEGATE_SECRET' });
  });
}
