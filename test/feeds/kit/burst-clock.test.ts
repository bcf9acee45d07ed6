import { expect, test } from 'vitest';
import { createBurstClock } from '../../../src/feeds/kit/burst-clock.ts';

const START = 1_000_000;

test.each([
  ['a tenth of a short burst', START + 5_000, undefined, 500, START + 4_500],
  ['a second of a long one', START + 60_000, undefined, 1_000, START + 59_000],
  ['the budget ends it before the deadline', START + 60_000, 2_000, 200, START + 1_800],
  ['the deadline ends it before the budget', START + 2_000, 60_000, 200, START + 1_800],
])('%s is kept for the last commit', (_what, deadline, timeMs, reservedMs, closesAt) => {
  let now = START;
  const clock = createBurstClock(() => now, deadline, timeMs);
  expect(clock).toMatchObject({ reservedMs, closesAt });
  now = closesAt - 1;
  expect([clock.leftMs(), clock.isOver()]).toEqual([1, false]);
  now = closesAt;
  expect([clock.leftMs(), clock.isOver()]).toEqual([0, true]);
});
