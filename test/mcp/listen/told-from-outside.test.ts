/** Changes that no tool tells of: by the server that an app is part of, and by a task. */
import { expect, test } from 'vitest';
import { createMcp } from '../../../src/mcp.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createListeningHost } from './listening-host.ts';
import { ADA, app, BOB } from './rooms-app.ts';

const SECOND = 1_000;
const asked = { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: ['shelf://1', 'shelf://2'] };

async function twoListeners() {
  const stage = createListeningHost(app);
  const [mine, others] = [await stage.listen(asked, ADA), await stage.listen(asked, BOB)];
  for (const each of [mine, others]) each.news();
  return { ...stage, mine, others };
}

test('a host tells the clients of one tenant', async () => {
  const { host, clock, mine, others } = await twoListeners();
  const { resources, tools, prompts } = host.changes('acme');
  await clock.drive(Promise.all([resources.changed('shelf://2'), tools.changed(), prompts.changed()]));
  await clock.advance(2 * SECOND);
  const told = ['prompts/list_changed', 'resources/updated shelf://2', 'tools/list_changed'];
  expect(mine.news().toSorted()).toEqual(told);
  expect(others.news()).toEqual([]);
});

test('a host tells the clients of every tenant', async () => {
  const { host, clock, mine, others } = await twoListeners();
  await clock.drive(host.changes(null).tools.changed());
  // Of a tenant that nobody here wrote for, the log is looked at in its own time.
  await clock.advance(11 * SECOND);
  expect([mine.news(), others.news()]).toEqual([['tools/list_changed'], ['tools/list_changed']]);
});

test('the server of own tools tells those who listen at another one on its store', async () => {
  const stage = createListeningHost(app);
  const listener = await stage.listen(asked, 'public public *');
  listener.news();
  const parts = { name: 'rooms', version: '1.0.0', description: 'The same, without streams' };
  const mcp = createMcp(parts, { store: stage.store, isOpen: true });
  await stage.clock.drive(mcp.changes('public').resources.changed('shelf://1'));
  await stage.clock.advance(11 * SECOND);
  expect(listener.news()).toEqual(['resources/updated shelf://1']);
  await mcp.close();
});

test('a task tells in the tenant of who began it, in whichever turn', async () => {
  const { host, call, clock, mine, others } = await twoListeners();
  const { result } = await call('tools/call', { name: 'restock' }, ADA);
  const taskId = String(result?.['taskId']);
  const work = async () => clock.drive(host.scheduled(clock.now() + 30 * SECOND));
  await work();
  expect(mine.news()).toEqual([]);
  await clock.advance(SECOND);
  await work();
  await clock.advance(2 * SECOND);
  const { content } = (await call('tools/call', { name: 'get_task', arguments: { task: taskId } }, ADA)).result ?? {};
  expect(JSON.stringify(content)).toContain('restock has ended');
  expect(mine.news()).toEqual(['resources/updated shelf://1']);
  expect(others.news()).toEqual([]);
});

test('what the store does not take is told to who says it', async () => {
  const store = createMemoryStore();
  const { host } = createListeningHost(app, {
    store: { ...store, commit: () => Promise.reject(new Error('there is no store')) },
  });
  await expect(host.changes('acme').tools.changed()).rejects.toThrow('there is no store');
});
