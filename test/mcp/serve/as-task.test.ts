/** A call of 2025-11-25 that is answered by a task has all of its caller: what it logs is heard, and its end is seen. */
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { defineApp, task } from '../../../src/index.ts';
import { asTask, callerOf, unheard } from '../../../src/mcp/serve/caller.ts';
import { serveApp } from '../served.ts';
import { ADA } from '../tasks/task-app.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';

test('`prepare` of its task logs and reads the signal', async () => {
  const seen: boolean[] = [];
  const prepared = task({
    version: '1',
    description: 'Is prepared while the caller is there.',
    input: z.object({}),
    prepare: async (input, { log, signal }) => {
      seen.push(signal.aborted);
      log('warning', 'preparing');
      return input;
    },
    run: async () => 'done',
  });
  const app = defineApp({ name: 'a', version: '1', description: 'A', tasks: { prepared } });
  const served = await serveApp(app, {});
  onTestFinished(() => served.close());
  const response = await fetch(served.mcpUrl, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-11-25',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'prepared', arguments: {}, task: {} },
    }),
  });
  const messages = [...(await response.text()).matchAll(/^data: (\{.+)$/gm)].map(([, json = '']): unknown =>
    JSON.parse(json),
  );
  expect(messages).toMatchObject([
    { method: 'notifications/message', params: { level: 'warning', data: 'preparing' } },
    { result: { task: { status: 'working' } } },
  ]);
  expect(seen).toEqual([false]);
});

test('its signal is that of the request, and it can leave', () => {
  const gone = new AbortController();
  let closed = 0;
  const heard = { ...unheard({}, gone.signal), http: { closeSSE: () => void (closed += 1) } };
  const caller = asTask(callerOf(heard, { principal: ADA, account: { store: createMemoryStore() }, deadline: 1 }));
  gone.abort();
  caller.leave?.();
  expect([caller.signal.aborted, closed, caller.asTask, caller.deadline]).toEqual([true, 1, true, 1]);
});
