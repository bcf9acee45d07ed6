import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineApp, stream } from '../../src/index.ts';
import { PUSH_BYTES } from '../../src/http/push.ts';
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

function push(body: string, headers: Record<string, string | null> = {}, name = 'files'): Promise<Response> {
  const sent = new Headers({ 'Content-Type': 'application/json', Authorization: `Bearer ${TOKEN}` });
  for (const [header, value] of Object.entries(headers)) {
    if (value === null) sent.delete(header);
    else sent.set(header, value);
  }
  return fetch(`${served.url}/ingest/${name}`, { method: 'POST', body, headers: sent });
}

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
    ['a stream that takes no pushes', {}, 'other'],
    ['a stream that does not exist', {}, 'nothing'],
    ['a name of an object', {}, '__proto__'],
  ])('answers %s with the same 401', async (_, headers, name) => {
    await serve();
    const response = await push(JSON.stringify(file('a')), headers, name);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response.json()).toEqual({
      title: 'This needs a token: Authorization: Bearer …',
      status: 401,
      code: 'unauthorized',
      field: 'Authorization',
    });
    expect(await paths()).toEqual([]);
  });

  it.each([
    ['no JSON', '{', 'body', {}],
    ['nothing', '[]', 'body', {}],
    ['too many', JSON.stringify(Array.from({ length: 1_001 }, () => file('a'))), 'body', {}],
    ['a wrong line', `${JSON.stringify(file('a'))}\n{`, 'line 2', { 'Content-Type': 'application/x-ndjson' }],
    ['one event of wrong shape', JSON.stringify([file('a'), { path: 'b' }]), 'events[1].data.size', {}],
    ['what is nested too deep', '['.repeat(5_000) + ']'.repeat(5_000), 'body', {}],
    ['another type', 'a', 'Content-Type', { 'Content-Type': 'text/plain' }],
    ['a key out of form', JSON.stringify(file('a')), 'Idempotency-Key', { 'Idempotency-Key': 'k'.repeat(257) }],
  ])('answers %s with 400 that names it, and stores nothing', async (_, body, field, headers) => {
    await serve();
    const response = await push(body, headers);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'invalid_input', field });
    expect(await paths()).toEqual([]);
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
});
