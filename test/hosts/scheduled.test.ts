/** What a schedule runs: rounds while more is due and something comes, the sweep in any case, and how late feeds are. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { feedMetrics, latenessOf } from '../../src/hosts/lambda/metrics.ts';
import { isLeftOfDay } from '../../src/hosts/day-budget.ts';
import { runScheduled } from '../../src/hosts/scheduled.ts';
import { type App, defineApp, extendApp, pull, type PullOptions, stream, task } from '../../src/index.ts';
import { type Runtime, systemRuntime } from '../../src/base/runtime.ts';
import { type FeedStatus } from '../../src/feeds/records/status.ts';
import { countCalls } from '../../src/store/counting.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { createTask } from '../../src/tasks/work/create.ts';
import type { TaskDeps } from '../../src/tasks/records/find-task.ts';
import { getTask } from '../../src/tasks/work/requests.ts';
import { runTasks } from '../../src/tasks/work/run-due.ts';
import { createAppStreams } from '../../src/calls/streams.ts';

const START = Date.UTC(2026, 10, 20, 12);

/** A stream whose feed brings so many events in each burst, and is due again at once. */
function numbers(
  bursts: number[],
  onPull: (deadline: number) => unknown = () => {},
  pacing: Omit<PullOptions, 'pull'> = {},
) {
  let n = 0;
  const take = (deadline: number) => {
    onPull(deadline);
    const items = Array.from({ length: bursts.shift() ?? 0 }, () => ({ n: (n += 1) }));
    return Promise.resolve({ items, position: n });
  };
  const feed = pull({ everyMs: 1, ...pacing, pull: ({ deadline }) => take(deadline) });
  return stream({ description: 'Numbers', schema: z.object({ n: z.number() }), feed });
}

const plain = { things: stream({ description: 'Things', schema: z.object({}) }) };

function appOf(bursts: number[], more: Parameters<typeof defineApp>[0]['streams'] = {}): App {
  const streams = { numbers: numbers(bursts), ...more };
  return defineApp({ name: 'scheduled', version: '1.0.0', description: 'Feeds', streams });
}

/** `told` is the last line of each message. */
function depsOf(
  app: App,
  runtime: Partial<Runtime> = {},
): TaskDeps & { lines: string[]; told: Map<string, JsonObject> } {
  const lines: string[] = [];
  const told = new Map<string, JsonObject>();
  const system = systemRuntime((level, message, fields) => {
    lines.push(`${level} ${message}`);
    told.set(message, fields ?? {});
  });
  return {
    app,
    streamsFor: createAppStreams,
    catalog: app.tasks,
    store: createMemoryStore(),
    runtime: { ...system, ...runtime },
    lines,
    told,
  };
}

/** A clock that moves on by a millisecond each time it is asked, and by `step` when told. */
function busyClock() {
  let now = START;
  return { now: () => (now += 1), step: (ms: number) => void (now += ms) };
}

test('what waited for what a run brought goes on in it, though the feeds took all of their time', async () => {
  const clock = busyClock();
  const patient = task({
    description: 'Waits for a number',
    version: '1',
    run: async (_input, { waitFor }) => String((await waitFor('numbers', { kind: 'match', where: { n: 2 } }))?.at),
  });
  const app = extendApp(appOf([2]), { tasks: { patient } });
  const store = createMemoryStore();
  const deps = depsOf(app, { ...clock, log: (_level, message) => message === 'ingest' && clock.step(45_000) });
  const all = { ...deps, store };
  const made = { principal: PUBLIC, task: 'patient', input: {}, deadline: START + 9_000, leaseMs: null };
  const { taskId } = await createTask(all, made);
  await runTasks(all, START + 9_000);
  const { status } = await getTask(all, PUBLIC, taskId);
  expect(status).toBe('working');
  const report = await runScheduled(all, START + 50_000);
  expect(report).toMatchObject({ events: 2, tasks: { entered: 1, ended: 1 }, error: null });
  expect((await getTask(all, PUBLIC, taskId)).status).toBe('completed');
});

test('what is due again and brings something is pulled again, in one run', async () => {
  const clock = busyClock();
  const deps = depsOf(appOf([3, 2, 4, 0, 5]), clock);
  const report = await runScheduled(deps, START + 60_000);
  // The fourth brought nothing.
  expect(report).toMatchObject({ rounds: 4, events: 9, more: true, failed: [], error: null });
  expect((await deps.store.extent('public/stream/numbers')).count).toBe(9);
});

test('a round begins while a second is left beside the time for the sweep', async () => {
  const clock = busyClock();
  const deadlines: number[] = [];
  const slow = numbers([1, 1, 1, 1, 1], (deadline) => {
    deadlines.push(deadline);
    clock.step(2_500);
  });
  const deps = depsOf(appOf([], { numbers: slow }), clock);
  const deadline = START + 10_000;
  const report = await runScheduled(deps, deadline);
  // Two of the ten seconds are the sweep's, and three rounds leave half a second of the others.
  expect(report).toMatchObject({ rounds: 3, events: 3, more: true, failed: [] });
  for (const each of deadlines) expect(each).toBeLessThanOrEqual(deadline - 2_000);
  expect(report.swept.more).toBe(false);
});

test('feeds stand still when they have asked what they may in a day, over all instances, and the rest goes on', async () => {
  const clock = busyClock();
  const app = appOf(Array.from({ length: 100 }, () => 1));
  const store = createMemoryStore();
  const [first, second] = [
    { ...depsOf(app, clock), store },
    { ...depsOf(app, clock), store },
  ];
  const run = (deps: TaskDeps) => runScheduled(deps, clock.now() + 50_000, 40);
  const begun = await run(first);
  expect(begun).toMatchObject({ paused: true, failed: [], more: false, error: null });
  expect(begun.rounds).toBeGreaterThan(2);
  expect(begun.rounds).toBeLessThan(40);
  for (const deps of [first, second]) {
    const paused = await run(deps);
    expect(paused).toMatchObject({ rounds: 0, events: 0, paused: true, more: false, error: null });
    expect(deps.lines.filter((line) => line.startsWith('warn feeds stand still until 00:00 UTC'))).not.toEqual([]);
  }
  // The sweep goes on, and the latest events are as they were.
  expect(second.told.get('sweep')).toMatchObject({ error: null });
  clock.step(12 * 3_600_000);
  expect((await run(second)).rounds).toBe(begun.rounds);
});

test('what is counted is requests to the engine, else calls to the store; without a bound nothing is', async () => {
  const counted = countCalls(createMemoryStore());
  const deps = { store: counted.store, runtime: { now: () => START } };
  expect(await isLeftOfDay(deps, null, { storeCalls: { get: 9 } })).toBe(true);
  expect(counted.total()).toBe(0);
  expect(await isLeftOfDay(deps, 10, { storeCalls: { get: 2, commit: 3 } })).toBe(true);
  expect(await isLeftOfDay(deps, 10, { storeCalls: { get: 2 }, engineRequests: 5 })).toBe(false);
  expect(counted.calls()).toEqual({ add: 2 });
  const next = { ...deps, runtime: { now: () => START + 86_400_000 } };
  expect(await isLeftOfDay(next, 10, { storeCalls: {} })).toBe(true);
});

test('runs that overlap share the work, and nothing is taken in twice or counted as failed', async () => {
  const all = Array.from({ length: 40 }, (_, n) => ({ n }));
  const feed = pull({
    everyMs: 1,
    // Replayable: whoever pulls from a position gets what stands there.
    pull: async ({ position }) => {
      const from = Number(position ?? 0);
      await new Promise((resolve) => setImmediate(resolve));
      return { items: all.slice(from, from + 3), position: Math.min(all.length, from + 3) };
    },
  });
  const app = appOf([], { numbers: stream({ description: 'Numbers', schema: z.object({ n: z.number() }), feed }) });
  const store = createMemoryStore();
  const clock = busyClock();
  const deps = Array.from({ length: 3 }, () => ({ ...depsOf(app, clock), store }));
  for (let minute = 0; minute < 20; minute += 1) {
    const reports = await Promise.all(deps.map((each) => runScheduled(each, clock.now() + 55_000)));
    for (const report of reports) expect(report).toMatchObject({ failed: [], error: null });
    clock.step(60_000);
  }
  const { entries } = await store.read('public/stream/numbers', null, 1_000);
  expect(entries.map(({ value }) => (value as { data: { n: number } }).data.n)).toEqual(all.map(({ n }) => n));
});

test('a feed whose last burst failed is named, also where another one made for more rounds', async () => {
  let tries = 0;
  const feed = pull({ everyMs: 1, pull: () => Promise.reject(new Error(`try ${(tries += 1)}`)) });
  const broken = stream({ description: 'Broken', schema: z.object({ n: z.number() }), feed });
  const deps = depsOf(appOf([1, 1, 0], { broken }), busyClock());
  const report = await runScheduled(deps, START + 60_000);
  expect(report).toMatchObject({ rounds: 3, events: 2, failed: ['broken'] });
  // It backs off meanwhile.
  expect(tries).toBe(1);
});

test('a feed that fails and then succeeds in one run is not named', async () => {
  const clock = busyClock();
  let tries = 0;
  const feed = pull({
    everyMs: 1,
    pull: () =>
      (tries += 1) === 1
        ? Promise.reject(new Error('once'))
        : Promise.resolve({ items: tries === 2 ? [{ n: 1 }] : [] }),
  });
  const mending = stream({ description: 'Mending', schema: z.object({ n: z.number() }), feed });
  // Its pause is over when the other one has been pulled twice.
  const other = numbers([1, 1, 1, 0], () => clock.step(1_000));
  const deps = depsOf(appOf([], { numbers: other, mending }), clock);
  const report = await runScheduled(deps, START + 60_000);
  expect(tries).toBeGreaterThan(1);
  expect(report.failed).toEqual([]);
});

test('a feed that is due again and brings nothing ends the rounds', async () => {
  const deps = depsOf(appOf([0]));
  const report = await runScheduled(deps, Date.now() + 10_000);
  expect(report).toMatchObject({ events: 0, failed: [], error: null });
  expect(report.rounds).toBe(1);
  expect(deps.lines).toContain('info sweep');
});

test('the log tells what bursts and the sweep asked of the store', async () => {
  const deps = depsOf(appOf([3]), busyClock());
  await runScheduled(deps, START + 60_000);
  // The second round finds nothing new.
  expect(deps.told.get('feed numbers')).toMatchObject({ events: 0, storeCalls: { commit: 2 } });
  expect(deps.told.get('ingest')).toMatchObject({ feeds: 1, events: 0, storeCalls: { getMany: 1, commit: 2 } });
  expect(deps.told.get('sweep')).toMatchObject({ projected: 0, storeCalls: { trim: 2, collect: 1 } });
});

test('the sweep is kept five seconds of a longer run', async () => {
  let pulledBy = 0;
  const pulled = numbers([0], (deadline) => (pulledBy = deadline), { budget: { timeMs: 120_000 } });
  const clock = busyClock();
  await runScheduled(depsOf(appOf([], { numbers: pulled }), clock), START + 60_000);
  // 55 seconds, of which three are kept for the burst's own commits.
  expect(pulledBy).toBeLessThanOrEqual(START + 52_000);
  expect(pulledBy).toBeGreaterThan(START + 51_900);
});

test('what the sweep left, or could not do, is told', async () => {
  const app = defineApp({ name: 'quiet', version: '1.0.0', description: 'No feeds', streams: plain });
  expect(await runScheduled(depsOf(app), Date.now())).toMatchObject({ more: true, error: null });
  const deps = depsOf(app);
  const broken: TaskDeps = { ...deps, store: { ...deps.store, collect: () => Promise.reject(new Error('gone')) } };
  const report = await runScheduled(broken, Date.now() + 10_000);
  expect(report).toMatchObject({ more: true, error: { message: 'gone' } });
  expect(deps.lines).toContain('warn sweep');
});

test('without time nothing is pulled, and the rest is for the next run', async () => {
  const deps = depsOf(appOf([3]));
  const report = await runScheduled(deps, Date.now());
  expect(report).toMatchObject({ rounds: 1, events: 0, more: true, error: null });
});

test('a store that is gone is told, once and for all', async () => {
  const deps = depsOf(appOf([3]));
  await deps.store.close();
  const broken: TaskDeps = {
    ...deps,
    store: { ...deps.store, getMany: () => Promise.reject(new Error('gone')) },
  };
  const report = await runScheduled(broken, Date.now() + 10_000);
  expect(report.error).toMatchObject({ message: 'gone' });
  expect(deps.lines).toContain('error ingest: gone');
});

const status = (more: Partial<FeedStatus>): FeedStatus => ({
  feed: 'f',
  type: 'http',
  source: '',
  streams: [],
  repeatsBeyond: [],
  lastGapAt: null,
  lastDoubtAt: null,
  state: 'ok',
  lagMs: null,
  backlog: null,
  lastError: null,
  rejected: null,
  lastSuccessAt: null,
  nextAt: 0,
  failures: 0,
  bursts: 0,
  counts: { events: 0, duplicates: 0, rejected: 0, dropped: 0, thinned: 0, deadLetters: 0, bytes: 0 },
  ...more,
});

test('lateness is that of the latest feed that nobody works on', () => {
  const feeds = [
    status({ nextAt: 900, lagMs: 50 }),
    status({ nextAt: 400, lagMs: 70 }),
    status({ nextAt: 2_000 }),
    status({ nextAt: 1, state: 'running' }),
    status({ nextAt: 0, state: 'never-run' }),
  ];
  expect(latenessOf(feeds, 1_000)).toEqual({ feedLag: 70, oldestDue: 600, openFeeds: 0 });
  expect(latenessOf([status({ nextAt: 2_000 })], 1_000)).toEqual({ feedLag: null, oldestDue: 0, openFeeds: 0 });
});

test('a feed that only ever failed is neither late nor due, so it is counted', () => {
  const failing = status({ state: 'open', nextAt: 5_000, failures: 9 });
  const feeds = [failing, failing, status({ state: 'backing-off', nextAt: 5_000, failures: 1 })];
  expect(latenessOf(feeds, 1_000)).toEqual({ feedLag: null, oldestDue: 0, openFeeds: 2 });
});

test('metrics are one line in the embedded format', async () => {
  const deps = depsOf(appOf([2]));
  await runScheduled(deps, Date.now() + 10_000);
  const line = JSON.parse(await feedMetrics(deps)) as Record<string, unknown>;
  expect(line).toMatchObject({
    App: 'scheduled',
    FeedLagMs: expect.any(Number),
    OldestDueMs: expect.any(Number),
    OldestTaskDueMs: 0,
    OpenFeeds: 0,
    _aws: {
      Timestamp: expect.any(Number),
      CloudWatchMetrics: [
        {
          Namespace: 'Tidegate',
          Dimensions: [['App']],
          Metrics: [
            { Name: 'FeedLagMs', Unit: 'Milliseconds' },
            { Name: 'OldestDueMs', Unit: 'Milliseconds' },
            { Name: 'OpenFeeds', Unit: 'Count' },
            { Name: 'OldestTaskDueMs', Unit: 'Milliseconds' },
          ],
        },
      ],
    },
  });
});

test('an app without feeds says that it is not late, since silence is an alarm, and asks the store nothing', async () => {
  const { store, calls } = countCalls(createMemoryStore());
  const app = defineApp({ name: 'quiet', version: '1.0.0', description: 'No feeds', streams: {} });
  const line = JSON.parse(await feedMetrics({ ...depsOf(app), store })) as Record<string, unknown>;
  expect(line).toMatchObject({
    App: 'quiet',
    OldestDueMs: 0,
    _aws: {
      CloudWatchMetrics: [{ Metrics: [{ Name: 'OldestDueMs' }, { Name: 'OpenFeeds' }, { Name: 'OldestTaskDueMs' }] }],
    },
  });
  expect(line).not.toHaveProperty('FeedLagMs');
  expect(calls()).toEqual({});
});

test('a task that nobody works on is late, and each stage tells of its own', async () => {
  const clock = busyClock();
  const quick = task({ description: 'Ends at once', version: '1', run: async () => 'done' });
  const deps = depsOf(extendApp(appOf([]), { tasks: { quick } }), { now: clock.now });
  const told = async (stage: string | null = null) =>
    JSON.parse(await feedMetrics(deps, stage)) as { App: string; OldestTaskDueMs: number };
  const made = { principal: PUBLIC, task: 'quick', input: {}, deadline: START + 9_000, leaseMs: null };
  await createTask(deps, made);
  clock.step(600_000);
  const { App: name, OldestTaskDueMs: late } = await told('prod');
  expect(name).toBe('scheduled-prod');
  expect(late).toBeGreaterThanOrEqual(600_000);
  await runTasks(deps, clock.now() + 9_000);
  expect(await told()).toMatchObject({ App: 'scheduled', OldestTaskDueMs: 0 });
});
