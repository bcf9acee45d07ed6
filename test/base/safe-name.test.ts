/** Names of tenants and subjects as parts of keys: readable ones stay, all others are escaped, none becomes another's. */
import { describe, expect, test } from 'vitest';
import { isOwner, PUBLIC, safePrincipal, tenantsOf } from '../../src/base/principal.ts';
import { isSafeName, SAFE_NAME_CHARACTERS, safeName } from '../../src/base/safe-name.ts';
import { fc } from '../properties.ts';

describe('a safe name', () => {
  test.each([
    ['public', 'public'],
    ['user@example.com', 'user@example.com'],
    ['auth0|123', 'auth0|123'],
    ['system:serviceaccount:a:b', 'system:serviceaccount:a:b'],
    ['a/b', 'a%2Fb'],
    ['a%2Fb', 'a%252Fb'],
    ['a b', 'a%20b'],
    ['a\u0000b', 'a%00b'],
    ['Ünal', '%C3%9Cnal'],
    ['U\u0308nal', 'U%CC%88nal'],
    ['\ud800', '%uD800'],
    ['\ud83d\ude00', '%F0%9F%98%80'],
    ['\ude00\ud83d', '%uDE00%uD83D'],
    ['..', '..'],
    ['a'.repeat(80), 'a'.repeat(80)],
  ])('of %j is %j', async (name, safe) => {
    expect(await safeName(name)).toBe(safe);
    expect(isSafeName(safe)).toBe(true);
  });

  test.each(['', undefined, null, 7, {}])('is refused of %j', async (name) => {
    await expect(safeName(name as string, 'subject')).rejects.toMatchObject({
      code: 'invalid_input',
      field: 'subject',
    });
  });

  test('of a long name begins with it and ends in a hash, also where only its end differs', async () => {
    const url = `https://clients.example/${'x'.repeat(100)}`;
    const [one = '', other = ''] = await Promise.all([`${url}1`, `${url}2`].map((name) => safeName(name)));
    expect(one).toMatch(/^https:%2F%2Fclients\.example%2F.{0,4}%~[\w-]{43}$/);
    expect(one).not.toBe(other);
    expect(await safeName('é'.repeat(10_000))).toMatch(/^(?:%C3%A9){5}%~[\w-]{43}$/);
    // Nobody can be named as a long name is kept.
    expect(await safeName(one)).not.toBe(one);
  });

  test('is never that of another name', async () => {
    await fc.assert(
      fc.asyncProperty(anyName, anyName, async (one, other) => {
        const [a, b] = await Promise.all([safeName(one), safeName(other)]);
        expect(isSafeName(a)).toBe(true);
        expect(a.length).toBeLessThanOrEqual(SAFE_NAME_CHARACTERS);
        expect(a === b).toBe(one === other);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each(['', 'a/b', 'a b', 'a%2fb', 'a%b', 'ä', 'a'.repeat(81), 'a%~short', '%u12'])(
    '%j has not its form',
    (text) => {
      expect(isSafeName(text)).toBe(false);
    },
  );
});

/** Texts of few characters, so that two of them often meet, and texts of all characters. */
const anyName = fc.oneof(
  fc.string({
    minLength: 1,
    maxLength: 4,
    unit: fc.constantFrom('a', '/', '%', '2', 'F', 'u', 'D', '8', '\ud800', '~'),
  }),
  fc.string({ minLength: 1, maxLength: 300, unit: 'binary' }),
);

test('a principal keeps all but its names, and the tenants of a schedule are named alike', async () => {
  expect(await safePrincipal({ ...PUBLIC, tenant: 'a/b', subject: 'é' })).toEqual({
    ...PUBLIC,
    tenant: 'a%2Fb',
    subject: '%C3%A9',
  });
  expect(await safePrincipal(PUBLIC)).toEqual(PUBLIC);
  expect(await tenantsOf({ tenants: () => ['a/b', 'c'] })).toEqual(['a%2Fb', 'c']);
  expect(await tenantsOf({}, 'a/b')).toEqual(['a%2Fb']);
  expect(await tenantsOf({})).toEqual(['public']);
});

test('an owner is a tenant and a subject', () => {
  const ada = { tenant: 'acme', subject: 'ada' };
  expect(isOwner(ada, { ...PUBLIC, ...ada })).toBe(true);
  expect(isOwner(ada, { ...ada, tenant: 'globex' })).toBe(false);
  expect(isOwner(ada, { ...ada, subject: 'eve' })).toBe(false);
});
