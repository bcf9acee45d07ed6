/** Changes over a pipe: who listens or subscribes there is told as over HTTP. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { createAppStreams } from '../../../src/calls/streams.ts';
import { PUBLIC } from '../../../src/base/principal.ts';
import { defineApp, stream, tool } from '../../../src/index.ts';
import { pipedApp } from '../events/piped.ts';
import type { Sent } from '../listen/listening-host.ts';

const URI = 'stream://rooms/attic';
const app = defineApp({
  name: 'house',
  version: '1.0.0',
  description: 'A house',
  streams: {
    rooms: stream({
      description: 'Rooms',
      schema: z.object({ room: z.string(), celsius: z.number() }),
      key: 'room',
    }),
  },
  tools: {
    change: tool({ description: 'Changes a list', run: async (_input, { tools }) => (await tools.changed(), 'done') }),
  },
});

function nameOf({ method, params, result, error }: Sent): string {
  if (error) return `error ${error.code}`;
  const uri = params?.['uri'];
  return result ? 'answer' : `${method?.replace('notifications/', '')} ${typeof uri === 'string' ? uri : ''}`.trim();
}

function stage(earlier = false) {
  const at = pipedApp(app, earlier);
  return {
    ...at,
    news: () => at.messages.splice(0).map(nameOf),
    async put(room: string): Promise<void> {
      await createAppStreams(at.deps, PUBLIC, at.clock.now() + 10_000).append('rooms', { room, celsius: 1 });
      // What others committed is heard of when the watch looks again.
      await at.clock.advance(12_000);
    },
    async initialize(): Promise<void> {
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
      await at.ask(0, 'initialize', params);
      await at.send({ method: 'notifications/initialized' });
    },
  };
}

test('a listener is told what it asked for, with its id, until its request is cancelled', async () => {
  const at = stage();
  await at.ask('seven', 'subscriptions/listen', {
    notifications: { resourceSubscriptions: [URI, 'stream://nowhere'], toolsListChanged: true },
  });
  expect(at.messages[0]).toMatchObject({
    method: 'notifications/subscriptions/acknowledged',
    params: {
      notifications: { resourceSubscriptions: [URI], toolsListChanged: true },
      _meta: { 'io.modelcontextprotocol/subscriptionId': 'seven' },
    },
  });
  at.news();
  await at.put('attic');
  await at.put('cellar');
  expect(at.news()).toEqual([`resources/updated ${URI}`]);
  await at.ask(8, 'tools/call', { name: 'change', arguments: {} });
  await at.clock.advance(12_000);
  expect(at.news().toSorted()).toEqual(['answer', 'tools/list_changed']);
  await at.send({ method: 'notifications/cancelled', params: { requestId: 'seven' } });
  await at.put('attic');
  expect(at.news()).toEqual([]);
  // Its id is free again, and what is not honoured is complete at once.
  await at.ask('seven', 'subscriptions/listen', { notifications: { resourceSubscriptions: ['stream://nowhere'] } });
  expect(at.news()).toEqual(['subscriptions/acknowledged', 'answer']);
});

test.each<[what: string, params: object, code: number]>([
  ['no filter', {}, -32_602],
  ['a wrong filter', { notifications: { resourceSubscriptions: 'all' } }, -32_602],
  ['tasks without the extension', { notifications: { taskIds: ['x'] } }, -32_021],
])('%s is refused', async (_what, params, code) => {
  const at = stage();
  await at.ask(1, 'subscriptions/listen', params);
  expect(at.of(1)).toMatchObject([{ error: { code } }]);
});

test('an id is listened under once, and a connection has 100 listeners', async () => {
  const at = stage();
  const listen = (id: number) => at.ask(id, 'subscriptions/listen', { notifications: { toolsListChanged: true } });
  for (let id = 1; id <= 100; id += 1) await listen(id);
  at.news();
  await listen(100);
  await listen(101);
  expect(at.news()).toEqual(['error -32602', 'error -32602']);
});

test('a client of 2025-11-25 subscribes on its connection, and hears of lists', async () => {
  const at = stage(true);
  await at.initialize();
  expect(at.messages[0]?.result).toMatchObject({
    capabilities: { resources: { subscribe: true, listChanged: true }, tools: { listChanged: true } },
  });
  at.news();
  await at.ask(1, 'resources/subscribe', { uri: URI });
  await at.ask(2, 'resources/subscribe', { uri: 'stream://nowhere' });
  expect(at.news()).toEqual(['answer', 'error -32002']);
  await at.put('attic');
  await at.put('cellar');
  expect(at.news()).toEqual([`resources/updated ${URI}`]);
  await at.ask(3, 'tools/call', { name: 'change', arguments: {} });
  await at.clock.advance(12_000);
  expect(at.news().toSorted()).toEqual(['answer', 'tools/list_changed']);
  await at.ask(4, 'resources/unsubscribe', { uri: URI });
  await at.put('attic');
  expect(at.news()).toEqual(['answer']);
  await at.serving.close();
  await at.put('attic');
  expect(at.news()).toEqual([]);
});
