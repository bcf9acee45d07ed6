/** HTTP tools inside workerd: a request with its secret, a kept answer, and calls at once that share one request. */
import { expect, test } from 'vitest';
import { defineApp } from '../../src/declare/check/define-app.ts';
import { api } from '../../src/declare/http-api.ts';
import { secret } from '../../src/declare/secret.ts';
import { httpTool } from '../../src/declare/http-tool.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { composeRegistry } from '../../src/hosts/serving.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';

function nothing(): void {}

test('calls at once and one after them are one request, with the secret', async () => {
  const sent: (string | null)[] = [];
  const fetch = (_url: unknown, init: RequestInit = {}) => {
    sent.push(new Headers(init.headers).get('x-key'));
    return Promise.resolve(Response.json({ n: 1 }));
  };
  const shop = api({ name: 'shop', url: 'https://shop.example.org', headers: { 'X-Key': secret('SHOP_KEY') } });
  const tools = { t: httpTool({ description: 'x', api: shop, url: '/p', cache: { ttlMs: 60_000 } }) };
  const app = defineApp({ name: 'keyed', version: '1', description: 'x', tools });
  const runtime = { ...systemRuntime(nothing), fetch };
  const registry = composeRegistry({ app, runtime }, { variable: () => 'abcdefgh' });
  const store = createMemoryStore({});
  const call = () =>
    registry.tools.call(
      't',
      {},
      {
        principal: PUBLIC,
        account: { store },
        signal: new AbortController().signal,
        deadline: Date.now() + 20_000,
        clientCapabilities: {},
        retry: null,
        meta: {},
        log: nothing,
        progress: nothing,
        emit: nothing,
      },
    );
  const answers = [...(await Promise.all([call(), call()])), await call()];
  for (const answer of answers) expect(answer).toMatchObject({ structuredContent: { n: 1 } });
  expect(sent).toEqual(['abcdefgh']);
});
