/** The short form of `npm run chaos followers`: four processes append, two follow, on each engine that processes share. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireService } from '../services/available.ts';
import { type Engine, ENGINES, type RunningEngine, startEngine } from '../services/engine.ts';
import { followRun } from './follow-run.ts';
import { followVerdict } from './follow-verdict.ts';
import type { Sighting } from './follower-process.ts';
import { byDepth } from '../depth.ts';

const whole = process.env['TIDEGATE_TEST_ALL'] === 'true';
const servers = requireService('redis') && requireService('dynamodb');
const ENTRIES: Record<Engine, number> = byDepth(
  { sqlite: 1_500, redis: 1_000, dynamodb: 400 },
  { sqlite: 2_000, redis: 1_500, dynamodb: 600 },
  { sqlite: 3_000, redis: 2_000, dynamodb: 800 },
);
const SEED = 20_261_120;

describe.skipIf(!servers).each(ENGINES)('four append and two follow on %s (needs redis-server and java)', (engine) => {
  let running: RunningEngine;
  beforeAll(async () => {
    running = await startEngine(engine);
  }, 30_000);
  afterAll(() => running.stop());
  const run = (trim: Parameters<typeof followRun>[0]['trim']) =>
    followRun({ environment: running.environment, seed: SEED, entries: ENTRIES[engine], trim });

  test('every entry once, in one order, with cursors that only rise', async () => {
    expect(followVerdict(await run('nothing'))).toEqual([]);
  }, 60_000);

  test.runIf(whole)(
    'also while what both have read is trimmed',
    async () => {
      const report = await run('behind');
      expect(report.removed).toBeGreaterThan(0);
      expect(followVerdict(report)).toEqual([]);
    },
    60_000,
  );

  test.runIf(whole)(
    'while others trim ahead of them, what they miss is said',
    async () => {
      const report = await run('ahead');
      expect(report.truncations).toBeGreaterThan(0);
      expect(followVerdict(report)).toEqual([]);
    },
    60_000,
  );

  test('an appender that stood still in an append, while all but the newest entry went, appends behind the others', async () => {
    const report = await run('empty');
    expect(report.emptied).toMatchObject({ count: 1, late: { truncated: true, entries: 1 } });
    expect(report.emptied?.thawed).toBeGreaterThan(0);
    expect(followVerdict(report)).toEqual([]);
  }, 60_000);
});

test('the verdict sees what is skipped, doubled, out of order, lost, or other for another', () => {
  const given = { a: 2, b: 1 };
  const good = [at(1, 'a', 0), at(2, 'b', 0), at(3, 'a', 1)];
  const verdict = (seen: Sighting[], mayMiss = false) =>
    followVerdict({ sightings: { other: good, one: seen }, given, end: '3.epoch', mayMiss });
  expect(verdict(good)).toEqual([]);
  expect(verdict([good[0]!, good[2]!])).toEqual(['one: 1 entries skipped in silence', 'one: 1 of b lost']);
  expect(verdict([at(2, 'b', 0), { ...good[2]!, truncated: true }], true)).toEqual([]);
  expect(verdict([good[0]!, { ...good[2]!, truncated: true }])).toEqual([
    'one: 1 said to be truncated with nothing trimmed',
    'one: 1 of b lost',
  ]);
  expect(verdict([good[0]!, good[1]!, good[1]!, good[2]!])).toEqual([
    'one: 1 cursors not after the one before',
    'one: 1 of b out of order or twice',
  ]);
  expect(verdict([good[0]!, at(2, 'a', 5, { appendedAt: 0 })])).toEqual([
    'one: 1 append times that fell',
    'one: 1 entries seen otherwise by another',
    'one: did not come to the end',
    'one: 1 of a never given',
    'one: 1 of b lost',
  ]);
  expect(verdict([good[0]!, good[1]!, { ...good[2]!, cursor: '3.another' }])).toContain(
    'one: 1 cursors not after the one before',
  );
});

function at(place: number, by: string, n: number, more: Partial<Sighting> = {}): Sighting {
  return { cursor: `${place}.epoch`, by, n, appendedAt: place, truncated: false, ...more };
}
