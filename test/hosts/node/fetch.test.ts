import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lookupIn, nodeFetch } from '../../../src/hosts/node/fetch.ts';
import { type HttpSource, stall, startHttpSource, text } from '../../services/http-feed.ts';

let source: HttpSource;
let port: string;

beforeEach(async () => {
  source = await startHttpSource();
  port = new URL(source.origin).port;
  source.on('/', text('here'));
});
afterEach(() => source.close());

describe('fetch on Node', () => {
  it('connects to the given address, whatever a name server says of the name', async () => {
    // RFC 2606: no name server knows a name under .invalid.
    const response = await nodeFetch(`http://rebound.invalid:${port}/`, { addresses: ['127.0.0.1'] });
    expect(await response.text()).toBe('here');
    expect(source.requests[0]?.headers.host).toBe(`rebound.invalid:${port}`);
  });

  it('does not connect elsewhere, although the name leads to this machine', async () => {
    // 192.0.2.0/24 is for documentation: nothing answers there.
    const signal = AbortSignal.timeout(200);
    await expect(nodeFetch(`http://localhost:${port}/`, { addresses: ['192.0.2.1'], signal })).rejects.toThrow();
    expect(source.requests).toEqual([]);
  });

  it('keeps no connection that a later check would not have seen', async () => {
    await (await nodeFetch(`http://rebound.invalid:${port}/`, { addresses: ['127.0.0.1'] })).text();
    await vi.waitFor(async () => expect(await source.connections()).toBe(0), { timeout: 5_000 });
  });

  it('asks any address of the name without addresses', async () => {
    expect(await (await nodeFetch(`${source.origin}/`)).text()).toBe('here');
  });

  it('sends a body and headers, and gives status and headers as they came', async () => {
    source.on('/there', (_request, response) =>
      response.writeHead(302, { location: '/', 'set-cookie': ['a', 'b'] }).end('no'),
    );
    const response = await nodeFetch(`${source.origin}/there`, { method: 'POST', body: 'é', headers: { 'x-a': '1' } });
    expect(source.requests[0]).toMatchObject({ method: 'POST', body: 'é', headers: { 'x-a': '1' } });
    expect([response.status, response.headers.get('location'), response.headers.getSetCookie()]).toEqual([
      302,
      '/',
      ['a', 'b'],
    ]);
    expect(await response.text()).toBe('no');
  });

  it.each([204, 205, 304])('gives no body with %i', async (status) => {
    source.on('/', (_request, response) => response.writeHead(status).end());
    const response = await nodeFetch(`${source.origin}/`);
    expect([response.status, response.body]).toEqual([status, null]);
  });

  it('ends the exchange where its signal aborts, or its body is not wanted', async () => {
    source.on('/', stall(['begin']));
    const aborter = new AbortController();
    const first = await nodeFetch(`${source.origin}/`, { signal: aborter.signal });
    aborter.abort(new Error('enough'));
    await expect(first.text()).rejects.toThrow();
    await (await nodeFetch(`${source.origin}/`)).body?.cancel();
    await vi.waitFor(async () => expect(await source.connections()).toBe(0), { timeout: 5_000 });
  });
});

const WHOLE = Buffer.from('id,v\n'.repeat(2_000));
const packed: Record<string, Buffer> = {
  gzip: gzipSync(WHOLE),
  'X-Gzip': gzipSync(WHOLE),
  deflate: deflateSync(WHOLE),
  'deflate, bare': deflateRawSync(WHOLE),
  br: brotliCompressSync(WHOLE),
  'gzip, br': brotliCompressSync(gzipSync(WHOLE)),
  identity: WHOLE,
};

const serve = (coding: string, body: Buffer) =>
  source.on('/', text(body, 'text/csv', { 'content-encoding': coding.replace(', bare', '') }));
const read = async () => Buffer.from(await (await nodeFetch(`${source.origin}/`)).arrayBuffer());

describe('a packed body', () => {
  it.each(Object.keys(packed))('is unpacked whole: %s', async (coding) => {
    serve(coding, packed[coding] ?? WHOLE);
    expect((await read()).equals(WHOLE)).toBe(true);
  });

  it.each(Object.keys(packed).filter((coding) => coding !== 'identity'))(
    'that ends early is an error: %s',
    async (coding) => {
      const body = packed[coding] ?? WHOLE;
      for (const cut of [1, Math.floor(body.length / 2), body.length - 1]) {
        serve(coding, body.subarray(0, cut));
        await expect(read(), `${cut} bytes`).rejects.toThrow();
      }
    },
  );

  it('that is damaged is an error', async () => {
    const body = Buffer.from(packed['gzip'] ?? WHOLE);
    body.writeUInt8((body.at(-6) ?? 0) ^ 1, body.length - 6);
    serve('gzip', body);
    await expect(read()).rejects.toThrow();
  });

  it('of several members is read to its end', async () => {
    serve('gzip', Buffer.concat([gzipSync(WHOLE.subarray(0, 500)), gzipSync(WHOLE.subarray(500))]));
    expect((await read()).equals(WHOLE)).toBe(true);
  });

  it.each(['utf-8', 'none', 'aws-chunked', ''])('is none where the name is no coding: %j', async (coding) => {
    serve(coding, WHOLE);
    expect((await read()).equals(WHOLE)).toBe(true);
  });

  it('without bytes is empty', async () => {
    serve('gzip', Buffer.alloc(0));
    expect(await read()).toHaveLength(0);
  });

  it('in a coding that nobody knows is an error that names it', async () => {
    serve('gzip, secret', WHOLE);
    await expect(nodeFetch(`${source.origin}/`)).rejects.toThrow('gzip, secret');
  });
});

const answer = (addresses: string[], options: { all?: boolean; family?: number }) =>
  new Promise((resolve) => lookupIn(addresses)('name', options, (error, ...rest) => resolve(error?.code ?? rest)));

describe('a body of one byte a chunk', () => {
  const CHUNKS = 40_000;

  it('is handed on in few pieces, between which others have their turns', async () => {
    source.on('/', (_request, response) => {
      response.socket?.end(
        `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\n \r\n'.repeat(CHUNKS)}0\r\n\r\n`,
      );
    });
    const response = await nodeFetch(`${source.origin}/`);
    let [bytes, pieces, turns] = [0, 0, 0];
    const reader = response.body?.getReader();
    let isOver = false;
    const count = () => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read()) {
      bytes += read.value.length;
      pieces += 1;
    }
    isOver = true;
    expect(bytes).toBe(CHUNKS);
    expect(pieces).toBeLessThan(CHUNKS / 100);
    expect(turns).toBeGreaterThanOrEqual(pieces - 1);
  });
});

describe('a lookup with one answer', () => {
  it('gives all, one, or those of a family', async () => {
    const both = ['10.0.0.1', '::1'];
    expect(await answer(both, { all: true })).toEqual([
      [
        { address: '10.0.0.1', family: 4 },
        { address: '::1', family: 6 },
      ],
    ]);
    expect(await answer(both, {})).toEqual(['10.0.0.1', 4]);
    expect(await answer(both, { family: 6 })).toEqual(['::1', 6]);
    expect(await answer(['10.0.0.1'], { family: 6 })).toBe('ENOTFOUND');
  });
});
