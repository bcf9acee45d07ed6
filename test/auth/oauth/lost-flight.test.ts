/** On Workers a request may end in the middle, and its exchange with the issuer with it: nobody waits for that for ever. */
import { expect, test } from 'vitest';
import type { IssuerFetch } from '../../../src/auth/oauth/issuer-fetch.ts';
import { createKeySet } from '../../../src/auth/oauth/key-set.ts';
import { keyOf } from './checked.ts';

const ISSUER = 'https://issuer.example';

test('an exchange that never ends is taken over by who comes later, after 5.5 s at most', async () => {
  let now = 1_000_000;
  const asked: string[] = [];
  const { publicJwk } = await keyOf('ES256');
  const ask: IssuerFetch = (url) => {
    asked.push(url);
    if (asked.length === 1) return new Promise(() => undefined);
    const document = url.endsWith('/keys') ? { keys: [publicJwk] } : { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` };
    return Promise.resolve({ status: 200, document: JSON.parse(JSON.stringify(document)) as Record<string, never> });
  };
  const sleep = async (ms: number) => {
    // What can settle does so before the time passes.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    now += ms;
  };
  const keySet = createKeySet(ISSUER, ask, { now: () => now, sleep });
  await expect(keySet.current()).rejects.toMatchObject({ code: 'upstream', retryAfterMs: 1_000 });
  expect([now, asked.length]).toEqual([1_005_500, 1]);
  expect((await keySet.current()).at).toBe(now);
  expect(asked).toHaveLength(3);
});
