/** Tasks of 2025-11-25 with the first official client, over HTTP and over stdio: from the call to the result. */
import { join } from 'node:path';
import { Client as NewerClient, StreamableHTTPClientTransport as NewerTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CallToolResultSchema,
  CreateTaskResultSchema,
  ElicitRequestSchema,
  TaskStatusNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { type Served, serveApp } from '../served.ts';
import { taskApp } from './task-app.ts';
import { compiled } from '../../services/compiled.ts';

const command = { command: process.execPath, args: [join(import.meta.dirname, 'task-server.ts')], env: compiled() };

let client: Client;
let asked: string[];

async function connect(transport: Transport): Promise<void> {
  asked = [];
  client = new Client({ name: 't', version: '0' }, { capabilities: { elicitation: { form: {} } } });
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(params.message);
    return { action: 'accept', content: params.message === 'Your name?' ? { name: 'Ada' } : { age: 36 } };
  });
  await client.connect(transport);
  // It learns by the list which tools are tasks.
  await client.listTools();
}

/** What a call as a task comes to: the states that were told, and the last message. */
async function callAsTask(name: string, args: Record<string, unknown> = {}) {
  const statuses: string[] = [];
  const stream = client.experimental.tasks.callToolStream({ name, arguments: args }, CallToolResultSchema, {
    task: { ttl: 60_000 },
  });
  for await (const message of stream) {
    if (message.type === 'taskStatus') statuses.push(message.task.status);
    if (message.type === 'result') return { statuses, result: message.result };
    if (message.type === 'error') return { statuses, error: message.error };
  }
  throw new Error('the stream ended without a result');
}

function behaves() {
  test('is told of tasks, and which tools can be one', async () => {
    expect(client.getServerCapabilities()?.tasks).toMatchObject({ cancel: {}, requests: { tools: { call: {} } } });
    const { tools } = await client.listTools();
    const support = Object.fromEntries(tools.map(({ name, execution }) => [name, execution?.taskSupport]));
    expect(support).toMatchObject({ add: 'optional', quick: 'optional', strict: 'required', greet: undefined });
  });

  test('calls, polls, and gets the result', async () => {
    const { statuses, result } = await callAsTask('add', { a: 20, b: 22 });
    expect(result?.structuredContent).toEqual({ sum: 42 });
    expect(statuses.at(-1)).toBe('completed');
    const strict = await callAsTask('strict');
    expect(strict.result?.content).toEqual([{ type: 'text', text: 'done' }]);
  });

  test('is asked by the stream of tasks/result', async () => {
    const { statuses, result } = await callAsTask('register');
    expect(statuses).toContain('input_required');
    expect(asked.toSorted()).toEqual(['Your age?', 'Your name?']);
    expect(JSON.stringify(result)).toContain('Ada');
  });

  test('is not asked to open a page, which it has not declared, and is told what to do', async () => {
    const { error } = await callAsTask('pay');
    expect(error?.message).toContain('answer_task');
    expect(asked).toEqual([]);
  });

  test('cancels, and hears that what has ended cannot be', async () => {
    const created = await client.request(
      { method: 'tools/call', params: { name: 'busy', arguments: {}, task: {} } },
      CreateTaskResultSchema,
    );
    const { taskId } = created.task;
    expect(await client.experimental.tasks.cancelTask(taskId)).toMatchObject({ taskId, status: 'cancelled' });
    await expect(client.experimental.tasks.cancelTask(taskId)).rejects.toMatchObject({ code: -32_602 });
    expect(await client.experimental.tasks.getTask(taskId)).toMatchObject({ status: 'cancelled' });
  });

  test('waits for the result by tasks/result, and hears of changes meanwhile', async () => {
    const told: unknown[] = [];
    client.setNotificationHandler(TaskStatusNotificationSchema, ({ params }) => void told.push(params.status));
    const { task } = await client.request(
      { method: 'tools/call', params: { name: 'nap', arguments: { ms: 700 }, task: {} } },
      CreateTaskResultSchema,
    );
    const result = await client.experimental.tasks.getTaskResult(task.taskId, CallToolResultSchema);
    expect(result).toMatchObject({
      content: [{ text: 'slept 700 ms' }],
      _meta: { 'io.modelcontextprotocol/related-task': { taskId: task.taskId } },
    });
    expect(told.at(-1)).toBe('completed');
  });

  test('is told what went wrong, although it does not ask for that result', async () => {
    const { error } = await callAsTask('wrong');
    expect(error?.message).toContain('failed');
    const { task } = await client.request(
      { method: 'tools/call', params: { name: 'wrong', arguments: {}, task: {} } },
      CreateTaskResultSchema,
    );
    const result = await client.experimental.tasks.getTaskResult(task.taskId, CallToolResultSchema);
    expect(result).toMatchObject({ isError: true, content: [{ text: 'no such file' }] });
    expect(await client.experimental.tasks.getTask(task.taskId)).toMatchObject({
      status: 'failed',
      statusMessage: 'no such file',
    });
  });
}

describe('over HTTP', () => {
  let served: Served;
  beforeEach(async () => {
    served = await serveApp(taskApp, { runner: { everyMs: 20 } });
    await connect(new StreamableHTTPClientTransport(new URL(served.mcpUrl)));
  });
  afterEach(async () => {
    await client.close();
    await served.close();
  });
  behaves();

  test('hears of its tasks by the stream of its session', async () => {
    const told: string[] = [];
    client.setNotificationHandler(TaskStatusNotificationSchema, ({ params }) => void told.push(params.status));
    await client.request(
      { method: 'tools/call', params: { name: 'nap', arguments: { ms: 1_500 }, task: {} } },
      CreateTaskResultSchema,
    );
    await expect.poll(() => told.at(-1), { timeout: 8_000 }).toBe('completed');
  });
});

describe('over stdio', () => {
  beforeEach(() => connect(new StdioClientTransport(command)));
  afterEach(() => client.close());
  behaves();

  test('lists its tasks', async () => {
    await callAsTask('add', { a: 1 });
    const { tasks } = await client.experimental.tasks.listTasks();
    expect(tasks).toMatchObject([{ status: 'completed' }]);
  });
});

/** It has no methods for tasks of this revision; with schemas of its own a host asks for them all the same. */
test('the second official client is asked, and gets the result', async () => {
  const served = await serveApp(taskApp, { runner: { everyMs: 20 } });
  onTestFinished(() => served.close());
  const newer = new NewerClient(
    { name: 't', version: '0' },
    { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: 'legacy' } },
  );
  newer.setRequestHandler('elicitation/create', ({ params }) => {
    const content: Record<string, string | number> = params.message === 'Your name?' ? { name: 'Ada' } : { age: 36 };
    return { action: 'accept', content };
  });
  await newer.connect(new NewerTransport(new URL(served.mcpUrl)));
  const ask = (method: string, params: Record<string, unknown>) =>
    newer.request({ method, params }, z.record(z.string(), z.unknown()));
  const created = await ask('tools/call', { name: 'register', arguments: {}, task: {} });
  const { taskId } = z.object({ taskId: z.string() }).parse(created['task']);
  expect(JSON.stringify(await ask('tasks/result', { taskId }))).toContain('36');
  expect(await ask('tasks/get', { taskId })).toMatchObject({ taskId, status: 'completed' });
  await expect(ask('tasks/cancel', { taskId })).rejects.toMatchObject({ code: -32_602 });
  await newer.close();
});

test('a client that declares pages is asked to open one', async () => {
  const served = await serveApp(taskApp, { runner: { everyMs: 20 } });
  onTestFinished(() => served.close());
  const newer = new NewerClient(
    { name: 't', version: '0' },
    { capabilities: { elicitation: { url: {} } }, versionNegotiation: { mode: 'legacy' } },
  );
  const modes: unknown[] = [];
  newer.setRequestHandler('elicitation/create', ({ params }) => {
    modes.push(params.mode);
    return { action: 'accept' };
  });
  await newer.connect(new NewerTransport(new URL(served.mcpUrl)));
  const ask = (method: string, params: Record<string, unknown>) =>
    newer.request({ method, params }, z.record(z.string(), z.unknown()));
  const begin = async (name: string) => {
    const created = await ask('tools/call', { name, arguments: {}, task: {} });
    return z.object({ taskId: z.string() }).parse(created['task']).taskId;
  };
  expect(await ask('tasks/result', { taskId: await begin('pay') })).toMatchObject({ content: [{ text: 'accept' }] });
  await expect(ask('tasks/result', { taskId: await begin('register') })).rejects.toMatchObject({
    data: { code: 'not_supported' },
  });
  expect(modes).toEqual(['url']);
  await newer.close();
});
