/** Which changes are told through a queue, how often, and what it costs. */
import { expect, test } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { hintsThrough } from '../../../src/hosts/queues/hints.ts';
import { createTestClock } from '../../../src/hosts/testing/clock.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { openAccount } from '../../../src/store/counting.ts';
import { subscriberPartition } from '../../../src/deliveries/records/names.ts';
import { waiterPartition } from '../../../src/tasks/records/names.ts';
import type { Store } from '../../../src/store/store.ts';
import { wakingApp } from '../waking-app.ts';

function stage({ isOpen = false } = {}) {
  const clock = createTestClock(1_000_000);
  const logged: string[] = [];
  const runtime = { ...systemRuntime((_level, message) => void logged.push(message)), now: () => clock.now() };
  const store = createMemoryStore();
  const account = openAccount(store, runtime);
  const sent: unknown[] = [];
  const work = new Set<Promise<unknown>>();
  let fails = false;
  const queue = {
    async send(message: object, options: object = {}) {
      if (fails) throw new Error('no queue');
      sent.push([message, options]);
    },
  };
  const deps = { app: wakingApp('http://127.0.0.1:1'), store: account.store, runtime, isOpen };
  const tell = hintsThrough(deps, queue, (one) => void work.add(one));
  return {
    clock,
    store,
    sent,
    logged,
    calls: () => Object.values(account.spent().storeCalls).reduce((sum, calls) => sum + calls, 0),
    fail: (does: boolean) => void (fails = does),
    changed: async (...streams: string[]) => {
      for (const stream of streams) tell('public', stream);
      await Promise.all(work);
    },
  };
}

async function put(store: Store, partition: string): Promise<void> {
  const operation = { kind: 'put', partition, id: 'x', value: {}, expects: null } as const;
  await store.commit([operation], { id: partition, now: 0, deadline: Date.now() + 10_000 });
}

const told = (stream: string) => [{ tenant: 'public', stream }, { delaySeconds: 1 }];

test('a log that a trigger watches is told once a second, without a store call', async () => {
  const { changed, clock, sent, calls } = stage();
  await changed('ticks', 'ticks', 'trigger.high');
  expect(sent).toEqual([told('ticks'), told('trigger.high')]);
  await clock.advance(999);
  await changed('ticks');
  expect(sent).toHaveLength(2);
  await clock.advance(1);
  await changed('ticks');
  expect([sent.length, calls()]).toEqual([3, 0]);
});

test('a log that nothing follows costs two store calls in ten seconds, and no message', async () => {
  const { changed, clock, sent, calls } = stage();
  for (let second = 0; second < 10; second += 1) {
    await changed('quiet', 'quiet');
    await clock.advance(999);
  }
  expect([sent, calls()]).toEqual([[], 2]);
  await clock.advance(10);
  await changed('quiet');
  expect(calls()).toBe(4);
});

test.each([
  ['somebody subscribed', subscriberPartition('public', 'quiet')],
  ['a task waits', waiterPartition('public', 'quiet')],
])('where %s, the log is told ten seconds later at the latest', async (_what, partition) => {
  const { changed, clock, sent, store } = stage();
  await changed('quiet');
  await put(store, partition);
  await clock.advance(10_000);
  await changed('quiet');
  expect(sent).toEqual([told('quiet')]);
});

test('where everyone may call nothing is delivered, and only waits are looked for', async () => {
  const { changed, sent, calls } = stage({ isOpen: true });
  await changed('quiet', 'unknown');
  expect([sent, calls()]).toEqual([[], 1]);
});

test('what could not be sent is told with the next change', async () => {
  const { changed, fail, sent, logged } = stage();
  fail(true);
  await changed('ticks');
  expect(logged).toEqual(['nobody was told that a log has changed; the schedule finds it']);
  fail(false);
  await changed('ticks');
  expect(sent).toEqual([told('ticks')]);
});
