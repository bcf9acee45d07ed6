/** What of a reading that comes again is skipped. */
import { describe, expect, test } from 'vitest';
import type { FeedItem } from '../../../src/declare/feed.ts';
import { createReplay, MOST_MARKS, REPLAY_BYTES } from '../../../src/feeds/records/replay.ts';
import { items, readings } from '../run/stage.ts';

const of = (from: number, to: number) => items(readings(from, to));

/** What a replay knows after these were committed. */
function committed(...parts: FeedItem[][]): string {
  const replay = createReplay('');
  for (const part of parts) replay.remember(part);
  return replay.state();
}

test('nothing is expected before anything was committed, and after the reading', () => {
  const replay = createReplay('');
  expect([replay.state(), replay.skip(of(0, 5), false)]).toEqual(['', 0]);
  replay.remember(of(0, 5));
  expect(replay.state()).not.toBe('');
  replay.pass();
  expect(replay.state()).toBe('');
});

test.each([1, 100, 128, 129, 255, 1_000, 24_000, 60_000])('of %i items exactly these are skipped', (n) => {
  const state = committed(of(0, Math.ceil(n / 3)), of(Math.ceil(n / 3), n));
  expect(state.length).toBeLessThanOrEqual(REPLAY_BYTES);
  for (const size of [n + 10, 1_000, 77]) {
    const replay = createReplay(state);
    let skipped = 0;
    for (let from = 0; from < n + 10; from += size) {
      skipped += replay.skip(of(from, Math.min(n + 10, from + size)), from + size >= n + 10) ?? 0;
    }
    expect(skipped).toBe(n);
  }
});

test('the state is bounded however long the reading is, also with a burst for each item', () => {
  let state = '';
  const [item] = of(0, 1);
  for (let n = 0; n < 500; n += 1) {
    const replay = createReplay(state);
    const same = Array.from({ length: n }, () => item as FeedItem);
    expect(replay.skip([...same, ...of(1, 2)], true)).toBe(n);
    replay.remember([item as FeedItem]);
    state = replay.state();
    expect(state.length).toBeLessThanOrEqual(REPLAY_BYTES);
  }
});

describe('a reading that comes again changed', () => {
  test('is skipped up to the change, while every item has a mark', () => {
    const replay = createReplay(committed(of(0, MOST_MARKS)));
    expect(replay.skip([...of(0, 50), ...of(900, 1_000)], true)).toBe(50);
    replay.remember(of(900, 1_000));
    expect(createReplay(replay.state()).skip([...of(0, 50), ...of(900, 1_100)], true)).toBe(150);
  });

  test('is skipped up to a mark before the change, where there are more', () => {
    const replay = createReplay(committed(of(0, 20_000)));
    const skipped = replay.skip([...of(0, 5_000), ...of(90_000, 99_000)], true);
    expect(skipped).toBeLessThanOrEqual(5_000);
    expect(skipped).toBeGreaterThan(5_000 - 20_000 / (MOST_MARKS / 2));
  });

  test('is read once more, where it was skipped too far in batches before', () => {
    const changed = [...of(0, 5_000), ...of(90_000, 120_000)];
    let state = committed(of(0, 20_000));
    let taken: FeedItem[] = [];
    let turns = 0;
    for (; taken.length === 0; turns += 1) {
      const replay = createReplay(state);
      for (let from = 0; from < changed.length; from += 30) {
        const batch = changed.slice(from, from + 30);
        const skipped = replay.skip(batch, from + 30 >= changed.length);
        if (skipped === null) break;
        taken = taken.concat(batch.slice(skipped));
        replay.remember(batch.slice(skipped));
      }
      state = replay.state();
    }
    expect(turns).toBe(2);
    expect(taken.slice(-30_000)).toEqual(of(90_000, 120_000));
    expect(taken.length - 30_000).toBeLessThan(20_000 / (MOST_MARKS / 2));
  });

  test('is read once more, where it ends between two marks', () => {
    const replay = createReplay(committed(of(0, 20_000)));
    expect(replay.skip(of(0, 1_000), false)).toBe(1_000);
    expect(replay.skip([], true)).toBeNull();
    expect(createReplay(replay.state()).skip(of(0, 1_000), true)).toBeGreaterThan(500);
  });
});

test('what is expected behind a position that moved is expected still', () => {
  const replay = createReplay(committed(of(0, 50)));
  expect(replay.skip(of(0, 20), true)).toBe(20);
  replay.pass();
  const again = createReplay(replay.state());
  expect(again.skip(of(20, 60), true)).toBe(30);
});

test('items that JSON cannot hold have their place', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const strange = items([1n, circle, JSON.parse('['.repeat(20_000) + ']'.repeat(20_000))]);
  expect(createReplay(committed(strange)).skip([...strange, ...of(0, 3)], true)).toBe(3);
});
