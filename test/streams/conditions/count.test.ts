import { describe, expect, test } from 'vitest';
import type { Condition } from '../../../src/declare/condition.ts';
import { dueAt } from '../../../src/streams/conditions/condition.ts';
import { run, toldOf } from './notation.ts';

describe('count', () => {
  const three: Condition = { kind: 'count', atLeast: 3, withinMs: 100 };
  const once: Condition = { ...three, atLeast: 1 };

  test.each<[string, Condition, string, number, string]>([
    ['so many within the time', three, '0=1 50=1 99=1', 99, '+@99'],
    ['not within exactly the time', three, '0=1 50=1 100=1', 100, ''],
    ['only those that pass', { ...three, where: { v: 1 } }, '0=1 1=2 2=1 3=2 4=1', 4, '+@4'],
    ['all keys together', three, '0a=1 1b=1 2=1', 2, '+@2'],
    ['each key by itself, where asked for', { ...three, perKey: true }, '0a=1 1b=1 2a=1 3a=1', 3, '+a@3'],
    [
      'keys cease in the order of time, not of their events',
      { ...three, atLeast: 2, perKey: true },
      '0a=1 80b=1 81b=1 90a=1',
      500,
      '+b@81 +a@90 -a@100 -b@180',
    ],
    ['ceases when time has moved the window on', three, '0=1 50=1 60=1', 100, '+@60 -@100'],
    ['not a moment before', three, '0=1 50=1 60=1', 99, '+@60'],
    ['goes on while more come', three, '0=1 50=1 60=1 90=1 140=1', 160, '+@60 -@160'],
    ['one is enough, each time after a pause', once, '0=1 50=1 300=1', 300, '+@0 -@150 +@300'],
    ['a backlog is no crowd', three, '9000=1@0 9001=1@1000 9002=1@2000', 9_002, ''],
    ['a crowd of it is told when it comes', three, '9000=1@0 9001=1@10 9002=1@20', 9_002, '+@9002'],
    ['and ceases as it would have', three, '9000=1@0 9001=1@10 9002=1@20 9003=1@30', 9_083, '+@9002 -@9083'],
    ['or with an event from after it', three, '9000=1@0 9001=1@10 9002=1@20 9003=1@500', 9_003, '+@9002 -@9003'],
    ['of which each may begin a new one', once, '9000=1@0 9001=1@500', 9_001, '+@9000 -@9001 +@9001'],
    ['a late event counts where it happened', three, '200=1 250=1 260=1@190', 260, '+@260'],
    ['and not where that is too long ago', three, '200=1 250=1 260=1@150', 260, ''],
    ['a clock that ran ahead shuts nothing out', three, '0=1@1000000 10=1 20=1', 20, '+@20'],
    ['one that fell back is passed over until it is right', three, '500=1 510=1 520=1@0 530=1', 530, '+@530'],
    ['an id counts once, with its newest time', three, '0=1#x 10=1#x 20=1#x 30=1#y 105=1#z', 105, '+@105'],
    ['also when its times are out of order', three, '50=1#x 60=1@10#x 70=1#y', 70, ''],
    ['a gap is no event', three, '0=1 1=1 2=!', 2, ''],
  ])('%s', (_what, condition, events, until, expected) => {
    expect(toldOf(condition, events, until)).toBe(expected);
  });

  test('says when it ceases, and nothing while it does not hold', () => {
    expect(dueAt(three, run(three, '0=1 50=1').state)).toBeNull();
    expect(dueAt(three, run(three, '0=1 50=1 60=1').state)).toBe(100);
    expect(dueAt(three, run(three, '0=1 50=1 60=1', 100).state)).toBeNull();
  });

  test('remembers no more than it counts', () => {
    const all = Array.from({ length: 200 }, (_, i) => `${1_000 + i}=1`).join(' ');
    const [subject] = run(three, all).state.subjects;
    expect(subject?.memory).toMatchObject({ marks: [expect.anything(), expect.anything(), expect.anything()] });
  });
});
