/** States that have grown are kept in parts: they decide as the whole state does, and a push rewrites what it changes. */
import { describe, expect, test } from 'vitest';
import type { LoggedEvent } from '../../../src/base/event.ts';
import type { Condition } from '../../../src/declare/condition.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { encodeCursor } from '../../../src/store/cursor.ts';
import type { LogEntry, Operation, Store } from '../../../src/store/store.ts';
import { begin, step } from '../../../src/streams/conditions/condition.ts';
import { STATE_LIMITS } from '../../../src/streams/conditions/state.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { waiterKey } from '../../../src/tasks/records/names.ts';
import {
  inHand,
  type InHand,
  isWaiting,
  operationsOf,
  takeInHand,
  wantedBy,
  withParts,
} from '../../../src/tasks/waits/in-hand.ts';
import { INLINE_BYTES, PARTS } from '../../../src/tasks/waits/parts.ts';
import { putWaiter, readWaiter, takeIn, type Waiter, type Waiting } from '../../../src/tasks/waits/waiter.ts';
import { START, TENANT } from '../../feeds/run/stage.ts';
import { waitStage } from '../wait-stage.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const LOG = streamLog(TENANT, 'temps');
const KEYS = 200;
const COUNT: Condition = { kind: 'count', atLeast: 5, withinMs: 3_600_000, perKey: true };
const temps = { name: 'temps' };

/** Numbers that look like chance, the same each time. */
function drawn(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function entriesFrom(seed: number, count: number, from = 0): LogEntry[] {
  const draw = drawn(seed);
  return Array.from({ length: count }, (_, index) => {
    const at = START + (from + index) * 50;
    const event: LoggedEvent = {
      id: `e${from + index}`,
      key: `s${draw(KEYS)}`,
      time: at - draw(5_000),
      data: { sensor: 'x', celsius: draw(100) },
    };
    return { value: event as never, cursor: encodeCursor('an.epoch', from + index + 1), appendedAt: at };
  });
}

let commits = 0;
async function commit(store: Store, operations: readonly Operation[]) {
  const result = await store.commit(operations, { id: `t${(commits += 1)}`, now: START, deadline: START + 60_000 });
  expect(result.status).toBe('committed');
}

describe.each<[string, Condition]>([
  ['count', COUNT],
  ['change', { kind: 'change', field: 'celsius', by: 99 }],
  ['rate', { kind: 'rate', field: 'celsius', per: 'hour', overMs: 5_000, above: 1e9 }],
  ['absence', { kind: 'absence', forMs: 26_000, perKey: true }],
])('%s', (_kind, condition) => {
  test.each([1, 2, 3, 4])('decides in parts as it does as a whole (%s)', async (seed) => {
    const stage = waitStage();
    const scope = scopeOfLogs(stage.deps, { tenant: TENANT });
    const key = waiterKey(TENANT, 'temps', { tenant: TENANT, taskId: 'task' }, 'wait temps');
    const fresh: Waiting = { condition, state: begin(condition, START), cursor: null, settled: true };
    await commit(stage.store, [putWaiter(key, fresh, { expects: null, expiresAt: null }, START)]);
    let whole: Waiter = fresh;
    let wasDivided = false;
    for (let from = 0; from < 4_000 && 'state' in whole; from += 100) {
      const entries = entriesFrom(seed * 7_919 + from, 100, from);
      const now = (stage.clock.now = entries.at(-1)?.appendedAt ?? START);
      whole = takeIn(whole, entries, 'temps', now);
      // Each round reads what is stored, as another process would.
      const stored = await stage.store.get(key, START);
      if (stored.value === null) throw new Error('no waiter');
      const standing = readWaiter(stored, now);
      if ('held' in standing) throw new Error('it holds');
      const hand = inHand(standing);
      const [ready] = await withParts(scope, temps, [{ hand, parts: wantedBy(hand, entries, now) }]);
      const next: InHand = takeInHand(scope.runtime, ready ?? hand, entries, 'temps', now);
      if (isWaiting(next)) wasDivided ||= next.waiter.parts !== undefined;
      expect('held' in next.waiter ? next.waiter.held : null).toEqual('held' in whole ? whole.held : null);
      const head = putWaiter(key, next.waiter, { expects: stored.version, expiresAt: null }, START);
      await commit(stage.store, operationsOf(TENANT, 'temps', head, next));
    }
    expect(wasDivided).toBe(true);
    const left = await stage.store.list(`${TENANT}/waiter-parts/temps`, { now: START, limit: 100 });
    // A part that was replaced is gone.
    expect(left.records.length).toBeLessThanOrEqual(PARTS);
  });
});

/** What commits write, bytes of values. */
function written(store: Store) {
  const counted = { bytes: 0, store };
  counted.store = {
    ...store,
    commit(operations, options) {
      for (const operation of operations) {
        if (operation.kind === 'put') counted.bytes += JSON.stringify(operation.value).length;
      }
      return store.commit(operations, options);
    },
  };
  return counted;
}

const event = (n: number): LoggedEvent => ({ id: `e${n}`, key: `s${n % KEYS}`, time: START, data: { celsius: n } });

function append(store: Store, from: number, to: number) {
  const entries = Array.from({ length: to - from }, (_, index) => event(from + index)) as never[];
  return commit(store, [{ kind: 'append', log: LOG, entries }]);
}

test('a push of one event rewrites the part of its key alone, of each wait', async () => {
  const stage = waitStage();
  const waits = 20;
  for (let n = 0; n < waits; n += 1) await stage.wait(COUNT);
  await append(stage.store, 0, 600);
  expect(await stage.follow()).toMatchObject({ entries: 600, matched: 0 });
  const counted = written(stage.store);
  await append(stage.store, 600, 601);
  await stage.follow({ ...stage.deps, store: counted.store });
  expect(counted.bytes / waits).toBeGreaterThan(500);
  expect(counted.bytes / waits).toBeLessThan(5_000);
});

test('a wait in parts ends with its event, and leaves no part behind', async () => {
  const stage = waitStage();
  const id = await stage.wait(COUNT);
  await append(stage.store, 0, 4 * KEYS);
  await stage.follow();
  const parts = () => stage.store.list(`${TENANT}/waiter-parts/temps`, { now: START, limit: 100 });
  expect((await parts()).records).toHaveLength(PARTS);
  await append(stage.store, 4 * KEYS + 7, 4 * KEYS + 8);
  expect(await stage.follow()).toMatchObject({ matched: 1 });
  await stage.work();
  expect(await stage.ended(id)).toMatchObject({ key: 's7', event: { id: `e${4 * KEYS + 7}` } });
  expect((await parts()).records).toEqual([]);
});

test('a wait that is cancelled leaves no part behind', async () => {
  const stage = waitStage();
  const id = await stage.wait(COUNT);
  await append(stage.store, 0, 2 * KEYS);
  await stage.follow();
  await stage.cancel(id);
  expect((await stage.store.list(`${TENANT}/waiter-parts/temps`, { now: START, limit: 100 })).records).toEqual([]);
});

test('a large state as earlier releases stored it is gone on with, and divided', async () => {
  const stage = waitStage(createMemoryStore());
  const id = await stage.wait(COUNT);
  let state = begin(COUNT, START);
  for (let n = 0; n < 4 * KEYS; n += 1) ({ state } = step(COUNT, state, event(n), START));
  expect(state.bytes).toBeGreaterThan(INLINE_BYTES);
  await append(stage.store, 0, 4 * KEYS);
  const { end } = await stage.store.extent(LOG);
  const key = waiterKey(TENANT, 'temps', { tenant: TENANT, taskId: id }, 'wait temps');
  const { version } = await stage.store.get(key, START);
  // Version 1 is the value itself.
  const value = JSON.parse(JSON.stringify({ condition: COUNT, state, cursor: end, settled: true })) as never;
  await commit(stage.store, [{ kind: 'put', ...key, value, expects: version, expiresAt: START + 86_400_000 }]);
  await append(stage.store, 4 * KEYS + 3, 4 * KEYS + 4);
  expect(await stage.follow()).toMatchObject({ matched: 1 });
  await stage.work();
  expect(await stage.ended(id)).toMatchObject({ key: 's3' });
});

test('a round gives way between waiters', async () => {
  const stage = waitStage();
  for (let n = 0; n < 30; n += 1) await stage.wait(COUNT);
  await append(stage.store, 0, 10);
  let asked = 0;
  const pace = () => () => {
    asked += 1;
    return null;
  };
  await stage.follow({ ...stage.deps, runtime: { ...stage.deps.runtime, pace } });
  expect(asked).toBeGreaterThanOrEqual(30);
});

test.each([8, 40])('a wait remembers as many keys as the app allows: %s', async (subjects) => {
  const stage = waitStage();
  const scope = scopeOfLogs(stage.deps, { tenant: TENANT });
  let hand: InHand = inHand({ condition: COUNT, state: begin(COUNT, START), cursor: null, settled: true });
  let most = 0;
  for (let from = 0; from < 2_000 && isWaiting(hand); from += 100) {
    const entries = entriesFrom(from, 100, from);
    hand = takeInHand(scope.runtime, hand, entries, 'temps', Number.POSITIVE_INFINITY, { ...STATE_LIMITS, subjects });
    if (!isWaiting(hand)) break;
    const { state, parts = {} } = hand.waiter;
    most = Math.max(most, state.subjects.length + Object.values(parts).reduce((sum, [, count]) => sum + count, 0));
  }
  expect(most).toBeGreaterThanOrEqual(Math.min(subjects, 8));
  expect(most).toBeLessThanOrEqual(subjects + PARTS);
});

test('the bound of keys is the one that the app declares', async () => {
  const stage = waitStage();
  stage.app.quotas.waitKeys = 5;
  await stage.wait(COUNT);
  await append(stage.store, 0, 20);
  await stage.follow();
  const [waiter] = await stage.waiters();
  expect(JSON.stringify(waiter?.value).match(/"s\d+"/g)).toEqual(['"s15"', '"s16"', '"s17"', '"s18"', '"s19"']);
});
