/** The index of times against plain lists: whatever is folded in whatever pieces, each block has the times of its entries. */
import { describe, expect, test } from 'vitest';
import { fc } from '../../properties.ts';
import { encodeCursor } from '../../../src/store/cursor.ts';
import type { LogEntry } from '../../../src/store/store.ts';
import { meets, type Times } from '../../../src/streams/log/time-spans.ts';
import {
  BLOCK,
  LEAF,
  LEAF_BLOCKS,
  MOST_LEAVES,
  packHoles,
  packTimes,
  type TimesLeaf,
  timesOfOpen,
  type TimesRoot,
  unpackTimes,
} from '../../../src/streams/log/times.ts';
import {
  changesRoot,
  createFold,
  type Folded,
  grown as grownAhead,
  joinsOn,
} from '../../../src/streams/log/times-fold.ts';

const EPOCH = 'e';
const AHEAD = 300_000;
const SKEW = 60_000;

const grown = (root: TimesRoot | null, folded: Folded, floor: number) => grownAhead(root, folded, floor, AHEAD);

/** Entries at `from` and behind; a value is the event's time. */
function entriesOf(from: number, times: readonly (number | null)[], epoch = EPOCH): LogEntry[] {
  return times.map((value, index) => ({ value, cursor: encodeCursor(epoch, from + index + 1), appendedAt: 0 }));
}

const timeOf = ({ value }: LogEntry) => value as number | null;

function plain(times: readonly (number | null)[]): Times {
  const events = times.filter((time) => time !== null);
  // Plus 0: there is no -0 in JSON.
  return events.length === 0 ? null : [Math.floor(Math.min(...events)) + 0, Math.ceil(Math.max(...events)) + 0];
}

/** Times are those of the entries, and no entry is in one of their holes. */
function expectHeld(times: Times, entries: readonly (number | null)[]): void {
  expect(times && [times[0], times[1]]).toEqual(plain(entries));
  const [, , ...holes] = times ?? [];
  const events = entries.filter((time) => time !== null);
  expect(events.filter((time) => holes.some(([before, behind]) => time > before && time < behind))).toEqual([]);
}

const anyTime = fc.oneof(
  fc.integer({ min: -1_000, max: 1_000 }),
  fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }),
  fc.double({ min: -4e15, max: 4e15, noNaN: true }),
  fc.constant(null),
);

const someTimes = fc.array(anyTime, { minLength: 1, maxLength: 40 });

test('rounds of any size, some of them repeated, make blocks that hold the times of their entries', () => {
  const pieces = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(
      someTimes,
      pieces,
      fc.integer({ min: 0, max: 600 }),
      fc.array(fc.boolean()),
      (some, sizes, first, lost) => {
        const all = Array.from({ length: 3_000 }, (_, index) => some[index % some.length] ?? null);
        let root: TimesRoot | null = null;
        let start: Parameters<typeof createFold>[0] = null;
        let at = first;
        for (const [index, size] of sizes.entries()) {
          const fold = createFold(start);
          const end = Math.min(all.length, at + size);
          if (at === end) break;
          fold.take(entriesOf(at, all.slice(at, end)), timeOf);
          const folded = fold.result() as Folded;
          expect(joinsOn(root, folded)).toBe(true);
          if (folded.full.length > 0) ({ root } = grown(root, folded, first));
          // A crash behind the commit of the root: the round is made again.
          if (lost[index] === true) continue;
          start = { epoch: EPOCH, place: end, open: folded.open };
          at = end;
        }
        const blocks = unpackTimes(root?.blocks ?? [], root?.holes);
        const reach = root?.end ?? first;
        const starts = [
          first,
          ...Array.from({ length: 20 }, (_, i) => (i + 1) * BLOCK).filter((place) => place > first && place < reach),
        ];
        expect(blocks).toHaveLength(root === null ? 0 : starts.length);
        for (const [index, times] of blocks.entries()) {
          const from = starts[index] ?? 0;
          expectHeld(times, all.slice(from, (Math.floor(from / BLOCK) + 1) * BLOCK));
        }
        if (start !== null) {
          expectHeld(timesOfOpen(start.open), all.slice(start.open.from, at));
          expect(start.open.from).toBeGreaterThanOrEqual(Math.min(reach, Math.floor(at / BLOCK) * BLOCK));
        }
      },
    ),
    { numRuns: 200 },
  );
});

/** What a fold of whole blocks, one time each, would answer. */
function foldedOf(from: number, blocks: readonly Times[], anew = false, epoch = EPOCH): Folded {
  const end = (Math.floor(from / BLOCK) + blocks.length) * BLOCK;
  return { epoch, from, full: [...blocks], open: { from: end, times: [] }, anew, oldest: null };
}

const steps = (count: number, from = 0): Times[] =>
  Array.from({ length: count }, (_, i) => [from + i, from + i] as const);

const scattered = (index: number) => (index * 7_919) % 1_000;

describe('a root', () => {
  test('moves a full leaf out, keeps its least and greatest time, and tells which record it is', () => {
    const { root, leaves, dropped } = grown(null, foldedOf(300, steps(LEAF_BLOCKS + 9)), 300);
    expect(leaves).toEqual([
      { leaf: 0, value: { epoch: EPOCH, first: 300, blocks: packTimes(steps(LEAF_BLOCKS - 1)) } },
    ]);
    expect(root).toMatchObject({ first: 300, end: LEAF + 10 * BLOCK, leaves: [0, LEAF_BLOCKS - 2] });
    expect(unpackTimes(root.blocks)).toEqual(steps(10, LEAF_BLOCKS - 1));
    expect(dropped).toEqual([]);
  });

  test('keeps the hole between what came live and what was read in later, in the block and in its leaf', () => {
    const year = 31_536_000_000;
    const live = (place: number) => 10 * year + place * 1_000;
    // Live events, 40,000 of the past in pieces of 1,000 with a live one after each, and live ones again.
    const times = Array.from({ length: LEAF + 300 }, (_, place) =>
      place >= 10_000 && place < 50_000 && place % 1_001 > 0 ? place * 1_000 : live(place),
    );
    let root: TimesRoot | null = null;
    let at: Parameters<typeof createFold>[0] = null;
    let leaf: TimesLeaf | undefined;
    for (let from = 0; from < times.length; from += 700) {
      const fold = createFold(at);
      const round = times.slice(from, from + 700);
      fold.take(entriesOf(from, round), timeOf);
      const folded = fold.result() as Folded;
      at = { epoch: EPOCH, place: from + round.length, open: folded.open };
      const next = grown(root, folded, 0);
      ({ root } = next);
      leaf ??= next.leaves[0]?.value;
    }
    const [known] = unpackTimes(root?.leaves ?? [], root?.leafHoles);
    expect(known).toEqual([10_000_000, live(LEAF - 1), [49_999_000, live(0)]]);
    const blocks = unpackTimes(leaf?.blocks ?? [], leaf?.holes);
    const mixed = blocks.filter((block) => block !== null && block[1] - block[0] > year);
    expect(mixed.length).toBeGreaterThan(40);
    const between = { from: year, to: 9 * year };
    expect([known ?? null, ...blocks].map((block) => meets(block, between))).not.toContain('part');
  });

  test('lets leaves go that the log was trimmed beyond, and still tells their times', () => {
    const { root } = grown(null, foldedOf(0, steps(LEAF_BLOCKS * 3)), 0);
    const next = grown(root, foldedOf(LEAF * 3, steps(1, 5_000)), LEAF * 2 + 7);
    expect(next.dropped).toEqual([0, 1]);
    expect(next.root).toMatchObject({ first: LEAF * 2, leaves: [512, 255], gone: [0, 511] });
    expect(next.root.forgot).toBeUndefined();
  });

  test('holds 10⁷ events far below 350 KB, and no more leaves than it may', () => {
    const leaves = packTimes(
      Array.from({ length: 153 }, (_, i) => [1.79e12 - scattered(i) * 1e9, 1.79e12 + scattered(i + 1) * 1e9]),
    );
    const blocks = packTimes(
      Array.from({ length: LEAF_BLOCKS - 1 }, (_, i) => [1.79e12 - scattered(i) * 1e9, 1.79e12 + i]),
    );
    const end = 153 * LEAF + (LEAF_BLOCKS - 1) * BLOCK;
    const root: TimesRoot = { epoch: EPOCH, first: 0, end, leaves, blocks };
    expect(end).toBeGreaterThan(10_000_000);
    expect(JSON.stringify(root).length).toBeLessThan(20_000);
    // Also where each leaf has a hole: those of the newest stay.
    const holed = Array.from({ length: MOST_LEAVES }, (_, i): Times => [
      1.79e12 - scattered(i) * 1e9,
      3.79e12 + i,
      [1.79e12, 3.79e12],
    ]);
    const most: TimesRoot = { ...root, leaves: packTimes(holed), leafHoles: packHoles(holed) };
    expect(JSON.stringify(most).length).toBeLessThan(350_000);
    const kept = unpackTimes(most.leaves, most.leafHoles);
    expect([kept[0]?.length, kept.at(-1)]).toEqual([2, holed.at(-1)]);
    const many = { ...root, end: MOST_LEAVES * LEAF, leaves: packTimes(steps(MOST_LEAVES)), blocks: [] };
    const full = grown(many, foldedOf(many.end, steps(LEAF_BLOCKS)), 0);
    expect(full.root).toMatchObject({ first: LEAF, forgot: 0 });
    expect([full.root.leaves.length / 2, full.dropped]).toEqual([MOST_LEAVES, [0]]);
    // What is forgotten is not known again until the log was trimmed beyond it.
    expect(grown(full.root, foldedOf(full.root.end, steps(1)), 100).root.forgot).toBe(100);
    expect(grown(full.root, foldedOf(full.root.end, steps(1)), LEAF).root.forgot).toBeUndefined();
  });

  test('begins anew behind a trim that overtook the follower, and in a log that began anew', () => {
    const { root } = grown(null, foldedOf(0, steps(LEAF_BLOCKS * 2 + 1)), 0);
    const fold = createFold({ epoch: EPOCH, place: root.end, open: { from: root.end, times: [] } });
    fold.take(entriesOf(200_000, [7]), timeOf);
    const behind = fold.result() as Folded;
    expect(behind).toMatchObject({ anew: true, from: 200_000, open: { from: 200_000, times: [7, 0] } });
    const anew = grown(root, behind, 200_000);
    expect(anew).toMatchObject({ root: { first: 200_000, end: 200_000 }, dropped: [0, 1] });
    // What lay between the index's end and this arrived before the append time of the entry, 0.
    expect(unpackTimes(anew.root.gone ?? [])).toEqual([[-4e15, AHEAD + SKEW]]);
    const other = createFold({ epoch: EPOCH, place: 3, open: { from: 0, times: [1, 0] } });
    other.take(entriesOf(0, [9], 'other'), timeOf);
    const changed = grown(root, other.result() as Folded, 0);
    expect(changed.root).toEqual({ epoch: 'other', first: 0, end: 0, leaves: [], blocks: [] });
  });

  test('remembers by when that arrived which was trimmed before it began', () => {
    const fold = createFold(null);
    fold.take([{ value: 7, cursor: encodeCursor(EPOCH, 51), appendedAt: 1_000 }], timeOf);
    const behind = fold.result() as Folded;
    expect([behind.from, behind.oldest, changesRoot(behind)]).toEqual([50, 1_000, true]);
    const { root } = grown(null, behind, 50);
    expect(unpackTimes(root.gone ?? [])).toEqual([[-4e15, 1_000 + AHEAD + SKEW]]);
    // Where that is not known, it may be of any time.
    expect(unpackTimes(grown(null, { ...behind, oldest: null }, 50).root.gone ?? [])).toEqual([[-4e15, 4e15]]);
    // Later rounds keep it.
    const next = grown(root, foldedOf(50, steps(1)), 60).root;
    expect([next.first, next.end, next.gone]).toEqual([50, BLOCK, root.gone]);
    const first = createFold(null);
    first.take(entriesOf(0, [7]), timeOf);
    expect(changesRoot(first.result() as Folded)).toBe(false);
  });

  test('does not take what lies beyond its end', () => {
    const { root } = grown(null, foldedOf(0, steps(2)), 0);
    expect(joinsOn(root, foldedOf(3 * BLOCK, steps(1)))).toBe(false);
    expect(joinsOn(root, foldedOf(3 * BLOCK, steps(1), true))).toBe(true);
  });
});
