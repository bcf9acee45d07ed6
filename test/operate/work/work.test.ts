/** What operators do to tasks and subscriptions of anybody of a tenant, and what they are told of amounts. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import type { Principal } from '../../../src/base/principal.ts';
import { deliveryDeps } from '../../../src/calls/events/delivery-deps.ts';
import { form } from '../../../src/declare/ask.ts';
import { createSubscriptions } from '../../../src/deliveries/subscriptions.ts';
import { defineApp, stream, task } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { monthlyCost } from '../../../src/operate/work/prices.ts';
import { createTask } from '../../../src/tasks/work/create.ts';
import { runTasks } from '../../../src/tasks/work/run-due.ts';
import { acting } from '../act.ts';

const app = defineApp({
  name: 'stores',
  version: '1',
  description: 'Tasks and events',
  streams: { readings: stream({ description: 'Readings', schema: z.object({ n: z.number() }) }) },
  tasks: {
    greet: task({
      description: 'Asks and greets',
      version: '1',
      async run(_input, { ask }) {
        const who = await ask('who', form('Who?', z.object({ name: z.string() })));
        return who.action === 'accept' ? `hello ${who.content.name}` : who.action;
      },
    }),
    note: task({ description: 'Notes', version: '1', input: z.looseObject({}), run: async () => 'noted' }),
  },
});
const ada: Principal = { tenant: 'public', subject: 'ada', client: null, scopes: ['*'] };

test('a task of anybody is seen, answered, cancelled', async () => {
  const { act, deps } = acting(app, createMemoryStore());
  const begin = async () => {
    const created = await createTask(deps, {
      principal: ada,
      task: 'greet',
      input: {},
      deadline: Date.now() + 10_000,
      leaseMs: null,
    });
    await runTasks(deps, Date.now() + 10_000);
    return created.taskId;
  };
  const id = await begin();
  expect(await act('tasks list', { subject: 'ada' })).toMatchObject({
    tasks: [{ task: id, status: 'input_required' }],
  });
  expect(await act('tasks show', { task: id })).toMatchObject({
    subject: 'ada',
    asks: ['who'],
    status: 'input_required',
  });
  const wrong = [['nobody={}'], ['who=yes'], ['who'], ['who={"nick":"A"}'], ['who={"name":"Ada"}', 'other=accept']];
  for (const answer of wrong) {
    await expect(act('tasks answer', { task: id, answer })).rejects.toMatchObject({
      code: expect.stringMatching(/invalid_input|bad_answer/) as string,
    });
  }
  expect(await act('tasks show', { task: id })).toMatchObject({ asks: ['who'] });
  expect(await act('tasks answer', { task: id, answer: ['who={"name":"Ada"}'] })).toEqual({
    task: id,
    stored: ['who'],
    open: [],
  });
  await runTasks(deps, Date.now() + 10_000);
  expect(await act('tasks show', { task: id })).toMatchObject({ status: 'completed' });
  const other = await begin();
  expect(await act('tasks cancel', { task: other })).toMatchObject({ done: 'cancelled' });
  await expect(act('tasks cancel', { task: other })).rejects.toMatchObject({ code: 'invalid_input', field: 'task' });
  await expect(act('tasks show', { task: 'nothing' })).rejects.toMatchObject({ code: 'not_found' });
});

test('subscriptions of all of a tenant are listed, shown and ended', async () => {
  const { act, deps } = acting(app, createMemoryStore());
  const service = createSubscriptions(deliveryDeps(deps));
  const request = {
    source: 'stream.readings',
    arguments: null,
    target: { kind: 'task', task: 'note' },
    cursor: null,
    maxAgeMs: null,
    ttlMs: undefined,
  } as const;
  const made = [];
  for (const subject of ['ada', 'bob'])
    made.push(await service.subscribe({ ...ada, subject }, request, Date.now() + 10_000));
  const [first, second] = made.map(({ id }) => id);
  const { subscriptions } = await act<{ subscriptions: { id: string; subject: string }[] }>('subscriptions list');
  expect(subscriptions.map(({ id, subject }) => [id, subject])).toEqual([
    [first, 'ada'],
    [second, 'bob'],
  ]);
  expect(await act('subscriptions show', { id: second })).toMatchObject({
    subject: 'bob',
    to: 'note',
    kind: 'task',
    attempts: [],
  });
  expect(await act('subscriptions replay', { id: second })).toMatchObject({ replayed: 0 });
  expect(await act('subscriptions end', { id: first })).toMatchObject({ subject: 'ada' });
  expect(await act('subscriptions list')).toMatchObject({ subscriptions: [{ id: second }] });
  await expect(act('subscriptions end', { id: first })).rejects.toMatchObject({ code: 'not_found', field: 'id' });
  // What is of another tenant is not there.
  await expect(act('subscriptions show', { id: second }, { tenant: 'acme' })).rejects.toMatchObject({
    code: 'not_found',
  });
});

test('amounts are counted, sizes are about right, and a price names its source and its month', async () => {
  const { act, deps } = acting(app, createMemoryStore());
  const { createAppStreams } = await import('../../../src/calls/streams.ts');
  for (let n = 0; n < 20; n += 1) await createAppStreams(deps, ada).append('readings', { n });
  const found = await act<{ total: { events: number; bytes: number }; cost: unknown }>('stats');
  expect(found).toMatchObject({ engine: 'memory', total: { events: 20 }, cost: null });
  expect(found.total.bytes / 20).toBeGreaterThan(40);
  const used = { reads: 100_000, commits: 10_000, bytesPerDay: 1_024 * 10_000, storedBytes: 1e9 };
  // 3 million reads and 0.3 million commits a month of 0.3 million KiB, and a GB.
  expect(monthlyCost('dynamodb', used)).toBeCloseTo(3 * 0.125 + 0.6 * 1.25 + 0.25, 1);
  expect(monthlyCost('redis', used)).toBeCloseTo(3.3 * 2 + 0.25, 1);
  expect(monthlyCost('sqlite', used)).toBeNull();
});
