/** The short form of `npm run chaos restores`, and the verdict that it shares with `npm run chaos clocks`. */
import { describe, expect, test } from 'vitest';
import { requireService } from '../../services/available.ts';
import { endOf, wrongWith } from './found.ts';
import { restoreRounds } from './rounds.ts';

const verdict = (numbers: number[], gaps: string[] = []) => wrongWith('s', 4, { numbers, gaps });
const SEED = 20_261_129;

test('after a restore all promises hold: sqlite', async () => {
  const { reports, wrong } = await restoreRounds('sqlite', 5, SEED);
  expect(wrong).toEqual([]);
  expect(reports.some(({ behind }) => behind > 0)).toBe(true);
}, 60_000);

describe.skipIf(!requireService('redis'))('on redis (needs redis-server)', () => {
  test('all promises hold as well', async () => {
    expect((await restoreRounds('redis', 2, SEED)).wrong).toEqual([]);
  }, 60_000);
});

test('the verdict sees what is lost, doubled, out of order, or told as lost though it is there', () => {
  expect(verdict([0, 1, 2, 3])).toEqual([]);
  expect(verdict([0, 3], ['1 to 3'])).toEqual([]);
  expect(verdict([0, 3])).toEqual(['s: 2 lost in silence']);
  expect(verdict([0, 1, 1, 2, 3])).toEqual(['s: 1 twice']);
  expect(verdict([0, 2, 1, 3])).toEqual(['s: 1 out of order']);
  expect(verdict([0, 1, 2, 3], ['1 to 2'])).toEqual(['s: 1 told as lost that are there']);
});

test('a stream is complete where its newest event is a gap up to what the source gave last', () => {
  const event = { id: 'i', stream: 's', time: 0 };
  expect(endOf({ ...event, data: { n: 77 } })).toBe(78);
  expect(endOf({ ...event, data: null, meta: { gap: { reason: 'forgotten', detail: '56 to 82' } } })).toBe(82);
  expect(endOf(undefined)).toBeNull();
});
