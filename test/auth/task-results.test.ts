/** What came of a task is read with the scopes of the call that began it, by every way, also by its own subject. */
import { expect, test } from 'vitest';
import { createAppStreams } from '../../src/calls/streams.ts';
import { call } from './callers.ts';
import { stageOf } from './host.ts';
import { answerOf, legacy, modern, type Sent } from './messages.ts';

const MARK = 'mark-of-an-order';
const READS = (task: string): Sent[] => [
  { method: 'tasks/get', params: { taskId: task } },
  call('get_task', { task }),
  { method: 'tasks/result', params: { taskId: task } },
  call('get_task', { task, page: 1 }),
  { method: 'resources/read', params: { uri: `task://${task}/pages/1` } },
];

async function stage() {
  const at = Date.UTC(2026, 10, 20);
  const { host, app, store, runtime } = stageOf({ clock: () => at });
  const as = (held: string) => async (sent: Sent) =>
    answerOf(host, sent.method === 'tasks/result' ? legacy(sent, held) : modern(sent, held));
  const ada = await as('*')(call('list_streams'));
  expect(ada.status).toBe(200);
  const principal = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };
  await createAppStreams({ app, store: store.store, runtime }, principal).append('orders', {
    sensor: MARK,
    value: 1,
  });
  const begin = async (held: string, sent: Sent) => {
    const { result, text } = await as(held)(sent);
    const { taskId } = result as unknown as { taskId?: string };
    if (taskId === undefined) throw new Error(text);
    await host.scheduled(at + 5_000);
    return taskId;
  };
  return { as, begin };
}

test.each<[by: string, held: string, lacking: string, sent: Sent]>([
  ['the stream that it read', 'streams:read:orders tasks', 'tasks', call('export_history', { stream: 'orders' })],
  ['the scopes of the task', 'reports tasks', 'tasks crm', call('report')],
])('by %s', async (_, held, lacking, sent) => {
  const { as, begin } = await stage();
  const task = await begin(held, sent);
  const needed = held.split(' ').toSorted();
  for (const read of READS(task)) {
    const told = await as(lacking)(read);
    expect(told.text).not.toMatch(/mark-of|reported/);
    const words = told.text.replaceAll(/[^\w:]+/g, ' ').split(' ');
    expect([read, words]).toEqual([read, expect.arrayContaining(needed)]);
  }
  const [first, second] = READS(task).map(as(held));
  expect([(await first)?.text, (await second)?.text].join('')).toMatch(/completed/);
});

test('pages of a task need tasks', async () => {
  const { as, begin } = await stage();
  const task = await begin('tasks', call('book', { text: MARK }));
  const page = READS(task).at(-1);
  const told = await as('streams:read')(page as Sent);
  expect([told.status, told.headers.get('www-authenticate')]).toEqual([403, expect.stringContaining('scope="tasks"')]);
  expect((await as('tasks')(page as Sent)).text).toContain(MARK);
});
