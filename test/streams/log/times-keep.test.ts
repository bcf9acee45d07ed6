/** The index of times in a store: built by the follower, by a sweep for logs of older releases, and left to newer ones. */
import { describe, expect, test } from 'vitest';
import { isPresent, type RecordKey } from '../../../src/store/store.ts';
import { positionKey } from '../../../src/streams/log/follower.ts';
import { LATEST_FOLLOWER } from '../../../src/streams/log/latest.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { BLOCK, LEAF, leafKey, rootKey, timesRoot } from '../../../src/streams/log/times.ts';
import { eventsOf, HOUR, past, type Past, take } from '../history/past.ts';
import { START, TENANT } from '../history/fixture.ts';

const ROOT = rootKey(TENANT, 'events');
const POSITION = positionKey(TENANT, LATEST_FOLLOWER, streamLog(TENANT, 'events'));

const valueOf = async (at: Past, key: RecordKey) => (await at.deps.store.get(key, at.clock.now)).value;
const rootOf = async (at: Past) => timesRoot.read(await at.deps.store.get(ROOT, at.clock.now));

async function put(at: Past, key: RecordKey, value: object): Promise<void> {
  const { version } = await at.deps.store.get(key, at.clock.now);
  const options = { id: at.deps.runtime.newId(), now: at.clock.now, deadline: at.clock.now + 1_000 };
  await at.deps.store.commit([{ kind: 'put', ...key, value: value as never, expects: version }], options);
}

async function filled(count: number): Promise<Past> {
  const at = past();
  for (let from = 0; from < count; from += 10_000) {
    await at.add(...eventsOf('mixed', START, Math.min(10_000, count - from), from + 1));
  }
  return at;
}

/** Whether a range holds what the list holds; and how many pages it took. */
async function pagesOf(at: Past): Promise<number> {
  const range = { from: START - 3 * HOUR, to: START + 3 * HOUR, limit: 1_000 };
  const found: string[] = [];
  let arrived = false;
  let pages = 0;
  for (let next: Parameters<Past['read']>[0] | null = range; next; pages += 1) {
    const page = await at.read(next);
    found.push(...page.events.map(({ id }) => id));
    arrived = page.by === 'arrival';
    next = page.cursor === null ? null : { ...range, cursor: page.cursor };
  }
  // Sorting keeps those of one time as they arrived.
  const held = at.held.filter(({ time }) => time >= range.from && time < range.to);
  const expected = arrived ? held : held.toSorted((a, b) => a.time - b.time);
  expect(found).toEqual(expected.map(({ id }) => id));
  return pages;
}

test('an ordinary event writes no further record; a full block writes the root with the position', async () => {
  const at = past();
  await at.add(...eventsOf('ordered', START, BLOCK - 1, 1));
  await at.project('events');
  expect(await valueOf(at, ROOT)).toBeNull();
  await at.add(...eventsOf('ordered', START + HOUR, 2, 1));
  await at.project('events');
  expect(await rootOf(at)).toMatchObject({ first: 0, end: BLOCK, blocks: [START, HOUR] });
  expect(await valueOf(at, POSITION)).toMatchObject({ open: { from: BLOCK, times: [START + HOUR + 1_000, 0] } });
});

describe('a log that an older release followed', () => {
  test('is indexed by sweeps that each have little time, and found in meanwhile', { timeout: 60_000 }, async () => {
    const at = await filled(50_000);
    await take(at, { kind: 'older' });
    expect(await pagesOf(at)).toBeGreaterThan(5);
    const { runtime } = at.deps;
    const clock = () => at.clock.now;
    let sweeps = 0;
    // Each look at the clock takes time, so that a sweep has time for a commit.
    runtime.now = () => (at.clock.now += 10);
    while (!(await at.build(50)) && sweeps < 50) {
      sweeps += 1;
      runtime.now = clock;
      await pagesOf(at);
      runtime.now = () => (at.clock.now += 10);
    }
    runtime.now = clock;
    expect(sweeps).toBeGreaterThan(0);
    expect(await rootOf(at)).toMatchObject({ first: 0, end: Math.floor(50_000 / BLOCK) * BLOCK });
    await at.add(...eventsOf('ordered', START, 300, 1));
    await at.project('events');
    expect(await rootOf(at)).toMatchObject({ end: Math.floor(50_300 / BLOCK) * BLOCK });
    await pagesOf(at);
  });

  test('and that was trimmed is indexed from its oldest entry on', async () => {
    const at = await filled(3_000);
    await take(at, { kind: 'trim', keep: 1_000 });
    await take(at, { kind: 'older' });
    expect(await at.build()).toBe(true);
    expect(await rootOf(at)).toMatchObject({ first: 2_000, end: Math.floor(3_000 / BLOCK) * BLOCK });
    await pagesOf(at);
  });

  test('beside this one goes on where the index ended', async () => {
    const at = await filled(1_000);
    await at.project('events');
    await at.add(...eventsOf('mixed', START, 700, 9));
    await take(at, { kind: 'older' });
    await pagesOf(at);
    await at.add(...eventsOf('mixed', START, 700, 10));
    await at.project('events');
    expect(await rootOf(at)).toMatchObject({ end: 768 });
    await pagesOf(at);
    expect(await at.build()).toBe(true);
    expect(await rootOf(at)).toMatchObject({ first: 0, end: Math.floor(2_400 / BLOCK) * BLOCK });
    await pagesOf(at);
  });
});

test('an index of a release that kept no holes is read, and gets holes from there on', async () => {
  const at = past();
  const mixed = async (days: number) => {
    const live = eventsOf('ordered', START + days * 24 * HOUR, 100, 1);
    await at.add(...live, ...eventsOf('backfilled', START, 500, 1), ...live);
    await at.project('events');
  };
  await mixed(0);
  for (const key of [ROOT, POSITION]) {
    const text = JSON.stringify(await valueOf(at, key));
    expect(text).toContain('"holes"');
    await put(at, key, JSON.parse(text.replaceAll(/,"holes":\[[^\]]*\]/g, '')) as object);
  }
  expect((await rootOf(at))?.holes).toBeUndefined();
  expect((await rootOf(at))?.end).toBe(512);
  await pagesOf(at);
  const between = { from: START - 900 * HOUR, to: START - HOUR };
  expect(await at.read(between)).toMatchObject({ events: [], scanned: { entries: 1_400 } });
  await mixed(1);
  expect((await rootOf(at))?.holes).toBeDefined();
  await pagesOf(at);
  // As far as the block which that release had begun.
  expect(await at.read(between)).toMatchObject({ events: [], scanned: { entries: 1_536 } });
});

test('an index of a newer release is left alone, and what it holds is looked at', async () => {
  const at = await filled(1_000);
  await at.project('events');
  const newer = { $v: 2, value: { of: 'a newer release' } };
  await put(at, ROOT, newer);
  await at.add(...eventsOf('mixed', START, 600, 5));
  await at.project('events');
  await pagesOf(at);
  expect(await at.build()).toBe(true);
  expect(await valueOf(at, ROOT)).toEqual(newer);
});

test('leaves go with the events that they tell of', { timeout: 60_000 }, async () => {
  const at = await filled(LEAF * 2 + 500);
  await at.project('events');
  const leaf = async (number: number) =>
    isPresent(await at.deps.store.get(leafKey(TENANT, 'events', number), at.clock.now));
  expect([await leaf(0), await leaf(1), await leaf(2)]).toEqual([true, true, false]);
  await take(at, { kind: 'trim', keep: 900 });
  await at.add(...eventsOf('ordered', START, 300, 5));
  await at.project('events');
  expect([await leaf(0), await leaf(1)]).toEqual([false, true]);
  expect(await rootOf(at)).toMatchObject({ first: LEAF });
  await pagesOf(at);
  const gone = await at.read({ from: START - 90 * HOUR, to: START });
  expect(gone.truncated).toBe(true);
});
