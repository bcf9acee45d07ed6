/** What is asked of an issuer goes over https, also to hosts that the operator names. */
import { expect, test } from 'vitest';
import { createIssuerFetch } from '../../../src/auth/oauth/issuer-fetch.ts';

const asked: string[] = [];
const ask = createIssuerFetch(
  (url) => {
    asked.push(url);
    return Promise.resolve(new Response('{}'));
  },
  ['issuer.internal', '10.0.0.7', '127.0.0.1'],
);

test('2026-07-28 security-considerations, 2025-11-25 authorization "Communication Security": no key and no secret goes over http, but on this machine', async () => {
  for (const url of ['http://issuer.internal/keys', 'http://10.0.0.7/keys', 'ws://issuer.internal/', 'no URL']) {
    await expect(ask(url, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'address_refused' });
  }
  expect(asked).toEqual([]);
  const taken = [
    'https://issuer.internal/keys',
    'https://10.0.0.7/keys',
    'http://127.0.0.1:9/keys',
    'http://[::1]/keys',
  ];
  for (const url of taken) expect(await ask(url, { timeoutMs: 100 })).toEqual({ status: 200, document: {} });
  expect(asked).toEqual(taken);
});
