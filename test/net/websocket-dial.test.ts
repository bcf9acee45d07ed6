/** Which addresses a WebSocket may be opened at, and that nothing is opened before that is known. */
import { describe, expect, test } from 'vitest';
import type { OpenWebSocket, WebSocketRequest } from '../../src/base/runtime.ts';
import { createWebSocketDial } from '../../src/net/websocket-dial.ts';

const listener = { message: () => {}, closed: () => {} };
const never = new AbortController().signal;

/** A dial whose names resolve to these addresses, and what it asked the platform for. */
function dialOf(
  addresses: string[],
  open: OpenWebSocket = async () => ({ kind: 'refused', status: 400, retryAfter: null }),
) {
  const asked: WebSocketRequest[] = [];
  const dial = createWebSocketDial({
    now: () => Date.UTC(2026, 0, 1),
    fetch: () => Promise.reject(new Error('nothing is fetched')),
    resolve: async () => addresses,
    openWebSocket: (request, ...rest) => {
      asked.push(request);
      return open(request, ...rest);
    },
  });
  return { asked, dial };
}

describe('refused before anything is opened', () => {
  test.each([
    ['http://quotes.example/', [], 'address_refused'],
    ['https://quotes.example/', [], 'address_refused'],
    ['ws://quotes.example/', [], 'address_refused'],
    ['wss://127.0.0.1/', [], 'address_refused'],
    ['wss://[::1]/', [], 'address_refused'],
    ['wss://localhost/', [], 'address_refused'],
    ['wss://metadata.internal/', [], 'address_refused'],
    ['wss://quotes.example/', ['10.0.0.1'], 'address_refused'],
    ['wss://quotes.example/', ['1.1.1.1', '169.254.169.254'], 'address_refused'],
    ['wss://user:pa55@quotes.example/', [], 'invalid_input'],
    ['quotes', [], 'invalid_input'],
    ['wss://quotes.example/', [], 'upstream'],
  ])('%s that resolves to %j: %s', async (url, addresses, code) => {
    const { asked, dial } = dialOf(addresses);
    await expect(dial({ url: `${url}?key=hidden` }, listener, never)).rejects.toMatchObject({ code });
    await expect(dial({ url: `${url}?key=hidden` }, listener, never)).rejects.not.toThrow(/hidden|pa55/);
    expect(asked).toEqual([]);
  });

  test('headers that cannot be sent, without their value', async () => {
    const { asked, dial } = dialOf(['1.1.1.1']);
    const dialed = dial({ url: 'wss://quotes.example/', headers: { Key: 'hidden\n' } }, listener, never);
    await expect(dialed).rejects.toMatchObject({ code: 'invalid_input', field: 'headers.Key' });
    await expect(dialed).rejects.not.toThrow(/hidden/);
    expect(asked).toEqual([]);
  });
});

test('what was checked is what is connected to', async () => {
  const { asked, dial } = dialOf(['1.1.1.1', '2606:4700::1111']);
  await dial({ url: 'wss://quotes.example/a?b=c', protocols: ['p'], headers: { Key: 'v' } }, listener, never);
  expect(asked).toEqual([
    {
      url: 'wss://quotes.example/a?b=c',
      protocols: ['p'],
      headers: { Key: 'v' },
      addresses: ['1.1.1.1', '2606:4700::1111'],
      maxMessageBytes: 4 * 1024 * 1024,
    },
  ]);
});

test.each(['quotes.example', 'quotes.example:8080'])('a host that %s names may be private and plain', async (name) => {
  const { asked, dial } = dialOf(['10.0.0.1']);
  await dial({ url: 'ws://quotes.example:8080/', allow: [name] }, listener, never);
  expect(asked).toMatchObject([{ addresses: null }]);
});

test.each([
  ['7', 7_000],
  ['Thu, 01 Jan 2026 00:00:09 GMT', 9_000],
  [null, null],
])('a refusal with Retry-After %s', async (retryAfter, retryAfterMs) => {
  const { dial } = dialOf(['1.1.1.1'], async () => ({ kind: 'refused', status: 503, retryAfter }));
  expect(await dial({ url: 'wss://quotes.example/' }, listener, never)).toMatchObject({ status: 503, retryAfterMs });
});
