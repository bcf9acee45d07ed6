/** Names and addresses in `Host`, `Origin` and what to listen on. */
import { expect, test } from 'vitest';
import { isPlainIpv6, readHostname } from '../../../src/base/config/origins.ts';

test.each([
  ['localhost:8787', 'localhost'],
  ['A.Example.', 'a.example'],
  ['::1', '[::1]'],
  ['[::1]:80', '[::1]'],
  ['::ffff:127.0.0.1', '[::ffff:7f00:1]'],
  ['fe80::1', '[fe80::1]'],
  ['127.0.0.1:80', '127.0.0.1'],
  ['a:b', null],
  ['a/b', null],
  ['', null],
  ['a'.repeat(301), null],
])('%s is %s', (text, hostname) => {
  expect(readHostname(text)).toBe(hostname);
});

test('a long one is refused at once', () => {
  const begun = performance.now();
  for (let n = 0; n < 100; n += 1) expect(readHostname(`${'a:'.repeat(7_500)}z`)).toBeNull();
  expect(isPlainIpv6(`${'a:'.repeat(100_000)}z`)).toBe(false);
  expect(performance.now() - begun).toBeLessThan(500);
});
