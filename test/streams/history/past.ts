/**
 * A stream on any store, filled in any order by steps that a property test draws, and a plain list of what it holds. A step
 * may also end a follower in its commit, or be that of a release that knows no index of times.
 */
import { expect } from 'vitest';
import * as z from 'zod';
import { fc } from '../../properties.ts';
import { stream } from '../../../src/declare/stream.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { type HistoryPage, type HistoryQuery, readHistory } from '../../../src/streams/history/events.ts';
import { readWindows } from '../../../src/streams/history/windows.ts';
import type { WindowsPage, WindowsQuery } from '../../../src/streams/history/windows-page.ts';
import { positionKey } from '../../../src/streams/log/follower.ts';
import { LATEST_FOLLOWER, projectLatest } from '../../../src/streams/log/latest.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { buildTimes } from '../../../src/streams/log/times-keep.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { watch } from '../../feeds/run/stage.ts';
import { type Bench, bench, seeded, START, TENANT } from './fixture.ts';

export const HOUR = 3_600_000;
/** More than any of `DISORDERS` lies ahead of the clock. */
const MOST_AHEAD_MS = 200 * HOUR;

export interface Held {
  id: string;
  key: string;
  time: number;
  data: { v: number };
}

export interface Past extends Bench {
  /** All that was appended and not trimmed, in order of arrival. */
  held: Held[];
  /** What was trimmed. */
  lost: Held[];
  add(...events: Omit<Held, 'id'>[]): Promise<void>;
  read(query: HistoryQuery): Promise<HistoryPage>;
  windows(query: WindowsQuery): Promise<WindowsPage>;
  /** What a sweep does for the index. Answers whether it is built. */
  build(deadlineMs?: number): Promise<boolean>;
}

export function past(store: Store = createMemoryStore()): Past {
  const schema = z.object({ v: z.number() });
  const at = bench(
    { events: stream({ description: 'Events', schema, key: () => 'k', aheadMs: MOST_AHEAD_MS }) },
    {},
    store,
  );
  const held: Held[] = [];
  const lost: Held[] = [];
  const scope = scopeOfLogs(at.deps, { tenant: TENANT });
  const declared = findStream(at.app, 'events');
  let ids = 0;
  return {
    ...at,
    held,
    lost,
    async add(...events) {
      const named = events.map((event) => ({ id: `${(ids += 1)}`, ...event }));
      for (let from = 0; from < named.length; from += 1_000)
        await at.append('events', ...named.slice(from, from + 1_000));
      held.push(...named);
    },
    read: (query) => readHistory(scope, declared, query),
    windows: (query) => readWindows(scope, declared, query),
    async build(deadlineMs = 60_000) {
      // Its calls are not those of a reader.
      const beside = scopeOfLogs({ store, runtime: at.deps.runtime }, { tenant: TENANT });
      return (await buildTimes(beside, declared, LATEST_FOLLOWER, at.clock.now + deadlineMs)).built;
    },
  };
}

/** Event times of the next events: in order, of the past, of what is to come, or of anywhere. */
export const DISORDERS = {
  ordered: (now: number, index: number) => now + index * 1_000,
  backfilled: (_now: number, index: number) => START - 1_000 * HOUR + index * 60_000,
  future: (now: number, index: number) => now + (index % 100) * HOUR,
  mixed: (_now: number, _index: number, random: () => number) => START + Math.floor((random() - 0.5) * 200) * HOUR,
};
export type Disorder = keyof typeof DISORDERS;

export function eventsOf(disorder: Disorder, now: number, count: number, seed: number): Omit<Held, 'id'>[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, index) => ({
    time: DISORDERS[disorder](now, index, random),
    key: `k${Math.floor(random() * 3)}`,
    data: { v: Math.floor(random() * 100) },
  }));
}

const disorder = fc.constantFrom<Disorder>('ordered', 'backfilled', 'future', 'mixed');
const seed = fc.integer({ min: 1, max: 1_000 });

export const steps = (most: number) =>
  fc.array(
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ kind: fc.constant('add'), count: fc.integer({ min: 1, max: most }), disorder, seed }),
      },
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('project') }) },
      fc.record({ kind: fc.constant('crash'), before: fc.boolean() }),
      fc.record({ kind: fc.constant('trim'), keep: fc.integer({ min: 1, max: most * 2 }) }),
      fc.record({ kind: fc.constant('older') }),
      fc.record({ kind: fc.constant('build') }),
    ),
    { minLength: 1, maxLength: 12, size: 'max' },
  );
export type Step = ReturnType<typeof steps> extends fc.Arbitrary<(infer Of)[]> ? Of : never;

export async function take(at: Past, step: Step): Promise<void> {
  at.clock.now += 60_000;
  const { store, runtime } = at.deps;
  if ('count' in step) await at.add(...eventsOf(step.disorder, at.clock.now, step.count, step.seed));
  if (step.kind === 'project') await at.project('events');
  if (step.kind === 'build') await at.build();
  if ('keep' in step) {
    await at.trim('events', step.keep);
    const gone = at.held.splice(0, at.held.length - Math.min(at.held.length, step.keep));
    for (const one of gone) at.lost.push(one);
  }
  if ('before' in step) {
    const dying = watch(store, async (_, __, next) => {
      if (!step.before) await next();
      throw new Error('killed');
    });
    const scope = scopeOfLogs({ store: dying.store, runtime }, { tenant: TENANT });
    await projectLatest(scope, findStream(at.app, 'events'), { deadline: at.clock.now + 60_000 }).catch(() => {});
  }
  if (step.kind === 'older') {
    // It moves the position to the end, and keeps nothing beside it.
    const log = streamLog(TENANT, 'events');
    const { end } = await store.extent(log);
    const reading = await store.get(positionKey(TENANT, LATEST_FOLLOWER, log), at.clock.now);
    const { partition, id } = reading;
    await store.commit([{ kind: 'put', partition, id, value: { cursor: end }, expects: reading.version }], {
      id: runtime.newId(),
      now: at.clock.now,
      deadline: at.clock.now + 1_000,
    });
  }
}

export const questions = fc.record({
  /** Hours from the start; null: no bound. */
  from: fc.option(fc.integer({ min: -1_020, max: 110 }), { freq: 4 }),
  hours: fc.option(fc.integer({ min: 0, max: 300 }), { freq: 4 }),
  order: fc.constantFrom(undefined, 'oldest' as const, 'newest' as const),
  keys: fc.constantFrom(undefined, undefined, ['k1'], ['k0', 'k2']),
  high: fc.boolean(),
  limit: fc.constantFrom(1, 7, 100, 1_000),
  window: fc.constantFrom('all', '1d', '1w', '1mo'),
  /** Between pages. */
  meanwhile: fc.array(fc.record({ disorder, count: fc.integer({ min: 1, max: 300 }), seed, projects: fc.boolean() }), {
    maxLength: 3,
  }),
});
export type Asked = typeof questions extends fc.Arbitrary<infer Of> ? Of : never;

export function queryOf({ from, hours, order, keys, high, limit }: Asked) {
  const begin = from === null ? null : START + from * HOUR;
  const end = hours === null ? null : (begin ?? START) + hours * HOUR;
  const query: HistoryQuery = {
    limit,
    ...(begin === null ? {} : { from: begin }),
    ...(end === null ? {} : { to: end }),
    ...(order === undefined ? {} : { order }),
    ...(keys === undefined ? {} : { keys }),
    ...(high ? { where: { v: { above: 49 } } } : {}),
  };
  const matches = ({ time, key, data }: Held) =>
    (begin === null || time >= begin) &&
    (end === null || time < end) &&
    (keys === undefined || (keys as readonly string[]).includes(key)) &&
    (!high || data.v > 49);
  return { query, matches };
}

/** Most store calls of a page without keys or a filter: where times are mixed, all that may be in its window is read. */
export const MOST = 20;

/** Pages of the size that was asked for. Those behind them are large: thousands of pages of one event find nothing more. */
const SMALL_PAGES = 40;

/** Reads page by page, with what comes in between, and holds the answers against the list. */
export async function check(at: Past, asked: Asked): Promise<void> {
  const { query, matches } = queryOf(asked);
  const first = at.held.filter(matches);
  const misses = (query.from !== undefined || query.to !== undefined) && at.lost.some(matches);
  const picky = query.keys !== undefined || query.where !== undefined;
  const pages: HistoryPage[] = [];
  for (let next: HistoryQuery | null = query; next !== null;) {
    at.calls.length = 0;
    const page: HistoryPage = await at.read(next);
    pages.push(page);
    expect(at.calls.length).toBe(page.scanned.storeCalls);
    if (!picky) expect(at.calls.length).toBeLessThanOrEqual(MOST);
    // A page has an event, or looked at hundreds of entries.
    expect([page.complete, pages.length <= at.held.length + 100]).toEqual([page.cursor === null, true]);
    const limit = pages.length < SMALL_PAGES ? asked.limit : 1_000;
    next = page.cursor === null ? null : { ...query, cursor: page.cursor, limit };
    const more = asked.meanwhile[pages.length - 1];
    if (more === undefined || next === null) continue;
    await at.add(...eventsOf(more.disorder, at.clock.now, more.count, more.seed));
    if (more.projects) await at.project('events');
  }
  if (misses) expect(pages[0]?.truncated).toBe(true);
  const given = pages.flatMap(({ events }) => events.map(({ id }) => id));
  const [{ order, by } = { order: 'oldest', by: 'time' }] = pages;
  if (by === 'arrival') {
    // What came meanwhile stands behind what was there, and is not in pages that go back.
    const expected = order === 'newest' ? first.toReversed() : at.held.filter(matches);
    expect(given).toEqual(expected.map(({ id }) => id));
    return;
  }
  // What came meanwhile is there where its time is still to come. All else is in the order of times, and once.
  const placed = new Map(at.held.map((event, place) => [event.id, { ...event, place }]));
  const sorted = (events: readonly Held[]) => {
    const list = events.flatMap(({ id }) => placed.get(id) ?? []).sort((a, b) => a.time - b.time || a.place - b.place);
    return (order === 'newest' ? list.toReversed() : list).map(({ id }) => id);
  };
  const all = new Set(given);
  expect(given).toEqual(sorted(at.held.filter(({ id }) => all.has(id))));
  expect(at.held.filter((event) => all.has(event.id) && !matches(event))).toEqual([]);
  expect(sorted(first).filter((id) => !all.has(id))).toEqual([]);
}
