/**
 * No wake-up is lost and none comes twice, whatever the order in which a task registers its wait, events are appended,
 * followers read, list and write, somebody cancels, and processes die.
 */
import { expect, test, vi } from 'vitest';
import type { Condition } from '../../src/declare/condition.ts';
import type { DeclaredStream } from '../../src/declare/stream.ts';
import type { Occurrence } from '../../src/declare/task.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Operation, Store } from '../../src/store/store.ts';
import { publish } from '../../src/streams/log/publish.ts';
import { createTask } from '../../src/tasks/work/create.ts';
import type { TaskDeps } from '../../src/tasks/records/find-task.ts';
import { followWaiters } from '../../src/tasks/waits/follow.ts';
import { TASK_QUEUE, waiterPartition } from '../../src/tasks/records/names.ts';
import { cancelTask, getTask } from '../../src/tasks/work/requests.ts';
import { takeUpTask, runTasks, TASK_LEASE_MS } from '../../src/tasks/work/run-due.ts';
import { START, TENANT } from '../feeds/run/stage.ts';
import {
  type Choose,
  everyOrder,
  type Gate,
  interleave,
  type Process,
  seeded,
  someOrders,
  withoutTime,
} from './interleave.ts';
import { ADA, endsIn, taskStage } from './stage.ts';
import { ABOVE_30, endOf, temps, waiting } from './wait-stage.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { byDepth } from '../depth.ts';

/** Thousands of orders each; the gate draws some hundreds of those that there are most of. */
vi.setConfig({ testTimeout: 90_000 });
const DRAWN_A_PART = byDepth(60, 120, 250);
const SOME_ORDERS = byDepth(200, 400, null);
const ordersOf: typeof everyOrder = (run) => (SOME_ORDERS === null ? everyOrder(run) : someOrders(SOME_ORDERS, run));

const stage = taskStage({ waiting }, createMemoryStore(), { streams: { temps } });
const declared = stage.app.streams.get('temps') as DeclaredStream;
const runtime = withoutTime(stage.deps.runtime);
const minute = () => stage.clock.now + 60_000;

const COUNT_2: Condition = { kind: 'count', atLeast: 2, withinMs: 60_000 };

const partitionOf = (argument: unknown) => (argument as { partition?: string }).partition ?? '';
const isWaiters = (text: string) => text.includes('/waiters/');

/** Of the worker: where its wait begins, and each commit and read from there on. */
const workerGate: Gate = (call, [first]) => {
  if (call === 'read') return true;
  if (call === 'get') return partitionOf(first).includes('/position/') || isWaiters(partitionOf(first));
  if (call !== 'commit') return false;
  return (first as Operation[]).some((operation) => {
    if (operation.kind === 'append') return false;
    if (operation.id !== 'run') return isWaiters(operation.partition);
    return operation.kind !== 'put' || (operation.value as { holder: string | null }).holder === null;
  });
};
const followerGate: Gate = (call) => call === 'list' || call === 'read' || call === 'commit';
/** Not of the position's commit. */
const coreGate: Gate = (call, [first]) =>
  call === 'commit'
    ? (first as Operation[]).some((o) => o.kind === 'put' && isWaiters(o.partition))
    : followerGate(call, []);
const appendGate: Gate = (call, [first]) =>
  call === 'commit' && (first as Operation[]).some(({ kind }) => kind === 'append');
const cancelGate: Gate = (call) => call === 'commit';

const depsOf = (store: Store): TaskDeps => ({ ...stage.tasks, store, runtime });
const worker = (diesAt?: number): Process => ({
  run: (store) => runTasks(depsOf(store), minute(), { concurrency: 1 }),
  gate: workerGate,
  ...(diesAt === undefined ? {} : { diesAt }),
});
const follower = (diesAt?: number): Process => ({
  run: (store) => followWaiters(scopeOfLogs(depsOf(store), { tenant: TENANT }), declared, { deadline: minute() }),
  gate: followerGate,
  ...(diesAt === undefined ? {} : { diesAt }),
});
const publisher = (...celsius: number[]): Process => ({
  async run(store) {
    for (const value of celsius) {
      await publish(
        scopeOfLogs(depsOf(store), { tenant: TENANT }),
        declared,
        { data: { sensor: 'a', celsius: value } },
        minute(),
      );
    }
  },
  gate: appendGate,
});
const canceller = (taskId: string): Process => ({
  run: (store) => cancelTask(depsOf(store), ADA, taskId, minute()),
  gate: cancelGate,
});

interface Race {
  condition: Condition;
  timeoutMs?: number;
  /** Temperatures before it, and after it. */
  before?: number[];
  after?: number[];
  /** It waits already when these are measured, and the race begins. */
  waited?: number[];
  /** Another wait, which goes on, has the follower stand at the log's end before the race begins. */
  followed?: boolean;
  processes(taskId: string): Process[];
  /** Somebody dies. */
  deadly?: boolean;
  /** Told of how many entries the log has where a wait that looks at none of them begins. */
  begun?: (entries: number) => void;
}

/** Runs a race, then lets whoever is left come to an end; answers what the wait ended with, undefined: it has not. */
async function run(race: Race, choose: Choose): Promise<Occurrence | null | undefined | 'cancelled'> {
  stage.clock.now = START;
  const memory = createMemoryStore();
  const extent: Store['extent'] = async (log) => {
    const found = await memory.extent(log);
    race.begun?.(found.count);
    return found;
  };
  const store = { ...memory, extent };
  const deps = depsOf(store);
  const create = async (condition: Condition, timeoutMs?: number) => {
    const input = { condition, ...(timeoutMs === undefined ? {} : { timeoutMs }) } as never;
    const made = { principal: ADA, task: 'waiting', input, deadline: minute(), leaseMs: null };
    return (await createTask(deps, made)).taskId;
  };
  if (race.followed) {
    await create({ kind: 'threshold', field: 'celsius', above: 1_000 });
    await runTasks(deps, minute());
  }
  await publisher(...(race.before ?? [])).run(store);
  if (race.followed) await followWaiters(scopeOfLogs(deps, { tenant: TENANT }), declared, { deadline: minute() });
  const taskId = await create(race.condition, race.timeoutMs);
  if (race.waited) {
    await runTasks(deps, minute());
    await publisher(...race.waited).run(store);
    stage.clock.now += race.timeoutMs ?? 0;
  }
  await interleave(store, race.processes(taskId), choose);
  await publisher(...(race.after ?? [])).run(store);
  // Leases of the dead run out; of others nothing may be left that has to. And everybody looks once more.
  if (race.deadly) stage.clock.now += TASK_LEASE_MS + 1;
  for (let rounds = 0; rounds < 3; rounds += 1) {
    await followWaiters(scopeOfLogs(deps, { tenant: TENANT }), declared, { deadline: minute() });
    await runTasks(deps, minute());
    stage.clock.now += 5_000;
  }
  const header = await getTask(deps, ADA, taskId);
  const ends = await endsIn(store);
  const { records } = await store.list(waiterPartition(TENANT, 'temps'), { now: stage.clock.now, limit: 10 });
  const due = await store.due(TASK_QUEUE, { now: stage.clock.now, limit: 10, from: 0 });
  expect(due).toEqual([]);
  if (header.status === 'working') return undefined;
  expect(ends).toHaveLength(1);
  expect(records.filter(({ id }) => id.startsWith(taskId))).toEqual([]);
  if (header.status === 'cancelled') return 'cancelled';
  expect(header.failure).toBeNull();
  return endOf(header.result);
}

const celsiusOf = (ended: Awaited<ReturnType<typeof run>>) =>
  (typeof ended === 'object' ? (ended?.event?.data as { celsius: number } | undefined)?.celsius : undefined) ?? ended;

const FOLLOWED = [false, true];

test.for(FOLLOWED)('a threshold is passed while its wait is registered; followed before: %s', async (followed) => {
  const race: Race = {
    condition: ABOVE_30,
    before: [20],
    followed,
    processes: () => [worker(), publisher(35), follower()],
  };
  const all = followed ? ordersOf : everyOrder;
  const orders = await all(async (choose) => expect(celsiusOf(await run(race, choose))).toBe(35));
  expect(orders).toBeGreaterThanOrEqual(followed ? 200 : 300);
});

const countingGate: Gate = (call, args) => call === 'extent' || workerGate(call, args);

const EVENTS = [1, 2, 3, 4, 5];

test('events are counted from where the wait began, each once', async () => {
  const begins = new Set<number>();
  const orders = await ordersOf(async (choose) => {
    let before = -1;
    const race: Race = {
      condition: COUNT_2,
      before: [20],
      followed: true,
      processes: () => [{ ...worker(), gate: countingGate }, publisher(1, 2), { ...follower(), gate: coreGate }],
      after: [3, 4],
      begun: (entries) => (before = entries - 1),
    };
    const ended = await run(race, choose);
    expect(celsiusOf(ended)).toBe(EVENTS[before + 1]);
    begins.add(before);
  });
  expect(orders).toBeGreaterThanOrEqual(SOME_ORDERS ?? 1_000);
  expect(begins).toEqual(new Set([0, 1, 2]));
});

test('a wait that is entered again while it is followed counts each event once', async () => {
  const again: Process = {
    ...worker(),
    run: (store) => takeUpTask(scopeOfLogs(depsOf(store), { tenant: TENANT }), entered, minute(), { early: true }),
  };
  let entered = '';
  const race: Race = {
    condition: { kind: 'count', atLeast: 3, withinMs: 60_000 },
    followed: true,
    waited: [1],
    processes(taskId) {
      entered = taskId;
      return [again, publisher(2), follower()];
    },
    after: [3, 4],
  };
  const orders = await ordersOf(async (choose) => expect(celsiusOf(await run(race, choose))).toBe(3));
  expect(orders).toBeGreaterThanOrEqual(200);
});

test('a wait whose time is over ends with what came before, though a follower takes it up meanwhile', async () => {
  const race: Race = {
    condition: { kind: 'count', atLeast: 3, withinMs: 60_000 },
    timeoutMs: 10_000,
    followed: true,
    waited: [1, 2, 3],
    processes: () => [worker(), follower()],
  };
  const orders = await everyOrder(async (choose) => expect(celsiusOf(await run(race, choose))).toBe(3));
  expect(orders).toBeGreaterThan(20);
});

test.for([0, 1, 2, 3])('so they are with followers, and deaths, in orders that are drawn; part %i', async (part) => {
  for (let seed = part * 250; seed < part * 250 + DRAWN_A_PART; seed += 1) {
    const random = seeded(seed);
    const draw = (among: number) => Math.floor(random() * among);
    const dies = () => (draw(4) === 0 ? 1 + draw(6) : undefined);
    let before = -1;
    const begun = (entries: number) => (before = entries - 1);
    const processes = () => [
      { ...worker(dies()), gate: countingGate },
      publisher(1, 2),
      ...[dies(), undefined, undefined].map((diesAt) => ({ ...follower(diesAt), gate: coreGate })),
    ];
    const condition: Condition = { kind: 'count', atLeast: 3, withinMs: 60_000 };
    const race: Race = { condition, before: [20], followed: true, processes, after: [3, 4, 5], begun };
    const ended = celsiusOf(await run({ ...race, deadly: true }, draw));
    expect({ seed, ended }).toEqual({ seed, ended: EVENTS[before + 2] });
  }
});

test('a worker that dies anywhere loses no event that came meanwhile', async () => {
  for (let diesAt = 1; diesAt <= 4; diesAt += 1) {
    const race: Race = {
      condition: ABOVE_30,
      before: [20],
      processes: () => [worker(diesAt), publisher(35), follower()],
      deadly: true,
    };
    const orders = await everyOrder(async (choose) => expect(celsiusOf(await run(race, choose))).toBe(35));
    expect(orders).toBeGreaterThan(1);
  }
});

test('a wait that is cancelled while it comes to hold ends once', async () => {
  const seen = new Set<unknown>();
  const race: Race = {
    condition: ABOVE_30,
    before: [20],
    processes: (taskId) => [worker(), publisher(35), canceller(taskId)],
  };
  await everyOrder(async (choose) => void seen.add(celsiusOf(await run(race, choose))));
  expect(seen).toEqual(new Set([35, 'cancelled']));
});

test.for(Array.from({ length: 4 }, (_, part) => part))('drawn orders of many, part %i', async (part) => {
  const ends: Record<string, number> = {};
  for (let seed = part * 250; seed < part * 250 + DRAWN_A_PART; seed += 1) {
    const random = seeded(seed);
    const draw = (among: number) => Math.floor(random() * among);
    const dies = () => (draw(3) === 0 ? 1 + draw(6) : undefined);
    const cancels = draw(6) === 0;
    const condition = draw(2) === 0 ? ABOVE_30 : COUNT_2;
    const race: Race = {
      condition,
      before: draw(2) === 0 ? [] : [20],
      followed: draw(2) === 0,
      ...(draw(4) === 0 ? { timeoutMs: 10_000 } : {}),
      processes: (taskId) => [
        worker(dies()),
        worker(),
        publisher(25, 35),
        publisher(36),
        follower(dies()),
        follower(),
        follower(),
        ...(cancels ? [canceller(taskId)] : []),
      ],
      deadly: true,
    };
    const ended = await run(race, draw);
    const end = ended === null ? 'over' : ended === 'cancelled' ? ended : ended === undefined ? 'waits' : 'held';
    ends[end] = (ends[end] ?? 0) + 1;
    const mayWait = condition === COUNT_2;
    expect({ seed, end }).not.toEqual({ seed, end: mayWait ? '' : 'waits' });
    if (end === 'over') expect({ seed, timed: race.timeoutMs }).toEqual({ seed, timed: 10_000 });
  }
  expect(ends['held']).toBeGreaterThan(0.4 * DRAWN_A_PART);
});
