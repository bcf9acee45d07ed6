/** The URL that a start tells to clients. */
import { expect, test } from 'vitest';
import { clientUrl } from '../../src/hosts/node/listening.ts';

test.each([
  ['127.0.0.1', null, 'http://127.0.0.1:8787', 'http://127.0.0.1:8787'],
  ['0.0.0.0', null, 'http://0.0.0.0:8787', 'http://127.0.0.1:8787'],
  ['0', null, 'http://0:8787', 'http://127.0.0.1:8787'],
  ['::', null, 'http://[::]:8787', 'http://127.0.0.1:8787'],
  ['::1', null, 'http://[::1]:8787', 'http://[::1]:8787'],
  ['10.0.0.7', null, 'http://10.0.0.7:8787', 'http://10.0.0.7:8787'],
  ['0.0.0.0', 'https://tides.example/', 'http://0.0.0.0:8787', 'https://tides.example'],
])('on %s with PUBLIC_URL %s', (host, publicUrl, bound, expected) => {
  expect(clientUrl({ host, publicUrl }, bound)).toBe(expected);
});
