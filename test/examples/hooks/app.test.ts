/** What a shop and GitHub send is stored, on a whole host that reads its secrets from the environment. */
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createHost } from '../../../src/hosts/host.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import app from './app.ts';

const CURRENT = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
const PREVIOUS = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;
const GITHUB_SECRET = "It's a Secret to Everybody";

function host(variables: Record<string, string>) {
  const runtime = { ...systemRuntime(() => {}), variable: (name: string) => variables[name] ?? null };
  return createHost({ app, store: createMemoryStore(), runtime });
}

function request(name: string, body: string, headers: Record<string, string>): Request {
  const sent = { 'Content-Type': 'application/json', ...headers };
  return new Request(`http://shop.example/ingest/${name}`, { method: 'POST', body, headers: sent });
}

function order(body: string, secret: string): Request {
  const [id, at] = [crypto.randomUUID(), Math.floor(Date.now() / 1_000)];
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${at}.${body}`).digest('base64');
  return request('orders', body, {
    'webhook-id': id,
    'webhook-timestamp': `${at}`,
    'webhook-signature': `v1,${signature}`,
  });
}

test('an order counts with the current secret, and with the one before it while that is set', async () => {
  const body = JSON.stringify({ number: 'A-1', total: 12.5 });
  const both = host({ SHOP_SECRET: CURRENT, SHOP_SECRET_PREVIOUS: PREVIOUS, GITHUB_SECRET });
  const after = host({ SHOP_SECRET: CURRENT, GITHUB_SECRET });
  expect((await both.fetch(order(body, CURRENT))).status).toBe(200);
  expect((await both.fetch(order(body, PREVIOUS))).status).toBe(200);
  expect((await after.fetch(order(body, PREVIOUS))).status).toBe(401);
});

test('a push to the repository is stored', async () => {
  const body = JSON.stringify({ ref: 'refs/heads/main', after: 'f00', repository: { full_name: 'a/b' }, more: [] });
  const signature = `sha256=${createHmac('sha256', GITHUB_SECRET).update(body).digest('hex')}`;
  const headers = { 'X-GitHub-Event': 'push', 'X-Hub-Signature-256': signature };
  const answer = await host({ SHOP_SECRET: CURRENT, GITHUB_SECRET }).fetch(request('pushes', body, headers));
  expect(await answer.json()).toEqual({ appended: 1, duplicates: 0 });
});

test('the start names a secret that is not set', () => {
  expect(() => host({ SHOP_SECRET: CURRENT })).toThrow(/GITHUB_SECRET/);
});
