/**
 * A stage for the ingest run: an app over a memory store, a clock that moves when told, chance that is always one half,
 * and counts of what is asked of the store. Several workers may share one store and one clock.
 */
import * as z from 'zod';
import { defineApp } from '../../../src/declare/check/define-app.ts';
import type { App, AppOptions } from '../../../src/declare/app.ts';
import type { BurstContext, Feed, FeedBatch, FeedItem, FeedPacing } from '../../../src/declare/feed.ts';
import { stream } from '../../../src/declare/stream.ts';
import type { LoggedEvent } from '../../../src/base/event.ts';
import type { Runtime } from '../../../src/base/runtime.ts';
import { type FeedReport, ingest, type IngestOptions } from '../../../src/feeds/run/run.ts';
import { READ_LIMIT } from '../../../src/store/limits.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { CommitResult, Operation, Store } from '../../../src/store/store.ts';
import type { Deps } from '../../../src/streams/deps.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';

export const TENANT = 'public';
export const START = Date.UTC(2026, 10, 20, 12);

export const Reading = z.object({ id: z.string().optional(), sensor: z.string(), at: z.number(), value: z.number() });

/** With ids, exactly once. */
export const identified = (feed?: Feed) =>
  stream({ description: 'readings', schema: Reading, key: 'sensor', time: 'at', id: (r) => r.id ?? '', feed });

/** Without ids. */
export const anonymous = (feed?: Feed) =>
  stream({ description: 'readings', schema: Reading, key: 'sensor', time: 'at', feed });

export function reading(n: number, sensor = 'a', at = START + n): z.input<typeof Reading> {
  return { id: `r${n}`, sensor, at, value: n };
}

export function readings(from: number, to: number, keys = 1): z.input<typeof Reading>[] {
  return Array.from({ length: to - from }, (_, i) => reading(from + i, `s${(from + i) % keys}`));
}

export function items(data: readonly unknown[], streamName = 'readings'): FeedItem[] {
  return data.map((datum) => ({ stream: streamName, data: datum, bytes: 100 }));
}

/** A feed whose bursts are written in the test. */
export function feedOf(
  burst: (context: BurstContext) => AsyncIterable<FeedBatch>,
  more: FeedPacing & { replayable?: boolean } = {},
): Feed {
  const { replayable = true, ...pacing } = more;
  return { kind: 'feed', type: 'test', source: 'the test', pacing, replayable, problems: () => [], burst };
}

export interface Clock {
  now: number;
  /** Moves on, and wakes who slept until then. */
  advance(ms: number): Promise<void>;
  /** Waits for the work, and moves on to whoever sleeps the shortest whenever nothing else goes on. */
  drive<T>(work: Promise<T>): Promise<T>;
  sleepers: number;
}

export function createClock(): Clock & { sleep: Runtime['sleep'] } {
  const sleeping = new Set<{ at: number; wake: () => void }>();
  return {
    now: START,
    get sleepers() {
      return sleeping.size;
    },
    async advance(ms) {
      this.now += ms;
      for (const sleeper of sleeping) if (sleeper.at <= this.now) sleeper.wake();
      await settle();
    },
    async drive(work) {
      let done = false;
      const settled = work.finally(() => (done = true));
      settled.catch(() => {});
      for (let moves = 0; moves < 10_000; moves += 1) {
        await settle();
        if (done) break;
        const next = Math.min(...[...sleeping].map(({ at }) => at));
        if (Number.isFinite(next)) await this.advance(Math.max(0, next - this.now));
      }
      return settled;
    },
    sleep(ms, signal) {
      return new Promise((resolve) => {
        if (signal?.aborted || ms <= 0) return resolve();
        const sleeper = { at: this.now + ms, wake: done };
        function done() {
          sleeping.delete(sleeper);
          signal?.removeEventListener('abort', done);
          resolve();
        }
        sleeping.add(sleeper);
        signal?.addEventListener('abort', done, { once: true });
      });
    },
  };
}

/** Lets everything run that waits for nothing but promises. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** What is done to a commit: with its operations and its number, from 1 on. `next` makes it. */
export type OnCommit = (
  operations: readonly Operation[],
  number: number,
  next: () => Promise<CommitResult>,
) => Promise<CommitResult>;

/** A worker's own view of a store: calls are counted, commits may be tampered with. */
export function watch(store: Store, onCommit: OnCommit = (_, __, next) => next()) {
  const calls: Record<string, number> = {};
  let commits = 0;
  const watched = new Proxy(store, {
    get(target, name: keyof Store) {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        calls[name] = (calls[name] ?? 0) + 1;
        const next = () => (member as (...args: unknown[]) => Promise<unknown>)(...args);
        if (name !== 'commit') return next();
        commits += 1;
        return onCommit(args[0] as readonly Operation[], commits, next as () => Promise<CommitResult>);
      };
    },
  });
  return { store: watched, calls };
}

export interface Stage {
  clock: ReturnType<typeof createClock>;
  store: Store;
  app: App;
  deps: Deps;
  logged: { level: string; message: string; fields: JsonObject }[];
  /** Another process on the same store and clock. */
  worker(onCommit?: OnCommit): { deps: Deps; calls: Record<string, number> };
  run(options?: IngestOptions, deadlineMs?: number): Promise<FeedReport>;
  events(streamName?: string): Promise<LoggedEvent[]>;
}

let ids = 0;

export function stageOf(options: Partial<AppOptions>, base: Store = createMemoryStore()): Stage {
  const clock = createClock();
  const app = defineApp({ name: 'stage', version: '1', description: 'a stage', ...options });
  const logged: Stage['logged'] = [];
  const runtime: Runtime = {
    now: () => clock.now,
    random: () => 0.5,
    // Ids of one length: what is stored has the same size in each run.
    newId: () => `id${String((ids += 1)).padStart(6, '0')}`,
    sleep: (ms, signal) => clock.sleep(ms, signal),
    fetch: () => Promise.reject(new Error('no network here')),
    resolve: null,
    connect: null,
    log: (level, message, fields = {}) => logged.push({ level, message, fields }),
  };
  const deps = { app, store: base, runtime };
  return {
    clock,
    store: base,
    app,
    deps,
    logged,
    worker(onCommit) {
      const { store, calls } = watch(base, onCommit);
      return { deps: { ...deps, store }, calls };
    },
    async run(runOptions, deadlineMs = 60_000) {
      const report = await ingest(deps, clock.now + deadlineMs, runOptions);
      const [first] = report.feeds;
      if (!first) throw new Error('no feed is declared');
      return first;
    },
    events: (streamName = 'readings') => readAll(base, streamLog(TENANT, streamName)),
  };
}

export async function readAll(store: Store, log: string): Promise<LoggedEvent[]> {
  const events: LoggedEvent[] = [];
  for (let after: string | null = null; ;) {
    const page = await store.read(log, after, READ_LIMIT);
    events.push(...page.entries.map(({ value }) => value as LoggedEvent));
    if (page.entries.length < READ_LIMIT) return events;
    after = page.cursor;
  }
}
