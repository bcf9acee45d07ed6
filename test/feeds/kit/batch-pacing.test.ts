import { describe, expect, test } from 'vitest';
import { createPacing, type PacingOptions } from '../../../src/feeds/kit/batch-pacing.ts';

const OPTIONS: PacingOptions = { batchMessages: 500, batchBytes: 1_000_000, lingerMs: 50, idleMs: 500, window: null };

/** A pacing whose clock stands where the test puts it. */
function pacingAt(options: Partial<PacingOptions> = {}) {
  let time = 0;
  const pacing = createPacing({ ...OPTIONS, ...options }, () => time);
  return {
    at(now: number) {
      time = now;
      return pacing.decide();
    },
    arrive(now: number, count: number, bytes = count) {
      time = now;
      pacing.arrived(count, count, bytes);
      return pacing.decide();
    },
    commit(now: number) {
      time = now;
      pacing.committed();
    },
  };
}

const COMMIT = { verdict: 'commit' };
const IDLE = { verdict: 'idle' };
const wait = (waitMs: number) => ({ verdict: 'wait', waitMs });

test('without any message the burst ends after the idle time', () => {
  const pacing = pacingAt();
  expect(pacing.at(100)).toEqual(wait(400));
  expect(pacing.at(500)).toEqual(IDLE);
});

test('a batch is committed when it is full, in number or bytes', () => {
  expect(pacingAt().arrive(1, 499)).toEqual(wait(50));
  expect(pacingAt().arrive(1, 500)).toEqual(COMMIT);
  expect(pacingAt().arrive(1, 1, 1_000_000)).toEqual(COMMIT);
});

test('messages are collected for the linger time from the first of them on', () => {
  const pacing = pacingAt();
  expect(pacing.arrive(10, 3)).toEqual(wait(50));
  expect(pacing.arrive(40, 3)).toEqual(wait(20));
  expect(pacing.at(60)).toEqual(COMMIT);
});

test('a trickle is committed once, then once per hundred messages, and at its end', () => {
  const pacing = pacingAt();
  let commits = 0;
  let time = 0;
  for (let n = 0; n < 250; n += 1) {
    time += 100;
    pacing.arrive(time, 1);
    while (pacing.at(time).verdict === 'wait' && time % 100 < 60) time += 60;
    if (pacing.at(time).verdict !== 'commit') continue;
    commits += 1;
    pacing.commit(time);
    time -= time % 100;
  }
  expect(commits).toBe(3);
  expect(pacing.at(time + 500)).toEqual(IDLE);
});

describe("a broker's window of unacknowledged messages", () => {
  test('that is known is committed at once when it is full', () => {
    expect(pacingAt({ window: 20 }).arrive(1, 20)).toEqual(COMMIT);
  });

  test('that is not known is learned from two equal standstills, the second right after an acknowledgement', () => {
    const pacing = pacingAt();
    pacing.arrive(0, 20);
    expect(pacing.at(50)).toEqual(COMMIT);
    pacing.commit(55);
    expect(pacing.arrive(56, 20)).toEqual(wait(50));
    expect(pacing.at(106)).toEqual(COMMIT);
    pacing.commit(110);
    expect(pacing.arrive(111, 20)).toEqual(COMMIT);
  });

  test('is forgotten when more comes than it would hold', () => {
    const pacing = pacingAt();
    pacing.arrive(0, 20);
    pacing.at(50);
    pacing.commit(55);
    pacing.arrive(56, 20);
    pacing.at(106);
    pacing.commit(110);
    expect(pacing.arrive(111, 30)).not.toEqual(COMMIT);
  });

  test('is not seen in a trickle, whose messages come later than an acknowledgement would let them', () => {
    const pacing = pacingAt();
    pacing.arrive(0, 20);
    pacing.at(50);
    pacing.commit(55);
    expect(pacing.arrive(100, 20)).toEqual(wait(500));
  });
});

test('the time that a commit takes is not silence', () => {
  const pacing = pacingAt();
  pacing.arrive(0, 5);
  expect(pacing.at(50)).toEqual(COMMIT);
  pacing.commit(2_000);
  expect(pacing.at(2_000)).toEqual(wait(500));
});
