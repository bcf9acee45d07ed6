/**
 * What belongs to another is answered as what does not exist: the same status, code and text, and the same calls to the
 * store. Another is another subject, the same subject of another tenant, and both.
 */
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { Principal } from '../../src/base/principal.ts';
import { defineApp, form, task, tool } from '../../src/index.ts';
import { countCalls } from '../../src/store/counting.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { serveApp, type Served, type ServeOptions } from '../mcp/served.ts';
import { accept, ask, begin, callTool, reach } from '../mcp/tasks/client.ts';

const ADA: Principal = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };
const OTHERS: [string, Principal][] = [
  ['another subject', { ...ADA, subject: 'eve' }],
  ['the same subject of another tenant', { ...ADA, tenant: 'globex' }],
  ['a tenant and a subject that meet in the middle', { ...ADA, tenant: 'acme/ada', subject: 'a' }],
];
const UNKNOWN = 'x'.repeat(22);

const base = { version: '1', description: 'a task of the test' };
const app = defineApp({
  name: 'owned',
  version: '1',
  description: 'Things that belong to somebody',
  tools: { long: tool({ description: 'A long answer', run: async () => 'x'.repeat(100_000) }) },
  tasks: {
    asks: task({
      ...base,
      async run(_input, { ask: question }) {
        await question('name', form('Who?', z.object({ name: z.string() })));
        return 'heard';
      },
    }),
  },
});

const open: Served[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

async function start(options: ServeOptions): Promise<Served> {
  const served = await serveApp(app, { results: { bytes: 20_000, keptMs: 3_600_000 }, ...options });
  open.push(served);
  return served;
}

function post(served: Served, body: object, session?: string): Promise<Response> {
  return fetch(served.mcpUrl, {
    method: 'POST',
    body: JSON.stringify({ jsonrpc: '2.0', ...body }),
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...(session === undefined ? {} : { 'Mcp-Session-Id': session }),
    },
  });
}

/** Ada's instance, and one whose calls to the same store are counted. */
async function stage(principal: Principal) {
  const store = createMemoryStore();
  const counted = countCalls(store);
  const ada = await start({ store, principal: ADA, runner: { everyMs: 5 } });
  const other = await start({ store: counted.store, principal });
  /** The answer without the id that was asked for, and what it cost. */
  const told = async (id: string, asks: (served: Served, id: string) => Promise<unknown>) => {
    counted.reset();
    const answer = JSON.stringify(await asks(other, id)).replaceAll(id, 'ID');
    return { answer, calls: counted.calls() };
  };
  return { ada, told };
}

describe.each(OTHERS)('to %s', (_, principal) => {
  const inputResponses = { name: accept({ name: 'Eve' }) };
  test.each<[string, (served: Served, id: string) => Promise<unknown>]>([
    ['tasks/get', (served, taskId) => ask(served, 'tasks/get', { taskId })],
    ['tasks/update', (served, taskId) => ask(served, 'tasks/update', { taskId, inputResponses })],
    ['tasks/cancel', (served, taskId) => ask(served, 'tasks/cancel', { taskId })],
    ['get_task', (served, id) => callTool(served, 'get_task', { task: id }, {})],
    ['get_task with a page', (served, id) => callTool(served, 'get_task', { task: id, page: 1 }, {})],
    [
      'answer_task',
      (served, id) =>
        callTool(
          served,
          'answer_task',
          { task: id, answers: [{ key: 'name', action: 'accept', content: [{ field: 'name', value: 'Eve' }] }] },
          {},
        ),
    ],
    ['cancel_task', (served, id) => callTool(served, 'cancel_task', { task: id }, {})],
    ['a page of a task', (served, id) => ask(served, 'resources/read', { uri: `task://${id}/pages/1` })],
    [
      'many polls',
      async (served, taskId) => {
        const polls = await Promise.all(Array.from({ length: 60 }, () => ask(served, 'tasks/get', { taskId })));
        return [...new Set(polls.map((one) => JSON.stringify(one)))];
      },
    ],
  ])('%s answers of a task of Ada as of none', async (_name, asks) => {
    const { ada, told } = await stage(principal);
    const taskId = await begin(ada, 'asks');
    await reach(ada, taskId, 'input_required');
    const of = await told(taskId, asks);
    expect(of).toEqual(await told(UNKNOWN, asks));
    expect(of.answer).toMatch(/no such|not_found/i);
    expect((await ask(ada, 'tasks/get', { taskId })).result).toMatchObject({ status: 'input_required' });
  });

  test.each<[string, (served: Served, handle: string) => Promise<unknown>]>([
    ['read_result', (served, handle) => callTool(served, 'read_result', { handle, page: 1 }, {})],
    ['result://', (served, handle) => ask(served, 'resources/read', { uri: `result://${handle}/1` })],
  ])('%s answers of a large answer of Ada as of none', async (_name, asks) => {
    const { ada, told } = await stage(principal);
    const text = JSON.stringify(await callTool(ada, 'long'));
    const [, handle = ''] = /result:\/\/([\w.-]+)\/1/.exec(text) ?? [];
    expect(JSON.stringify(await asks(ada, handle))).toContain('xxxx');
    const of = await told(handle, asks);
    expect(of).toEqual(await told(`${UNKNOWN}.1`, asks));
    expect(of).toMatchObject({ calls: { get: 1 } });
  });

  test('a session of Ada is answered as one that was never begun', async () => {
    const { ada, told } = await stage(principal);
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
    const begun = await post(ada, { id: 1, method: 'initialize', params });
    const session = begun.headers.get('mcp-session-id') ?? '';
    const list = { id: 2, method: 'tools/list' };
    expect((await post(ada, list, session)).status).toBe(200);
    const asks = async (served: Served, id: string) => {
      const response = await post(served, list, id);
      const ended = await fetch(served.mcpUrl, { method: 'DELETE', headers: { 'Mcp-Session-Id': id } });
      return [response.status, await response.text(), ended.status, await ended.text()];
    };
    const of = await told(session, asks);
    expect(of).toEqual(await told(`${session.slice(0, -4)}AAAA`, asks));
    expect(JSON.parse(of.answer)[0]).toBe(404);
    expect((await post(ada, list, session)).status).toBe(200);
  });
});
