/** A feed whose events name their tenants: one run fills the log of each, and nothing of one tenant's stands in the way of another's. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { from } from '../../../src/feeds/from.ts';
import { stream } from '../../../src/declare/stream.ts';
import { createAppStreams } from '../../../src/calls/streams.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { sweep } from '../../../src/feeds/run/sweep.ts';
import { replayDeadLetters } from '../../../src/feeds/run/replay-dead-letters.ts';
import { readDeadLetters } from '../../../src/feeds/records/dead-letters.ts';
import { feedKey, type FeedState } from '../../../src/feeds/records/state.ts';
import { feedStatus } from '../../../src/feeds/records/status.ts';
import { readLatest } from '../../../src/streams/log/read-latest.ts';
import type { Feed, FeedBatch, FeedItem, FeedPacing } from '../../../src/declare/feed.ts';
import { anonymousOf, byTurns, gapItem, identifiedOf, Named, type NamedData, scopeFor, told } from './named-stage.ts';
import { jsonBytes } from '../../../src/base/json.ts';
import { feedOf, items, type Stage, stageOf, START } from './stage.ts';

/** A feed that gives these batches, one in a burst. */
function giving(batches: FeedItem[][], more: FeedPacing & { replayable?: boolean } = {}): Feed {
  return feedOf(
    async function* ({ position }) {
      const at = (position as number | null) ?? 0;
      yield { items: batches[at] ?? [], position: at + 1, last: true } satisfies FeedBatch;
    },
    { everyMs: 1_000, ...more },
  );
}

async function runOnce(stage: Stage) {
  stage.clock.now += 1_000;
  return stage.run();
}

const lettersOf = async (stage: Stage, tenant: string) =>
  (await readDeadLetters(scopeFor(stage, tenant), 'readings')).deadLetters;

const stateOf = async (stage: Stage) =>
  (await stage.store.get(feedKey('public', 'readings'), stage.clock.now)).value as unknown as FeedState;

const event = (of: string, n: number) => items([{ of, n }]);
const large = (of: string, n: number): NamedData => ({ of, n, key: 'k'.repeat(250) });

test('each event goes to whom it names, in order, and is the latest there at once', async () => {
  const stage = stageOf({ streams: { readings: anonymousOf(giving([items(byTurns(0, 500, 100))])) } });
  expect(await runOnce(stage)).toMatchObject({ outcome: 'pulled', events: 500, rejected: 0 });
  for (const n of [0, 42, 99]) {
    expect(await told(stage, `t${n}`)).toEqual([0, 1, 2, 3, 4].map((turn) => turn * 100 + n));
    expect(await readLatest(scopeFor(stage, `t${n}`), 'readings', 'k')).toMatchObject({ data: { n: 400 + n } });
  }
  expect(await told(stage, 'public')).toEqual([]);
  // The record of the feed does not grow with its tenants.
  expect((await stateOf(stage)).dirty).toEqual([]);
});

test('names that keys cannot hold are made safe, as those of callers are', async () => {
  const names = ['a/b', 'Ünë', 'x'.repeat(500)];
  const feed = giving([items(names.map((of, n) => ({ of, n })))]);
  const stage = stageOf({ streams: { readings: anonymousOf(feed) } });
  await runOnce(stage);
  const streams = (tenant: string) =>
    createAppStreams(stage.deps, { tenant, subject: 's', client: null, scopes: ['*'] });
  expect((await streams('a%2Fb').last('readings', 5)).events).toMatchObject([{ data: { of: 'a/b' } }]);
  expect(await told(stage, '%C3%9Cn%C3%AB')).toEqual([1]);
});

test('an id is known in the log of whom it names, and new in that of another', async () => {
  const first: NamedData[] = [{ of: 'acme', n: 1 }];
  const again: NamedData[] = [...first, { of: 'globex', n: 1 }, { of: 'acme', n: 2 }];
  const stage = stageOf({ streams: { readings: identifiedOf(giving([items(first), items(again)])) } });
  await runOnce(stage);
  expect(await runOnce(stage)).toMatchObject({ events: 2, duplicates: 1 });
  expect([await told(stage, 'acme'), await told(stage, 'globex')]).toEqual([[1, 2], [1]]);
});

describe('an event that names nobody', () => {
  const wrong = [{ n: 1 }, { of: '', n: 2 }, { of: 'broken', n: 3 }, { of: 'broken', n: 4 }, { of: 5, n: 5 }];
  const stageWith = () =>
    stageOf({ streams: { readings: anonymousOf(giving([items([...wrong, { of: 'acme', n: 6 }])])) } });

  test('is a dead letter of the app, says why, and stops no other', async () => {
    const stage = stageWith();
    expect(await runOnce(stage)).toMatchObject({ outcome: 'pulled', events: 1, rejected: 5, deadLetters: 5 });
    expect(await told(stage, 'acme')).toEqual([6]);
    const letters = await lettersOf(stage, 'public');
    expect(letters.map(({ reason }) => reason)).toEqual(['tenant', 'tenant', 'tenant', 'tenant', 'schema']);
    expect(letters[0]).toMatchObject({ field: 'tenant', expected: 'data that name a tenant', item: { n: 1 } });
    // What a function of the app throws is for the log, once.
    expect(stage.logged.filter(({ message }) => message === 'a function of a stream broke')).toHaveLength(1);
  });

  test('is no business of the tenants', async () => {
    const stage = stageWith();
    await runOnce(stage);
    expect(await lettersOf(stage, 'acme')).toEqual([]);
    const [own] = await feedStatus(scopeFor(stage, 'public'));
    expect(own).toMatchObject({ counts: { events: 1 }, rejected: { count: 5 } });
    const [others] = await feedStatus(scopeFor(stage, 'acme'));
    expect(others).toMatchObject({ feed: 'readings', state: 'ok', lagMs: null, rejected: null });
    expect(others?.counts).toMatchObject({ events: 0, rejected: 0, bytes: 0 });
  });
});

test('dead letters are replayed for whom they name, and by the app for all', async () => {
  const refused: NamedData[] = [
    { of: 'acme', n: 1 },
    { of: 'acme', n: 2 },
    { of: 'globex', n: 3 },
  ];
  const many = Array.from({ length: 20 }, (_, n): NamedData => ({ of: 'other', n }));
  const feed = giving([items([...refused, ...many])], { replayable: false, budget: { events: 1 } });
  const stage = stageOf({ streams: { readings: anonymousOf(feed) } });
  await runOnce(stage);
  expect((await lettersOf(stage, 'globex')).map(({ reason, item }) => [reason, item])).toEqual([
    ['overflow', { of: 'globex', n: 3 }],
  ]);
  expect((await lettersOf(stage, 'acme')).map(({ item }) => item)).toEqual([{ of: 'acme', n: 2 }]);
  const replay = (tenant: string) => replayDeadLetters(scopeFor(stage, tenant), 'readings', stage.clock.now + 5_000);
  expect(await replay('acme')).toMatchObject({ replayed: 1, done: true });
  expect(await told(stage, 'acme')).toEqual([1, 'overflow', 2]);
  expect(await told(stage, 'globex')).toEqual(['overflow']);
  expect(await replay('globex')).toMatchObject({ replayed: 1, done: true });
  expect(await told(stage, 'globex')).toEqual(['overflow', 3]);
});

test('a letter that names another tenant by now is refused again', async () => {
  let renamed = false;
  const moving = stream({
    description: 'Readings',
    schema: Named,
    tenants: ({ of }) => (renamed ? 'globex' : of),
    feed: giving(
      [
        items([
          { of: 'acme', n: 1 },
          { of: 'acme', n: 2 },
        ]),
      ],
      { replayable: false, budget: { events: 1 } },
    ),
  });
  const stage = stageOf({ streams: { readings: moving } });
  await runOnce(stage);
  renamed = true;
  const replay = (tenant: string) => replayDeadLetters(scopeFor(stage, tenant), 'readings', stage.clock.now + 5_000);
  expect(await replay('acme')).toMatchObject({ replayed: 0, refused: 1 });
  expect([await told(stage, 'acme'), await told(stage, 'globex')]).toEqual([[1, 'overflow'], []]);
});

test.each(['dead-letter', 'drop-oldest', 'drop-newest'] as const)(
  'beyond the budget (%s) a tenant that sends much gives way to those that send little',
  async (overflow) => {
    const noisy = Array.from({ length: 50 }, (_, n): NamedData => ({ of: 'noisy', n }));
    const quiet: NamedData[] = [{ of: 'quiet', n: 100 }];
    const batch = items([...noisy.slice(0, 25), ...quiet, ...noisy.slice(25), { of: 'late', n: 101 }]);
    const feed = giving([batch], { replayable: false, overflow, budget: { events: 10 } });
    const stage = stageOf({ streams: { readings: anonymousOf(feed) } });
    expect(await runOnce(stage)).toMatchObject({ events: 10, dropped: 42 });
    expect([await told(stage, 'quiet'), await told(stage, 'late')]).toEqual([[100], [101]]);
    const kept = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => (overflow === 'drop-oldest' ? 42 + n : n));
    // It is told in its own log, and nobody else is told that anything is missing.
    expect(await told(stage, 'noisy')).toEqual([...kept, 'overflow']);
    expect((await stateOf(stage)).lastGapAt).toBeNull();
    expect(await lettersOf(stage, 'quiet')).toEqual([]);
  },
);

test('one tenant that sends garbage leaves room for dead letters of others', async () => {
  const garbage = Array.from({ length: 3_000 }, (_, n): NamedData => ({ of: 'noisy', n }));
  const batch = items([...garbage, { of: 'quiet', n: 1 }, { of: 'quiet', n: 2 }]);
  const feed = giving([batch], { replayable: false, budget: { events: 2 } });
  const stage = stageOf({ streams: { readings: anonymousOf(feed) } });
  expect(await runOnce(stage)).toMatchObject({ events: 2, dropped: 3_000 });
  expect(await lettersOf(stage, 'quiet')).toHaveLength(1);
});

describe('a gap of the source', () => {
  test('is told to each tenant before its next event, once, whoever runs the feed', async () => {
    const batches = [
      [...event('acme', 1), ...event('globex', 2)],
      [gapItem(), ...event('acme', 3)],
      [...event('acme', 4), ...event('globex', 5), ...event('new', 6)],
      [...event('acme', 7), ...event('globex', 8), ...event('new', 9)],
    ];
    const stage = stageOf({ streams: { readings: identifiedOf(giving(batches)) } });
    for (const _ of batches) await runOnce(stage);
    expect(await told(stage, 'acme')).toEqual([1, 'not_listening', 3, 4, 7]);
    expect(await told(stage, 'globex')).toEqual([2, 'not_listening', 5, 8]);
    expect(await told(stage, 'new')).toEqual(['not_listening', 6, 9]);
    const [status] = await feedStatus(scopeFor(stage, 'acme'));
    expect(status?.lastGapAt).toBeGreaterThan(0);
  });

  test('of one reason takes the place of the one before it, and is told in the same burst too', async () => {
    const batch = [...event('acme', 1), gapItem('first'), gapItem('second'), ...event('acme', 2), ...event('acme', 3)];
    const stage = stageOf({ streams: { readings: anonymousOf(giving([batch], { replayable: false })) } });
    await runOnce(stage);
    expect(await told(stage, 'acme')).toEqual([1, 'not_listening', 2, 3]);
    expect((await stateOf(stage)).tenantGaps).toMatchObject([{ reason: 'not_listening', detail: 'second' }]);
  });

  test('is over after a day, and one that comes later is told', async () => {
    const batches = [[gapItem()], event('acme', 1), [gapItem(), ...event('acme', 2)]];
    const stage = stageOf({ streams: { readings: anonymousOf(giving(batches)) } });
    await runOnce(stage);
    stage.clock.now += 25 * 3_600_000;
    await runOnce(stage);
    expect(await told(stage, 'acme')).toEqual([1]);
    await runOnce(stage);
    expect(await told(stage, 'acme')).toEqual([1, 'not_listening', 2]);
  });
});

describe('with quotas.feeds', () => {
  const LIMIT = 1_000_000;
  const each = jsonBytes({ id: 'id000001.0', key: 'k'.repeat(250), time: START, data: large('acme', 1_000) });
  const fitting = Math.floor(LIMIT / (each + 10));

  function stageWith(batches: NamedData[][], declare = identifiedOf) {
    const feed = giving(
      batches.map((batch) => items(batch)),
      { budget: { events: 100_000 } },
    );
    return stageOf({ streams: { readings: declare(feed) }, quotas: { feeds: LIMIT } });
  }

  test('a tenant at its limit is filled no more and told so, and the others are', async () => {
    const first = Array.from({ length: fitting }, (_, n) => large('acme', n));
    const then = [large('acme', 50_000), large('globex', 50_001), ...first.slice(-10), large('acme', 50_002)];
    const stage = stageWith([first, Array.from({ length: fitting }, (_, n) => large('acme', 10_000 + n)), then]);
    expect(await runOnce(stage)).toMatchObject({ events: fitting, dropped: 0 });
    expect(await runOnce(stage)).toMatchObject({ events: 0, dropped: fitting });
    // What is known costs nothing, and what little is left is for what fits it.
    expect(await runOnce(stage)).toMatchObject({ duplicates: 10 });
    expect(await told(stage, 'globex')).toEqual([50_001]);
    expect((await told(stage, 'acme')).slice(fitting)).toContain('quota');
    const letters = await lettersOf(stage, 'acme');
    expect(letters[0]).toMatchObject({ reason: 'quota', field: 'quotas.feeds' });
    expect(await lettersOf(stage, 'globex')).toEqual([]);
    expect(await lettersOf(stage, 'public')).toEqual([]);
  });

  test('has room again a day later', async () => {
    const batch = (from: number) => Array.from({ length: fitting }, (_, n) => large('acme', from + n));
    const stage = stageWith([batch(0), batch(10_000), batch(20_000)], anonymousOf);
    for (const events of [fitting, 0]) expect(await runOnce(stage)).toMatchObject({ events });
    stage.clock.now += 37 * 3_600_000;
    expect(await runOnce(stage)).toMatchObject({ events: fitting });
  });
});

test('sampling keeps tenants apart, whatever keys they share', async () => {
  const batch = items([
    { of: 'acme', n: 1 },
    { of: 'globex', n: 2 },
    { of: 'acme', n: 3 },
    { of: 'globex', n: 4 },
  ]);
  const stage = stageOf({
    streams: { readings: identifiedOf(giving([batch], { sample: { windowMs: 1_000, reduce: 'last' } })) },
  });
  await runOnce(stage);
  expect([await told(stage, 'acme'), await told(stage, 'globex')]).toEqual([[], []]);
  stage.clock.now += 5_000;
  await runOnce(stage);
  expect([await told(stage, 'acme'), await told(stage, 'globex')]).toEqual([[3], [4]]);
});

test('a feed fills streams that are shared beside those whose events name tenants', async () => {
  const all = stream({ description: 'News of all', schema: z.object({ n: z.number() }), feed: from('house') });
  const own = anonymousOf(from('house') as never);
  const batch = [...items([{ n: 1 }], 'all'), ...items([{ of: 'acme', n: 2 }]), ...items([{ n: 3 }], 'all')];
  const stage = stageOf({ feeds: { house: giving([batch]) }, streams: { all, readings: own } });
  expect(await runOnce(stage)).toMatchObject({ events: 3 });
  expect([await told(stage, 'public', 'all'), await told(stage, 'acme')]).toEqual([[1, 3], [2]]);
});

test('somebody who pushes beside the feed neither loses nor doubles anything', async () => {
  let pushed = false;
  const feed = giving([items(byTurns(0, 200, 50))]);
  const stage = stageOf({ streams: { readings: identifiedOf(feed) } });
  const acme = createAppStreams(stage.deps, { tenant: 't7', subject: 's', client: null, scopes: ['*'] });
  const { deps } = stage.worker(async (operations, _number, next) => {
    const isAppend = operations.some((one) => one.kind === 'append' && one.log.startsWith('t7/'));
    if (isAppend && !pushed) {
      pushed = true;
      for (const n of [57, 1_000]) await acme.append('readings', { of: 't7', n });
    }
    return next();
  });
  await ingest(deps, stage.clock.now + 60_000);
  expect(pushed).toBe(true);
  expect((await told(stage, 't7')).map(Number).toSorted((a, b) => a - b)).toEqual([7, 57, 107, 157, 1_000]);
  expect(await told(stage, 't8')).toEqual([8, 58, 108, 158]);
});

test('what tenants were filled with is kept to its retention by their sweeps, dead letters too', async () => {
  const few = stream({
    description: 'Few',
    schema: Named,
    tenants: ({ of }) => of,
    retention: { events: 2 },
    feed: giving([items(byTurns(0, 30, 3))], { replayable: false, budget: { events: 15 } }),
  });
  const stage = stageOf({ streams: { readings: few } });
  await runOnce(stage);
  stage.clock.now += 61_000;
  const report = await sweep({ ...stage.deps, isOpen: false }, stage.clock.now + 60_000, { deadLetters: 1 });
  expect(report).toMatchObject({ events: { readings: 12 }, deadLetters: { readings: 12 }, error: null });
  expect(await told(stage, 't0')).toHaveLength(2);
});

test.each<[string, unknown]>([
  ['a number', 5],
  ['nothing', ''],
  ['a space before it', ' acme'],
  ['a line end in it', 'ac\nme'],
  ['more than 256 characters', 'a'.repeat(257)],
])('a name that no caller can have is none: %s', async (_, name) => {
  const odd = stream({
    description: 'Readings',
    schema: Named,
    tenants: () => name as string,
    feed: giving([items([{ of: 'acme', n: 1 }])]),
  });
  const report = await runOnce(stageOf({ streams: { readings: odd } }));
  expect(report).toMatchObject({ rejected: 1 });
});
