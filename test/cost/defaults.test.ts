/** Defaults are what the model says: the cheapest segment, a burst that Lambda's free time pays for, polls as often as a feed is pulled. */
import { expect, test } from 'vitest';
import { budgetSpec, pacingSpec } from '../../src/declare/spec/feed.ts';
import { defaultOf } from '../../src/declare/spec/options.ts';
import { SEGMENT_ENTRIES } from '../../src/store/limits.ts';
import { billOf } from './bill.ts';
import { listeningUsd, segmentUsd } from './defaults.ts';
import { MEASURED } from './measured.ts';
import { USUAL, type Workload } from './workload.ts';

const usd = (more: Partial<Workload>) =>
  billOf({ ...USUAL, eventsPerSecond: 0.1, ...more }, MEASURED, 'lambda', 'dynamodb').usd;

test('of segments, those of the default cost least where a thousand agents poll once a minute', async () => {
  const sizes = [25, 50, SEGMENT_ENTRIES, 2 * SEGMENT_ENTRIES, 4 * SEGMENT_ENTRIES];
  const costs = await Promise.all(sizes.map((events) => segmentUsd(events, USUAL)));
  const sums = costs.map(({ writes, reads }) => writes + reads);
  expect(sums.indexOf(Math.min(...sums))).toBe(sizes.indexOf(SEGMENT_ENTRIES));
});

test('a burst of the default length costs less than a dollar on Lambda, and one of a whole minute ten times as much', () => {
  const timeMs = defaultOf(budgetSpec.shape.timeMs) ?? 0;
  expect(timeMs).toBe(20_000);
  expect(listeningUsd(timeMs)).toBeLessThan(1);
  expect(listeningUsd(55_000)).toBeGreaterThan(10 * listeningUsd(timeMs));
});

test('a feed that is pulled less often than once a minute saves less than polls that come less often', () => {
  expect(defaultOf(pacingSpec.shape.everyMs)).toBe(60_000);
  const saved = usd({}) - usd({ feedMs: 300_000 });
  expect(saved).toBeLessThan(1);
  expect(usd({}) - usd({ pollMs: 300_000 })).toBeGreaterThan(5 * saved);
});
