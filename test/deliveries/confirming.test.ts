/** What it costs a host that somebody subscribes urls at it, and which hosts say by a document alone that they are receivers. */
import { expect, test } from 'vitest';
import { ADA, appOf, deliveryStage, EVE, taking } from './stage.ts';

const DOCUMENT = '/.well-known/mcp-webhook-receiver.json';
const codeOf = (thrown: unknown) => (thrown as { code?: string }).code ?? 'none';

test('the ports of a host cannot be looked at', async () => {
  const stage = deliveryStage({ receive: () => new Response(null, { status: 404 }) });
  for (const port of [22, 80, 444, 1001, 6379, 9200]) {
    await expect(stage.subscribe({ url: `https://victim.example.com:${port}/x` })).rejects.toMatchObject({
      code: 'invalid_input',
      field: 'target.url',
      expected: expect.stringContaining('webhooks.allow'),
    });
  }
  expect(stage.received).toEqual([]);
});

test('a host is asked so often at most, on all of its ports together', async () => {
  const allow = Array.from({ length: 60 }, (_, port) => `victim.example.com:${1_000 + port}`);
  const app = appOf({ webhooks: { allow }, quotas: { subscriptions: 1_000 } });
  const stage = deliveryStage({ app, receive: () => new Response(null, { status: 404 }) });
  const codes = new Map<string, number>();
  for (let port = 0; port < 60; port += 1) {
    const code = await stage
      .subscribe({ url: `https://victim.example.com:${1_000 + port}/x` })
      .then(() => 'ok', codeOf);
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  expect(Object.fromEntries(codes)).toEqual({ upstream: 30, rate_limited: 30 });
  expect(stage.received.filter(({ body }) => body['type'] === 'verification')).toHaveLength(30);
});

test('many callers of one tenant do not lock another tenant out', async () => {
  const stage = deliveryStage({
    receive: (one, signal) => (one.url.includes('nobody') ? new Response(null, { status: 404 }) : taking(one, signal)),
  });
  for (let caller = 0; caller < 30; caller += 1) {
    for (let path = 0; path < 25; path += 1) {
      const url = `https://hooks.example.com/nobody/${path}`;
      await stage.subscribe({ url }, { ...ADA, subject: `caller-${caller}` }).catch(codeOf);
    }
  }
  expect(stage.received.filter(({ body }) => body['type'] === 'verification')).toHaveLength(120);
  await stage.subscribe({ url: 'https://hooks.example.com/eve' }, { ...EVE, tenant: 'other' });
});

test('a document will do where the receiver does not answer a challenge at all', async () => {
  const stage = deliveryStage({
    receive: ({ url }) => {
      if (url.endsWith(DOCUMENT)) return Response.json({ receivers: ['/hooks/'] });
      throw Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    },
  });
  await stage.subscribe({ url: 'https://hooks.example.com/hooks/ada' });
  await expect(stage.subscribe({ url: 'https://hooks.example.com/other' })).rejects.toMatchObject({
    cause: { callback: 'connection_refused' },
  });
});
