/** The official client of the extension against a real server: a task from its call to its result. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import {
  createTaskSessionFromClient,
  resultFromTaskOutcome,
  type TaskEnabledSession,
  type WithTasksOptions,
} from '@modelcontextprotocol/ext-tasks/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Served, serveApp } from '../served.ts';
import { accept } from './client.ts';
import { taskApp } from './task-app.ts';

const VERSION = '2026-07-28';
const clientInfo = { name: 't', version: '0' };
const clientCapabilities = { elicitation: { form: {} }, extensions: { 'io.modelcontextprotocol/tasks': {} } };

let served: Served;
let client: Client;
beforeEach(async () => {
  served = await serveApp(taskApp, { runner: { everyMs: 20 } });
  client = new Client(clientInfo, { capabilities: clientCapabilities, versionNegotiation: { mode: { pin: VERSION } } });
  await client.connect(new StreamableHTTPClientTransport(new URL(served.mcpUrl)));
});
afterEach(async () => {
  await client.close();
  await served.close();
});

type Message = { method: string; params?: Record<string, unknown> };

/** Its requests go out as it frames them: the SDK's client has no codec for them. */
function session(options: WithTasksOptions = {}): TaskEnabledSession {
  let id = 0;
  return createTaskSessionFromClient(client, {
    ...options,
    endpointId: 'test',
    v2RequestFraming: { protocolVersion: VERSION, clientInfo, clientCapabilities },
    async rawDispatch(request) {
      const { method, params } = request as Message;
      const name = params?.['name'] ?? params?.['taskId'];
      const response = await fetch(served.mcpUrl, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Accept: 'application/json, text/event-stream',
          'MCP-Protocol-Version': VERSION,
          'Mcp-Method': method,
          ...(typeof name === 'string' ? { 'Mcp-Name': name } : {}),
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: (id += 1), method, params }),
      });
      const { result, error } = (await response.json()) as { result?: never; error?: never };
      return result === undefined ? { kind: 'error', error: error ?? ({} as never) } : { kind: 'result', result };
    },
  });
}

test('creates, polls, and hands over the result', async () => {
  const tasks = session();
  const execution = await tasks.callTool('add', { a: 20, b: 22 });
  expect(execution.kind).toBe('task');
  const { outcome } = await execution.settle();
  expect(resultFromTaskOutcome(outcome)).toMatchObject({ structuredContent: { sum: 42 } });
  await tasks.close();
});

test('answers what it is asked', async () => {
  const asked: string[] = [];
  const tasks = session({
    onInputRequest: async (request) => {
      const { message } = request.params as { message: string };
      asked.push(message);
      return accept(message === 'Your name?' ? { name: 'Ada' } : { age: 36 }) as never;
    },
  });
  const execution = await tasks.callTool('register', {});
  const { outcome } = await execution.settle();
  expect(asked.toSorted()).toEqual(['Your age?', 'Your name?']);
  expect(resultFromTaskOutcome(outcome)).toMatchObject({
    content: [{ text: JSON.stringify([accept({ name: 'Ada' }), accept({ age: 36 })]) }],
  });
  await tasks.close();
});

test('cancels', async () => {
  const tasks = session();
  const execution = await tasks.callTool('busy', {});
  await execution.cancel();
  expect((await execution.settle()).outcome.status).toBe('cancelled');
  await tasks.close();
});

test('hears of a failure, and of a result that says what went wrong', async () => {
  const tasks = session();
  const [failed, wrong] = await Promise.all(['refused', 'wrong'].map((name) => tasks.callTool(name, {})));
  const outcome = (await failed?.settle())?.outcome;
  expect(outcome).toMatchObject({
    status: 'failed',
    error: { code: -32_603, message: 'The archive is closed on Sundays' },
  });
  expect((await wrong?.settle())?.outcome).toMatchObject({ status: 'completed', result: { isError: true } });
  await tasks.close();
});

test('calls an ordinary tool as ever', async () => {
  const tasks = session();
  const execution = await tasks.callTool('greet', {});
  expect(execution.kind).toBe('immediate');
  const { outcome } = await execution.settle();
  expect(resultFromTaskOutcome(outcome)).toMatchObject({ content: [{ text: 'hello' }] });
  await tasks.close();
});
