import { describe, expect, test } from 'vitest';
import { defineApp, tool } from '../../../src/index.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { createListeningHost } from './listening-host.ts';
import { ADA, app, BOB } from './rooms-app.ts';

const SECOND = 1_000;
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';
type Stage = ReturnType<typeof createListeningHost>;

async function put({ call }: Stage, room: string, who?: string): Promise<void> {
  const answer = await call('tools/call', { name: 'put', arguments: { room, celsius: 20 } }, who);
  expect(answer.result).toMatchObject({ content: [{ text: 'done' }] });
}

describe('what is honoured', () => {
  test('the subset is acknowledged first, with the id of the request', async () => {
    const { listen } = createListeningHost(app);
    const asked = [
      'stream://rooms',
      'stream://rooms/a',
      'stream://none',
      'stream://plain/a',
      'feed://none',
      'warmest://room',
    ];
    const more = ['room://cellar', 'room://attic', 'shelf://1', 'fixed://text', 'nothing://here'];
    const listener = await listen(
      {
        toolsListChanged: true,
        resourcesListChanged: false,
        resourceSubscriptions: [...asked, ...more],
        taskIds: ['t'],
      },
      undefined,
      'listen-1',
    );
    expect(listener.status).toBe(200);
    expect(listener.messages[0]).toMatchObject({
      method: 'notifications/subscriptions/acknowledged',
      params: { _meta: { [SUBSCRIPTION]: 'listen-1' } },
    });
    expect(listener.messages[0]?.params?.['notifications']).toEqual({
      toolsListChanged: true,
      resourceSubscriptions: ['stream://rooms', 'stream://rooms/a', 'warmest://room', 'room://cellar', 'shelf://1'],
    });
    expect(listener.messages[0]?.retry).toMatch(/^\d{4}$/);
  });

  test('where nothing is, the stream is completed: there will be nothing', async () => {
    const { listen } = createListeningHost(app);
    const listener = await listen({ resourceSubscriptions: ['nothing://here'] }, undefined, 7);
    expect(listener).toMatchObject({
      state: 'closed',
      messages: [
        { params: { notifications: {} } },
        { id: 7, result: { resultType: 'complete', _meta: { [SUBSCRIPTION]: 7 } } },
      ],
    });
  });

  test.each([
    [{ resourceSubscriptions: Array.from({ length: 101 }, (_, index) => `shelf://${index}`) }],
    [{ resourceSubscriptions: [`shelf://${'x'.repeat(2_050)}`] }],
    [{ taskIds: Array.from({ length: 101 }, (_, index) => `t${index}`) }],
    [{ taskIds: [7] }],
    [{ taskIds: 'all' }],
  ])('%j is refused', async (notifications: JsonObject) => {
    const { listen } = createListeningHost(app);
    const { status, messages } = await listen(notifications);
    expect(status).toBe(200);
    expect(messages[0]?.error).toMatchObject({ code: -32602 });
  });

  test("another's task and tenant's stream are as what is not there; a scope that is missing is named", async () => {
    const stage = createListeningHost(app);
    const created = await stage.call('tools/call', { name: 'count' }, ADA);
    const taskIds = [String(created.result?.['taskId'])];
    const mine = await stage.listen({ taskIds, resourceSubscriptions: ['stream://rooms'] }, ADA);
    const others = await stage.listen({ taskIds, resourceSubscriptions: ['stream://rooms'] }, BOB);
    const nobodys = await stage.listen({ taskIds: ['nobodys'], resourceSubscriptions: ['stream://rooms'] }, BOB);
    expect(mine.messages[0]?.params).toMatchObject({ notifications: { taskIds } });
    expect(others.messages).toEqual(nobodys.messages);
    for (const each of [mine, others, nobodys]) each.news();
    await put(stage, 'a', ADA);
    await stage.host.scheduled(stage.clock.now() + 30 * SECOND);
    await stage.clock.advance(3 * SECOND);
    expect(mine.news()).toContain('resources/updated stream://rooms');
    expect(others.news()).toEqual([]);
    const refused = await stage.listen({ resourceSubscriptions: ['secret://text'] }, 'acme eve read');
    expect(refused.status).toBe(403);
  });
});

describe('what is told', () => {
  test('streams, keys and resources that come of them', async () => {
    const stage = createListeningHost(app);
    const uris = ['stream://rooms', 'stream://rooms/a', 'stream://rooms/b', 'warmest://room', 'room://b'];
    const listener = await stage.listen({ resourceSubscriptions: uris }, ADA);
    expect(listener.news()).toEqual(['subscriptions/acknowledged']);
    await put(stage, 'b', ADA);
    await stage.clock.advance(SECOND);
    expect(listener.messages.every(({ params }) => params?.['_meta']?.[SUBSCRIPTION] === 1)).toBe(true);
    expect(listener.news().toSorted()).toEqual(
      ['room://b', 'stream://rooms', 'stream://rooms/b', 'warmest://room'].map((uri) => `resources/updated ${uri}`),
    );
  });

  test('what an app says: a resource and each list, in the tenant of its caller', async () => {
    const stage = createListeningHost(app);
    const all = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };
    const [mine, others] = [
      await stage.listen({ ...all, resourceSubscriptions: ['shelf://1', 'shelf://2'] }, ADA),
      await stage.listen(all, BOB),
    ];
    for (const each of [mine, others]) each.news();
    await stage.call('tools/call', { name: 'fill', arguments: { id: '1' } }, ADA);
    await stage.clock.advance(SECOND);
    expect(mine.news().toSorted()).toEqual([
      'prompts/list_changed',
      'resources/list_changed',
      'resources/updated shelf://1',
      'tools/list_changed',
    ]);
    expect(others.news()).toEqual([]);
  });

  test('a task: what it is like when the listener comes, and what it became', async () => {
    const stage = createListeningHost(app);
    const created = await stage.call('tools/call', { name: 'count' }, ADA);
    const taskIds = [String(created.result?.['taskId'])];
    const listener = await stage.listen({ taskIds }, ADA);
    await stage.clock.advance(2 * SECOND);
    expect(listener.news()).toEqual(['subscriptions/acknowledged', 'tasks working']);
    await stage.clock.drive(stage.host.scheduled(stage.clock.now() + 30 * SECOND));
    await stage.clock.advance(2 * SECOND);
    const [last] = listener.messages.slice(-1);
    const got = await stage.call('tasks/get', { taskId: taskIds[0] }, ADA);
    const { resultType: _resultType, _meta: _of, ...task } = got.result ?? {};
    expect(last).toMatchObject({ method: 'notifications/tasks', params: { status: 'completed', ...task } });
  });

  test('what changed within the minute before is told when a listener comes', async () => {
    const stage = createListeningHost(app);
    await put(stage, 'a', ADA);
    await stage.clock.advance(30 * SECOND);
    const early = await stage.listen({ resourceSubscriptions: ['stream://rooms/a'] }, ADA);
    await stage.clock.advance(SECOND);
    expect(early.news()).toEqual(['subscriptions/acknowledged', 'resources/updated stream://rooms/a']);
    early.leave();
    await stage.clock.advance(60 * SECOND);
    const late = await stage.listen({ resourceSubscriptions: ['stream://rooms/a'] }, ADA);
    await stage.clock.advance(SECOND);
    expect(late.news()).toEqual(['subscriptions/acknowledged']);
  });

  test('a deployment that lists other tools, to who listens to the new one', async () => {
    const before = createListeningHost(app);
    await before.listen({ toolsListChanged: true }, ADA);
    await before.clock.advance(SECOND);
    const options = {
      ...app.options,
      tools: { ...app.options.tools, more: tool({ description: 'More', run: async () => 'm' }) },
    };
    await before.clock.advance(60 * SECOND);
    const after = createListeningHost(defineApp(options), { store: before.store }, before.clock);
    const lists = { toolsListChanged: true, promptsListChanged: true };
    const listener = await after.listen(lists, ADA);
    await after.clock.advance(2 * SECOND);
    expect(listener.news()).toEqual(['subscriptions/acknowledged', 'tools/list_changed']);
    // The older one, which goes on for a while, takes nothing back.
    await before.clock.advance(70 * SECOND);
    const old = await before.listen(lists, ADA);
    await before.clock.advance(20 * SECOND);
    expect(old.news()).toEqual(['subscriptions/acknowledged']);
  });
});

describe('how a stream goes on and ends', () => {
  test('comments keep it open; it is cut at its bound without a completion', async () => {
    const { listen, clock } = createListeningHost(app, { listening: { streamMs: 300_000, most: 10, reads: null } });
    const listener = await listen({ toolsListChanged: true });
    await clock.advance(60 * SECOND);
    expect(listener.others.filter((each) => each.startsWith(':')).length).toBeGreaterThanOrEqual(3);
    await clock.advance(200 * SECOND);
    expect(listener.state).toBe('open');
    await clock.advance(41 * SECOND);
    expect(listener.state).toBe('closed');
    expect(listener.messages.some(({ result }) => result !== undefined)).toBe(false);
  });

  test('there are so many at most; one that left or is gone makes room', async () => {
    const { listen, clock } = createListeningHost(app, { listening: { streamMs: 300_000, most: 1, reads: null } });
    const first = await listen({ toolsListChanged: true });
    const second = await listen({ toolsListChanged: true });
    expect(second).toMatchObject({ status: 503, messages: [{ error: { data: { code: 'overloaded' } } }] });
    first.leave();
    await clock.advance(SECOND);
    expect((await listen({ toolsListChanged: true })).state).toBe('open');
  });

  test('a caller has so many at most, and others are not kept out', async () => {
    const { listen } = createListeningHost(defineApp({ ...app.options, quotas: { openStreams: 2 } }));
    for (let each = 0; each < 2; each += 1) expect((await listen({ toolsListChanged: true }, ADA)).state).toBe('open');
    const third = await listen({ toolsListChanged: true }, ADA);
    expect(third.messages[0]?.error?.data).toMatchObject({ code: 'rate_limited', field: 'quotas.openStreams' });
    expect((await listen({ toolsListChanged: true }, BOB)).state).toBe('open');
  });

  test('a reader that takes nothing is cut, and others hear on', async () => {
    const stage = createListeningHost(app, { listening: { streamMs: 300_000, most: 2, reads: null } });
    const uris = Array.from({ length: 100 }, (_, index) => `shelf://${'x'.repeat(1_000)}${index}`);
    const well = await stage.listen({ resourceSubscriptions: ['stream://rooms'] }, ADA);
    await stage.listen({ resourceSubscriptions: uris }, ADA, 2, false);
    await stage.clock.advance(60 * SECOND);
    await put(stage, 'a', ADA);
    await stage.clock.advance(SECOND);
    expect(well.news()).toEqual(['subscriptions/acknowledged', 'resources/updated stream://rooms']);
    expect((await stage.listen({ toolsListChanged: true }, ADA)).state).toBe('open');
  });

  test('listeners whose reads are used up are cut together, so that they come back', async () => {
    const stage = createListeningHost(app, { listening: { streamMs: 3_600_000, most: 10, reads: 10 } });
    const both = [
      await stage.listen({ resourceSubscriptions: ['stream://rooms'] }, ADA),
      await stage.listen({ resourceSubscriptions: ['stream://rooms'] }, ADA),
    ];
    await stage.clock.advance(600 * SECOND);
    expect(both.map(({ state }) => state)).toEqual(['closed', 'closed']);
  });
});

test('where nobody can listen, capabilities say so and the SDK completes at once', async () => {
  const { call, listen } = createListeningHost(app, { listening: null });
  const { result } = await call('server/discover', {});
  expect(result?.['capabilities']).toMatchObject({ tools: {}, resources: {} });
  const listener = await listen({ toolsListChanged: true });
  expect(listener.news()).toEqual(['subscriptions/acknowledged', 'completed']);
  const able = await createListeningHost(app).call('server/discover', {});
  expect(able.result?.['capabilities']).toMatchObject({
    tools: { listChanged: true },
    resources: { listChanged: true, subscribe: true },
  });
});
