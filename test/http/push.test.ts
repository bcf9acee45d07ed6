import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';
import { defineApp, stream, TidegateError } from '../../src/index.ts';
import { PUSH_BYTES } from '../../src/http/push-body.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { type Served, serveApp } from '../mcp/served.ts';

const schema = z.object({ path: z.string(), size: z.number() });
const app = defineApp({
  name: 'pushed',
  version: '1',
  description: 'Takes pushes',
  streams: {
    files: stream({ description: 'Files', schema, key: 'path' }),
    other: stream({ description: 'Other', schema }),
  },
});
const TOKEN = 'a-token-of-the-tests';

let served: Served;
afterEach(() => served.close());

async function serve(): Promise<void> {
  served = await serveApp(app, {
    builtIns: true,
    store: createMemoryStore(),
    http: { pushTokens: new Map([['files', TOKEN]]) },
  });
}

function push(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string | null> = {},
  name = 'files',
): Promise<Response> {
  const sent = new Headers({ 'Content-Type': 'application/json', Authorization: `Bearer ${TOKEN}` });
  for (const [header, value] of Object.entries(headers)) {
    if (value === null) sent.delete(header);
    else sent.set(header, value);
  }
  return fetch(`${served.url}/ingest/${name}`, { method: 'POST', body, headers: sent });
}

/** An event, and spaces behind it. */
const padded = (bytes: number) => JSON.stringify({ path: 'a', size: 1 }).padEnd(bytes);
const file = (path: string, size = 1) => ({ path, size });

async function paths(): Promise<string[]> {
  const answer = await served.call('tools/call', {
    name: 'read_history',
    arguments: { stream: 'files', order: 'oldest' },
  });
  const { result } = (await answer.json()) as { result: { structuredContent: { events: { key: string }[] } } };
  return result.structuredContent.events.map(({ key }) => key);
}

describe('POST /ingest/:stream', () => {
  it('takes one event, many, or a line each, and tells how many', async () => {
    await serve();
    expect(await (await push(JSON.stringify(file('a')))).json()).toEqual({ appended: 1, duplicates: 0 });
    expect(await (await push(JSON.stringify([file('b'), file('c')]))).json()).toEqual({ appended: 2, duplicates: 0 });
    const lines = `${JSON.stringify(file('d'))}\n\n${JSON.stringify(file('e'))}\n`;
    expect((await push(lines, { 'Content-Type': 'application/x-ndjson' })).status).toBe(200);
    expect(await paths()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('counts a push under an Idempotency-Key once, and refuses other events under it', async () => {
    await serve();
    const key = { 'Idempotency-Key': 'k1' };
    for (let time = 0; time < 3; time += 1) expect((await push(JSON.stringify(file('a')), key)).status).toBe(200);
    const other = await push(JSON.stringify(file('b')), key);
    expect(other.status).toBe(400);
    expect(await other.json()).toMatchObject({ code: 'invalid_input', field: 'Idempotency-Key' });
    expect(await paths()).toEqual(['a']);
  });

  it.each([
    ['no token', { Authorization: null }, 'files'],
    ['another token', { Authorization: 'Bearer wrong' }, 'files'],
    ['another scheme', { Authorization: `Basic ${TOKEN}` }, 'files'],
    ['a stream that takes no pushes', { Authorization: null }, 'other'],
    ['a stream that does not exist', { Authorization: 'Bearer wrong' }, 'nothing'],
    ['a name of an object', { Authorization: null }, '__proto__'],
  ])('answers %s with the same 401', async (_, headers, name) => {
    await serve();
    const response = await push(JSON.stringify(file('a')), headers, name);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response.json()).toEqual({
      title: String(headers.Authorization).startsWith('Bearer')
        ? 'The token is not one that is taken here'
        : 'This needs a token: Authorization: Bearer …',
      status: 401,
      code: 'unauthorized',
      field: 'Authorization',
      expected: 'Bearer, a space, and one key or token',
      hint: 'whoever runs this server has it',
    });
    expect(await paths()).toEqual([]);
  });

  it.each([
    ['file', 'There is no stream file', 'one of the streams that take pushes: files (did you mean files?)'],
    ['other', 'The stream other takes no pushes', 'one of the streams that take pushes: files'],
    ['__proto__', 'There is no stream __proto__', 'one of the streams that take pushes: files'],
  ])('tells who brings the token of another stream that %s takes none', async (name, title, expected) => {
    await serve();
    const response = await push(JSON.stringify(file('a')), {}, name);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ title, code: 'not_found', field: 'stream', expected });
  });

  it('says 404 to everybody where no stream takes pushes', async () => {
    served = await serveApp(app, {});
    const response = await push('{}', { Authorization: null });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ hint: expect.stringContaining('push: { token: secret(') });
  });

  it('logs which mistake a refused push makes, and no token', async () => {
    await serve();
    await push('{}', { Authorization: null });
    await push('{}', { Authorization: 'Bearer wrong-token' });
    await push('{}', {}, 'other');
    await push('{}', {}, 'flies');
    const told = served.logged.filter(({ message }) => message.startsWith('a push is refused'));
    expect(told.map(({ message, fields }) => [message.slice('a push is refused: '.length), fields])).toEqual([
      ['it brings no Bearer token', { stream: 'files' }],
      ['its token is not the one of the stream', { stream: 'files' }],
      ['the stream declares no push', { stream: 'other' }],
      ['there is no such stream', { stream: 'flies' }],
    ]);
    expect(JSON.stringify(served.logged)).not.toMatch(/wrong-token|a-token-of/);
  });

  it('names wrong fields as the sender wrote them, also those of time, key and id', async () => {
    const readings = stream({
      description: 'Readings',
      schema: z.object({ at: z.string(), room: z.string(), no: z.string(), kwh: z.number() }),
      time: 'at',
      key: 'room',
      id: 'no',
    });
    const named = defineApp({ name: 'named', version: '1', description: 'Takes pushes', streams: { readings } });
    served = await serveApp(named, { http: { pushTokens: new Map([['readings', TOKEN]]) } });
    const right = { at: '2026-11-01T00:00:00Z', room: 'a', no: '1', kwh: 1 };
    const refusals: [object, string, string][] = [
      [{ at: 'yesterday' }, 'at', 'a time in ISO 8601'],
      [{ room: '' }, 'room', 'a text or a number'],
      [{ no: '' }, 'no', 'a text or a number'],
      [{ kwh: '1' }, 'kwh', 'a number, found "1"'],
      [{ kwh: undefined, kWh: 1 }, 'kwh', 'a number, found nothing; kWh is unknown, did you mean kwh?'],
    ];
    const lines = { 'Content-Type': 'application/x-ndjson' };
    for (const [change, name, expected] of refusals) {
      const [good, wrong] = [JSON.stringify(right), JSON.stringify({ ...right, ...change })];
      const forms = [
        ['body', await push(wrong, {}, 'readings')],
        ['body[1]', await push(`[${good},${wrong}]`, {}, 'readings')],
        ['line 3', await push(`${good}\n\n${wrong}`, lines, 'readings')],
      ] as const;
      for (const [place, response] of forms) {
        const refusal = await response.json();
        expect(refusal).toMatchObject({ field: `${place}.${name}`, expected: expect.stringContaining(expected) });
        expect(refusal).toMatchObject({ title: expect.stringContaining(`${place}.${name}: `) });
      }
    }
    const told = { level: 'info', message: 'a push is refused: invalid_input' };
    expect(served.logged).toContainEqual({ ...told, fields: { stream: 'readings', field: 'body.at' } });
    expect(JSON.stringify(served.logged)).not.toContain('yesterday');
  });

  it('says of a time or a key that a function makes what it is of, and the log what the function threw', async () => {
    const made = stream({
      description: 'Readings',
      schema: z.object({ at: z.string() }),
      time: ({ at }) => at,
      key: ({ at }) => {
        if (at === '') throw new Error('no key');
        return at;
      },
    });
    const named = defineApp({ name: 'named', version: '1', description: 'Takes pushes', streams: { made } });
    served = await serveApp(named, { http: { pushTokens: new Map([['made', TOKEN]]) } });
    expect(await (await push('[{"at":"now"}]', {}, 'made')).json()).toMatchObject({ field: 'time of body[0]' });
    const thrown =
      "body[0]: expected JSON that the stream's functions can read, as key: one threw something, which the log has";
    expect(await (await push('[{"at":""}]', {}, 'made')).json()).toMatchObject({ field: 'body[0]', title: thrown });
    expect(served.logged).toContainEqual({
      level: 'error',
      message: 'a function of a stream broke',
      fields: { stream: 'made', field: 'body[0]', cause: expect.stringContaining('no key') },
    });
  });

  it.each([
    ['no JSON', '{', 'body', {}],
    ['nothing', '[]', 'body', {}],
    ['too many', JSON.stringify(Array.from({ length: 1_001 }, () => file('a'))), 'body', {}],
    ['a wrong line', `${JSON.stringify(file('a'))}\n{`, 'line 2', { 'Content-Type': 'application/x-ndjson' }],
    ['one event of wrong shape', JSON.stringify([file('a'), { path: 'b' }]), 'body[1].size', {}],
    ['what is nested too deep', '['.repeat(5_000) + ']'.repeat(5_000), 'body', {}],
    ['another type', 'a', 'Content-Type', { 'Content-Type': 'text/plain' }],
    ['another charset', Buffer.from('{"path":"ä"}', 'latin1'), 'body', {}],
    ['a packed body', 'a', 'Content-Encoding', { 'Content-Encoding': 'gzip' }],
    ['a key out of form', JSON.stringify(file('a')), 'Idempotency-Key', { 'Idempotency-Key': 'k'.repeat(257) }],
  ])('answers %s with 400 that names it, and stores nothing', async (_, body, field, headers) => {
    await serve();
    const response = await push(body, headers);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid_input', field });
    expect(await paths()).toEqual([]);
  });

  it('says where a body is no JSON, and that a push is a POST', async () => {
    await serve();
    const { title } = (await (await push("{'path':1}")).json()) as { title: string };
    expect(title).toMatch(/^body: expected a whole JSON text, found: .*position 1/);
    const got = await fetch(`${served.url}/ingest/files`);
    expect([got.status, got.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await got.json()).toMatchObject({ field: 'method', expected: 'POST' });
    expect(await (await fetch(`${served.url}/ingest`)).json()).toMatchObject({
      hint: expect.stringContaining('/ingest/<stream>'),
    });
  });

  it('answers what is too large with 413, with a length and without', async () => {
    await serve();
    const large = JSON.stringify(file('x'.repeat(PUSH_BYTES)));
    const streamed = new Blob([large]).stream();
    expect((await push(large)).status).toBe(413);
    const init = {
      method: 'POST',
      body: streamed,
      duplex: 'half',
      headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
    };
    expect((await fetch(`${served.url}/ingest/files`, init as RequestInit)).status).toBe(413);
  });

  it('keeps the trace that brought an event', async () => {
    await serve();
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    await push(JSON.stringify(file('a')), { traceparent });
    const answer = await served.call('tools/call', { name: 'read_history', arguments: { stream: 'files' } });
    expect(await answer.text()).toContain(traceparent);
  });

  it('takes so many bytes in a day, over all instances, and no more; what was refused counts nothing', async () => {
    const store = createMemoryStore();
    let now = Date.UTC(2026, 10, 29, 12);
    const small = defineApp({ ...app.options, quotas: { pushes: 1_000_000 } });
    const http = { pushTokens: new Map([['files', TOKEN]]) };
    served = await serveApp(small, { builtIns: true, store, http, now: () => now });
    const second = await serveApp(small, { builtIns: true, store, http, now: () => now });
    onTestFinished(() => second.close());
    const both = [served, second];
    const statuses: number[] = [];
    for (let at = 0; at < 5; at += 1) {
      const { url } = both[at % 2] ?? served;
      const init = {
        method: 'POST',
        body: padded(240_000),
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${TOKEN}` },
      };
      statuses.push((await fetch(`${url}/ingest/files`, init)).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 429]);
    expect((await push(JSON.stringify({ path: 'a' }))).status).toBe(400);
    const refused = await push(padded(200_000));
    expect(await refused.json()).toMatchObject({
      code: 'rate_limited',
      field: 'quotas.pushes',
      expected: 'at most 1000000 bytes of one caller in a day',
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_600);
    now += 36 * 3_600_000;
    expect((await push(padded(200_000))).status).toBe(200);
  });

  it('counts what the store may have taken, and does not count what it has refused', async () => {
    const inner = createMemoryStore();
    let code: 'store_unknown' | 'store_full' = 'store_full';
    const commit: typeof inner.commit = async (operations, options) => {
      if (operations.some((one) => one.kind === 'append')) throw new TidegateError(code, 'said by the store');
      return inner.commit(operations, options);
    };
    const small = defineApp({ ...app.options, quotas: { pushes: 1_000_000 } });
    const http = { pushTokens: new Map([['files', TOKEN]]) };
    served = await serveApp(small, { builtIns: true, store: { ...inner, commit }, http });
    const statuses: number[] = [];
    for (let n = 0; n < 8; n += 1) {
      code = n < 3 ? 'store_full' : 'store_unknown';
      statuses.push((await push(padded(240_000))).status);
    }
    expect(statuses).toEqual([...Array<number>(7).fill(503), 429]);
  });
});
