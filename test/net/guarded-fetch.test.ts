/** The guard with a fetch, a resolver and a clock that the test decides; the same with real servers: guarded-fetch-server.test.ts. */
import { describe, expect, it } from 'vitest';
import type { GuardedInit } from '../../src/declare/feed.ts';
import { type Fetch, type Runtime, systemRuntime } from '../../src/base/runtime.ts';
import { createGuardedFetch } from '../../src/net/guarded-fetch.ts';

interface Asked {
  url: string;
  init: NonNullable<Parameters<Fetch>[1]>;
}

interface World {
  fetch: (url: string, init?: GuardedInit) => Promise<Response>;
  asked: Asked[];
  /** Lets the time of every running exchange be over. */
  timePasses: () => void;
  /** How many exchanges' clocks are running. */
  clocks: () => number;
}

function world(
  answer: (asked: Asked) => Response | Promise<Response> = () => new Response('{}'),
  names: Record<string, string[]> | null = null,
): World {
  const asked: Asked[] = [];
  const sleepers = new Set<() => void>();
  const runtime: Runtime = {
    ...systemRuntime(() => {}),
    fetch: async (input, init = {}) => {
      const request = { url: input as string, init };
      asked.push(request);
      return answer(request);
    },
    resolve: names && (async (host) => names[host] ?? Promise.reject(new Error('ENOTFOUND'))),
    sleep: (_ms, signal) =>
      new Promise((resolve) => {
        const wake = () => {
          sleepers.delete(wake);
          resolve();
        };
        sleepers.add(wake);
        signal?.addEventListener('abort', wake, { once: true });
      }),
  };
  return {
    fetch: createGuardedFetch(runtime),
    asked,
    timePasses: () => {
      for (const wake of sleepers) wake();
    },
    clocks: () => sleepers.size,
  };
}

const endless = () =>
  new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(1024)) });
const silent = () => new ReadableStream<Uint8Array>();
const broken = () =>
  new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new TypeError('terminated')) });
const to = (location: string, status = 302) => new Response(null, { status, headers: { location } });

describe('what may be asked', () => {
  it.each([
    ['http://example.org/', 'address_refused'],
    ['ftp://example.org/', 'address_refused'],
    ['file:///etc/passwd', 'address_refused'],
    ['data:text/plain,hello', 'address_refused'],
    ['https://127.0.0.1/', 'address_refused'],
    ['https://2130706433/', 'address_refused'],
    ['https://0x7f.1/', 'address_refused'],
    ['https://[::1]/', 'address_refused'],
    ['https://[::ffff:10.0.0.1]/', 'address_refused'],
    ['https://[64:ff9b::a00:1]/', 'address_refused'],
    ['https://169.254.169.254/latest/meta-data/', 'address_refused'],
    ['https://localhost/', 'address_refused'],
    ['https://metadata.google.internal/', 'address_refused'],
    ['https://user:password@example.org/', 'invalid_input'],
    ['example.org', 'invalid_input'],
    ['', 'invalid_input'],
  ])('%s is %s, and nothing is asked', async (url, code) => {
    const { fetch, asked } = world();
    await expect(fetch(url)).rejects.toMatchObject({ code, field: 'url' });
    expect(asked).toEqual([]);
  });

  it('a host that is named may be http and private, at any port', async () => {
    const { fetch, asked } = world();
    await fetch('http://10.0.0.5:8080/a', { allow: ['10.0.0.5'] });
    await fetch('http://localhost/a', { allow: ['LocalHost'] });
    await fetch('http://[::1]:99/a', { allow: ['[::1]:99'] });
    await fetch('http://[::1]:99/a', { allow: ['::1'] });
    expect(asked).toHaveLength(4);
  });

  it('a host and port that are named are that port alone', async () => {
    const { fetch } = world();
    await expect(fetch('http://10.0.0.5:8080/', { allow: ['10.0.0.5:8080'] })).resolves.toBeInstanceOf(Response);
    await expect(fetch('http://10.0.0.5:6379/', { allow: ['10.0.0.5:8080'] })).rejects.toMatchObject({
      code: 'address_refused',
    });
    await expect(fetch('http://10.0.0.5/', { allow: ['10.0.0.5:80'] })).resolves.toBeInstanceOf(Response);
  });

  it('a header that cannot be sent is named, and its value is not shown', async () => {
    const { fetch, asked } = world();
    const headers = { 'x-key': 'secret\r\nx: y' };
    await expect(fetch('https://example.org/', { headers })).rejects.toThrow(
      expect.objectContaining({
        code: 'invalid_input',
        field: 'headers.x-key',
        message: expect.not.stringContaining('secret') as string,
      }),
    );
    expect(asked).toEqual([]);
  });

  it.each(['feed?key=secret', 'bot123:secret/getUpdates'])('an error names the origin of %s alone', async (path) => {
    await expect(world().fetch(`http://example.org/${path}`)).rejects.toThrow(
      expect.objectContaining({
        message: expect.not.stringContaining('secret') as string,
        hint: expect.stringContaining('example.org') as string,
      }),
    );
  });
});

describe('names that resolve', () => {
  it('goes to the addresses that were checked', async () => {
    const { fetch, asked } = world(undefined, { 'example.org': ['93.184.215.14', '2606:2800::1'] });
    await fetch('https://example.org/');
    expect(asked[0]?.init.addresses).toEqual(['93.184.215.14', '2606:2800::1']);
  });

  it('is refused where one of several addresses is private', async () => {
    const { fetch, asked } = world(undefined, { 'example.org': ['93.184.215.14', '10.0.0.1'] });
    await expect(fetch('https://example.org/')).rejects.toMatchObject({ code: 'address_refused' });
    expect(asked).toEqual([]);
  });

  it('is not resolved where the host is named or is an address', async () => {
    const { fetch, asked } = world(undefined, {});
    await fetch('https://intranet.example/', { allow: ['intranet.example'] });
    await fetch('https://93.184.215.14/');
    expect(asked.map(({ init }) => init.addresses)).toEqual([undefined, undefined]);
  });

  it('an unknown name is the upstream’s failure', async () => {
    const { fetch } = world(undefined, { 'empty.example': [] });
    await expect(fetch('https://nowhere.example/')).rejects.toMatchObject({ code: 'upstream' });
    await expect(fetch('https://empty.example/')).rejects.toMatchObject({ code: 'upstream' });
  });
});

describe('redirects', () => {
  it('are followed, relative ones too', async () => {
    const { fetch, asked } = world(({ url }) => (url.endsWith('/a') ? to('b?x=1') : new Response('done')));
    expect(await (await fetch('https://example.org/d/a')).text()).toBe('done');
    expect(asked.map(({ url }) => url)).toEqual(['https://example.org/d/a', 'https://example.org/d/b?x=1']);
    expect(asked.every(({ init }) => init.redirect === 'manual')).toBe(true);
  });

  it.each([
    ['https://127.0.0.1/', 'a private address'],
    ['http://example.org/', 'http'],
    ['http://named.example/', 'http on a host that is named'],
    ['https://inside.example/', 'a name with a private address'],
    ['ftp://example.org/', 'another scheme'],
  ])('to %s (%s) are refused', async (location) => {
    const { fetch, asked } = world(() => to(location), {
      'example.org': ['93.184.215.14'],
      'inside.example': ['10.0.0.1'],
    });
    await expect(fetch('https://example.org/', { allow: ['named.example'] })).rejects.toMatchObject({
      code: 'address_refused',
    });
    expect(asked).toHaveLength(1);
  });

  it('check a name again at each hop, because its answer may have changed', async () => {
    const answers = [['93.184.215.14'], ['127.0.0.1']];
    const names = {
      get 'example.org'() {
        return answers.shift() ?? [];
      },
    };
    const { fetch } = world(({ url }) => (url.endsWith('/2') ? new Response() : to('/2')), names);
    await expect(fetch('https://example.org/')).rejects.toMatchObject({ code: 'address_refused' });
  });

  it('end at the most, 3 unless told otherwise', async () => {
    const { fetch, asked } = world(() => to('/again'));
    await expect(fetch('https://example.org/')).rejects.toMatchObject({ code: 'upstream' });
    expect(asked).toHaveLength(4);
    await expect(fetch('https://example.org/', { maxRedirects: 0 })).rejects.toMatchObject({ code: 'upstream' });
    expect(asked).toHaveLength(5);
  });

  it('take secrets along on the same origin only', async () => {
    const { fetch, asked } = world(({ url }) =>
      url === 'https://example.org/'
        ? to('/b')
        : url === 'https://example.org/b'
          ? to('https://other.example/')
          : new Response(),
    );
    const headers = { Authorization: 'Bearer s', 'x-api-key': 's', cookie: 's', Accept: 'application/json' };
    await fetch('https://example.org/', { headers });
    expect(asked.map(({ init }) => init.headers)).toEqual([headers, headers, { Accept: 'application/json' }]);
  });

  it('turn a POST into a GET, except 307 and 308', async () => {
    const post = { method: 'POST', body: 'x' } as const;
    for (const [status, method, body] of [
      [301, 'GET', undefined],
      [303, 'GET', undefined],
      [307, 'POST', 'x'],
      [308, 'POST', 'x'],
    ] as const) {
      const { fetch, asked } = world(({ url }) => (url.endsWith('/b') ? new Response() : to('/b', status)));
      await fetch('https://example.org/', post);
      expect([asked[1]?.init.method, asked[1]?.init.body]).toEqual([method, body]);
    }
  });

  it.each([307, 308])('carry no body to another origin: %i', async (status) => {
    const { fetch, asked } = world(() => to('https://other.example.org/', status));
    const answer = fetch('https://example.org/', { method: 'POST', body: 'secret' });
    await expect(answer).rejects.toMatchObject({ code: 'address_refused' });
    expect(asked).toHaveLength(1);
  });

  it('without a place to go to are answers', async () => {
    const { fetch } = world(() => new Response(null, { status: 304 }));
    expect((await fetch('https://example.org/')).status).toBe(304);
  });
});

describe('bounds', () => {
  it('time is over before the headers, also where the platform ignores the signal', async () => {
    const { fetch, timePasses } = world(() => new Promise(() => {}));
    const answer = fetch('https://example.org/', { timeoutMs: 5 });
    timePasses();
    await expect(answer).rejects.toMatchObject({ code: 'upstream', field: 'timeoutMs' });
  });

  it('time is over within the body', async () => {
    const { fetch, timePasses } = world(() => new Response(silent()));
    const response = await fetch('https://example.org/');
    const body = response.text();
    timePasses();
    await expect(body).rejects.toMatchObject({ code: 'upstream', field: 'timeoutMs' });
  });

  it('the clock stops when the body was read, cancelled or refused', async () => {
    const { fetch, clocks } = world(({ url }) => new Response(url.endsWith('/big') ? 'long body' : 'x'));
    await (await fetch('https://example.org/')).text();
    await (await fetch('https://example.org/')).body?.cancel();
    await expect(
      fetch('https://example.org/big', { maxBytes: 3 }).then((response) => response.text()),
    ).rejects.toThrow();
    await expect(fetch('http://example.org/')).rejects.toThrow();
    expect(clocks()).toBe(0);
  });

  it('the caller’s signal ends it: before, while it waits, in the body', async () => {
    const gone = world();
    await expect(gone.fetch('https://example.org/', { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });

    const leaving = new AbortController();
    const waiting = world(() => new Promise(() => {})).fetch('https://example.org/', { signal: leaving.signal });
    const reading = (
      await world(() => new Response(silent())).fetch('https://example.org/', { signal: leaving.signal })
    ).text();
    leaving.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('a body above its limit fails when it is read, one at the limit does not', async () => {
    const { fetch } = world(() => new Response('12345'));
    expect(await (await fetch('https://example.org/', { maxBytes: 5 })).text()).toBe('12345');
    const more = await fetch('https://example.org/', { maxBytes: 4 });
    await expect(more.text()).rejects.toMatchObject({ code: 'too_large', field: 'maxBytes' });
  });

  it('a body without an end fails too', async () => {
    const { fetch } = world(() => new Response(endless()));
    const response = await fetch('https://example.org/', { maxBytes: 10_000 });
    await expect(response.text()).rejects.toMatchObject({ code: 'too_large' });
  });

  it('a length that is announced above the limit fails at once, unless it is that of the packed body', async () => {
    const { fetch } = world(({ init }) => {
      const packed = (init.headers as Record<string, string>)['x-packed'];
      return new Response('x', {
        headers: { 'content-length': '99', ...(packed ? { 'content-encoding': 'gzip' } : {}) },
      });
    });
    await expect(fetch('https://example.org/', { maxBytes: 10 })).rejects.toMatchObject({ code: 'too_large' });
    await expect(fetch('https://example.org/', { maxBytes: 10, headers: { 'x-packed': '1' } })).resolves.toBeInstanceOf(
      Response,
    );
  });

  it.each([
    ['ECONNREFUSED', 'nothing listens there (ECONNREFUSED)'],
    ['UND_ERR_SOCKET', 'the other side closed the connection before the answer was whole (UND_ERR_SOCKET)'],
    ['CERT_HAS_EXPIRED', 'CERT_HAS_EXPIRED'],
  ])('a connection that fails is the upstream’s, with its code and what %s means', async (code, reason) => {
    const { fetch } = world(() =>
      Promise.reject(new TypeError('fetch failed', { cause: Object.assign(new Error(), { code }) })),
    );
    await expect(fetch('https://example.org/?key=secret')).rejects.toThrow(
      expect.objectContaining({ code: 'upstream', message: `https://example.org cannot be read: ${reason}` }),
    );
  });

  it('a body that breaks is the upstream’s', async () => {
    const response = await world(() => new Response(broken())).fetch('https://example.org/');
    await expect(response.text()).rejects.toMatchObject({ code: 'upstream' });
  });

  it('no status is judged', async () => {
    const { fetch } = world(() => new Response('down', { status: 503, headers: { 'retry-after': '7' } }));
    const response = await fetch('https://example.org/');
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([503, '7', 'down']);
  });
});
