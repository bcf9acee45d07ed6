import { expect, test } from 'vitest';
import { createKey, revokeKey } from '../../src/auth/keys/manage.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import type { Principal } from '../../src/base/principal.ts';
import { task } from '../../src/index.ts';
import { hasDeliveries, deliveryDeps } from '../../src/calls/events/delivery-deps.ts';
import { withTasks } from '../../src/hosts/task-deps.ts';
import { listTasks } from '../../src/tasks/records/list.ts';
import * as z from 'zod';
import { createSubscriptions } from '../../src/deliveries/subscriptions.ts';
import { workOnBatch } from '../../src/hosts/queue.ts';
import { publish } from '../../src/streams/log/publish.ts';
import { ofStream, scopeOf } from '../../src/streams/scope.ts';
import { ADA, appOf, SECRET, URL_OF_ADA } from '../deliveries/stage.ts';

const runtime = systemRuntime(() => {});
const app = appOf({
  tasks: {
    look: task({
      version: '1',
      description: 'Looks at a price',
      input: z.object({ eventId: z.string(), data: z.object({ key: z.string() }) }),
      run: async () => 'done',
    }),
  },
});

function made() {
  const store = createMemoryStore();
  const deps = withTasks({ app, store, runtime, isOpen: false, secrets: { current: 'x'.repeat(32), previous: null } });
  return { deps, store, deliveries: deliveryDeps(deps) };
}

test('an open server delivers nothing', () => {
  expect(hasDeliveries({ app, isOpen: true })).toBe(false);
  expect(hasDeliveries({ app, isOpen: false })).toBe(true);
});

test('a key that was revoked has no rights, unless another of its name is in its place', async () => {
  const { deps, deliveries } = made();
  const given = { name: 'ada', tenant: 'acme', expiresAt: null };
  const { key } = await createKey(deps, { ...given, scopes: ['streams:read', 'events'] });
  const principal: Principal = {
    tenant: 'acme',
    subject: 'ada',
    client: `tg_${key.id}`,
    scopes: ['streams:read', 'events'],
  };
  expect(await deliveries.rightsOf?.(principal)).toMatchObject({ scopes: ['streams:read', 'events'] });
  await revokeKey(deps, key.id);
  expect(await deliveries.rightsOf?.(principal)).toBeNull();
  const { key: second } = await createKey(deps, { ...given, scopes: ['tasks'] });
  expect(await deliveries.rightsOf?.(principal)).toMatchObject({ client: `tg_${second.id}`, scopes: ['tasks'] });
});

test('a caller whose client is called like the key of another has none of its rights', async () => {
  const { deps, deliveries } = made();
  const { key } = await createKey(deps, { name: 'root', tenant: 'acme', expiresAt: null, scopes: ['*'] });
  for (const [tenant, subject] of [
    ['acme', 'eve#issuer.example'],
    ['other', 'root'],
  ] as const) {
    const principal = { tenant, subject, client: `tg_${key.id}`, scopes: ['tasks'] };
    expect(await deliveries.rightsOf?.(principal)).toBeNull();
  }
});

test('sources are those that the scopes read', () => {
  const { deliveries } = made();
  expect([...deliveries.sourcesOf({ scopes: ['streams:read:prices'] }).keys()]).toEqual(['high', 'stream.prices']);
  expect([...deliveries.sourcesOf({ scopes: ['tasks'] }).keys()]).toEqual([]);
});

test('a task is begun once for an event, as who subscribed', async () => {
  const { deps, deliveries } = made();
  const ada: Principal = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };
  const check = (source: string, scopes = ada.scopes) => {
    const found = deliveries.sourcesOf(ada).get(source);
    if (!found) throw new Error('no source');
    deliveries.checkTask?.({ ...ada, scopes }, 'look', found);
  };
  expect(() => check('high', ['streams:read'])).toThrow(expect.objectContaining({ code: 'not_found' }));
  check('high');
  const event = { eventId: 'one', name: 'stream.prices', timestamp: '', data: { key: 'ACME' } };
  const begin = () => deliveries.beginTask?.(ada, 'look', event, 'sub_1 one', Date.now() + 10_000);
  await begin();
  await begin();
  const { tasks } = await listTasks(deps, ada, { limit: 10 });
  expect(tasks).toHaveLength(1);
  const wrong = deliveries.beginTask?.(ada, 'look', { eventId: 'two' }, 'sub_1 two', Date.now() + 10_000);
  await expect(wrong).rejects.toMatchObject({ code: 'invalid_input' });
});

test('a message of the queue that a log has changed has its subscribers served, and no other work waits for it', async () => {
  const came: string[] = [];
  const fetching: typeof runtime.fetch = async (_url, init) => {
    const body = JSON.parse(init?.body as string) as Record<string, string>;
    came.push(body['type'] ?? body['eventId'] ?? '');
    return Response.json({ challenge: body['challenge'] });
  };
  const own = { ...runtime, fetch: fetching };
  const store = createMemoryStore();
  const secrets = { current: 'x'.repeat(32), previous: null };
  const deps = withTasks({ app, store, runtime: own, isOpen: false, secrets });
  const service = createSubscriptions(deliveryDeps(deps));
  const target = { kind: 'webhook', url: URL_OF_ADA, secret: SECRET, shape: 'event' } as const;
  const request = { source: 'stream.prices', arguments: null, target, cursor: null, maxAgeMs: null, ttlMs: undefined };
  await service.subscribe(ADA, request, Date.now() + 10_000);
  const declared = app.streams.get('prices');
  if (!declared) throw new Error('there are no prices');
  const data = { id: 'one', symbol: 'ACME', price: 1 };
  await publish(ofStream(scopeOf(deps, ADA), declared), declared, { data }, Date.now() + 10_000);
  const ended: string[] = [];
  const messageOf = (body: unknown) => ({
    body,
    attempts: 1,
    ack: () => void ended.push('ack'),
    retry: () => void ended.push('retry'),
  });
  const messages = [{ tenant: 'public', stream: 'prices' }, { tenant: 'public', stream: '../x' }, { nonsense: 1 }];
  await workOnBatch(deps, null, { messages: messages.map(messageOf) }, Date.now() + 20_000);
  expect(came).toEqual(['verification', 'one']);
  expect(ended).toEqual(['ack', 'ack', 'ack']);
});
