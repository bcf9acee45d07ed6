/** A memory store whose calls are counted, a clock that only moves when told or slept on, and events put straight into a log. */
import { defineApp } from '../../../src/declare/check/define-app.ts';
import type { App, AppOptions } from '../../../src/declare/app.ts';
import type { Stream } from '../../../src/declare/stream.ts';
import type { LoggedEvent } from '../../../src/base/event.ts';
import type { Json } from '../../../src/base/json.ts';
import { randomId, type Runtime } from '../../../src/base/runtime.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Deps } from '../../../src/streams/deps.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { latestKey, projectLatest } from '../../../src/streams/log/latest.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

export const TENANT = 'public';
export const START = Date.UTC(2026, 10, 20, 12);

export interface Bench {
  deps: Deps;
  app: App;
  /** Calls made since the last reset, by name. */
  calls: string[];
  clock: { now: number };
  /** What happens while somebody sleeps, before the clock has moved. */
  whileAsleep: (() => void | Promise<void>)[];
  /** Appends at the clock's time. */
  append(stream: string, ...events: EventDraft[]): Promise<void>;
  /** Stands in for the projection: puts the latest event of its key. */
  putLatest(stream: string, event: EventDraft): Promise<void>;
  trim(stream: string, keep: number): Promise<void>;
  /** Follows the stream: its latest events and its times are then up to date. */
  project(stream: string): Promise<void>;
}

export interface EventDraft {
  id?: string;
  key?: string;
  /** Default: the clock's. */
  time?: number;
  data?: Json;
  meta?: LoggedEvent['meta'];
}

/** @param inner the store; default: one in memory */
export function bench(
  streams: Record<string, Stream<unknown>>,
  more: Partial<AppOptions> = {},
  inner: Store = createMemoryStore(),
): Bench {
  const calls: string[] = [];
  const store = new Proxy(inner, {
    get(target, name: keyof Store) {
      const member = target[name];
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        calls.push(name);
        return (member as (...args: unknown[]) => unknown)(...args);
      };
    },
  });
  const clock = { now: START };
  const whileAsleep: Bench['whileAsleep'] = [];
  let ids = 0;
  const started = randomId();
  const runtime: Runtime = {
    now: () => clock.now,
    random: () => 0.5,
    newId: () => `id-${(ids += 1)}-${started}`,
    sleep: async (ms) => {
      await whileAsleep.shift()?.();
      clock.now += ms;
    },
    fetch: () => Promise.reject(new Error('no network here')),
    resolve: null,
    connect: null,
    log: () => {},
  };
  const app = defineApp({
    name: 'bench',
    version: '1.0.0',
    description: 'Streams for tests',
    streams,
    ...more,
  });
  const logged = ({ id, key, time, data, meta }: EventDraft) =>
    ({
      id: id ?? runtime.newId(),
      ...(key === undefined ? {} : { key }),
      time: time ?? clock.now,
      data: data ?? null,
      ...(meta === undefined ? {} : { meta }),
    }) as LoggedEvent;
  const commitOptions = () => ({ id: runtime.newId(), now: clock.now, deadline: clock.now + 60_000 });

  return {
    deps: { app, store, runtime },
    app,
    calls,
    clock,
    whileAsleep,
    async append(stream, ...events) {
      const entries = events.map(logged);
      const appends = [{ kind: 'append', log: streamLog(TENANT, stream), entries }] as const;
      const { status } = await inner.commit(appends, commitOptions());
      if (status !== 'committed') throw new Error(`the append ended as ${status}`);
    },
    async putLatest(stream, event) {
      const key = latestKey(TENANT, stream, event.key ?? null);
      const { version } = await inner.get(key, clock.now);
      await inner.commit([{ kind: 'put', ...key, value: logged(event), expects: version }], commitOptions());
    },
    async project(stream) {
      const scope = scopeOfLogs({ store: inner, runtime }, { tenant: TENANT });
      await projectLatest(scope, findStream(app, stream), { deadline: clock.now + 60_000 });
    },
    async trim(stream, keep) {
      await inner.trim(streamLog(TENANT, stream), { now: clock.now, keep, limit: 1_000_000 });
    },
  };
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
