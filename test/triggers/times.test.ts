/** Times that lie ahead, equal times, and a clock that was set back. */
import { expect, test } from 'vitest';
import { judged } from './judged.ts';
import { high, is, shop } from './shop.ts';

const BEGUN = 1_700_000_000_000;
const YEAR_MS = 365 * 86_400_000;
const DAY_MS = 86_400_000;

const entry = (stream: string, id: string, key: string, time: number, n: number, at = time) => {
  return { stream, event: { id, key, time, data: { n } }, at };
};

const of = (on?: string, n?: number) => ({
  kind: 'match' as const,
  ...(on === undefined ? {} : { on }),
  ...(n === undefined ? {} : { where: { n } }),
});

test.each([0, 60_000])('events of next year, however many, move no time: lateMs %s', (lateMs) => {
  const ahead = Array.from({ length: 10_050 }, (_, index) =>
    entry('s', `f${index}`, 'f', BEGUN + YEAR_MS + index, 1, BEGUN + index),
  );
  const now = Array.from({ length: 5 }, (_, index) =>
    entry('s', `r${index}`, `r${index}`, BEGUN + 20_000 + index * 100_000, 50),
  );
  const knownTo = BEGUN + 3_600_000;
  const asked = { when: high, streams: ['s'], lateMs, cooldownMs: 0, begunAt: BEGUN - 1, knownTo };
  const { moments, state } = judged([...ahead, ...now], asked);
  expect(moments.map(({ key }) => key)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
  expect(state.judgedTo).toBeLessThanOrEqual(knownTo);
  expect(state.counts.late).toBe(0);
  expect(state.counts.hurried).toBeGreaterThanOrEqual(50);
});

test('of equal times the streams go in the order of the trigger, and those of one as they arrived', () => {
  const asked = { lateMs: 60_000, cooldownMs: 0, begunAt: BEGUN - 1_000, knownTo: BEGUN + 3_600_000 };
  const two = { kind: 'missing', first: of('a'), next: of('b'), withinMs: 300_000 } as const;
  const crossed = [entry('b', 'b1', 'k', BEGUN, 1), entry('a', 'a1', 'k', BEGUN, 1, BEGUN + 1)];
  expect(judged(crossed, { ...asked, when: two, streams: ['a', 'b'] }).moments).toEqual([]);
  const one = { kind: 'sequence', first: of(undefined, 1), next: of(undefined, 2), withinMs: 300_000 } as const;
  const told = (numbers: number[]) => {
    const entries = numbers.map((n, index) => entry('s', `e${index}`, 'k', BEGUN, n, BEGUN + index));
    return judged(entries, { ...asked, when: one, streams: ['s'] }).moments.map(({ became }) => became);
  };
  expect(told([1, 2])).toEqual(['holding']);
  expect(told([2, 1])).toEqual([]);
});

test('after the clock was set back by a day, what comes is judged, and not late', async () => {
  const declared = { when: high, lateMs: 1_000, alarm: {}, cooldownMs: 60_000 };
  const { app, event, store } = shop(declared, undefined, BEGUN + DAY_MS);
  await app.scheduled();
  await event('a');
  await app.advance(30_000);
  await app.scheduled();
  const back = shop(declared, store, BEGUN);
  expect(await back.told()).toEqual(['holding a']);
  await back.app.scheduled();
  for (const n of [10, 40]) {
    await back.app.advance(70_000);
    await back.event('a', { n });
    await back.app.scheduled();
  }
  await back.app.advance(30_000);
  await back.app.scheduled();
  expect(await back.told()).toEqual(['holding a', 'ceased a', 'holding a']);
});

test.each([
  ['silence', true, { kind: 'absence', forMs: 300_000 }],
  ['silence', false, { kind: 'absence', forMs: 300_000 }],
  ['what is missing', true, { kind: 'missing', first: is('order'), next: is('paid'), withinMs: 300_000 }],
  ['what is missing', false, { kind: 'missing', first: is('order'), next: is('paid'), withinMs: 300_000 }],
] as const)(
  'after the clock was set back by a day, %s is found in its length, where what came is stored as judged: %s',
  async (_, isStored, when) => {
    const { app, event, store, told } = shop({ when }, undefined, BEGUN + DAY_MS);
    await app.scheduled();
    await event('a');
    if (isStored) await app.advance(40_000);
    await app.scheduled();
    const back = shop({ when }, store, BEGUN);
    await back.app.scheduled();
    await back.app.advance(200_000);
    await back.app.scheduled();
    expect(await told()).toEqual([]);
    await back.app.advance(150_000);
    await back.app.scheduled();
    expect(await told()).toHaveLength(1);
  },
);
