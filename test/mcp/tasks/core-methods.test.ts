/** Tasks of 2025-11-25 on the wire: who has them, what is refused, and that another's are answered as none. */
import { afterEach, describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Principal } from '../../../src/base/principal.ts';
import { type Served, serveApp, type ServeOptions } from '../served.ts';
import { ADA, EVE, taskApp } from './task-app.ts';

interface Message {
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: Record<string, unknown> };
}

const closing: Served[] = [];
afterEach(async () => void (await Promise.all(closing.splice(0).map((each) => each.close()))));

async function serve(options: ServeOptions = {}): Promise<Served> {
  const served = await serveApp(taskApp, { runner: { everyMs: 20 }, ...options });
  closing.push(served);
  return served;
}

async function send(served: Served, method: string, params: object = {}, version = '2025-11-25'): Promise<Message> {
  const response = await fetch(served.mcpUrl, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': version,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const text = await response.text();
  const messages = [...text.matchAll(/^data: (\{.+)$/gm)].map(([, json = '']) => JSON.parse(json) as Message);
  return messages.at(-1) ?? (JSON.parse(text) as Message);
}

async function begin(served: Served, name: string, args: object = {}): Promise<string> {
  const { result, error } = await send(served, 'tools/call', { name, arguments: args, task: {} });
  if (!result) throw new Error(JSON.stringify(error));
  return (result['task'] as { taskId: string }).taskId;
}

async function reach(served: Served, taskId: string, status: string): Promise<void> {
  const now = async () => (await send(served, 'tasks/get', { taskId })).result?.['status'];
  await expect.poll(now, { interval: 60, timeout: 5_000 }).toBe(status);
}

/** Two servers over one store, each for a caller of its own. */
async function serveBoth(first: Principal, second: Principal): Promise<[Served, Served]> {
  const store = createMemoryStore();
  return [await serve({ store, principal: first }), await serve({ store, principal: second, runner: null })];
}

function initialize(served: Served, version: string): Promise<Message> {
  const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: 't', version: '0' } };
  return send(served, 'initialize', params, version);
}

describe('who has them', () => {
  test('is told so; they are listed where it is known who calls', async () => {
    const known = await initialize(await serve({ principal: ADA }), '2025-11-25');
    const tasks = { cancel: {}, requests: { tools: { call: {} } } };
    expect(known.result).toMatchObject({ capabilities: { tasks: { list: {}, ...tasks }, tools: {} } });
    const served = await serve();
    expect((await initialize(served, '2025-11-25')).result).toHaveProperty('capabilities.tasks', tasks);
    expect((await send(served, 'tasks/list')).error).toMatchObject({ code: -32_602, data: { code: 'not_supported' } });
  });

  test('no revision before has any: asked for one, it answers the result', async () => {
    const served = await serve();
    expect((await initialize(served, '2025-06-18')).result?.['capabilities']).not.toHaveProperty('tasks');
    const { result } = await send(
      served,
      'tools/call',
      { name: 'quick', arguments: { ms: 1 }, task: {} },
      '2025-06-18',
    );
    expect(result).toMatchObject({ structuredContent: { sum: 1 } });
    expect((await send(served, 'tasks/get', { taskId: 'x' }, '2025-06-18')).error).toMatchObject({ code: -32_601 });
    expect(JSON.stringify(await send(served, 'tools/list', {}, '2025-06-18'))).not.toContain('taskSupport');
  });

  test('2026-07-28 has them by its extension', async () => {
    const served = await serve();
    const discovered = await (await served.call('server/discover')).text();
    expect(JSON.parse(discovered)).not.toHaveProperty('result.capabilities.tasks');
    expect(await (await served.call('tools/list')).text()).not.toContain('taskSupport');
    const change = { meta: { 'io.modelcontextprotocol/clientCapabilities': { tasks: {} } } };
    const answer = await served.call('tools/call', { name: 'add', arguments: { a: 1 }, task: {} }, change);
    expect(await answer.json()).toMatchObject({ result: { structuredContent: { status: 'working' } } });
  });
});

describe('a call', () => {
  test('is answered at once by a task, with what the model is told', async () => {
    const served = await serve({ runner: null });
    const { result } = await send(served, 'tools/call', { name: 'add', arguments: { a: 1 }, task: { ttl: 1_000 } });
    expect(result).toMatchObject({
      task: { status: 'working', ttl: 86_400_000, pollInterval: 500 },
      _meta: { 'io.modelcontextprotocol/model-immediate-response': expect.stringContaining('get_task') as string },
    });
    const { taskId } = (result as { task: { taskId: string } }).task;
    expect(result).toHaveProperty(['_meta', 'io.modelcontextprotocol/related-task'], { taskId });
  });

  test.each<[string, object, number]>([
    ['of a tool that cannot be one', { name: 'greet', task: {} }, -32_601],
    ['of a tool that has to be one', { name: 'strict' }, -32_601],
    ['of no tool', { name: 'nope', task: {} }, -32_602],
    ['with a wrong task', { name: 'add', arguments: { a: 1 }, task: 'yes' }, -32_602],
    ['with a wrong time', { name: 'add', arguments: { a: 1 }, task: { ttl: '1' } }, -32_602],
  ])('%s is refused', async (_what, params, code) => {
    expect((await send(await serve(), 'tools/call', params)).error).toMatchObject({ code });
  });

  test('with wrong arguments begins nothing, and is an error with its words, which clients of tasks read', async () => {
    const params = { name: 'add', arguments: { a: 'x' }, task: { ttl: 60_000 } };
    const { result, error } = await send(await serve(), 'tools/call', params);
    expect(result).toBeUndefined();
    expect(error).toMatchObject({ code: -32_602, data: { code: 'invalid_input' } });
    expect(error?.message).toContain('a: expected a number');
  });

  test('with the same key is the same task', async () => {
    const served = await serve();
    const ids = [await begin(served, 'add', { a: 1, text: 'k' }), await begin(served, 'add', { a: 1, text: 'k' })];
    expect(new Set(ids).size).toBe(1);
  });
});

describe('another’s task', () => {
  test.each(['tasks/get', 'tasks/result', 'tasks/cancel'])('is answered by %s as none', async (method) => {
    const [ada, eve] = await serveBoth(ADA, EVE);
    const taskId = await begin(ada, 'register');
    await reach(ada, taskId, 'input_required');
    const none = `${taskId.slice(0, -1)}${taskId.endsWith('0') ? '1' : '0'}`;
    const [ofAnother, ofNone] = [await send(eve, method, { taskId }), await send(eve, method, { taskId: none })];
    expect(ofAnother.error).toMatchObject({ code: -32_602 });
    expect(JSON.stringify(ofAnother).replaceAll(taskId, '')).toBe(JSON.stringify(ofNone).replaceAll(none, ''));
    expect((await send(ada, 'tasks/get', { taskId })).result).toMatchObject({ status: 'input_required' });
  });

  test('is not listed, nor is a place in another’s list one', async () => {
    const [ada, eve] = await serveBoth(ADA, EVE);
    const begun: string[] = [];
    for (let n = 0; n < 27; n += 1) begun.push(await begin(ada, 'nap', { ms: 60_000 }));
    const first = (await send(ada, 'tasks/list')).result as { tasks: { taskId: string }[]; nextCursor: string };
    const { nextCursor: cursor } = first;
    const second = (await send(ada, 'tasks/list', { cursor })).result as typeof first;
    const listed = [...first.tasks, ...second.tasks].map(({ taskId }) => taskId);
    expect([first.tasks.length, listed.toSorted()]).toEqual([25, begun.toSorted()]);
    expect(second.nextCursor).toBeUndefined();
    expect((await send(eve, 'tasks/list')).result).toEqual({ tasks: [] });
    for (const wrong of [cursor, 'x', btoa('9 x 00000000')]) {
      expect((await send(eve, 'tasks/list', { cursor: wrong })).error).toMatchObject({ code: -32_602 });
    }
  });
});

describe('tasks/result', () => {
  test('says to whom it cannot ask what to do', async () => {
    const served = await serve();
    const taskId = await begin(served, 'register');
    await reach(served, taskId, 'input_required');
    const { error } = await send(served, 'tasks/result', { taskId });
    expect(error).toMatchObject({ code: -32_602, data: { code: 'not_supported' } });
    expect(error?.message).toContain('answer_task');
  });

  test('ends before the request does, and says that the task goes on', async () => {
    const served = await serve({ requestMs: 2_300 });
    const taskId = await begin(served, 'nap', { ms: 60_000 });
    const { error } = await send(served, 'tasks/result', { taskId });
    expect(error).toMatchObject({ code: -32_001, data: { code: 'task_goes_on' } });
    expect(error?.data?.['retryAfterMs']).toBeGreaterThan(0);
  });

  test.each<[string, object]>([
    ['refused', { isError: true, content: [{ type: 'text', text: expect.stringContaining('Sundays') as string }] }],
    ['broken', { isError: true, content: [{ type: 'text', text: expect.not.stringContaining('10.0.0.7') as string }] }],
  ])('answers what a call of %s would have been answered', async (name, expected) => {
    const served = await serve();
    const taskId = await begin(served, name);
    expect((await send(served, 'tasks/result', { taskId })).result).toMatchObject(expected);
    expect((await send(served, 'tasks/get', { taskId })).result).toMatchObject({ status: 'failed' });
  });

  test('of a cancelled task says so', async () => {
    const served = await serve();
    const taskId = await begin(served, 'nap', { ms: 60_000 });
    expect((await send(served, 'tasks/cancel', { taskId })).result).toMatchObject({ taskId, status: 'cancelled' });
    expect((await send(served, 'tasks/result', { taskId })).result).toMatchObject({ isError: true });
    expect((await send(served, 'tasks/cancel', { taskId })).error).toMatchObject({ code: -32_602 });
  });
});

/** Sends what a client answers to a question, as the stream of tasks/result asked it. */
async function reply(served: Served, taskId: string, said: object): Promise<number> {
  const headers = { 'Content-Type': 'application/json', 'MCP-Protocol-Version': '2025-11-25' };
  const body = JSON.stringify({ jsonrpc: '2.0', id: `core/x/${taskId}/name`, ...said });
  return (await fetch(served.mcpUrl, { method: 'POST', headers, body })).status;
}

function named(name: string): object {
  return { result: { action: 'accept', content: { name } } };
}

async function asks(served: Served, taskId: string): Promise<string> {
  return String((await send(served, 'tasks/get', { taskId })).result?.['statusMessage']);
}

describe('an answer to a question of a task', () => {
  test('is given to the task once it fits, by its owner alone', async () => {
    const [ada, eve] = await serveBoth(ADA, EVE);
    const taskId = await begin(ada, 'register');
    await reach(ada, taskId, 'input_required');
    expect(await reply(eve, taskId, named('Eve'))).toBe(400);
    expect(await reply(ada, taskId, named('A'))).toBe(400);
    expect(await asks(ada, taskId)).toContain('Your name?');
    expect(await reply(ada, taskId, named('Ada'))).toBe(202);
    expect(await asks(ada, taskId)).toBe('Your age?');
    expect(await reply(ada, taskId, named('Bob'))).toBe(202);
  });

  test('that is an error leaves the question as it is', async () => {
    const served = await serve({ principal: ADA });
    const taskId = await begin(served, 'register');
    await reach(served, taskId, 'input_required');
    const status = await reply(served, taskId, { error: { code: -1, message: 'closed' } });
    expect([status, await asks(served, taskId)]).toEqual([202, expect.stringContaining('Your name?')]);
  });
});

test('who polls too fast is told when to come again', async () => {
  const served = await serve();
  const taskId = await begin(served, 'nap', { ms: 60_000 });
  let refused: Message = {};
  for (let n = 0; n < 300 && !refused.error; n += 1) refused = await send(served, 'tasks/get', { taskId });
  expect(refused.error).toMatchObject({ code: -32_010, data: { code: 'rate_limited' } });
});
