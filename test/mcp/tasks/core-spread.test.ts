/**
 * Tasks of 2025-11-25 where each request of a client goes to another of three instances over one store: the call, each
 * poll, the stream on which the task asks, the answers, and the cancellation.
 */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CallToolResultSchema, CreateTaskResultSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect, onTestFinished } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { testEachStore } from '../../services/each-store.ts';
import { type Served, serveApp } from '../served.ts';
import { taskApp } from './task-app.ts';

const INSTANCES = 3;

async function connectedTo(store: Store) {
  const instances: Served[] = [];
  for (let n = 0; n < INSTANCES; n += 1) instances.push(await serveApp(taskApp, { store, runner: { everyMs: 50 } }));
  onTestFinished(async () => void (await Promise.all(instances.map((each) => each.close()))));
  const asked: number[] = instances.map(() => 0);
  let next = 0;
  const fetchAround: typeof fetch = (_url, init) => {
    const at = next % INSTANCES;
    next += 1;
    asked[at] = (asked[at] ?? 0) + 1;
    return fetch(instances[at]?.mcpUrl ?? '', init);
  };
  const client = new Client({ name: 't', version: '0' }, { capabilities: { elicitation: { form: {} } } });
  const questions: string[] = [];
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    questions.push(params.message);
    return { action: 'accept', content: params.message === 'Your name?' ? { name: 'Ada' } : { age: 36 } };
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(instances[0]?.mcpUrl ?? ''), { fetch: fetchAround }));
  onTestFinished(() => client.close());
  await client.listTools();
  return { client, asked, questions };
}

testEachStore('a task is called, polled, asks, is answered and cancelled, each at another instance', async (store) => {
  const { client, asked, questions } = await connectedTo(store);
  const { tasks } = client.experimental;
  let last: unknown;
  for await (const message of tasks.callToolStream({ name: 'register', arguments: {} }, CallToolResultSchema)) {
    last = message;
  }
  expect(last).toMatchObject({
    type: 'result',
    result: { content: [{ text: expect.stringContaining('36') as string }] },
  });
  expect(questions.toSorted()).toEqual(['Your age?', 'Your name?']);

  const { task } = await client.request(
    { method: 'tools/call', params: { name: 'nap', arguments: { ms: 60_000 }, task: {} } },
    CreateTaskResultSchema,
  );
  expect(await tasks.cancelTask(task.taskId)).toMatchObject({ status: 'cancelled' });
  expect(await tasks.getTask(task.taskId)).toMatchObject({ status: 'cancelled' });
  expect(Math.min(...asked)).toBeGreaterThan(0);
});
