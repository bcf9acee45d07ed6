/** An address that cannot be listened on: the variable that mends it is named, and no other. */
import { expect, test } from 'vitest';
import { notListening } from '../../../src/hosts/node/listening.ts';

test.each([
  ['EADDRINUSE', '127.0.0.1', 8787, 'PORT', /end what listens on 8787/],
  ['EACCES', '127.0.0.1', 80, 'PORT', /another number than 80/],
  ['ENOTFOUND', 'nowhere.local', 8787, 'HOST', /goes into PUBLIC_URL/],
  ['EAI_AGAIN', 'nowhere.local', 8787, 'HOST', /goes into PUBLIC_URL/],
  ['EADDRNOTAVAIL', '2001:db8::1', 8787, 'HOST', /HOST is 2001:db8::1/],
])('%s of %s:%i names %s', (code, host, port, field, hint) => {
  const error = notListening(Object.assign(new Error(`listen ${code}`), { code }), host, port);
  expect(error).toMatchObject({ code: 'invalid_config', field, hint: expect.stringMatching(hint) });
  const other = field === 'PORT' ? 'HOST' : 'PORT';
  expect(`${error.message} ${error.expected} ${error.hint}`).not.toContain(other);
  expect(error.message).toContain(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
});
