/** Changes over a pipe: who listens or subscribes there is told as over HTTP. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { createAppStreams } from '../../../src/calls/streams.ts';
import { PUBLIC } from '../../../src/base/principal.ts';
import { defineApp, stream, task, tool } from '../../../src/index.ts';
import { TASKS } from '../../../src/mcp/tasks/capability.ts';
import { BY_SCHEDULE } from '../../../src/tasks/records/dispatch.ts';
import { createTasks } from '../../../src/tasks/work/service.ts';
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
  tasks: {
    nap: task({
      version: '1',
      description: 'Sleeps',
      input: z.object({}),
      run: async (_input, { sleep }) => (await sleep(3_600_000), { text: 'awake' }),
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

const statusOf = ({ params }: Sent) => [params?.['taskId'], params?.['status']];

test('a client of 2025-11-25 hears of the tasks that it began on its connection', async () => {
  const at = stage(true);
  await at.initialize();
  await at.ask(1, 'tools/call', { name: 'nap', arguments: {}, task: {} });
  const { taskId } = (at.of(1)[0]?.result?.['task'] ?? {}) as { taskId?: string };
  // Another connection to the same store began this one.
  await createTasks(at.deps, BY_SCHEDULE).begin(PUBLIC, 'nap', {}, { deadline: at.clock.now() + 10_000 });
  await at.clock.advance(12_000);
  at.messages.length = 0;
  await at.ask(2, 'tasks/cancel', { taskId });
  await at.clock.advance(12_000);
  const told = at.messages.filter(({ method }) => method === 'notifications/tasks/status');
  expect(told.map(statusOf)).toContainEqual([taskId, 'cancelled']);
  expect(new Set(told.map((each) => statusOf(each)[0]))).toEqual(new Set([taskId]));
});

test('a listener of 2026-07-28 hears of the tasks that it asked for', async () => {
  const at = stage();
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': { extensions: { [TASKS.id]: {} } },
  };
  const ask = (id: number, method: string, params: object) =>
    at.send({ id, method, params: { ...params, _meta: meta } });
  await ask(1, 'tools/call', { name: 'nap', arguments: {} });
  const { taskId } = (at.of(1)[0]?.result ?? {}) as { taskId?: string };
  await ask(2, 'subscriptions/listen', { notifications: { taskIds: [taskId] } });
  await ask(3, 'tasks/cancel', { taskId });
  await at.clock.advance(12_000);
  const told = at.messages.filter(({ method }) => method === 'notifications/tasks');
  expect(told.map(statusOf)).toEqual([
    [taskId, 'working'],
    [taskId, 'cancelled'],
  ]);
});
