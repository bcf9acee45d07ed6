/** Calls of tasks over HTTP by clients that know none, by those of both eras, and what is stored of a call. */
import { createTestApp } from 'tidegate/testing';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { ownPartition } from '../../../src/tasks/records/list.ts';
import { type Served, serveApp } from '../served.ts';
import { type Answered, begin, callTool, reach, textOf } from './client.ts';
import { ADA, entries, KNOWS, preparations, taskApp } from './task-app.ts';

let served: Served;
let store: Store;
afterEach(() => served.close());

async function open(): Promise<void> {
  store = createMemoryStore();
  served = await serveApp(taskApp, { store, runner: { everyMs: 20 }, principal: ADA, results: {} });
}

/** Tasks that ADA has begun. */
async function begun(): Promise<number> {
  const { records } = await store.list(ownPartition(ADA), { now: Date.now(), limit: 100 });
  return records.length;
}

async function legacy(name: string, args: object = {}): Promise<Answered> {
  const response = await fetch(served.mcpUrl, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
  });
  return { status: response.status, ...((await response.json()) as object) };
}

const modern = (name: string, args: object = {}) => callTool(served, name, args, {});
const ERAS = [
  ['2026-07-28', modern],
  ['2025-11-25', legacy],
] as const;

const prepareOnce = (name: string) =>
  callTool(served, 'prepared', { name }, { meta: { ...KNOWS.meta, 'io.tidegate/idempotencyKey': 'once' } });

describe('a task as a tool', () => {
  test('is listed with what goes in, and with a handle or its result as what comes out', async () => {
    await open();
    const { result } = (await (await served.call('tools/list')).json()) as { result: { tools: { name: string }[] } };
    const names = result.tools.map(({ name }) => name);
    expect(names.slice(0, 5)).toEqual(['get_task', 'answer_task', 'cancel_task', 'read_result', 'greet']);
    expect(names).toContain('strict');
    expect(result.tools.find(({ name }) => name === 'add')).toMatchObject({
      title: 'Add',
      description: 'Adds two numbers, slowly.',
      annotations: { readOnlyHint: true },
      inputSchema: { type: 'object', properties: { a: { type: 'number', maximum: 100 } }, required: ['a'] },
      outputSchema: {
        type: 'object',
        properties: { task: { type: 'string' }, sum: { type: 'number' } },
      },
    });
    expect(result.tools.find(({ name }) => name === 'quick')).toMatchObject({ outputSchema: { required: ['sum'] } });
    expect(result.tools.find(({ name }) => name === 'nap')).not.toHaveProperty('outputSchema');
  });

  test('whose arguments are wrong says which, and stores nothing', async () => {
    await open();
    for (const call of [
      () => callTool(served, 'add', { a: 101 }),
      () => modern('add', {}),
      () => legacy('add', { a: 'x' }),
    ]) {
      const answer = await call();
      expect(answer.result).toMatchObject({ isError: true });
      expect(textOf(answer)).toMatch(/^Wrong arguments for add:\na: /);
    }
    expect(await begun()).toBe(0);
  });

  test('is prepared once for calls with the same idempotency key', async () => {
    await open();
    const before = preparations.length;
    const first = (await prepareOnce('cat')).result?.['taskId'];
    expect((await prepareOnce('cat')).result).toMatchObject({ resultType: 'task', taskId: first });
    expect(textOf(await prepareOnce('dog'))).toContain('Argument: idempotencyKey.');
    expect(preparations.slice(before)).toEqual(['cat']);
    expect(await begun()).toBe(1);
  });

  test('is prepared first: what that refuses is not begun, what it answers is what runs', async () => {
    await open();
    const refused = await callTool(served, 'prepared', { name: '' });
    expect([refused.result?.['isError'], textOf(refused)]).toEqual([
      true,
      'a name is needed\nArgument: name.\nCode: invalid_input.',
    ]);
    expect(await begun()).toBe(0);
    const task = await reach(served, await begin(served, 'prepared', { name: 'boat' }), 'completed');
    expect(task.result?.content).toEqual([{ type: 'text', text: 'boat of ada' }]);
  });

  test('is one task for calls with the same key, in _meta or as declared', async () => {
    await open();
    const withKey = (key: unknown, args: object) =>
      callTool(served, 'add', args, { meta: { ...KNOWS.meta, 'io.tidegate/idempotencyKey': key } });
    const [first, again, other] = await Promise.all([
      withKey('k1', { a: 1 }),
      withKey('k1', { a: 1 }),
      withKey('k2', { a: 1 }),
    ]);
    expect(first.result?.['taskId']).toBe(again.result?.['taskId']);
    expect(first.result?.['taskId']).not.toBe(other.result?.['taskId']);
    expect(textOf(await withKey('k1', { a: 2 }))).toContain('other arguments');
    expect(textOf(await withKey(7, { a: 2 }))).toContain('Argument: _meta.io.tidegate/idempotencyKey.');
    expect(textOf(await withKey('x'.repeat(513), { a: 2 }))).toContain('1 to 512 bytes');

    const ids = await Promise.all([1, 2, 3].map(() => begin(served, 'add', { a: 1, text: 'declared' })));
    expect(new Set(ids).size).toBe(1);
    await reach(served, ids[0] ?? '', 'completed');
    expect(entries.get('declared')).toBe(1);
    expect(await begun()).toBe(3);
  });
});

describe.each(ERAS)('a client of %s that knows no tasks', (era, call) => {
  test('gets a handle, and what to do with it', async () => {
    await open();
    const answer = await call('add', { a: 1 });
    const handle = answer.result?.['structuredContent'] as { task: string };
    expect(handle).toEqual({
      task: expect.any(String) as string,
      status: 'working',
      checkAfterMs: 500,
      message: expect.stringContaining('has begun as a task') as string,
      keptUntil: expect.any(String) as string,
      nextCalls: [{ for: 'Ask again', tool: 'get_task', arguments: { task: handle.task }, afterMs: 500 }],
    });
    expect(answer.result).not.toHaveProperty('taskId');
    expect(answer.result?.['resultType']).toBe(era === '2026-07-28' ? 'complete' : undefined);
    for (const word of [`get_task {"task":"${handle.task}"}`, 'answer_task', 'cancel_task', 'after 1 s']) {
      expect(textOf(answer)).toContain(word);
    }
    await reach(served, handle.task, 'completed');
    const got = await call('get_task', { task: handle.task });
    expect(got.result?.['structuredContent']).toMatchObject({ status: 'completed', tool: 'add', result: { sum: 2 } });
  });

  test('is refused where only a task would do, before anything is stored', async () => {
    await open();
    const { status, error, result } = await call('strict');
    if (era === '2026-07-28') {
      expect([status, error?.code]).toEqual([400, -32_021]);
      expect(error?.data).toMatchObject({
        requiredCapabilities: { extensions: { 'io.modelcontextprotocol/tasks': {} } },
      });
    } else expect(result).toMatchObject({ isError: true });
    expect(await begun()).toBe(0);
  });

  test('that waits for what is larger than an answer gets its beginning and the call that reads the pages', async () => {
    await open();
    const { result } = await call('long', {});
    const text = textOf({ status: 200, result });
    expect(text).toContain('First page: read_result {');
    expect(text.length).toBeLessThan(25_000);
  });

  test('that waits gets the result itself', async () => {
    await open();
    expect((await call('quick', { ms: 1 })).result).toMatchObject({ structuredContent: { sum: 1 } });
  });

  test.each([
    ['takes too long', { ms: 60_000 }],
    ['asks what nobody can answer', { ms: 0, ask: true }],
  ])('that waits for one that %s hears that it has to know tasks; the task is cancelled', async (_how, args) => {
    await open();
    const started = Date.now();
    const { error, result } = await call('quick', args);
    if (era === '2026-07-28') expect(error?.code).toBe(-32_021);
    else expect(result).toMatchObject({ isError: true });
    expect(Date.now() - started).toBeLessThan(20_000);
    const { records } = await store.list(ownPartition(ADA), { now: Date.now(), limit: 9 });
    const [first] = records.map(({ value }) => value as { taskId: string });
    expect((await reach(served, first?.taskId ?? '', 'cancelled')).status).toBe('cancelled');
  });
});

test('a task with an idempotency key goes on when the call that waited is over, and the next one waits for it again', async () => {
  await open();
  const meta = { 'io.tidegate/idempotencyKey': 'order 1' };
  const call = () => callTool(served, 'quick', { ms: 500 }, { meta });
  expect((await call()).error?.code).toBe(-32_021);
  expect((await call()).result).toMatchObject({ structuredContent: { sum: 500 } });
  expect(await begun()).toBe(1);
});

test('a task that failed is a failure in words for who waits', async () => {
  await open();
  const { result } = await modern('quick', { ms: -1 });
  expect(result).toMatchObject({ isError: true });
});

test('an app without tasks has neither their tools nor their methods', async () => {
  const { defineApp, tool } = await import('../../../src/index.ts');
  const tools = { get_task: tool({ description: 'mine', run: async () => 'mine' }) };
  served = await serveApp(defineApp({ name: 'none', version: '1', description: 'd', tools }));
  const { result } = (await (await served.call('tools/list')).json()) as { result: { tools: { name: string }[] } };
  expect(result.tools.map(({ name }) => name)).toEqual(['get_task']);
  expect((await served.call('tasks/get', { taskId: 'x' }, KNOWS)).status).toBe(404);
  const discovered = (await (await served.call('server/discover')).json()) as { result: { capabilities: object } };
  expect(discovered.result.capabilities).not.toHaveProperty('extensions');
});

test('a task that comes with the server asks nothing, and its handle names no tool to answer with', async () => {
  const temps = stream({ description: 'd', schema: z.object({ celsius: z.number() }) });
  const app = createTestApp(defineApp({ name: 'temps', version: '1', description: 'd', streams: { temps } }));
  onTestFinished(() => app.close());
  const condition = { kind: 'threshold', field: 'celsius', above: 30 };
  const { text, structured } = await app.call('wait_for', { stream: 'temps', condition });
  for (const half of [text, JSON.stringify(structured)]) {
    expect(half).toContain('cancel_task');
    expect(half).not.toContain('answer_task');
  }
});

test('the names of the built-in tools are taken, for tools and for tasks', async () => {
  served = await serveApp(taskApp);
  const { defineApp, task } = await import('../../../src/index.ts');
  const app = defineApp({
    name: 'taken',
    version: '1',
    description: 'd',
    tasks: { get_task: task({ description: 'd', version: '1', run: async () => '' }) },
  });
  await expect(serveApp(app)).rejects.toMatchObject({ code: 'invalid_config', field: 'tasks.get_task' });
});
