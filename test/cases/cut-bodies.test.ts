/** Bodies that end before they are whole, in each coding and by each way in which a transfer breaks. */
import { createServer, type Server, type Socket } from 'node:net';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { csv, type HttpOptions } from '../../src/index.ts';
import { text } from '../services/http-feed.ts';
import { type HttpStage, startHttpStage } from './http-stage.ts';

const ROWS = 500;
const rows = Array.from({ length: ROWS }, (_, n) => ({ id: `r${n}`, v: String(1_000_000 + n) }));
const Row = z.object({ id: z.string(), v: z.string() });
const VALIDATORS = { etag: '"all of it"', 'last-modified': 'Fri, 20 Nov 2026 12:00:00 GMT' };

const bodies: Record<string, { type: string; body: string; feed: Partial<HttpOptions> }> = {
  CSV: {
    type: 'text/csv',
    body: `id,v\n${rows.map(({ id, v }) => `${id},${v}\n`).join('')}`,
    feed: { format: csv() },
  },
  NDJSON: { type: 'application/x-ndjson', body: rows.map((row) => `${JSON.stringify(row)}\n`).join(''), feed: {} },
  JSON: { type: 'application/json', body: JSON.stringify(rows), feed: {} },
  'pages of JSON': {
    type: 'application/json',
    body: JSON.stringify(rows),
    feed: { pages: { by: 'number', param: 'page' }, maxPages: 1 },
  },
};
const codings: Record<string, (body: string) => Buffer> = {
  gzip: (body) => gzipSync(body),
  deflate: (body) => deflateSync(body),
  br: (body) => brotliCompressSync(body),
};

/** What a cut body may leave: whole rows, a failure with its reason, and a request without conditions afterwards. */
async function expectNothingRemembered(stage: HttpStage): Promise<void> {
  const report = await stage.poll();
  expect(report).toMatchObject({ outcome: 'failed', error: { code: 'upstream' } });
  expect((await stage.status())?.lastError?.message).toContain('cannot be read');
  const kept = await stage.data();
  expect(kept).toEqual(rows.slice(0, kept.length));
  expect(kept.length).toBeLessThan(ROWS);
}

describe.each(Object.entries(bodies))('%s that is packed and ends early', (_what, { type, body, feed }) => {
  it.each(Object.entries(codings))('%s: fails, keeps no cut row and asks for the whole again', async (coding, pack) => {
    await using stage = await startHttpStage(Row, { id: 'id', feed });
    const whole = pack(body);
    const headers = { 'content-encoding': coding, ...VALIDATORS };
    stage.source.on('/feed', text(whole.subarray(0, Math.floor(whole.length * 0.99)), type, headers));
    await expectNothingRemembered(stage);
    stage.source.on('/feed', text(whole, type, headers));
    await stage.poll();
    expect(stage.source.requests.at(-1)?.headers).not.toHaveProperty('if-none-match');
    expect(stage.source.requests.at(-1)?.headers).not.toHaveProperty('if-modified-since');
    expect(await stage.data()).toEqual(rows);
  });
});

/** Sends each part as a piece of its own. */
const sent = (parts: Uint8Array[], coding: string) => (_request: unknown, response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'text/csv', 'content-encoding': coding, ...VALIDATORS });
  const [first, ...rest] = parts;
  response.write(first, () => {
    for (const part of rest) response.write(part);
    response.end();
  });
};

describe('bytes behind the end of a packed body', () => {
  const whole = bodies['CSV']?.body ?? '';
  const feed = { format: csv() };

  describe.each(Object.entries(codings))('%s', (coding, pack) => {
    it.each<[string, (packed: Buffer) => Uint8Array[]]>([
      ['with the end', (packed) => [Buffer.concat([packed, Buffer.alloc(20)])]],
      ['by themselves', (packed) => [packed, Buffer.alloc(20)]],
      ['both', (packed) => [Buffer.concat([packed, Buffer.alloc(1)]), Buffer.alloc(3)]],
    ])('that are zeros are passed over: %s', async (_where, parts) => {
      await using stage = await startHttpStage(Row, { id: 'id', feed });
      stage.source.on('/feed', sent(parts(pack(whole)), coding));
      expect(await stage.poll()).toMatchObject({ outcome: 'pulled', events: ROWS, error: null });
      expect(await stage.data()).toEqual(rows);
    });

    it.each<[string, (packed: Buffer) => Uint8Array[]]>([
      ['with the end', (packed) => [Buffer.concat([packed, Buffer.from('xxxx')])]],
      ['by themselves', (packed) => [packed, Buffer.from('xxxx')]],
      ['behind zeros', (packed) => [Buffer.concat([packed, Buffer.alloc(3)]), Buffer.from('x')]],
    ])('fail the burst at once, with their reason: %s', async (_where, parts) => {
      await using stage = await startHttpStage(Row, { id: 'id', feed });
      stage.source.on('/feed', sent(parts(pack(whole)), coding));
      await stage.poll();
      expect((await stage.status())?.lastError?.message).toContain('behind the end of the packed body');
      expect(JSON.stringify(await stage.position())).not.toContain('etag');
    });
  });

  it('that are another member of gzip are part of the body', async () => {
    const cut = whole.indexOf('\n', 2_000) + 1;
    await using stage = await startHttpStage(Row, { id: 'id', feed });
    stage.source.on('/feed', sent([gzipSync(whole.slice(0, cut)), gzipSync(whole.slice(cut))], 'gzip'));
    await stage.poll();
    expect(await stage.data()).toEqual(rows);
  });
});

const part = (range: string, body: string) => (_request: unknown, response: ServerResponse) =>
  response.writeHead(206, { 'content-type': 'text/csv', ...VALIDATORS, 'content-range': range }).end(body);

describe('a part of a body that nobody asked for (206)', () => {
  const whole = bodies['CSV']?.body ?? '';
  const feed = { format: csv() };
  const half = whole.slice(0, 2_005);

  it('fails, keeps no cut row and is asked for anew as a whole', async () => {
    await using stage = await startHttpStage(Row, { id: 'id', feed });
    stage.source.on('/feed', part(`bytes 0-${half.length - 1}/${whole.length}`, half));
    expect(await stage.poll()).toMatchObject({ outcome: 'failed', events: 0 });
    expect((await stage.status())?.lastError?.message).toContain('answered 206, a part of the body (bytes 0-2004/');
    stage.source.on('/feed', text(whole, 'text/csv'));
    await stage.poll();
    expect(stage.source.requests.at(-1)?.headers).not.toHaveProperty('if-none-match');
    expect(await stage.data()).toEqual(rows);
  });

  it('is taken where it is all there is, or where the app asks for a range', async () => {
    await using all = await startHttpStage(Row, { id: 'id', feed });
    all.source.on('/feed', part(`bytes 0-${whole.length - 1}/${whole.length}`, whole));
    expect(await all.poll()).toMatchObject({ outcome: 'pulled', events: ROWS });
    const asking = { format: csv({ columns: ['id', 'v'] }), headers: { Range: 'bytes=-22' } };
    await using some = await startHttpStage(Row, { id: 'id', feed: asking });
    some.source.on('/feed', part(`bytes ${whole.length - 13}-${whole.length - 1}/${whole.length}`, whole.slice(-13)));
    expect(await some.poll()).toMatchObject({ outcome: 'pulled', events: 1 });
  });
});

let server: Server | null = null;
afterEach(() => server?.close());

const half = bodies['NDJSON']?.body.slice(0, 5_000) ?? '';
const head = `HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\netag: "1"\r\nconnection: close\r\n`;

describe('a transfer that breaks', () => {
  it.each<[string, (socket: Socket) => void]>([
    ['before the length that was announced', (to) => to.end(`${head}content-length: 50000\r\n\r\n${half}`)],
    [
      'without its last chunk',
      (to) => to.end(`${head}transfer-encoding: chunked\r\n\r\n${half.length.toString(16)}\r\n${half}\r\n`),
    ],
    [
      'by a reset of the connection',
      (to) => to.write(`${head}content-length: 50000\r\n\r\n${half}`, () => setTimeout(() => to.resetAndDestroy(), 20)),
    ],
  ])('%s: fails and remembers no validator', async (_how, answer) => {
    server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => answer(socket));
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await using stage = await startHttpStage(Row, { id: 'id', feed: { url: `http://${host}/feed`, allow: [host] } });
    await expectNothingRemembered(stage);
    expect(JSON.stringify(await stage.position())).not.toContain('etag');
  });
});
