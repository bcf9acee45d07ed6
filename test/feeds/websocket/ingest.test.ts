/** WebSocket feeds through the ingest run, on the stage's clock: gaps, catching up, replay, budgets, kills. */
import { beforeAll, describe, expect, test } from 'vitest';
import { ingest } from '../../../src/feeds/run/run.ts';
import { anonymous, settle } from '../run/stage.ts';
import { burst, catchUp, replaying, scene, type Scene, upTo } from './scene.ts';

// A burst loads it, which takes time that the stage's clock does not know of.
beforeAll(() => import('../../../src/feeds/websocket/run-burst.ts'));

test('what is ignored by its text leaves nothing, though it is no JSON; any other such message is a dead letter', async () => {
  const here = scene({ ignore: ['pong', ''] });
  const report = await burst(here, () => {
    for (const text of ['pong', '', 'pang']) here.source.say(text);
    here.source.emit();
  });
  expect(report).toMatchObject({ outcome: 'pulled', events: 1, rejected: 1 });
});

test('of messages with one id the first is the event, since a source may send one twice: no other is a dead letter', async () => {
  const here = scene({});
  const report = await burst(here, () => {
    for (const value of [1, 2]) here.source.say(trade(value, 0).replace(`"t${value}"`, '"same"'));
  });
  expect(report).toMatchObject({ events: 1, duplicates: 1, rejected: 0 });
  expect(await here.stored()).toEqual([1]);
});

describe('what was not listened to', () => {
  test('is a gap with its span, and the first burst has none', async () => {
    const here = scene({});
    await burst(here, () => here.source.emit());
    here.source.emit();
    await burst(here, () => here.source.emit());
    expect(await here.stored()).toEqual([0, 'not_listening', 2]);
    const [gap] = (await here.stage.events()).filter(({ meta }) => meta?.gap);
    // Ten seconds less a second of reserve were listened to; 31 later the next burst is there.
    expect(gap?.meta?.gap?.detail).toMatch(/^nobody listened from 2026-11-20T12:00:09.000Z to .*, \d+ s$/);
  });

  test('is a gap within a burst too, of which a short one may be tolerated', async () => {
    for (const [gapAboveMs, expected] of [
      [0, [0, 'not_listening', 1]],
      [1_000, [0, 1]],
    ] as const) {
      const here = scene({ gapAboveMs });
      await burst(here, async () => {
        here.source.emit();
        here.source.drop(1001);
        await settle();
        await here.stage.clock.advance(400);
        expect(here.source.isOpen()).toBe(true);
        here.source.emit();
      });
      expect(await here.stored()).toEqual(expected);
    }
  });

  test('is read over HTTP where there is a history, before what is live, and once', async () => {
    const here = scene({ catchUp });
    await burst(here, () => here.source.emit());
    here.source.emit();
    await here.stage.clock.advance(1_000);
    here.source.emit();
    await burst(here, () => here.source.emit(2));
    expect(await here.stored()).toEqual([0, 1, 2, 3]);
    const [asked = ''] = here.source.asked;
    // From what the first burst heard last, less the overlap.
    expect(new URL(asked).searchParams.get('since')).toBe(String(Date.UTC(2026, 10, 20, 12) + 9_000 - 10_000));
  });

  test('that cannot be read stays owed while what is live goes on, and the feed says why', async () => {
    const here = scene({ catchUp });
    await burst(here, () => here.source.emit());
    here.source.emit();
    here.source.historyStatus = 503;
    const report = await burst(here, () => here.source.emit(), 60_000);
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'upstream', field: 'catchUp.url' } });
    expect(await here.stored()).toEqual([0, 2]);
    here.source.historyStatus = 200;
    await burst(here, () => here.source.emit());
    expect(await here.stored()).toEqual([0, 2, 1, 3]);
  });

  test('longer than can be caught up with is a gap for what is given up', async () => {
    const here = scene({ catchUp: { ...catchUp, mostMs: 5_000, overlapMs: 0 } });
    await burst(here, () => here.source.emit());
    here.source.emit();
    await here.stage.clock.advance(60_000);
    here.source.emit();
    await burst(here, () => {}, 0);
    expect(await here.stored()).toEqual([0, 'not_listening', 2]);
  });

  test('and more than a burst may take is read in several, each event once, in order', async () => {
    const here = scene({ catchUp: { ...catchUp, overlapMs: 0 }, budget: { timeMs: 10_000, events: 40 } });
    await burst(here, () => here.source.emit());
    for (let n = 1; n <= 100; n += 1) {
      here.source.emit();
      await here.stage.clock.advance(10);
    }
    for (let round = 0; round < 4; round += 1) await burst(here, () => {}, 0);
    expect(await here.stored()).toEqual(Array.from({ length: 101 }, (_, n) => n));
  });
});

const trade = (value: number, sequence: number) =>
  JSON.stringify({ id: `t${value}`, sensor: 'a', at: Date.UTC(2026, 10, 20, 12), value, sequence });

const tellAll = (here: Scene, values: readonly number[]) => () => {
  for (const value of values) here.source.say(trade(value, value));
};

describe('a source that replays', () => {
  const options = {
    sequence: 'value',
    subscribe: ({ sequence }: { sequence: string | number | null }) => ({ after: sequence ?? -1 }),
  };
  test('loses nothing between bursts, and stores nothing twice without ids', async () => {
    const here = scene(options, anonymous);
    replaying(here);
    await burst(here, () => here.source.emit());
    here.source.emit();
    await burst(here, () => here.source.emit(2));
    expect(await here.stored()).toEqual(upTo(3));
    expect(here.source.said).toEqual(['{"after":-1}', '{"after":0}']);
  });

  test('nor where more comes than a burst may take', async () => {
    const here = scene({ ...options, budget: { timeMs: 10_000, events: 30 } }, anonymous);
    replaying(here);
    for (let n = 0; n < 100; n += 1) here.source.emit();
    for (let round = 0; round < 4; round += 1) await burst(here, () => {}, 0);
    expect(await here.stored()).toEqual(upTo(100));
  });

  test.each([true, false])('nor wherever a worker dies (before its commit: %s)', async (before) => {
    for (let nth = 1; nth <= 6; nth += 1) {
      const here = scene({ ...options, lingerMs: 1, freshMs: 1 }, anonymous);
      replaying(here);
      await here.begin(async (_, number, next) => {
        if (number < nth) return next();
        if (number === nth && !before) await next();
        return new Promise(() => {});
      });
      for (let n = 0; n < 8; n += 1) {
        here.source.emit();
        await here.stage.clock.advance(500);
      }
      here.source.drop();
      await here.stage.clock.advance(31_000);
      for (let round = 0; round < 2; round += 1) await burst(here, () => {}, 60_000);
      expect(await here.stored()).toEqual(upTo(8));
    }
  });

  describe('may leave out what it was asked for', () => {
    test.each([
      ['the last of it alone', [1, 2, 3, 4], [[19, 20]], [1, 2, 3, 4, 'not_resumed', 19, 20]],
      ['nothing of it, and goes on with what is live', [1, 2, 3, 4], [[], [7], [8]], [1, 2, 3, 4, 'not_resumed', 7, 8]],
      ['and begins again at 1', [1, 2, 3, 4], [[1, 2], [3]], [1, 2, 3, 4, 'not_resumed', 1, 2, 3]],
      ['nothing, as it was asked', [1, 2, 3, 4], [[5], [5, 6]], [1, 2, 3, 4, 5, 6]],
      ['nothing, where its numbers do not count one by one', [1, 2, 3, 4, 6], [[9]], [1, 2, 3, 4, 6, 9]],
      ['nothing that could be told behind too few of them', [1, 2], [[9]], [1, 2, 9]],
    ])('%s', async (_, before, later, expected) => {
      const here = scene(options, anonymous);
      await burst(here, tellAll(here, before));
      for (const values of later) await burst(here, tellAll(here, values));
      expect(await here.stored()).toEqual(expected);
    });

    test('which is told once, also where the worker dies before its commit', async () => {
      const here = scene({ ...options, lingerMs: 1, freshMs: 1 }, anonymous);
      await burst(here, tellAll(here, [1, 2, 3, 4]));
      await here.begin(() => new Promise(() => {}));
      here.source.say(trade(9, 9));
      await here.stage.clock.advance(1_000);
      here.source.drop();
      await here.stage.clock.advance(60_000);
      await burst(here, tellAll(here, [9, 10]));
      expect(await here.stored()).toEqual([1, 2, 3, 4, 'not_resumed', 9, 10]);
    });
  });

  describe('may skip some on one connection', () => {
    const first = upTo(100);
    const sparse = Array.from({ length: 80 }, (_, n) => n + Math.floor(n / 8));
    test.each([
      ['which is told once', [...first, 103, 104], [...first, 'skipped', 103, 104]],
      ['and again', [...first, 101, 103], [...first, 'skipped', 101, 'skipped', 103]],
      ['and give one number to several', [...first, 99, 100, 100, 101], [...first, 100, 101]],
      ['which nobody knows behind too few', [1, 2, 3, 4, 6], [1, 2, 3, 4, 6]],
      ['as a source that numbers other channels too', sparse, sparse],
      ['and begin again', [...first, 1, 2], [...first, 1, 2]],
    ])('%s', async (_, sent, expected) => {
      const here = scene(options, anonymous);
      await burst(here, tellAll(here, sent));
      expect(await here.stored()).toEqual(expected);
    });

    test('with how many are missing, and its behind a new connection too', async () => {
      const here = scene(options, anonymous);
      await burst(here, tellAll(here, first));
      await burst(here, tellAll(here, [100, 101, 104]));
      const gaps = (await here.stage.events()).flatMap(({ meta }) => meta?.gap ?? []);
      const detail = 'behind sequence 101 the source went on with 104: 2 of its messages are missing';
      expect(gaps).toEqual([{ reason: 'skipped', detail }]);
    });

    test.each([
      ['are ignored', '{"op":"beat","value":100}', 0],
      ['cannot be read', '{', 1],
    ])('nothing of which is missing where they %s, also in front of a new connection', async (_, passed, letters) => {
      const here = scene({ ...options, ignore: { op: 'beat' } }, anonymous);
      const report = await burst(here, async () => {
        tellAll(here, first)();
        here.source.say(passed);
        here.source.say(trade(101, 101));
        here.source.say(passed.replace('100', '102'));
      });
      expect(report).toMatchObject({ events: 101, rejected: letters * 2 });
      await burst(here, tellAll(here, [103, 105]));
      expect(await here.stored()).toEqual([...first, 101, 103, 'skipped', 105]);
    });

    test('which is told once, also where the worker dies before its commit', async () => {
      const here = scene({ ...options, lingerMs: 1, freshMs: 1 }, anonymous);
      await burst(here, tellAll(here, first));
      await here.begin(async (__, number, next) => (number === 1 ? next() : new Promise(() => {})));
      for (const value of [100, 103]) {
        here.source.say(trade(value, value));
        await here.stage.clock.advance(1_000);
      }
      here.source.drop();
      await here.stage.clock.advance(60_000);
      await burst(here, tellAll(here, [100, 103, 104]));
      expect(await here.stored()).toEqual([...first, 100, 'skipped', 103, 104]);
    });
  });

  const several = {
    ...options,
    sequence: 'sequence',
    subscribe: ({ sequence }: { sequence: string | number | null }) => ({ from: sequence ?? 0 }),
  };

  test('may give one sequence to several messages: each is stored, and each once where it sends them again', async () => {
    const here = scene(several, anonymous);
    const sent = [trade(0, 7), trade(1, 7), trade(2, 8), trade(3, 8)];
    here.source.onSaid = (text, tell) => {
      const { from } = JSON.parse(text) as { from: number };
      for (const message of sent) if ((JSON.parse(message) as { sequence: number }).sequence >= from) tell(message);
    };
    await burst(here, () => {});
    // More of the sequence that was reached, behind a new connection and on it, and one that comes twice.
    sent.push(trade(4, 8));
    await burst(here, () => {
      for (const more of [trade(5, 8), trade(6, 9), trade(6, 9)]) {
        sent.push(more);
        here.source.say(more);
      }
    });
    await burst(here, () => {});
    expect(await here.stored()).toEqual(upTo(7));
  });
});

describe('what is beyond the budget', () => {
  test.each([
    ['drop-newest', [0, 1, 2, 3], 0],
    ['drop-oldest', [6, 7, 8, 9], 0],
    ['dead-letter', [0, 1, 2, 3], 6],
  ] as const)('goes by %s', async (overflow, expected, deadLetters) => {
    const here = scene({ overflow, budget: { timeMs: 10_000, events: 4 } });
    const report = await burst(here, () => {
      for (let n = 0; n < 10; n += 1) here.source.emit();
    });
    expect(await here.stored()).toEqual(expected);
    expect(report).toMatchObject({ outcome: 'pulled', deadLetters });
  });

  test('is left to the history where there is one', async () => {
    const here = scene({ catchUp, budget: { timeMs: 10_000, events: 4 } });
    await burst(
      here,
      () => {
        for (let n = 0; n < 10; n += 1) here.source.emit();
      },
      0,
    );
    for (let round = 0; round < 4; round += 1) await burst(here, () => {}, 0);
    expect(await here.stored()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

test('a trickle costs few commits, and waits no longer than half a burst', async () => {
  const here = scene({ gapAboveMs: 60_000 });
  await burst(here, () => {});
  let commits = 0;
  const { ended } = await here.begin((_, __, next) => {
    commits += 1;
    return next();
  });
  const waits: number[] = [];
  for (let n = 0; n < 9; n += 1) {
    here.source.emit();
    await here.stage.clock.advance(1_000);
    waits.push(n + 1 - (await here.stored()).length);
  }
  await here.stage.clock.drive(ended);
  expect(await here.stored()).toHaveLength(9);
  expect(Math.max(...waits)).toBeLessThanOrEqual(5);
  // The lease, the first, one in the middle, the last, and those of the latest event.
  expect(commits).toBeLessThanOrEqual(6);
});

test('a process that is told to end stores what came before it does', async () => {
  const here = scene({});
  const stop = new AbortController();
  const runtime = { ...here.stage.deps.runtime, openWebSocket: here.source.openWebSocket };
  const ended = ingest({ ...here.stage.deps, runtime }, here.stage.clock.now + 60_000, { signal: stop.signal });
  await settle();
  here.source.emit();
  await here.stage.clock.advance(100);
  here.source.emit();
  stop.abort();
  await settle();
  await ended;
  expect(await here.stored()).toEqual([0, 1]);
  expect(here.source.isOpen()).toBe(false);
});
