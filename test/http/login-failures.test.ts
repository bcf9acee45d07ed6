/** Logins that fail: how many are tried in a minute, and what counts as one. Login itself: `login.test.ts`. */
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import type { Principal } from '../../src/base/principal.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createHost } from '../../src/hosts/host.ts';
import { defineApp, stream } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';

const app = defineApp({
  name: 'paged',
  version: '1',
  description: 'Has a page',
  streams: { files: stream({ description: 'Files', schema: z.object({ n: z.number() }) }) },
});
const ANN: Principal = { tenant: 'acme', subject: 'ann', client: null, scopes: ['streams:read'] };
const MOST = 300;

/** A host that is asked for logins, and whom `authenticate` answers. */
function stage(authenticate: () => Promise<Principal | Response>) {
  const host = createHost({
    app,
    store: createMemoryStore(),
    runtime: systemRuntime(() => undefined),
    host: '127.0.0.1',
    secrets: { current: 'a secret of a test, which guards nothing', previous: null },
    authenticate,
    pushNeeds: 'either',
    tenants: () => ['acme', 'public'],
  });
  onTestFinished(() => host.close());
  return async () => {
    const headers = { Host: '127.0.0.1:8787', 'Sec-Fetch-Site': 'same-origin', Authorization: 'Bearer abc' };
    return (await host.fetch(new Request('http://127.0.0.1:8787/login', { method: 'POST', headers }))).status;
  };
}

test('while nobody can say who calls, no login has failed', async () => {
  let isDown = true;
  const logIn = stage(async () => (isDown ? new Response('{}', { status: 503 }) : ANN));
  for (let count = 0; count <= MOST; count += 1) expect(await logIn()).toBe(503);
  isDown = false;
  for (let count = 0; count <= MOST; count += 1) expect(await logIn()).toBe(200);
});

test('logins that fail at once are bounded as those that fail one after another', async () => {
  let asked = 0;
  const logIn = stage(async () => {
    asked += 1;
    await new Promise((resolve) => setImmediate(resolve));
    return new Response('{}', { status: 401 });
  });
  const statuses = await Promise.all(Array.from({ length: 2 * MOST }, logIn));
  expect(asked).toBe(MOST);
  expect(statuses.filter((status) => status === 429)).toHaveLength(MOST);
});
