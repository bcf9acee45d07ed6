/** Signed pushes through the whole HTTP app. What signs here is Node's own HMAC. */
import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineApp, stream } from '../../src/index.ts';
import type { Principal } from '../../src/base/principal.ts';
import type { HttpAppOptions } from '../../src/http/app-options.ts';
import { PUSH_BYTES } from '../../src/http/push-body.ts';
import type { PushKeys } from '../../src/http/push-secrets.ts';
import { type Served, serveApp } from '../mcp/served.ts';

const any = stream({ description: 'Whatever is sent', schema: z.looseObject({}) });
const app = defineApp({
  name: 'signed',
  version: '1',
  description: 'Takes signed pushes',
  streams: { hooks: any, code: any, payments: any, chat: any, tokens: any, open: any },
});
const KEYS = { hooks: 'a', old: 'b', code: 'c', payments: 'd', chat: 'e' };
const bytesOf = (name: keyof typeof KEYS) => new Uint8Array(32).fill(KEYS[name].charCodeAt(0));
const pushKeys: PushKeys = new Map([
  ['hooks', [{ by: 'standardWebhooks', keys: [bytesOf('hooks'), bytesOf('old')] }]],
  ['code', [{ by: 'github', keys: [bytesOf('code')] }]],
  ['payments', [{ by: 'stripe', keys: [bytesOf('payments')] }]],
  ['chat', [{ by: 'slack', keys: [bytesOf('chat')] }]],
]);
const TOKEN = 'a-token-of-the-tests';
const NOW = Date.UTC(2026, 10, 29, 12);
const SECONDS = NOW / 1_000;

let served: Served;
let now = NOW;
afterEach(() => served.close());

async function serve(http: Partial<HttpAppOptions> = {}): Promise<void> {
  now = NOW;
  const pushTokens = new Map([['tokens', TOKEN]]);
  served = await serveApp(app, { builtIns: true, now: () => now, http: { pushTokens, pushKeys, ...http } });
}

const hmac = (name: keyof typeof KEYS, content: string, as: 'hex' | 'base64' = 'hex') =>
  createHmac('sha256', bytesOf(name)).update(content).digest(as);

type KeyName = keyof typeof KEYS;
type Sent = Record<string, string>;
const webhook = (
  body: string,
  { id = 'msg_1', at = SECONDS, key = 'hooks' }: { id?: string; at?: number; key?: KeyName } = {},
): Sent => ({
  'webhook-id': id,
  'webhook-timestamp': `${at}`,
  'webhook-signature': `v1,${hmac(key, `${id}.${at}.${body}`, 'base64')}`,
});
const github = (body: string, more: Sent = {}): Sent => ({
  'X-Hub-Signature-256': `sha256=${hmac('code', body)}`,
  ...more,
});
const stripe = (body: string, at = SECONDS): Sent => ({
  'Stripe-Signature': `t=${at},v1=${'0'.repeat(64)},v1=${hmac('payments', `${at}.${body}`)},v0=${'0'.repeat(64)}`,
});
const slack = (body: string, at = SECONDS): Sent => ({
  'X-Slack-Request-Timestamp': `${at}`,
  'X-Slack-Signature': `v0=${hmac('chat', `v0:${at}:${body}`)}`,
});

function push(name: string, body: string, headers: Sent): Promise<Response> {
  const sent = { 'Content-Type': 'application/json', ...headers };
  return fetch(`${served.url}/ingest/${name}`, { method: 'POST', body, headers: sent });
}

async function stored(name: string): Promise<unknown[]> {
  const read = await served.call('tools/call', {
    name: 'read_history',
    arguments: { stream: name, order: 'oldest' },
  });
  const { result } = (await read.json()) as { result: { structuredContent: { events: { data: unknown }[] } } };
  return result.structuredContent.events.map(({ data }) => data);
}

const ONE = { appended: 1, duplicates: 0 };
const BODY = '{ "n": 1 }';

describe('a signed push', () => {
  it.each([
    ['hooks', webhook],
    ['code', github],
    ['payments', stripe],
    ['chat', slack],
  ])('to %s is stored once, however often it comes', async (name, sign) => {
    await serve();
    for (let time = 0; time < 3; time += 1) {
      const response = await push(name, BODY, sign(BODY));
      expect([response.status, await response.json()]).toEqual([200, ONE]);
    }
    expect(await stored(name)).toEqual([{ n: 1 }]);
  });

  it('is judged by the bytes as they came, whatever is in them', async () => {
    await serve();
    const body = '\uFEFF{"n":1,\r\n\t"text":"ä🌧",   "n2":1.0}';
    expect((await push('code', body, github(body))).status).toBe(200);
    expect((await push('code', JSON.stringify(JSON.parse(body.slice(1))), github(body))).status).toBe(401);
  });

  it('may be signed with the secret before the current one', async () => {
    await serve();
    expect((await push('hooks', BODY, webhook(BODY, { key: 'old' }))).status).toBe(200);
    const both = webhook(BODY, { id: 'msg_2' });
    both['webhook-signature'] = `v1a,x v1,${hmac('code', 'other', 'base64')} ${both['webhook-signature']}`;
    expect((await push('hooks', BODY, both)).status).toBe(200);
    expect(await stored('hooks')).toHaveLength(2);
  });

  it('counts again under another signed id, and never for what is not signed', async () => {
    await serve();
    expect((await push('hooks', BODY, webhook(BODY, { id: 'msg_2' }))).status).toBe(200);
    expect((await push('hooks', BODY, webhook(BODY, { id: 'msg_3' }))).status).toBe(200);
    expect(await stored('hooks')).toHaveLength(2);
    for (const delivery of ['d-1', 'd-2']) {
      const headers = { 'X-GitHub-Delivery': delivery, 'Idempotency-Key': delivery };
      expect((await push('code', BODY, github(BODY, headers))).status).toBe(200);
    }
    expect(await stored('code')).toHaveLength(1);
  });

  it('as a Standard Webhook is refused under an id that came before with another body', async () => {
    await serve();
    expect((await push('hooks', BODY, webhook(BODY))).status).toBe(200);
    const other = '{ "n": 2 }';
    const response = await push('hooks', other, webhook(other));
    expect([response.status, await response.json()]).toMatchObject([400, { field: 'webhook-id' }]);
    expect((await push('hooks', BODY, webhook(BODY))).status).toBe(200);
    expect(await stored('hooks')).toEqual([{ n: 1 }]);
  });

  it.each([
    ['payments', stripe, 'id'],
    ['chat', slack, 'event_id'],
  ] as const)(
    'to %s counts once by the id in its body, also where the sender changed something else',
    async (name, sign, member) => {
      await serve();
      const bodies = [1, 2].map((pending) => JSON.stringify({ [member]: 'evt_1', pending }));
      for (const body of bodies) expect(await (await push(name, body, sign(body))).json()).toEqual(ONE);
      expect(await stored(name)).toEqual([{ [member]: 'evt_1', pending: 1 }]);
    },
  );

  it.each([
    ['chat', slack, '{"event_id":"Ev1","text":"a=b&payload=%7B%7D"}'],
    ['chat', slack, ' [{"event_id":"Ev1"}]'],
    ['code', github, '{"action":"opened"}'],
    ['payments', stripe, '[{"id":"evt_1"}]'],
  ] as const)(
    'to %s is one event, whatever Content-Type says of the bytes that are signed',
    async (name, sign, body) => {
      await serve();
      const types = ['application/x-www-form-urlencoded', 'application/json', 'application/x-ndjson', 'text/plain'];
      for (const type of ['application/json', ...types])
        await push(name, body, { ...sign(body), 'Content-Type': type });
      expect(await stored(name)).toEqual([JSON.parse(body)].flat());
      await served.close();
      await serve();
      for (const type of types.slice(0, 2)) await push(name, body, { ...sign(body), 'Content-Type': type });
      expect(await stored(name)).toEqual([JSON.parse(body)].flat());
    },
  );

  it('is not kept out by a key that somebody else chose', async () => {
    const both = stream({ description: 'Takes both', schema: z.looseObject({}) });
    served = await serveApp(defineApp({ ...app.options, streams: { payments: both } }), {
      now: () => NOW,
      http: { pushKeys, pushTokens: new Map([['payments', TOKEN]]) },
    });
    const forged = { Authorization: `Bearer ${TOKEN}`, 'Idempotency-Key': 'stripe:evt_1' };
    expect((await push('payments', '{"id":"evt_0"}', forged)).status).toBe(200);
    const genuine = '{"id":"evt_1"}';
    expect(await (await push('payments', genuine, stripe(genuine))).json()).toEqual(ONE);
  });

  it('counts for its own stream, and takes nothing from another', async () => {
    const few = defineApp({ ...app.options, quotas: { requests: 2 } });
    served = await serveApp(few, {
      now: () => NOW,
      http: {
        authenticate: () => new Response(null, { status: 401 }),
        pushNeeds: 'either',
        pushKeys,
        pushTokens: new Map([['tokens', TOKEN]]),
      },
    });
    const statuses = [];
    for (let n = 0; n < 3; n += 1) statuses.push((await push('hooks', BODY, webhook(BODY, { id: `m${n}` }))).status);
    statuses.push((await push('code', BODY, github(BODY))).status);
    statuses.push((await push('tokens', BODY, { Authorization: `Bearer ${TOKEN}` })).status);
    expect(statuses).toEqual([200, 200, 429, 200, 200]);
  });

  it('that could not be stored counts when it comes again', async () => {
    await serve();
    const wrong = '[1]';
    expect((await push('hooks', wrong, webhook(wrong))).status).toBe(400);
    expect((await push('hooks', BODY, webhook(BODY))).status).toBe(200);
  });

  it('may be a form, where the sender sends forms', async () => {
    await serve();
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const payload = `payload=${encodeURIComponent('{"action":"opened"}')}`;
    expect((await push('code', payload, github(payload, type))).status).toBe(200);
    expect(await stored('code')).toEqual([{ action: 'opened' }]);
    const command = 'command=%2Fweather&text=94070+now';
    expect((await push('chat', command, { ...slack(command), ...type })).status).toBe(200);
    expect(await stored('chat')).toEqual([{ command: '/weather', text: '94070 now' }]);
    expect((await push('payments', payload, { ...stripe(payload), ...type })).status).toBe(400);
  });

  it('that sets a sender up is answered, and stores nothing', async () => {
    await serve();
    const question = JSON.stringify({ type: 'url_verification', token: 'x', challenge: '3eZbrw1a' });
    expect(await (await push('chat', question, slack(question))).json()).toEqual({ challenge: '3eZbrw1a' });
    const ping = '{"zen":"Keep it logically awesome."}';
    expect((await push('code', ping, github(ping, { 'X-GitHub-Event': 'ping' }))).status).toBe(200);
    expect([...(await stored('chat')), ...(await stored('code'))]).toEqual([]);
    const unsigned = await push('chat', question, { 'X-Slack-Signature': `v0=${'0'.repeat(64)}` });
    expect([unsigned.status, await unsigned.text()]).toEqual([401, expect.not.stringContaining('3eZbrw1a')]);
  });

  it('needs no bearer where callers are known; one that is sent is judged alone', async () => {
    const caller: Principal = { tenant: 'acme', subject: 'ann', client: null, scopes: ['streams:publish'] };
    await serve({
      authenticate: ({ headers }) => (headers.has('authorization') ? caller : new Response(null, { status: 401 })),
      pushNeeds: 'either',
    });
    expect((await push('hooks', BODY, webhook(BODY))).status).toBe(200);
    const wrong = { ...webhook(BODY), 'webhook-signature': webhook('{}')['webhook-signature'] ?? '' };
    expect((await push('hooks', BODY, wrong)).status).toBe(401);
    expect((await push('hooks', BODY, { ...wrong, Authorization: 'Bearer k' })).status).toBe(200);
  });

  it('needs the caller too where an app asks for both', async () => {
    await serve({ authenticate: () => new Response('who?', { status: 401 }) });
    const response = await push('hooks', BODY, webhook(BODY));
    expect([response.status, await response.text()]).toEqual([401, 'who?']);
  });
});

describe('what is not signed as it should be', () => {
  const late = SECONDS - 301;
  const early = SECONDS + 301;
  it.each<[string, string, Sent]>([
    ['another secret', 'hooks', webhook(BODY, { key: 'code' })],
    ['another body', 'hooks', webhook('{}')],
    ['an id that was not signed', 'hooks', { ...webhook(BODY), 'webhook-id': 'msg_2' }],
    ['a time that was not signed', 'hooks', { ...webhook(BODY), 'webhook-timestamp': `${SECONDS + 1}` }],
    ['a time long ago', 'hooks', webhook(BODY, { at: late })],
    ['a time ahead', 'hooks', webhook(BODY, { at: early })],
    ['a time long ago', 'payments', stripe(BODY, late)],
    ['a time ahead', 'chat', slack(BODY, early)],
    ['a stream that does not exist', 'nothing', webhook(BODY)],
    ['a stream that takes no pushes', 'open', webhook(BODY)],
    ['a stream that takes tokens', 'tokens', webhook(BODY)],
    ['a stream that takes another way', 'code', webhook(BODY)],
    [
      'the key that stands in for none',
      'open',
      { 'X-Hub-Signature-256': `sha256=${createHmac('sha256', Buffer.alloc(32)).update(BODY).digest('hex')}` },
    ],
    ['a name of an object', '__proto__', webhook(BODY)],
  ])('%s (%s) is the same 401', async (_, name, headers) => {
    await serve();
    const response = await push(name, BODY, headers);
    const [field] = ['Webhook-Signature', 'X-Hub-Signature-256', 'Stripe-Signature', 'X-Slack-Signature'].filter(
      (header) => Object.keys(headers).some((given) => given.toLowerCase() === header.toLowerCase()),
    );
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(await response.json()).toEqual({
      title: `${field}: no signature that is valid here and now`,
      status: 401,
      code: 'unauthorized',
      field,
      expected: 'a signature of these bytes by a secret of the stream, made a few minutes ago at most',
      hint: 'send the body as it was signed, and see that the clock of the sender is right',
    });
    const told = served.logged.filter(({ message }) => message.startsWith('a push is refused'));
    expect(told).toHaveLength(1);
    expect(JSON.stringify(served.logged)).not.toContain(Object.values(headers).find((value) => /[=,]/.test(value)));
  });

  it('is bounded before it is judged, alike for every stream', async () => {
    await serve();
    const large = 'x'.repeat(PUSH_BYTES + 1);
    for (const name of ['hooks', 'nothing', 'tokens']) {
      expect((await push(name, large, webhook(large))).status).toBe(413);
    }
  });

  it('brings neither token nor signature: 401, and the log says which is missing', async () => {
    await serve();
    expect((await push('hooks', BODY, {})).status).toBe(401);
    expect((await push('hooks', BODY, { Authorization: `Bearer ${TOKEN}`, ...webhook(BODY) })).status).toBe(401);
    expect(served.logged.map(({ message }) => message)).toContain(
      'a push is refused: it is not signed, and the stream takes no token',
    );
  });
});
