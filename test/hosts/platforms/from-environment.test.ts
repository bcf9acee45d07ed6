/** What every host takes of its environment. Each host is asked the same over HTTP by the entry suite. */
import { expect, test } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createHost } from '../../../src/hosts/host.ts';
import { fromEnvironment } from '../../../src/hosts/platforms/from-environment.ts';
import { defineApp } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { readConfig } from '../../../src/store/drivers/open.ts';

const app = defineApp({ name: 'small', version: '1', description: 'Has nothing' });
const KEY = 'k'.repeat(40);

/** A host as the recipe makes one. */
async function stage(environment: Record<string, string>, own = {}) {
  const logged: { level: string; field: unknown }[] = [];
  const store = createMemoryStore();
  let closed = 0;
  const given = await fromEnvironment({
    config: readConfig({ STORE: 'memory', ...environment }, 'memory'),
    app,
    runtime: systemRuntime((level, _, fields) => void logged.push({ level, field: fields?.['field'] })),
    own,
    openStore: async () => ({ ...store, close: async () => void (closed += 1) }),
  }).catch((error: unknown) => ({ error }));
  return { given, logged, closed: () => closed };
}

test('who calls is asked as AUTH says, and what else the environment says is taken', async () => {
  const secret = 's'.repeat(40);
  const { given, logged } = await stage({
    AUTH: 'keys',
    TIDEGATE_KEY: KEY,
    TIDEGATE_SECRET: secret,
    PUBLIC_URL: 'https://a.example',
    ALLOWED_ORIGINS: 'https://b.example',
    FEED_REQUESTS_PER_DAY: '10',
  });
  if ('error' in given) throw given.error;
  expect(given).toMatchObject({
    isOpen: false,
    publicUrl: 'https://a.example',
    secrets: { current: secret },
    feedRequestsPerDay: 10,
  });
  expect(given.allowedOrigins).toHaveLength(1);
  expect(logged).toEqual([]);
  const host = createHost(given);
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
  const statuses = [];
  for (const bearer of ['', 'w'.repeat(40), KEY]) {
    const headers = new Headers({ 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' });
    if (bearer !== '') headers.set('Authorization', `Bearer ${bearer}`);
    const { status } = await host.fetch(new Request('https://a.example/mcp', { method: 'POST', headers, body }));
    statuses.push(status === 401);
  }
  expect(statuses).toEqual([true, true, false]);
  await host.close();
});

test('what is missing or misspelt is told', async () => {
  const { logged } = await stage({ PUBLIC_URLL: 'https://a.example' });
  expect(logged).toEqual([
    { level: 'warn', field: 'PUBLIC_URLL' },
    { level: 'warn', field: 'AUTH' },
    { level: 'warn', field: 'TIDEGATE_SECRET' },
  ]);
});

test('what would leave the server open by mistake is refused, and no store stays open', async () => {
  expect(await stage({ TIDEGATE_KEYS: KEY })).toMatchObject({ given: { error: { field: 'TIDEGATE_KEYS' } } });
  const both = await stage({ AUTH: 'keys' }, { authenticate: () => new Response(null, { status: 401 }) });
  expect(both).toMatchObject({ given: { error: { field: 'AUTH' } } });
  expect(both.closed()).toBe(1);
});
