import { describe, expect, test } from 'vitest';
import type { Condition } from '../../../src/declare/condition.ts';
import { RATE_PARTS } from '../../../src/streams/conditions/rate.ts';
import { type Arrival, run, toldOf } from './notation.ts';

const of = (more: object): Condition => ({
  kind: 'rate',
  field: 'v',
  per: 'second',
  overMs: 1_000,
  above: 5,
  ...more,
});

describe('rate', () => {
  const fast = of({});

  test.each<[string, Condition, string, string]>([
    ['is not judged before values are a window apart', fast, '0=0 10=1000 999=2000', ''],
    ['at the bound it is not above it', fast, '0=0 1000=5 2000=10.1 3000=15', '+@2000 -@3000'],
    ['in another unit', of({ per: 'minute', above: 60 }), '0=0 1000=1 2000=2.1', '+@2000'],
    ['a fall is negative', of({ above: undefined, below: -1 }), '0=10 1000=9 2000=7.9', '+@2000'],
    ['far apart, by the time that lies between', fast, '0=0 10000=51 20000=101', '+@10000 -@20000'],
    ['with a band', of({ hysteresis: 2 }), '0=0 1000=6 2000=10 3000=13', '+@1000 -@3000'],
    ['by when values were taken, not when they came', fast, '9000=0@0 9001=4@1000 9002=10@2000', '+@9002'],
    ['a late value is taken in where it belongs', fast, '0=0 2000=8 2001=2@1000', '+@2001'],
    ['a later one of the same eighth adds nothing', fast, '0=0 1000=5 1001=99@124 1002=5.01', ''],
    ['an earlier one of it takes its place', fast, '100=3 1100=8 1101=0@10', '+@1101'],
    ['a value dated ahead was taken when it came', fast, '0=0@1000000 1000=6', '+@1000'],
    ['no number says nothing', fast, '0=0 1000=6 2000=null 3000=x', '+@1000'],
    ['each key by itself', fast, '0a=0 500b=0 1000a=1 1500b=9', '+b@1500'],
  ])('%s', (_what, condition, events, expected) => {
    expect(toldOf(condition, events)).toBe(expected);
  });

  test('is told as the number that decided', () => {
    expect(run(fast, '0=1 2000=21').transitions[0]?.value).toBe(10);
  });

  test.each([1, 7, 1_000, 5_000])('over %i ms: remembers little, and reaches back a window and an eighth', (overMs) => {
    const all = Array.from({ length: 3_000 }, (_, i): Arrival => {
      return { at: i, event: { id: `${i}`, time: i, data: { v: Math.sin(i) } } };
    });
    const [subject] = run(of({ overMs }), all).state.subjects;
    const { samples } = (subject?.memory ?? {}) as { samples: [number, number][] };
    expect(samples.length).toBeLessThanOrEqual(RATE_PARTS + 2);
    expect(samples[0]?.[0]).toBeGreaterThanOrEqual(Math.max(0, 2_999 - overMs - Math.ceil(overMs / RATE_PARTS)));
    if (overMs < 2_999) expect(samples[0]?.[0]).toBeLessThanOrEqual(2_999 - overMs);
  });
});
