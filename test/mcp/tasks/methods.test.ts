/** The methods of the extension over HTTP: shapes, states, answers and cancellations, at one instance and at another. */
import { afterEach, beforeAll, afterAll, describe, expect, test } from 'vitest';
import type { Principal } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import type { RunnerOptions } from '../../../src/tasks/work/runner.ts';
import { type Served, serveApp } from '../served.ts';
import { accept, ask, begin, callTool, getTask, reach } from './client.ts';
import { ADA, EVE, KNOWS, taskApp } from './task-app.ts';

const RUNNER: RunnerOptions = { everyMs: 20 };
const METHODS = ['tasks/get', 'tasks/update', 'tasks/cancel'] as const;
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** An error without the id that was asked for, which its hint and its message repeat. */
const withoutAsked = (error?: { code: number; message: string; data?: object }) => ({
  ...error,
  message: error?.message.replace(/; asked for .*$/, ''),
  data: { ...error?.data, hint: '' },
});

const opened: Served[] = [];
afterEach(() => Promise.all(opened.splice(0).map((instance) => instance.close())));

/** An instance on this store; one without a runner begins and tells, and leaves the work to others. */
async function instance(store: Store, runner: RunnerOptions | null = RUNNER, principal: Principal = ADA) {
  const served = await serveApp(taskApp, { store, runner, principal });
  opened.push(served);
  return served;
}

describe('a task', () => {
  let served: Served;
  beforeAll(async () => {
    served = await serveApp(taskApp, { runner: RUNNER });
  });
  afterAll(() => served.close());

  test('is begun by a call, answered flat, and there at once', async () => {
    const { status, result } = await callTool(served, 'nap', { ms: 60_000 });
    expect(status).toBe(200);
    expect(Object.keys(result ?? {}).toSorted()).toEqual(
      ['_meta', 'createdAt', 'lastUpdatedAt', 'pollIntervalMs', 'resultType', 'status', 'taskId', 'ttlMs'].toSorted(),
    );
    expect(result).toMatchObject({
      resultType: 'task',
      status: 'working',
      createdAt: expect.stringMatching(ISO) as string,
      lastUpdatedAt: expect.stringMatching(ISO) as string,
      ttlMs: 86_400_000,
      pollIntervalMs: 500,
    });
    const task = await getTask(served, String(result?.['taskId']));
    expect(task).toMatchObject({ resultType: 'complete', status: 'working', taskId: result?.['taskId'] });
  });

  test('tells what it is at, and how long to wait', async () => {
    const taskId = await begin(served, 'nap', { ms: 60_000 });
    await expect.poll(async () => (await getTask(served, taskId)).statusMessage, { interval: 60 }).toBe('sleeping');
    expect((await getTask(served, taskId)).pollIntervalMs).toBe(500);
  });

  test('ends with its result, which has a type of its own', async () => {
    const task = await reach(served, await begin(served, 'add', { a: 1 }), 'completed');
    expect(task.result).toEqual({
      resultType: 'complete',
      content: [{ type: 'text', text: '{"sum":2}' }],
      structuredContent: { sum: 2 },
    });
    expect(task).not.toHaveProperty('pollIntervalMs');
  });

  test('that answers what went wrong has ended, and not failed', async () => {
    const task = await reach(served, await begin(served, 'wrong'), 'completed');
    expect(task.result).toMatchObject({ isError: true, content: [{ text: 'no such file' }] });
  });

  test('that fails with words for the user shows them', async () => {
    const task = await reach(served, await begin(served, 'refused'), 'failed');
    expect(task).toMatchObject({
      statusMessage: 'The archive is closed on Sundays',
      error: {
        code: -32_603,
        message: 'The archive is closed on Sundays',
        data: { code: 'upstream', hint: 'try tomorrow' },
      },
    });
    expect(task).not.toHaveProperty('result');
  });

  test('that fails as a defect does shows a reference alone, which the log has with the words', async () => {
    const taskId = await begin(served, 'broken');
    const task = await reach(served, taskId, 'failed');
    expect(task.error).toEqual({
      code: -32_603,
      message: 'Internal error',
      data: { code: 'internal', reference: taskId },
    });
    expect(JSON.stringify(task)).not.toContain('10.0.0.7');
    const logged = served.logged.find(({ fields }) => (fields as { taskId?: string } | undefined)?.taskId === taskId);
    expect(logged?.fields).toMatchObject({ message: expect.stringContaining('10.0.0.7') as string });
  });

  test('with a page to open tells its address', async () => {
    const task = await reach(served, await begin(served, 'pay'), 'input_required');
    expect(task.inputRequests?.['bill']?.params).toMatchObject({ mode: 'url', url: 'https://pay.example/1' });
  });
});

describe('pages of a result', () => {
  test('are linked, read by their principal, and unknown to another', async () => {
    const store = createMemoryStore();
    const [ada, eve] = [await instance(store), await instance(store, null, EVE)];
    const taskId = await begin(ada, 'paged');
    const { result } = await reach(ada, taskId, 'completed');
    const links = (result?.content ?? []).filter(({ type }) => type === 'resource_link');
    expect(links).toHaveLength(4);
    expect(links[0]).toMatchObject({ uri: `task://${taskId}/pages/1`, name: 'page 1 of 4' });
    expect(result?.structuredContent).toMatchObject({ task: taskId, pages: 4 });

    const uri = `task://${taskId}/pages/1`;
    expect((await ask(ada, 'resources/read', { uri })).result).toMatchObject({
      contents: [{ uri, mimeType: 'text/csv', text: 'a,b\n1,2' }],
      cacheScope: 'private',
    });
    const rest = await Promise.all(
      [2, 3, 4].map((page) => ask(ada, 'resources/read', { uri: `task://${taskId}/pages/${page}` })),
    );
    const texts = rest.map(({ result: read }) => ((read?.['contents'] ?? []) as { text: string }[])[0]?.text ?? '');
    expect(JSON.parse(texts.join(''))).toMatchObject({ structuredContent: { text: 'x'.repeat(400_000) } });

    for (const [served, wrong] of [
      [eve, uri],
      [ada, `task://${taskId}/pages/5`],
      [ada, `task://${taskId}/pages/x`],
    ] as const) {
      const { error } = await ask(served, 'resources/read', { uri: wrong });
      expect(error).toMatchObject({ code: -32_602, data: { code: 'not_found', uri: wrong } });
    }
  });
});

describe('who may ask', () => {
  test.each(METHODS)('%s is for those that declared the extension', async (method) => {
    const served = await instance(createMemoryStore());
    const taskId = await begin(served, 'nap', { ms: 60_000 });
    const { status, error } = await ask(served, method, { taskId, inputResponses: {} }, {});
    expect(status).toBe(400);
    expect(error).toMatchObject({
      code: -32_021,
      data: { requiredCapabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } } },
    });
    expect((await getTask(served, taskId)).status).toBe('working');
  });

  test.each([...METHODS, 'tasks/list', 'tasks/result'])(
    '%s is unknown to earlier protocol versions',
    async (method) => {
      const served = await instance(createMemoryStore());
      const taskId = await begin(served, 'nap', { ms: 60_000 });
      const response = await fetch(served.mcpUrl, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { taskId, inputResponses: {} } }),
      });
      expect(await response.json()).toMatchObject({ error: { code: -32_601 } });
    },
  );

  test.each(['tasks/list', 'tasks/result'])('%s is gone: 404', async (method) => {
    const { status, error } = await ask(await instance(createMemoryStore()), method, { taskId: 'x' });
    expect([status, error?.code]).toEqual([404, -32_601]);
  });

  test.each(METHODS)('%s answers the same for a stranger, an unknown id and one that is no id', async (method) => {
    const store = createMemoryStore();
    const [ada, eve] = [await instance(store), await instance(store, null, EVE)];
    const taskId = await begin(ada, 'register');
    await reach(ada, taskId, 'input_required');
    const inputResponses = { name: accept({ name: 'Eve' }) };
    const answers = await Promise.all(
      [taskId, 'x'.repeat(22), '../header', 'y'.repeat(10_000)].map((id) =>
        ask(eve, method, { taskId: id, inputResponses }),
      ),
    );
    for (const { status, error } of answers) {
      expect([status, error?.code]).toEqual([200, -32_602]);
      expect(withoutAsked(error)).toEqual(withoutAsked(answers[1]?.error));
      expect(error?.data).toMatchObject({ code: 'not_found', field: 'params.taskId' });
    }
    expect(Object.keys((await getTask(ada, taskId)).inputRequests ?? {})).toEqual(['name', 'age']);
  });

  test('the name header has to name the task', async () => {
    const served = await instance(createMemoryStore());
    const taskId = await begin(served, 'nap', { ms: 60_000 });
    for (const name of ['another', null]) {
      const { status, error } = await ask(served, 'tasks/get', { taskId }, { ...KNOWS, headers: { 'Mcp-Name': name } });
      expect([status, error?.code]).toEqual([400, -32_020]);
    }
  });

  test('notifications of tasks are refused to those that did not declare the extension', async () => {
    const served = await instance(createMemoryStore());
    const { status, error } = await ask(served, 'subscriptions/listen', { notifications: { taskIds: ['x'] } }, {});
    expect([status, error?.code]).toEqual([400, -32_021]);
  });

  test('discovery tells of the extension, initialize of earlier versions does not', async () => {
    const served = await instance(createMemoryStore());
    const { result } = await ask(served, 'server/discover', {}, {});
    expect(result?.['capabilities']).toMatchObject({ extensions: { 'io.modelcontextprotocol/tasks': {} } });
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '0' } };
    const response = await fetch(served.mcpUrl, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
    });
    const initialized = (await response.json()) as { result: { capabilities: object } };
    expect(initialized.result.capabilities).toMatchObject({ tools: {} });
    expect(initialized.result.capabilities).not.toHaveProperty('extensions');
  });
});

describe('answers', () => {
  test('come at another instance, in part, with unknown keys, twice and late', async () => {
    const store = createMemoryStore();
    const [ours, other] = [await instance(store), await instance(store, null)];
    const taskId = await begin(ours, 'register');
    const { inputRequests } = await reach(ours, taskId, 'input_required');
    expect(inputRequests).toMatchObject({
      name: { method: 'elicitation/create', params: { mode: 'form', message: 'Your name?' } },
      age: { method: 'elicitation/create', params: { mode: 'form', message: 'Your age?' } },
    });
    const update = (inputResponses: object) => ask(other, 'tasks/update', { taskId, inputResponses });

    const first = await update({ name: accept({ name: 'Ada' }), nobody: { ignored: true }, asked: 7 });
    expect(Object.keys(first.result ?? {}).toSorted()).toEqual(['_meta', 'resultType']);
    expect(first.result?.['resultType']).toBe('complete');
    const half = await getTask(other, taskId);
    expect([half.status, Object.keys(half.inputRequests ?? {})]).toEqual(['input_required', ['age']]);

    expect((await update({ name: accept({ name: 'Eve' }) })).result).toMatchObject({ resultType: 'complete' });
    expect((await update({ age: accept({ age: 36 }) })).result).toMatchObject({ resultType: 'complete' });
    const { result } = await reach(other, taskId, 'completed');
    const [block] = (result?.content ?? []) as { text: string }[];
    expect(JSON.parse(block?.text ?? '')).toEqual([accept({ name: 'Ada' }), accept({ age: 36 })]);

    expect((await update({ age: accept({ age: 1 }) })).result).toMatchObject({ resultType: 'complete' });
    expect(await getTask(other, taskId)).toMatchObject({ status: 'completed', result });
  });

  test.each([
    [{ name: accept({ name: 'A' }), age: accept({ age: 3 }) }, 'params.inputResponses.name.content.name'],
    [{ age: accept({ age: 'old' }) }, 'params.inputResponses.age.content.age'],
    [{ name: { action: 'perhaps' } }, 'params.inputResponses.name.action'],
    [{ name: 'Ada' }, 'params.inputResponses.name'],
    [{ name: { method: 'elicitation/create', result: accept({ name: 'Ada' }) } }, 'params.inputResponses.name'],
    ['Ada', 'params.inputResponses'],
    [undefined, 'params.inputResponses'],
  ])('that are not what was asked for change nothing: %j', async (inputResponses, field) => {
    const served = await instance(createMemoryStore());
    const taskId = await begin(served, 'register');
    await reach(served, taskId, 'input_required');
    const { status, error } = await ask(served, 'tasks/update', { taskId, inputResponses });
    expect([status, error?.code, error?.data?.['field']]).toEqual([200, -32_602, field]);
    expect(Object.keys((await getTask(served, taskId)).inputRequests ?? {})).toEqual(['name', 'age']);
  });
});

describe('cancelling', () => {
  const cases: [string, string, object, (served: Served, taskId: string) => Promise<unknown>, RunnerOptions | null][] =
    [
      ['before it starts', 'nap', { ms: 1 }, async () => {}, null],
      ['within a step', 'busy', {}, async () => {}, RUNNER],
      [
        'asleep',
        'nap',
        { ms: 60_000 },
        (served, taskId) =>
          expect.poll(async () => (await getTask(served, taskId)).statusMessage, { interval: 60 }).toBe('sleeping'),
        RUNNER,
      ],
      ['while it asks', 'register', {}, (served, taskId) => reach(served, taskId, 'input_required'), RUNNER],
    ];
  test.each(cases)('%s ends it, for its owner alone', async (_when, name, args, until, runner) => {
    const store = createMemoryStore();
    const [ada, eve] = [await instance(store, runner), await instance(store, null, EVE)];
    const taskId = await begin(ada, name, args);
    await until(ada, taskId);
    expect((await ask(eve, 'tasks/cancel', { taskId })).error?.code).toBe(-32_602);
    expect(['working', 'input_required']).toContain((await getTask(ada, taskId)).status);

    const { result } = await ask(ada, 'tasks/cancel', { taskId });
    expect(Object.keys(result ?? {}).toSorted()).toEqual(['_meta', 'resultType']);
    const task = await getTask(ada, taskId);
    expect(task).toMatchObject({ status: 'cancelled', statusMessage: 'cancelled on request' });
    expect(task).not.toHaveProperty('inputRequests');
    expect(await store.due('public/tasks', { now: Number.MAX_SAFE_INTEGER, limit: 9, from: 0 })).toEqual([]);
  });

  test('after the end is answered, and changes nothing', async () => {
    const served = await instance(createMemoryStore());
    const taskId = await begin(served, 'add', { a: 1 });
    const before = await reach(served, taskId, 'completed');
    expect((await ask(served, 'tasks/cancel', { taskId })).result).toMatchObject({ resultType: 'complete' });
    expect(await getTask(served, taskId)).toEqual(before);
  });
});
