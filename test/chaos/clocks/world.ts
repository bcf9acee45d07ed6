/**
 * What the runs with wrong clocks and with restores stand on: an app over any engine, a source that grows, and two clocks: the true
 * one, by which time passes, and the one that a process reads, which may be wrong. Another process, whose clock is right, takes its
 * turns while it is.
 */
import * as z from 'zod';
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import { type Runtime, systemRuntime } from '../../../src/base/runtime.ts';
import { createAppStreams } from '../../../src/calls/streams.ts';
import type { App } from '../../../src/declare/app.ts';
import { defineApp } from '../../../src/declare/check/define-app.ts';
import type { Feed } from '../../../src/declare/feed.ts';
import { stream } from '../../../src/declare/stream.ts';
import { task } from '../../../src/declare/task.ts';
import { gaps } from '../../../src/feeds/kit/gap-items.ts';
import { runScheduled } from '../../../src/hosts/scheduled.ts';
import { seededRandom } from '../../../src/store/contract/seeded.ts';
import { watchClock } from '../../../src/store/clock-watch.ts';
import type { Store } from '../../../src/store/store.ts';
import type { TaskDeps } from '../../../src/tasks/records/find-task.ts';
import { createTask } from '../../../src/tasks/work/create.ts';
import { createClock, feedOf, settle, START } from '../../feeds/run/stage.ts';
import { ADA } from '../../tasks/stage.ts';

export { START } from '../../feeds/run/stage.ts';

export const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];
/** Streams of the app: with ids, and without. */
export const STREAMS = ['numbered', 'plain'] as const;
/** Between two pulls of a feed. */
export const EVERY_MS = 30 * SECOND;
/** A task of each kind sleeps so long. */
export const NAP_MS = 5 * MINUTE;
/** How long the tasks `hurried` may take: less than a day, by which the clock leaps. */
const HURRIED_MS = 1.5 * HOUR;
const BATCH = 7;

/** The numbers from 0 on, as far as they are given; the oldest may be forgotten. */
export interface Source {
  given: number;
  oldest: number;
}

const Data = z.object({ n: z.number() });

function numbers(source: Source): Feed {
  return feedOf(
    async function* (context) {
      let next = Number(context.position ?? 0);
      if (next < source.oldest) {
        yield { items: gaps(context, 'forgotten', `${next} to ${source.oldest}`), position: source.oldest };
        next = source.oldest;
      }
      while (next < source.given && !context.signal.aborted) {
        const to = Math.min(next + BATCH, source.given);
        const [target] = context.targets;
        const items = Array.from({ length: to - next }, (_, index) => {
          return { stream: target?.stream ?? '', data: { n: next + index }, bytes: 100 };
        });
        next = to;
        yield { items, position: next, last: next === source.given };
      }
    },
    { everyMs: EVERY_MS },
  );
}

/** What is remembered of an hour is enough for all that a run appends. */
const RETENTION = { ageMs: 6 * HOUR };

function appOf(sources: Record<(typeof STREAMS)[number], Source>): App {
  const napping = (totalMs: number) =>
    task({
      description: 'a task of the runs',
      version: '1',
      policy: { ttlMs: 2 * DAY, totalMs },
      async run(_input, { step, sleep }) {
        const first = await step('first', () => 1);
        await sleep(NAP_MS);
        return String(first + (await step('second', () => 1)));
      },
    });
  return defineApp({
    name: 'wrong-times',
    version: '1',
    description: 'streams and tasks of the runs',
    streams: {
      numbered: stream({
        description: 'numbers with ids',
        schema: Data,
        id: ({ n }) => `n${n}`,
        retention: RETENTION,
        feed: numbers(sources.numbered),
      }),
      plain: stream({ description: 'numbers', schema: Data, retention: RETENTION, feed: numbers(sources.plain) }),
    },
    tasks: {
      patient: napping(2 * DAY),
      hurried: napping(HURRIED_MS),
      waiting: task({
        description: 'waits for a number',
        version: '1',
        input: z.object({ stream: z.enum(STREAMS), above: z.number() }),
        policy: { ttlMs: 2 * DAY, totalMs: 2 * DAY },
        async run({ stream: name, above }, { waitFor }) {
          const reached = await waitFor(name, { kind: 'threshold', field: 'n', above }, { timeoutMs: DAY });
          if (reached === null) throw new Error('the wait was not woken');
          return 'woken';
        },
      }),
      watchful,
    },
  });
}

/** Waits for some numbers, and not for long. */
const watchful = task({
  description: 'a task of the runs that waits',
  version: '1',
  policy: { ttlMs: 2 * DAY, totalMs: 2 * DAY },
  async run(_input, { waitFor }) {
    const enough = { kind: 'count', atLeast: 12, withinMs: 2 * MINUTE } as const;
    return (await waitFor('plain', enough, { timeoutMs: NAP_MS })) === null ? 'none' : 'some';
  },
});

export const TASKS = ['patient', 'hurried', 'watchful'] as const;

export interface World {
  sources: Record<(typeof STREAMS)[number], Source>;
  /** True time, epoch ms. */
  trueTime: () => number;
  /** By how much the process's clock is wrong, ms. */
  wrongMs: number;
  random: () => number;
  /** Whether the sources give more with each tick. */
  isGiving: boolean;
  /** Called before each call of the store during `tick`. */
  beforeCall: () => void;
  deps: () => TaskDeps;
  /** Lets time pass, the sources give, and runs what a schedule runs. */
  tick: (ms: number) => Promise<void>;
  /** @param input of `waiting`: the stream, and the number above which it goes on */
  begin: (
    name: (typeof TASKS)[number] | 'waiting',
    input?: { stream: (typeof STREAMS)[number]; above: number },
  ) => Promise<string>;
  /** Does the work while no time passes, unless somebody sleeps. */
  drive: <T>(work: Promise<T>) => Promise<T>;
  /** Ends the store's process. */
  close: () => Promise<void>;
  open: () => Promise<void>;
}

/** @param name of the app in the engine: runs of two names see nothing of each other */
export async function createWorld(environment: Record<string, string>, name: string, seed: number): Promise<World> {
  const random = seededRandom(seed);
  const clock = createClock();
  const sources = { numbered: { given: 0, oldest: 0 }, plain: { given: 0, oldest: 0 } };
  const app = appOf(sources);
  let inFlight = 0;
  let ids = 0;
  const runtime: Runtime = {
    ...systemRuntime(() => {}),
    now: () => clock.now + world.wrongMs,
    random,
    // Of one length, and other ones in each run.
    newId: () => `${name}${String((ids += 1)).padStart(8, '0')}`,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    fetch: () => Promise.reject(new Error('no network here')),
  };
  // The engine's client reads the process's clock, and waits for the engine in true time.
  const lent: Runtime = { ...systemRuntime(() => {}), now: () => runtime.now() };
  const open = () => openStore(readConfig(environment, 'sqlite'), lent, name);
  let store = await open();
  const watched = new Proxy(store, {
    get(_, name: keyof Store) {
      // What counts an engine's requests would go past this.
      if (name === 'observed' || typeof store[name] !== 'function')
        return name === 'observed' ? undefined : store[name];
      return async (...args: unknown[]) => {
        world.beforeCall();
        inFlight += 1;
        try {
          return await (store[name] as (...args: unknown[]) => Promise<unknown>).apply(store, args);
        } finally {
          inFlight -= 1;
        }
      };
    },
  });
  const processOf = (now: () => number): TaskDeps =>
    watchClock({
      app,
      store: watched,
      runtime: { ...runtime, now },
      streamsFor: createAppStreams,
      catalog: app.tasks,
    });
  const deps = processOf(() => runtime.now());
  const right = processOf(() => clock.now);
  const either = () => (world.wrongMs !== 0 && random() < 0.3 ? right : deps);

  const world: World = {
    sources,
    trueTime: () => clock.now,
    wrongMs: 0,
    random,
    isGiving: true,
    beforeCall: () => {},
    deps: () => deps,
    async tick(ms) {
      await clock.advance(ms);
      if (world.isGiving) for (const source of Object.values(sources)) source.given += Math.floor(random() * 12);
      const process = either();
      await world.drive(runScheduled(process, process.runtime.now() + 50 * SECOND));
    },
    async begin(task, input) {
      const process = either();
      const deadline = process.runtime.now() + MINUTE;
      const options = { principal: ADA, task, input: input ?? {}, deadline, leaseMs: null };
      return (await world.drive(createTask(process, options))).taskId;
    },
    async drive(work) {
      let done = false;
      const settled = work.finally(() => (done = true));
      settled.catch(() => {});
      for (;;) {
        await settle();
        if (done) return settled;
        if (inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 1));
        else if (clock.sleepers > 0) await clock.advance(100);
      }
    },
    close: () => store.close(),
    async open() {
      store = await open();
    },
  };
  if (clock.now !== START) throw new Error('the clock does not begin at its start');
  return world;
}
