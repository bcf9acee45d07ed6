/** The follower of waits by itself: what it asks of the store, how far back it reads, and how much it commits. */
import { describe, expect, test } from 'vitest';
import type { Condition } from '../../../src/declare/condition.ts';
import type { LoggedEvent } from '../../../src/base/event.ts';
import { countCalls } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Operation, Store } from '../../../src/store/store.ts';
import { begin } from '../../../src/streams/conditions/condition.ts';
import { followerPosition } from '../../../src/streams/log/follower.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { WAITER_FOLLOWER } from '../../../src/tasks/waits/follow.ts';
import { TASK_QUEUE, waiterKey } from '../../../src/tasks/records/names.ts';
import { putWaiter, type Waiting } from '../../../src/tasks/waits/waiter.ts';
import { START, TENANT } from '../../feeds/run/stage.ts';
import { ABOVE_30, type WaitStage, waitStage } from '../wait-stage.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { byDepth } from '../../depth.ts';

const LOG = streamLog(TENANT, 'temps');
const COUNT_2: Condition = { kind: 'count', atLeast: 2, withinMs: 60_000 };
const COUNT_ODD: Condition = { ...COUNT_2, atLeast: 3, where: { celsius: { oneOf: [1, 3, 5] } } };

let commits = 0;
async function commit(store: Store, operations: Operation[], now = START) {
  const result = await store.commit(operations, { id: `test${(commits += 1)}`, now, deadline: now + 60_000 });
  expect(result.status).toBe('committed');
}

const entry = (n: number, celsius = 0): LoggedEvent => {
  return { id: `e${n}`, key: 'a', time: START, data: { sensor: 'a', celsius } };
};

/** Entries that no projection has seen. */
function append(store: Store, from: number, to: number, celsius = 0) {
  const entries = Array.from({ length: to - from }, (_, index) => entry(from + index, celsius));
  return commit(store, [{ kind: 'append', log: LOG, entries }]);
}

/** A waiter without a task. */
function put(store: Store, taskId: string, condition: Condition, more: Partial<Waiting>) {
  const waiter: Waiting = { condition, state: begin(condition, START), cursor: null, settled: true, ...more };
  const record = { expects: null, expiresAt: START + 86_400_000 };
  return commit(store, [
    putWaiter(waiterKey(TENANT, 'temps', { tenant: TENANT, taskId }, 'wait temps'), waiter, record, START),
  ]);
}

async function end(store: Store) {
  return (await store.extent(LOG)).end;
}

async function due(store: Store) {
  return (await store.due(TASK_QUEUE, { now: START, limit: 1_000, from: 0 })).map(({ id }) => id.split(' ')[0]);
}

describe('what it asks of the store', () => {
  test('is one list where nothing waits', async () => {
    const stage = waitStage();
    await append(stage.store, 0, 100);
    const counted = countCalls(stage.store);
    expect(await stage.follow({ ...stage.deps, store: counted.store })).toMatchObject({
      waiting: false,
      caughtUp: true,
    });
    expect(counted.calls()).toEqual({ list: 1 });
  });

  test('begins at the earliest cursor of what waits, and not with the log', async () => {
    const stage = waitStage();
    await append(stage.store, 0, 5_000);
    await put(stage.store, 'first', COUNT_2, { cursor: await end(stage.store) });
    await append(stage.store, 5_000, 5_001);
    await put(stage.store, 'second', COUNT_2, { cursor: await end(stage.store) });
    await append(stage.store, 5_001, 5_002);
    const counted = countCalls(stage.store);
    const report = await stage.follow({ ...stage.deps, store: counted.store });
    expect(report).toMatchObject({ entries: 2, matched: 1 });
    expect(counted.calls()['read']).toBe(1);
    expect(await due(stage.store)).toEqual(['first']);
    expect(await followerPosition(scopeOfLogs(stage.deps, { tenant: TENANT }), WAITER_FOLLOWER, LOG)).toBe(
      await end(stage.store),
    );
  });

  test('goes on at its position where that is no earlier, however old a waiter is', async () => {
    const stage = waitStage();
    await append(stage.store, 0, 1);
    await put(stage.store, 'old', ABOVE_30, { cursor: await end(stage.store) });
    await append(stage.store, 1, 3_000);
    expect(await stage.follow()).toMatchObject({ entries: 2_999 });
    await append(stage.store, 3_000, 3_001, 35);
    expect(await stage.follow()).toMatchObject({ entries: 1, matched: 1, commits: 1 });
  });

  test('is no write for a waiter that has nothing new to remember', async () => {
    const stage = waitStage();
    await append(stage.store, 0, 1);
    await put(stage.store, 'plain', ABOVE_30, { cursor: await end(stage.store) });
    await put(stage.store, 'rare', COUNT_ODD, { cursor: await end(stage.store) });
    await append(stage.store, 1, 3, 20);
    expect(await stage.follow()).toMatchObject({ entries: 2, commits: 0 });
    await append(stage.store, 3, 4, 1);
    expect(await stage.follow()).toMatchObject({ entries: 1, commits: 1 });
  });
});

describe('a waiter that is not settled', () => {
  test('is taken through what stands between its cursor and the round', async () => {
    const stage = waitStage();
    await append(stage.store, 0, 1);
    const before = await end(stage.store);
    await put(stage.store, 'other', ABOVE_30, { cursor: before });
    await append(stage.store, 1, 700, 1);
    await stage.follow();
    await put(stage.store, 'new', COUNT_2, { cursor: before, settled: false });
    await append(stage.store, 700, 701, 1);
    expect(await stage.follow()).toMatchObject({ entries: 1, matched: 1 });
    expect(await due(stage.store)).toEqual(['new']);
  });

  test('is written forward where it is far behind', async () => {
    const stage = waitStage();
    await append(stage.store, 0, 1);
    const before = await end(stage.store);
    await put(stage.store, 'other', ABOVE_30, { cursor: before });
    await append(stage.store, 1, 2_000, 0);
    await stage.follow();
    await put(stage.store, 'far', COUNT_ODD, { cursor: before, settled: false });
    await append(stage.store, 2_000, 2_001);
    expect(await stage.follow()).toMatchObject({ commits: 1 });
    await append(stage.store, 2_001, 2_002);
    const counted = countCalls(stage.store);
    expect(await stage.follow({ ...stage.deps, store: counted.store })).toMatchObject({ commits: 0 });
    expect(counted.calls()['read']).toBeLessThanOrEqual(2);
  });
});

describe('a log', () => {
  test('that was trimmed past a waiter is gone on with at its oldest entry', async () => {
    const stage = waitStage();
    const id = await stage.wait(COUNT_2);
    await append(stage.store, 0, 50, 1);
    await stage.store.trim(LOG, { now: START, keep: 2, limit: 100 });
    expect(await stage.follow()).toMatchObject({ entries: 2, matched: 1 });
    await stage.work();
    expect(await stage.ended(id)).toMatchObject({ event: { id: 'e49' } });
  });

  test('of another epoch is taken from its beginning', async () => {
    const stage = waitStage();
    const [place] = 'zz.another-epoch'.split(' ');
    await append(stage.store, 0, 1, 35);
    await put(stage.store, 'foreign', ABOVE_30, { cursor: place ?? null });
    await put(stage.store, 'unsettled', ABOVE_30, { cursor: place ?? null, settled: false });
    expect(await stage.follow()).toMatchObject({ matched: 2 });
  });

  test('with gaps in it is read past them', async () => {
    const stage = waitStage();
    const id = await stage.wait({ kind: 'match' });
    const gap: LoggedEvent = { id: 'gap', time: START, data: null, meta: { gap: { reason: 'lost' } } };
    await commit(stage.store, [{ kind: 'append', log: LOG, entries: [gap] }]);
    expect(await stage.follow()).toMatchObject({ entries: 1, matched: 0 });
    await stage.publish(1);
    await stage.follow();
    await stage.work();
    expect(await stage.ended(id)).toMatchObject({ event: { data: { celsius: 1 } } });
  });

  test('that no event was ever in is waited on from its first', async () => {
    const stage = waitStage();
    const id = await stage.wait(COUNT_2);
    await stage.publish(1);
    await stage.publish(2);
    expect(await stage.follow()).toMatchObject({ matched: 1 });
    await stage.work();
    expect(await stage.ended(id)).toMatchObject({ value: null, event: { data: { celsius: 2 } } });
  });
});

test('without time it leaves its position, and goes on another time', async () => {
  const stage = waitStage();
  const id = await stage.wait(ABOVE_30);
  await stage.publish(35);
  const slow: WaitStage['deps'] = {
    ...stage.deps,
    store: {
      ...stage.store,
      async list(...args) {
        const page = await stage.store.list(...args);
        if (args[1].limit > 10) stage.clock.now += 120_000;
        return page;
      },
    },
  };
  await expect(stage.follow(slow)).rejects.toMatchObject({ code: 'cancelled' });
  expect(await stage.follow()).toMatchObject({ matched: 1 });
  await stage.work();
  expect(await stage.ended(id)).toMatchObject({ value: 35 });
});

/** Several pages of a list, and several commits, in the gate too. */
const WAITS = byDepth(2_000, 4_000, 10_000);

test(
  `of ${WAITS} waits on a stream a tenth holds: each ends once, in bounded commits`,
  { timeout: 120_000 },
  async () => {
    const stage = waitStage(createMemoryStore({ limits: { commitOperations: 90, commitBytes: 3_500_000 } }));
    const bounds = Array.from({ length: WAITS }, (_, n) => (n % 10 === 0 ? 30 : 100));
    const ids = await Promise.all(
      bounds.map((above) => stage.begin('waiting', { condition: { ...ABOVE_30, above } } as never)),
    );
    while ((await stage.work({ concurrency: 500 })).entered > 0);
    await stage.publish(50);
    const woken: string[] = [];
    const counted = countCalls(stage.store);
    const report = await stage.follow({ ...stage.deps, store: counted.store }, (taskId) => woken.push(taskId));
    expect(report).toMatchObject({ matched: WAITS / 10, entries: 1 });
    // 90 puts a commit, and one commit for the position.
    expect(counted.calls()['commit']).toBeLessThanOrEqual(Math.ceil(WAITS / 10 / 90) + 1);
    expect(woken.toSorted()).toEqual(ids.filter((_, n) => n % 10 === 0).toSorted());
    expect(await stage.follow()).toMatchObject({ matched: 0, commits: 0 });
    let ended = 0;
    for (let entered = 1; entered > 0;) {
      const report = await stage.work({ concurrency: 500 });
      ({ entered } = report);
      ended += report.ended;
    }
    expect(ended).toBe(WAITS / 10);
  },
);
