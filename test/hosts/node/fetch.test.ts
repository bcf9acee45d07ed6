import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lookupIn, nodeFetch } from '../../../src/hosts/node/fetch.ts';
import { type HttpSource, startHttpSource, text } from '../../services/http-feed.ts';

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

  it('is the platform’s own without addresses', async () => {
    expect(await (await nodeFetch(`${source.origin}/`)).text()).toBe('here');
  });
});

const answer = (addresses: string[], options: { all?: boolean; family?: number }) =>
  new Promise((resolve) => lookupIn(addresses)('name', options, (error, ...rest) => resolve(error?.code ?? rest)));

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
