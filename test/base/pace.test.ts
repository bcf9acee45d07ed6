/** How loops give way: by time, one in each turn, and those that are new not behind all others. */
import { expect, test } from 'vitest';
import { createPace, type Pace, paceOf, TURN_MS } from '../../src/base/pace.ts';

/** Turns that pass when the test says so, by a clock that work moves. */
function turns(othersWait = () => false) {
  let now = 1_000;
  const calls: (() => void)[] = [];
  const pace = createPace({ now: () => now, later: (call) => void calls.push(call), othersWait });
  return {
    pace,
    work: (ms: number) => void (now += ms),
    /** One look of the platform, after which everyone who may goes on until it waits again. */
    async look() {
      for (const call of calls.splice(0)) call();
      for (let n = 0; n < 50; n += 1) await Promise.resolve();
    },
    pending: () => calls.length,
  };
}

test('without turns nobody waits', () => {
  expect(paceOf({})()).toBeNull();
});

test('a loop goes on until the turn has lasted long enough, and then in the next one', async () => {
  const at = turns();
  const pace = at.pace();
  expect(pace()).toBeNull();
  at.work(TURN_MS - 1);
  expect(pace()).toBeNull();
  at.work(1);
  let isOn = false;
  void pace()?.then(() => void (isOn = true));
  await Promise.resolve();
  expect(isOn).toBe(false);
  await at.look();
  expect(isOn).toBe(true);
  expect(pace()).toBeNull();
});

test('a turn that nobody worked in is not counted as long', async () => {
  const at = turns();
  const pace = at.pace();
  expect(pace()).toBeNull();
  await at.look();
  at.work(60_000);
  expect(pace()).toBeNull();
  expect(at.pending()).toBe(1);
});

async function loop(pace: Pace, pieces: number, piece: () => void): Promise<void> {
  for (let n = 0; n < pieces; n += 1) {
    const rest = pace();
    if (rest !== null) await rest;
    piece();
  }
}

test('of many loops one goes on in each turn, so that turns stay short however many there are', async () => {
  const at = turns();
  let inTurn = 0;
  let longest = 0;
  const piece = () => {
    at.work(4);
    inTurn += 4;
    longest = Math.max(longest, inTurn);
  };
  const ended: number[] = [];
  for (let n = 0; n < 50; n += 1) void loop(at.pace(), 20, piece).then(() => ended.push(n));
  for (let n = 0; ended.length < 50 && n < 5_000; n += 1) {
    await at.look();
    inTurn = 0;
  }
  expect(ended).toHaveLength(50);
  // All that began before the first look share one turn with it.
  expect(longest).toBeLessThanOrEqual(TURN_MS + 4 * 4);
});

test('who is new waits for one other at most, and those who wait long are not passed over', async () => {
  const at = turns();
  const order: string[] = [];
  const busy = (name: string) => loop(at.pace(), 30, () => (at.work(20), order.push(name)));
  for (const name of ['a', 'b', 'c', 'd']) void busy(name);
  for (let n = 0; n < 12; n += 1) await at.look();
  order.length = 0;
  void busy('new');
  await at.look();
  await at.look();
  expect(order).toContain('new');
  for (let n = 0; n < 12; n += 1) await at.look();
  expect(new Set(order)).toEqual(new Set(['a', 'b', 'c', 'd', 'new']));
});

test('a loop of a few turns ends soon beside many long ones', async () => {
  const at = turns();
  for (let n = 0; n < 40; n += 1) void loop(at.pace(), 1_000, () => at.work(20));
  for (let n = 0; n < 200; n += 1) await at.look();
  let ended = false;
  void loop(at.pace(), 5, () => at.work(20)).then(() => (ended = true));
  for (let n = 0; n < 12; n += 1) await at.look();
  expect(ended).toBe(true);
});

test('while others wait loops get one turn in four, and all of them otherwise', async () => {
  let others = false;
  const at = turns(() => others);
  let pieces = 0;
  void loop(at.pace(), 1_000, () => (at.work(20), (pieces += 1)));
  const lookAt = async (times: number) => {
    const before = pieces;
    for (let n = 0; n < times; n += 1) await at.look();
    return pieces - before;
  };
  await at.look();
  expect(await lookAt(20)).toBe(20);
  others = true;
  expect(await lookAt(20)).toBe(5);
  others = false;
  expect(await lookAt(20)).toBe(20);
});
