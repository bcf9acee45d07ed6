/** Readings of one key in any order of arrival: what is older than another that was judged begins nothing, and ends nothing. */
import { expect, test } from 'vitest';
import type { TriggerCondition } from '../../src/declare/condition.ts';
import { type Entry, judged } from './judged.ts';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const orders = (things: readonly number[]): number[][] =>
  things.length === 0
    ? [[]]
    : things.flatMap((one) => orders(things.filter((other) => other !== one)).map((rest) => [one, ...rest]));
const levels = Array.from({ length: 8 }, (_, bits) => [0, 1, 2].map((n) => (bits & (1 << n)) > 0));
const begins = (all: readonly string[]) => all.filter((one) => one.startsWith('holding'));

const hot: TriggerCondition = { kind: 'threshold', field: 'celsius', above: 30 };
const isHot: TriggerCondition = { kind: 'match', where: { celsius: { above: 30 } } };
const never: TriggerCondition = { kind: 'threshold', field: 'celsius', above: 1_000 };

test.each([
  ['a threshold', hot],
  ['a match', isHot],
  ['a threshold of one key', { ...hot, key: 'a' }],
  ['one of one key, of all keys together', { ...hot, key: 'a', perKey: false }],
  ['a part of a whole', { kind: 'any', of: [hot, never] }],
] satisfies [string, TriggerCondition][])('%s, by three readings of a key in all orders', (_what, when) => {
  for (const order of orders([0, 1, 2])) {
    for (const level of levels) {
      const entries = order.map((n, index): Entry => {
        const time = START + n * MINUTE;
        const data = { celsius: level[n] ? 31 : 20 };
        return { stream: 's', event: { id: `e${n}`, key: 'a', time, data }, at: START + 10 * MINUTE + index };
      });
      // Another key is judged by itself.
      const other = { id: 'o', key: 'b', time: START + 5 * MINUTE, data: { celsius: 20 } };
      entries.unshift({ stream: 's', event: other, at: START + 10 * MINUTE - 1 });
      const expected: string[] = [];
      let newest = -1;
      let held = false;
      for (const n of order) {
        if (n < newest) continue;
        newest = n;
        const holds = level[n] === true;
        if (holds !== held) expected.push(`${holds ? 'holding' : 'ceased'} ${n}`);
        held = holds;
      }
      for (const cuts of [[], [1], [2], [1, 2]]) {
        const asked = {
          when,
          streams: ['s'],
          lateMs: 0,
          cooldownMs: 0,
          begunAt: START,
          knownTo: START + 20 * MINUTE,
          cuts,
        };
        const { moments } = judged(entries, asked);
        const told = moments.map(({ became, events }) => `${became} ${events.at(-1)?.id.slice(1)}`);
        const what = JSON.stringify([order, level, cuts]);
        const found = moments.map(({ became }) => became);
        expect(found, what).toEqual(expected.map((one) => one.split(' ')[0]));
        expect(begins(told), what).toEqual(begins(expected));
      }
    }
  }
});
