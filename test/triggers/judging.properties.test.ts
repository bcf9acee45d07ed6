/**
 * Triggers against a plain recomputation, over events that are late, doubled, backfilled or ahead of the clock, in any pieces,
 * with the state read back from what is stored in between.
 */
import { fc } from '../properties.ts';
import { expect, test } from 'vitest';
import type { Condition, TriggerCondition, WindowAggregate } from '../../src/declare/condition.ts';
import { MOST_TRIGGER_KEYS } from '../../src/triggers/judging/keys.ts';
import { type Entry, judged } from './judged.ts';
import { aggregate, type Came, compound, simple, type Told } from './recomputed.ts';

const RUNS = { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 300) };
const BEGUN = 1_000_000;

/** When it comes after the one before, how long after it happened, its key and value. A delay below 0 is ahead of the clock. */
const drawn = fc.record({
  afterMs: fc.integer({ min: 0, max: 30 }),
  delayMs: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 0, max: 20 }) },
    { weight: 2, arbitrary: fc.integer({ min: 20, max: 300 }) },
    { weight: 1, arbitrary: fc.integer({ min: -5_200, max: -1 }) },
    { weight: 1, arbitrary: fc.constantFrom(900_000, 90_000_000) },
  ),
  key: fc.constantFrom('x', 'y', 'z'),
  n: fc.integer({ min: 0, max: 6 }),
  again: fc.boolean(),
});
const cuts = fc.array(fc.nat(40), { maxLength: 6 });

function cameOf(all: readonly { afterMs: number; delayMs: number; key: string; n: number; again?: boolean }[]): Came[] {
  let at = BEGUN;
  return all.map(({ afterMs, delayMs, key, n, again = false }, index) => {
    at += afterMs;
    const id = again && index > 0 ? String(index - 1) : String(index);
    return { at, event: { id, key, time: at - delayMs, data: { n } } };
  });
}

const toldOf = (moments: readonly Told[]): Told[] => moments.map(({ became, key, time }) => ({ became, key, time }));
/** What different keys do at one time has no order of its own. */
const byKey = (told: readonly Told[]) => Object.fromEntries(Map.groupBy(told, ({ key }) => String(key)));

const keyed = { perKey: fc.boolean(), key: fc.constantFrom({ oneOf: ['x', 'y'] }, { like: '*' }) };
const condition: fc.Arbitrary<Condition> = fc.oneof(
  fc.record({
    kind: fc.constant('threshold'),
    field: fc.constant('n'),
    above: fc.integer({ min: 1, max: 5 }),
    hysteresis: fc.integer({ min: 0, max: 2 }),
    ...keyed,
  }),
  fc.record({ kind: fc.constant('match'), where: fc.record({ n: fc.integer({ min: 0, max: 6 }) }), ...keyed }),
  fc.record({ kind: fc.constant('change'), field: fc.constant('n'), by: fc.integer({ min: 1, max: 4 }), ...keyed }),
  fc.record({ kind: fc.constant('absence'), forMs: fc.integer({ min: 1, max: 80 }), ...keyed }),
  fc.record({
    kind: fc.constant('count'),
    atLeast: fc.integer({ min: 1, max: 4 }),
    withinMs: fc.integer({ min: 1, max: 80 }),
    ...keyed,
  }),
  fc.record({
    kind: fc.constant('rate'),
    field: fc.constant('n'),
    per: fc.constant('second'),
    overMs: fc.integer({ min: 8, max: 80 }),
    above: fc.integer({ min: -20, max: 60 }),
    ...keyed,
  }),
);

test('a condition of one stream is judged as it is recomputed, however it is cut', () => {
  const given = {
    all: fc.array(drawn, { maxLength: 40 }),
    condition,
    lateMs: fc.constantFrom(0, 10, 60),
    cuts,
    passes: cuts,
  };
  fc.assert(
    fc.property(fc.record(given), ({ all, condition: when, lateMs, cuts: at, passes }) => {
      const came = cameOf(all);
      const knownTo = (came.at(-1)?.at ?? BEGUN) + 6_000;
      const asked = { lateMs, knownTo, begunAt: BEGUN };
      const plain = simple(came, when, asked);
      const entries = came.map((one): Entry => ({ stream: 's', ...one }));
      const { moments, state } = judged(entries, { ...asked, when, streams: ['s'], cooldownMs: 0, cuts: at, passes });
      expect(byKey(toldOf(moments))).toEqual(byKey(plain.told));
      expect(state.counts.late).toBe(plain.late);
    }),
    RUNS,
  );
});

test('a window is what all of its events add up to', () => {
  const of = fc.constantFrom('mean', 'min', 'max', 'sum', 'count');
  const given = {
    all: fc.array(drawn, { maxLength: 40 }),
    of,
    overMs: fc.integer({ min: 1, max: 200 }),
    above: fc.integer({ min: 0, max: 9 }),
    cuts,
  };
  fc.assert(
    fc.property(fc.record(given), ({ all, of: what, overMs, above, cuts: at }) => {
      const came = cameOf(all.map((one) => ({ ...one, delayMs: 0, key: 'x', again: false })));
      const when = { kind: 'aggregate', of: what, field: 'n', overMs, above } as WindowAggregate & { above: number };
      const knownTo = (came.at(-1)?.at ?? BEGUN) + 6_000;
      const entries = came.map((one): Entry => ({ stream: 's', ...one }));
      const asked = { when, streams: ['s'], lateMs: 0, cooldownMs: 0, begunAt: BEGUN, knownTo, cuts: at };
      const plain = aggregate(
        came.map(({ event }) => event),
        when,
        knownTo,
      );
      expect(toldOf(judged(entries, asked).moments).map((one) => ({ ...one, key: null }))).toEqual(plain);
    }),
    RUNS,
  );
});

const high = (above: number, on?: string): TriggerCondition => ({
  kind: 'threshold',
  field: 'n',
  above,
  ...(on ? { on } : {}),
});

test('a compound condition is what the lists of its parts say', () => {
  const kinds = fc.constantFrom('all', 'any', 'sequence', 'missing');
  const given = {
    all: fc.array(drawn, { maxLength: 40 }),
    kind: kinds,
    withinMs: fc.integer({ min: 1, max: 120 }),
    cuts,
    lateMs: fc.constantFrom(0, 500),
  };
  fc.assert(
    fc.property(fc.record(given), ({ all, kind, withinMs, cuts: at, lateMs }) => {
      // Each at a time of its own, and some come after later ones, within lateMs.
      const came = cameOf(all.map((one) => ({ ...one, afterMs: one.afterMs + 1, delayMs: 0, again: false })));
      const delayed = came.map((one, index) => ({ ...one, at: one.at + (lateMs > 0 ? ((index * 7) % 3) * 100 : 0) }));
      const arrived = lateMs === 0 ? came : delayed.toSorted((a, b) => a.at - b.at);
      const knownTo = (arrived.at(-1)?.at ?? BEGUN) + 6_000;
      // The first part looks at even numbers alone, and the second at odd ones, so that they are of different events.
      const parts = [
        { ...high(2), where: { n: { oneOf: [0, 2, 4, 6] } } },
        { ...high(2), where: { n: { oneOf: [1, 3, 5] } } },
      ] as [TriggerCondition, TriggerCondition];
      const pair = { kind, first: parts[0], next: parts[1], withinMs };
      const when = (kind === 'all' || kind === 'any' ? { kind, of: parts } : pair) as TriggerCondition;
      const entries = arrived.map((one): Entry => ({ stream: 's', ...one }));
      const asked = { when, streams: ['s'], lateMs, cooldownMs: 0, begunAt: BEGUN, knownTo, cuts: at };
      const { moments, state } = judged(entries, asked);
      expect(state.counts.late).toBe(0);
      for (const key of ['x', 'y', 'z']) {
        const own = came.filter(({ event }) => event.key === key);
        const told = parts.map((part) => simple(own, part as Condition, { lateMs: 0, knownTo, begunAt: BEGUN }).told);
        const plain = compound(kind, told, { withinMs, to: knownTo });
        const begun = moments.filter((one) => one.key === key && one.became === 'holding').map(({ time }) => time);
        expect(begun, `${kind} ${key}`).toEqual(plain);
      }
    }),
    RUNS,
  );
});

test('two streams are joined by key and time, in whichever order their events come', () => {
  const given = { all: fc.array(drawn, { maxLength: 30 }), seed: fc.integer({ min: 1, max: 7 }), cuts };
  fc.assert(
    fc.property(fc.record(given), ({ all, seed, cuts: at }) => {
      const came = cameOf(all.map((one) => ({ ...one, afterMs: one.afterMs + 1, delayMs: 0, again: false })));
      const when = { kind: 'all', of: [high(3, 'a'), high(3, 'b')] } as TriggerCondition;
      const asked = { when, streams: ['a', 'b'], lateMs: 500, cooldownMs: 0, begunAt: BEGUN };
      const entries = came.map((one, index): Entry => ({ stream: index % 2 === 0 ? 'a' : 'b', ...one }));
      const mixed = entries
        .map((one, index) => ({ ...one, at: one.at + ((index * seed) % 4) * 100 }))
        .toSorted((a, b) => a.at - b.at);
      const knownTo = (mixed.at(-1)?.at ?? BEGUN) + 6_000;
      const plain = judged(entries, { ...asked, knownTo }).moments;
      expect(toldOf(judged(mixed, { ...asked, knownTo, cuts: at }).moments)).toEqual(toldOf(plain));
    }),
    RUNS,
  );
});

test('keys of which it is over are forgotten first, and that is not told', () => {
  const came = (index: number, n: number): Entry => {
    const event = { id: `${index} ${n}`, key: `k${index}`, time: BEGUN + index, data: { n } };
    return { stream: 's', event, at: BEGUN + index };
  };
  const over = Array.from({ length: MOST_TRIGGER_KEYS + 500 }, (_, index) => [came(index, 6), came(index, 1)]).flat();
  const asked = { when: high(3), streams: ['s'], lateMs: 0, cooldownMs: 0, begunAt: BEGUN, knownTo: BEGUN + 20_000 };
  const { state } = judged([...over, came(MOST_TRIGGER_KEYS + 501, 6)], asked);
  expect([state.keys.size, state.keys.overflow]).toEqual([MOST_TRIGGER_KEYS, 0]);
  expect([...state.keys.all()].at(-1)).toMatchObject({ key: `k${MOST_TRIGGER_KEYS + 501}`, told: true });
});

test('a flood of keys is bounded, forgets nobody who holds, and is counted', () => {
  const entries = Array.from({ length: MOST_TRIGGER_KEYS + 500 }, (_, index): Entry => {
    const event = { id: String(index), key: `k${index}`, time: BEGUN + index, data: { n: index < 10 ? 6 : 1 } };
    return { stream: 's', event, at: BEGUN + index };
  });
  const when = { kind: 'change', field: 'n' } as TriggerCondition;
  const asked = { when, streams: ['s'], lateMs: 0, cooldownMs: 0, begunAt: BEGUN, knownTo: BEGUN + 20_000 };
  const { state } = judged(entries, asked);
  expect(state.keys.size).toBe(MOST_TRIGGER_KEYS);
  expect(state.keys.overflow).toBe(500);
});

test('keys for which it never held make room for others, however many hold', () => {
  const most = MOST_TRIGGER_KEYS + 500;
  const holds = (index: number) => index < 200 || index === most - 1;
  const entries = Array.from({ length: most }, (_, index): Entry => {
    const event = { id: String(index), key: `k${index}`, time: BEGUN + index, data: { n: holds(index) ? 6 : 1 } };
    return { stream: 's', event, at: BEGUN + index };
  });
  const asked = { when: high(3), streams: ['s'], lateMs: 0, cooldownMs: 0, begunAt: BEGUN, knownTo: BEGUN + 20_000 };
  for (const cuts of [[], [9_000], [10_200]]) {
    const { moments, state } = judged(entries, { ...asked, cuts });
    expect(moments).toHaveLength(201);
    expect([state.keys.size, state.keys.overflow]).toEqual([MOST_TRIGGER_KEYS, 0]);
    expect([...state.keys.all()].filter(({ told }) => told)).toHaveLength(201);
  }
});
