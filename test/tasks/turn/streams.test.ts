/** Streams in a task: what is read or appended keeps the entry open until it is answered, though all else waits. */
import { expect, test } from 'vitest';
import { task, type TaskContext } from '../../../src/declare/task.ts';
import type { Store } from '../../../src/store/store.ts';
import { waitStage } from '../wait-stage.ts';

const base = { description: 'a task of the test', version: '1' };

test.each<[string, (context: TaskContext) => Promise<unknown>]>([
  ['latest', ({ streams }) => streams.latest('temps', 'a')],
  ['latestByKey', ({ streams }) => streams.latestByKey('temps')],
  ['last', ({ streams }) => streams.last('temps', 1)],
  ['read', ({ streams }) => streams.read('temps', null)],
  ['windows', ({ streams }) => streams.windows('temps', { window: 'all', from: 0 })],
  ['append', ({ streams }) => streams.append('temps', { sensor: 'a', celsius: 1 })],
])('%s', async (_, ask) => {
  const steps: string[] = [];
  const reads = task({
    ...base,
    async run(_input, context) {
      const branch = async () => {
        await ask(context);
        await context.step('after', () => void steps.push('after'));
      };
      await Promise.all([context.sleep(60_000), branch()]);
      return 'done';
    },
  });
  const stage = waitStage(undefined, { reads });
  await stage.begin('reads');
  const { store, clock } = stage;
  const slowly = async <Result>(call: () => Promise<Result>) => {
    await clock.sleep(500);
    return call();
  };
  const slow: Store = {
    ...store,
    get: (...args) => slowly(() => store.get(...args)),
    list: (...args) => slowly(() => store.list(...args)),
    last: (...args) => slowly(() => store.last(...args)),
    read: (...args) => slowly(() => store.read(...args)),
    commit: (...args) => slowly(() => store.commit(...args)),
  };
  await stage.work({}, { ...stage.tasks, store: slow });
  expect(steps).toEqual(['after']);
});

test('an append that nobody waits for, and that fails, ends nothing', async () => {
  const careless = task({
    ...base,
    async run(_input, { streams, step }) {
      void streams.append('temps', { sensor: 7 });
      await step('goes-on', () => 1);
      return 'done';
    },
  });
  const stage = waitStage(undefined, { careless });
  const id = await stage.begin('careless');
  await stage.settle();
  expect(await stage.get(id)).toMatchObject({ status: 'completed' });
});
