import { describe, expect, test } from 'vitest';
import { fc } from '../../properties.ts';
import { beyondReach, createRepeats, MOST_REACH, type RepeatsState } from '../../../src/feeds/records/repeats.ts';

const STREAM = { name: 's', dedupe: 1_000 };

/** A burst in which so many events were new, and others came again from as deep. */
function burst(before: RepeatsState | null, appended: number, deepest = 0, open = false): RepeatsState | null {
  const repeats = createRepeats(before, [STREAM]);
  for (let n = 0; n < appended; n += 1) repeats.appended('s');
  if (deepest > 0) repeats.repeated('s', deepest);
  return repeats.state(open);
}

const windowAfter = (state: RepeatsState | null) => createRepeats(state, [STREAM]).windowOf(STREAM);

describe('the window of a stream', () => {
  test('is what the stream declares while readings are shorter', () => {
    expect(burst(null, 1_000)).toBeNull();
    expect(windowAfter(burst(null, 1_000))).toBe(1_000);
  });

  test('holds a longer reading, with room for others', () => {
    expect(windowAfter(burst(null, 1_001))).toBe(1_252);
    expect(windowAfter(burst(burst(null, 2_000), 5, 2_000))).toBe(2_507);
  });

  test('grows with what is appended between events that stay listed', () => {
    let state: RepeatsState | null = null;
    for (const deepest of [0, 300, 600, 900]) state = burst(state, 300, deepest);
    expect(windowAfter(state)).toBe(1_500);
  });

  test('is wide once for a source that repeats nothing, and narrow from then on', () => {
    const states: (RepeatsState | null)[] = [burst(null, 5_000)];
    for (let n = 0; n < 4; n += 1) states.push(burst(states.at(-1) ?? null, 5_000));
    expect(states.map(windowAfter)).toEqual([6_250, 1_000, 1_000, 1_000, 1_000]);
    expect(burst(states.at(-1) ?? null, 10)).toBeNull();
  });

  test('counts a reading that takes several bursts as one, and is narrow within it', () => {
    const first = burst(null, 600, 0, true);
    expect(windowAfter(first)).toBe(1_000);
    const second = burst(first, 600, 0, false);
    expect(second).toEqual({ reach: { s: 1_200 }, open: false });
  });

  test('stays as it is while nothing comes', () => {
    const state = burst(null, 3_000);
    expect(burst(state, 0)).toEqual(state);
  });

  test('has an end, and what lies beyond is told', () => {
    const listed = createRepeats(null, [STREAM], true);
    for (let n = 0; n <= MOST_REACH; n += 1) listed.appended('s');
    expect(beyondReach(listed.state(false))).toEqual(['s']);
    const state = burst(burst(null, MOST_REACH), 1, MOST_REACH);
    expect(windowAfter(state)).toBe(MOST_REACH);
    expect(beyondReach(state)).toEqual(['s']);
  });

  test('is told of a source that goes on from a position once that repeats something, and not because it brings much', () => {
    const first = burst(null, MOST_REACH + 1);
    expect(windowAfter(first)).toBe(MOST_REACH);
    expect(beyondReach(first)).toEqual([]);
    expect(beyondReach(burst(first, 10_000, MOST_REACH))).toEqual(['s']);
    // So too where the reading takes several bursts.
    const open = burst(burst(null, 15_000, 0, true), 15_000, 0, true);
    expect(beyondReach(open)).toEqual([]);
    expect(beyondReach(burst(open, 10, 15_000, true))).toEqual(['s']);
  });
});

test('a source that lists what it listed before is known, whatever comes and goes in between', () => {
  const Reading = fc.record({ revised: fc.nat({ max: 400 }), added: fc.nat({ max: 100 }) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3_000 }), fc.array(Reading, { maxLength: 12 }), (size, readings) => {
      // Of each listed event, how many entries are behind it, itself included.
      let listed = Array.from({ length: size }, (_, n) => size - n);
      let state = burst(null, size);
      for (const { revised, added } of readings) {
        expect(windowAfter(state)).toBeGreaterThanOrEqual(Math.max(...listed));
        const fresh = Math.min(revised, listed.length - 1) + added;
        const kept = listed.slice(Math.min(revised, listed.length - 1));
        state = burst(state, fresh, Math.max(...kept));
        listed = [...kept.map((depth) => depth + fresh), ...Array.from({ length: fresh }, (_, n) => fresh - n)];
      }
    }),
  );
});

/** Polls lists by turns, as a log with a window would see them; answers how many events came twice. */
function doubled(sizes: readonly number[], turns: number, changes = 0): number {
  const log: string[] = [];
  const names = sizes.map((size, list) => Array.from({ length: size }, (_, n) => `${list} ${n}`));
  let state: RepeatsState | null = null;
  let twice = 0;
  for (let turn = 0; turn < turns; turn += 1) {
    const list = names[turn % names.length] ?? [];
    for (let n = 0; n < changes; n += 1) list[(turn * changes + n) % list.length] = `${turn} new ${n}`;
    const repeats = createRepeats(state, [STREAM], true);
    const places = new Map(log.map((name, place) => [name, place]));
    const known = Math.max(0, log.length - repeats.windowOf(STREAM));
    for (const name of list) {
      const place = places.get(name);
      if (place !== undefined && place >= known) repeats.repeated('s', log.length - place);
      else {
        if (place !== undefined) twice += 1;
        repeats.appended('s');
      }
    }
    for (const name of list) if ((places.get(name) ?? -1) < known) log.push(name);
    state = repeats.state(false);
  }
  return twice;
}

describe('lists that a source answers by turns', () => {
  test.each([
    [[1_500, 1_500]],
    [[1_500, 400]],
    [[400, 1_500]],
    [[400, 400, 400]],
    [[2_000, 900, 3_000]],
    [[1_200, 1_200, 1_200, 1_200, 50]],
  ])('are known again: %j', (sizes) => {
    expect(doubled(sizes, 60)).toBe(0);
    expect(doubled(sizes, 60, 10)).toBe(0);
  });

  test('cost a wide window for eight readings alone where nothing comes again', () => {
    let state: RepeatsState | null = null;
    const windows: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      const repeats = createRepeats(state, [STREAM], true);
      windows.push(repeats.windowOf(STREAM));
      for (let more = 0; more < 3_000; more += 1) repeats.appended('s');
      state = repeats.state(false);
      expect(beyondReach(state)).toEqual([]);
    }
    expect(Math.max(...windows)).toBe(MOST_REACH);
    expect(windows.slice(9)).toEqual([1_000, 1_000, 1_000]);
  });
});
