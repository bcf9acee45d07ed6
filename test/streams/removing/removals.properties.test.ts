/**
 * Chance against a plain list: appends in any order of event time, removals, trims, sweeps and every reader, on each
 * engine. The list forgets at once what is removed; the stream has to look like it at any moment, also where the engine
 * does not erase yet. Latest events may be missing until it does, but never show what was removed.
 */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { TidegateError } from '../../../src/base/errors.ts';
import { randomId, systemRuntime } from '../../../src/base/runtime.ts';
import type { EventSelector } from '../../../src/declare/app-streams.ts';
import { defineApp } from '../../../src/declare/check/define-app.ts';
import { stream } from '../../../src/declare/stream.ts';
import { createTestApp } from '../../../src/hosts/testing/test-app.ts';
import { seededRandom } from '../../../src/store/contract/seeded.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import type { Store } from '../../../src/store/store.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { requireService } from '../../services/available.ts';
import { ENGINES, startEngine } from '../../services/engine.ts';
import { byDepth } from '../../depth.ts';

const KEYS = ['a', 'b', 'c'];
const SPAN = 40;
const AT = Date.UTC(2026, 4, 1);
const app = defineApp({
  name: 'removals',
  version: '1.0.0',
  description: 'One stream',
  streams: {
    readings: stream({
      description: 'readings',
      schema: z.object({ id: z.string(), key: z.string(), at: z.number() }),
      key: 'key',
      time: 'at',
      id: 'id',
      dedupe: 30,
    }),
  },
});

interface Kept {
  id: string;
  key: string;
  at: number;
  place: number;
}

function isOf({ id, key, at }: Kept, selector: EventSelector): boolean {
  if ('id' in selector) return id === selector.id;
  const { from = -Infinity, to = Infinity, key: only } = { from: undefined, to: undefined, ...selector };
  return (only === undefined || key === only) && at >= Number(from) && at < Number(to);
}

/** @param erases false: most erasing fails until the end */
async function run(inner: Store, random: () => number, steps: number, erases = true): Promise<void> {
  let isHealthy = erases;
  const store: Store = {
    ...inner,
    async erase(...args) {
      if (!isHealthy && random() < 0.8) throw new TidegateError('store_unavailable', 'simulated: it does not erase');
      return inner.erase(...args);
    },
  };
  const { streams, sweep, advance, now, call } = createTestApp(app, { store, at: AT });
  const upTo = (most: number) => Math.floor(random() * most);
  const log = streamLog('public', 'readings');
  let list: Kept[] = [];
  /** Of each key; it outlives a trim. */
  const latest = new Map<string, Kept>();
  /** Names of entries in the order of places, of events and of removed ids: what does not come back. */
  const places: (string | null)[] = [];
  const removalPlaces = new Set<number>();
  let oldest = 0;
  let made = 0;
  let tail = (await streams.read('readings', null)).cursor;
  const removed = new Set<string>();
  const followed = new Set<string>();

  /** Whether the id, or its removal, is among the newest 30 events; removals count as none. */
  function isBlocked(id: string): boolean {
    let events = 0;
    for (let place = places.length - 1; place >= oldest && events < 30; place -= 1) {
      if (places[place] === id) return true;
      if (!removalPlaces.has(place)) events += 1;
    }
    return false;
  }

  function better(one: Kept, other: Kept | undefined): boolean {
    return other === undefined || one.at > other.at || (one.at === other.at && one.place > other.place);
  }

  async function append(): Promise<void> {
    const again = random() < 0.2 && places.length > 0 ? places[Math.max(0, places.length - 1 - upTo(25))] : null;
    const id = again ?? `e${(made += 1)}`;
    const event = { id, key: KEYS[upTo(3)] ?? '', at: AT + upTo(SPAN) };
    const blocked = isBlocked(id);
    await streams.append('readings', event);
    if (blocked) return;
    const kept = { ...event, place: places.length };
    places.push(id);
    list.push(kept);
    if (better(kept, latest.get(kept.key))) latest.set(kept.key, kept);
  }

  async function remove(): Promise<void> {
    const from = AT + upTo(SPAN);
    const key = KEYS[upTo(3)] ?? '';
    const some = list[upTo(list.length)];
    const choices: EventSelector[] = [
      { id: some?.id ?? 'none' },
      { id: some?.id ?? 'none' },
      { key },
      { from, to: from + 1 + upTo(8) },
      { from, key },
      { to: AT + upTo(6) },
    ];
    const selector = choices[upTo(choices.length)] ?? { key };
    const gone = list.filter((one) => isOf(one, selector));
    const isEmpty = places.length === 0;
    const answer = await streams.remove('readings', selector);
    if (erases) expect(answer).toEqual({ removed: gone.length, complete: true });
    for (const { id } of gone) removed.add(id);
    if ('id' in selector) removed.add(selector.id);
    if (isEmpty) return;
    removalPlaces.add(places.length);
    places.push('id' in selector ? selector.id : null);
    list = list.filter((one) => !gone.includes(one));
    for (const [of, standing] of latest) {
      if (!isOf(standing, selector)) continue;
      latest.delete(of);
      for (const one of list) if (one.key === of && better(one, latest.get(of))) latest.set(of, one);
    }
  }

  async function trim(): Promise<void> {
    // As retention does, it keeps what de-duplication searches.
    const keep = 30 + upTo(20);
    await store.trim(log, { now: now(), keep, limit: 1_000 });
    const floor = Math.min(Math.max(0, places.length - keep), places.length - 1);
    oldest = Math.max(oldest, floor);
    list = list.filter(({ place }) => place >= floor);
  }

  async function readAll(): Promise<void> {
    const read: string[] = [];
    let cursor: string | null = null;
    for (let pages = 0; ; pages += 1) {
      const page: Awaited<ReturnType<typeof streams.read>> = await streams.read('readings', cursor, 1 + upTo(7));
      if (page.events.length === 0 || pages > 500) break;
      for (const { id, meta } of page.events) if (!meta?.gap) read.push(id);
      ({ cursor } = page);
    }
    expect(read).toEqual(list.map(({ id }) => id));
    const newest = (await streams.last('readings', 6)).events.filter(({ meta }) => !meta?.gap).map(({ id }) => id);
    expect(newest).toEqual(newest.length === 0 ? [] : list.map(({ id }) => id).slice(-newest.length));
  }

  async function readHistory(): Promise<void> {
    const [first, length] = [AT + upTo(SPAN), 1 + upTo(SPAN)];
    const key = random() < 0.5 ? (KEYS[upTo(3)] ?? '') : undefined;
    const order = random() < 0.5 ? ('oldest' as const) : ('newest' as const);
    const read: string[] = [];
    let cursor: string | null = null;
    do {
      const query = { from: first, to: first + length, order, limit: 1 + upTo(5), ...(key ? { keys: [key] } : {}) };
      const page: Awaited<ReturnType<typeof streams.history>> = await streams.history('readings', {
        ...query,
        ...(cursor === null ? {} : { cursor }),
      });
      read.push(...page.events.map(({ id }) => id));
      ({ cursor } = page);
    } while (cursor !== null);
    const expected = list
      .filter((one) => one.at >= first && one.at < first + length && (key === undefined || one.key === key))
      .toSorted((a, b) => a.at - b.at);
    const ids = expected.map(({ id }) => id);
    expect(read).toEqual(order === 'oldest' ? ids : ids.toReversed());
  }

  async function readLatest(): Promise<void> {
    const expected = KEYS.flatMap((key) => latest.get(key)?.id ?? []);
    const found = (await streams.latestByKey('readings')).events.map(({ id }) => id);
    const { structured } = await call('read_latest', { stream: 'readings' });
    expect((structured as { events: { id: string }[] }).events.map(({ id }) => id)).toEqual(found);
    if (isHealthy) expect(found).toEqual(expected);
    else expect(found.filter((id) => removed.has(id) && !list.some((one) => one.id === id))).toEqual([]);
  }

  async function windows(): Promise<void> {
    const { structured } = await call('read_history', {
      stream: 'readings',
      window: '1h',
      from: AT,
      to: AT + SPAN,
      by: [],
    });
    const counts = (structured as { windows: { count: number }[] }).windows.map(({ count }) => count);
    expect(counts).toEqual(list.length === 0 ? [] : [list.length]);
  }

  async function follow(): Promise<void> {
    const page = await streams.read('readings', tail, 1 + upTo(9));
    for (const { id, meta } of page.events) {
      if (meta?.gap) continue;
      expect(list.some((one) => one.id === id)).toBe(true);
      expect(followed.has(id)).toBe(false);
      followed.add(id);
    }
    tail = page.cursor;
  }

  const actions = [append, append, append, append, append, remove, trim, readAll, readHistory, readLatest, windows];
  actions.push(follow, async () => {
    await advance(upTo(90_000));
    const { error } = await sweep();
    if (erases) expect(error).toBeNull();
  });
  for (let step = 0; step < steps; step += 1) await actions[upTo(actions.length)]?.();
  isHealthy = true;
  await sweep();
  await advance(120_000);
  await sweep();
  expect((await store.list('public/removals', { now: now(), limit: 10 })).records).toEqual([]);
  for (const check of [readAll, readHistory, readLatest, windows]) await check();
}

const SEEDS = Array.from({ length: byDepth(15, 30, 60) }, (_, seed) => seed);

test.each(SEEDS)('memory, seed %i', async (seed) => {
  await run(createMemoryStore(), seededRandom(seed), 80);
});

test.each(SEEDS)('memory that erases late, seed %i', async (seed) => {
  await run(createMemoryStore(), seededRandom(seed), 80, false);
});

const servers = requireService('redis') && requireService('dynamodb');

describe.skipIf(!servers)('on every engine (needs redis-server and java)', () => {
  test.each(ENGINES)('%s', { timeout: 120_000 }, async (engine) => {
    const { environment, stop } = await startEngine(engine);
    try {
      const store = await openStore(
        readConfig(environment, 'sqlite'),
        systemRuntime(() => {}),
        `r${randomId()}`,
      );
      await run(store, seededRandom(7), 80);
      await store.close();
    } finally {
      await stop();
    }
  });
});
