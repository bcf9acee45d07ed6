import { describe, expect, test } from 'vitest';
import type { Condition } from '../../../src/declare/condition.ts';
import { dueAt } from '../../../src/streams/conditions/condition.ts';
import { run, toldOf } from './notation.ts';

const thresholdOf = (more: object): Condition => ({ kind: 'threshold', field: 'v', ...more }) as Condition;
const changeOf = (more: object): Condition => ({ kind: 'change', field: 'v', ...more });

describe('threshold', () => {
  const of = thresholdOf;
  const above = of({ above: 30 });
  const banded = of({ above: 30, hysteresis: 2 });

  test.each<[string, Condition, string, string]>([
    ['above: at the bound it is not', above, '1=29 2=30 3=30.1 4=30', '+@3 -@4'],
    ['at least: at the bound it is', of({ atLeast: 30 }), '1=29.9 2=30 3=29.9', '+@2 -@3'],
    ['below: at the bound it is not', of({ below: -1 }), '1=-1 2=-1.1 3=-1', '+@2 -@3'],
    ['at most: at the bound it is', of({ atMost: 0 }), '1=0.1 2=0 3=0.1', '+@2 -@3'],
    ['the first event may make it hold', above, '1=31', '+@1'],
    ['while it goes on, nothing is told', above, '1=31 2=32 3=33 4=31', '+@1'],
    ['within the band it stays what it was', banded, '1=29 2=31 3=29 4=28.1 5=28 6=29 7=30 8=30.5', '+@2 -@5 +@8'],
    ['at least, at the end of the band', of({ atLeast: 30, hysteresis: 2 }), '1=30 2=28 3=27.9 4=29', '+@1 -@3'],
    ['below, with a band', of({ below: 10, hysteresis: 5 }), '1=10 2=9 3=14.9 4=15 5=12', '+@2 -@4'],
    ['at most, with a band', of({ atMost: 10, hysteresis: 5 }), '1=10 2=15 3=15.1', '+@1 -@3'],
    ['a band of decimals', of({ above: 0.3, hysteresis: 0.1 }), '1=0.4 2=0.21 3=0.2', '+@1 -@3'],
    ['no number says nothing', above, '1=31 2=cold 3=null 4=NaN 5= 6=Infinity 7="1" 8=[1] 10=true', '+@1'],
    ['every number counts that a double holds', above, '1=1.7976931348623157e308 2=-1e308 3=1e301', '+@1 -@2 +@3'],
    ['a gap says nothing', above, '1=31 2=!', '+@1'],
    ['each key has a band of its own', banded, '1a=31 2b=29 3b=31 4a=27 5=31', '+a@1 +b@3 -a@4 +@5'],
    ['all keys together, where asked for', of({ above: 30, perKey: false }), '1a=31 2b=29', '+@1 -@2'],
    ['only the key that is asked for', of({ above: 30, key: 'b' }), '1a=31 2=31 3b=31', '+b@3'],
    ['only events that pass where', of({ above: 30, where: { v: { below: 40 } } }), '1=99 2=31 3=99', '+@2'],
    ['what comes late has happened all the same', above, '10=20 11=31@5 12=20', '+@11 -@12'],
    ['what comes late does not end it', above, '10=31 11=20@5 12=32 13=20@11 14=20', '+@10 -@14'],
    [
      'nor begins it anew, once something newer has ended it',
      above,
      '10=31 11=20 12=31@9 13=20@12 14=31@10 15=31',
      '+@10 -@11 +@15',
    ],
    ['each key for itself', above, '10a=31 11a=20 12b=31@5 13a=31@9', '+a@10 -a@11 +b@12'],
    ['but of all keys together it does', of({ above: 30, perKey: false }), '10a=31 11b=20 12a=31@9', '+@10 -@11 +@12'],
    ['an event that comes twice changes nothing', above, '1=31#x 2=31#x', '+@1'],
    ['without a field, of the data themselves', { kind: 'threshold', above: 30 }, '1:31 2=1 3:30', '+@1 -@3'],
    ['a field within a field', of({ field: 'v.w', above: 30 }), '1={"w":31} 2=5 3={"w":5}', '+@1 -@3'],
  ])('%s', (_what, condition, events, expected) => {
    expect(toldOf(condition, events)).toBe(expected);
  });

  test('tells the event and its number', () => {
    const [up, down] = run(above, '1=31#x 2=5#y').transitions;
    expect([up?.value, up?.event?.id, down?.value, down?.event?.id]).toEqual([31, 'x', 5, 'y']);
  });
});

describe('match', () => {
  const down: Condition = { kind: 'match', where: { v: 'down' } };

  test.each<[string, Condition, string, string]>([
    ['from an event that passes to one that does not', down, '1=up 2=down 3=down 4=up', '+@2 -@4'],
    ['without where, any event', { kind: 'match' }, '1=null', '+@1'],
    ['but no gap', { kind: 'match' }, '1=!', ''],
    ['a missing field does not pass', down, '1=down 2=', '+@1 -@2'],
    ['what comes late has happened all the same', down, '10=up 11=down@1', '+@11'],
    [
      'once it has ceased, what comes late does not begin it anew',
      down,
      '10=down 11=up 12=down@9 13=down',
      '+@10 -@11 +@13',
    ],
    ['other keys do not end it', { ...down, key: { oneOf: ['a', 'b'] } }, '1a=down 2b=up 3c=up 4c=down', '+a@1'],
  ])('%s', (_what, condition, events, expected) => {
    expect(toldOf(condition, events)).toBe(expected);
  });
});

describe('change', () => {
  const of = changeOf;
  const any = of({});
  const by2 = of({ by: 2 });
  const half = of({ byPercent: 50 });

  test.each<[string, Condition, string, string]>([
    ['the first value is none', any, '1=1 2=1 3=1', ''],
    ['holds with the event, ceases with the next', any, '1=1 2=2 3=2 4=2', '+@2 -@3'],
    ['one upon the other is told each time', any, '1=1 2=2 3=3', '+@2 -@3 +@3'],
    ['texts and null', any, '1=on 2=on 3=off 4=null 5=null', '+@3 -@4 +@4 -@5'],
    ['objects, in whatever order', any, '1={"a":1,"b":2} 2={"b":2,"a":1} 3={"a":1}', '+@3'],
    ['a number is no text', any, '1=1 2="1"', '+@2'],
    ['an event without the field says nothing', any, '1=1 2= 3=1', ''],
    ['the data as a whole', { kind: 'change' }, '1:{"a":1} 2:{"a":1} 3:{} 4:5', '+@3 -@4 +@4'],
    ['exactly so much is enough', by2, '1=10 2=11.9 3=12', '+@3'],
    ['small steps add up', by2, '1=10 2=11 3=12 4=13 5=14', '+@3 -@4 +@5'],
    ['downwards too', by2, '1=10 2=8', '+@2'],
    ['there and back is none', by2, '1=10 2=11 3=9 4=10.5', ''],
    ['decimals as they were meant', of({ by: 0.1 }), '1=0.2 2=0.3 3=0.4', '+@2 -@3 +@3'],
    ['what is no number is passed over', by2, '1=10 2=x 3=null 4=11', ''],
    ['in percent of what it was', of({ byPercent: 5 }), '1=100 2=104.9 3=105 4=110', '+@3 -@4'],
    ['in percent of a negative number', half, '1=-2 2=-2.5 3=-3', '+@3'],
    ['from 0 any difference is enough', half, '1=0 2=0 3=0.01', '+@3'],
    ['a late event has no place among the others', any, '10=1 11=2@5 12=1', ''],
    ['of equal times the order of arrival decides', any, '10=1 11=2@10', '+@11'],
    ['a clock that ran ahead makes no later event late', any, '10=1@1000000 11=2', '+@11'],
    ['a clock that fell back is passed over until it is right', any, '10=1 11=2@1 12=3@2 13=1', ''],
    ['each key by itself', any, '1a=1 2b=2 3a=1 4b=3', '+b@4'],
  ])('%s', (_what, condition, events, expected) => {
    expect(toldOf(condition, events)).toBe(expected);
  });
});

describe('absence', () => {
  const silent: Condition = { kind: 'absence', forMs: 100 };
  const each: Condition = { ...silent, perKey: true };
  const named: Condition = { ...each, key: { oneOf: ['a', 'b'] } };

  test.each<[string, Condition, string, number, string]>([
    ['holds when nothing has come since it began', silent, '', 100, '+@100'],
    ['not a moment before', silent, '', 99, ''],
    ['an event puts it off', silent, '60=1', 159, ''],
    ['up to so long after the event', silent, '60=1', 1_000, '+@160'],
    ['ceases with the next', silent, '60=1 300=1', 300, '+@160 -@300'],
    ['is told by the next event, if nobody looked', silent, '250=1 500=1', 0, '+@100 -@250 +@350 -@500'],
    ['an event in the very moment comes too late', silent, '100=1', 100, '+@100 -@100'],
    ['goes by arrival, whatever the source says', silent, '90=1@-5000 180=1@900000', 279, ''],
    ['of those that pass where', { ...silent, where: { v: 'ok' } }, '50=bad 90=ok 150=bad', 190, '+@190'],
    ['a gap is no event', silent, '50=!', 100, '+@100'],
    ['of one key, also when others come', { ...silent, key: 'a' }, '50b=1 120b=1 130a=1', 0, '+a@100 -a@130'],
    ['of all keys together', silent, '50a=1 120b=1', 200, ''],
    ['of each key that has been heard of', each, '50a=1 120b=1', 500, '+a@150 +b@220'],
    ['of each that is named, though never heard of', named, '50a=1', 500, '+b@100 +a@150'],
    ['append times that stand still or fall back', silent, '300=1 300=1 250=1', 399, '+@100 -@300'],
  ])('%s', (_what, condition, events, until, expected) => {
    expect(toldOf(condition, events, until)).toBe(expected);
  });

  test.each<[string, Condition, string, number, number | null]>([
    ['so long after it began', silent, '', 0, 100],
    ['so long after the newest event', silent, '60=1', 0, 160],
    ['no more when it holds', silent, '60=1', 160, null],
    ['never, where no key is known', each, '', 0, null],
    ['by the key that is silent longest', each, '10a=1 20b=1 30a=1', 0, 120],
    ['by the others, when that one has been told of', each, '10a=1 20b=1 30a=1', 125, 130],
  ])('is to be looked at again %s', (_what, condition, events, until, due) => {
    expect(dueAt(condition, run(condition, events, until).state)).toBe(due);
  });

  test('that time brought about has no event', () => {
    expect(run(silent, '', 500).transitions).toEqual([
      { became: 'holding', key: null, at: 100, event: null, value: null, forgotten: false },
    ]);
  });
});
