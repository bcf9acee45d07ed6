import { beforeEach, describe, expect, test } from 'vitest';
import { believeClock, isSurelyOver, lookAtClock, readSurely, tellClock } from '../../src/store/clock-seen.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { timeWithin, liesBeyond, isToCome, watchedClock } from '../../src/base/time/stored-time.ts';

const START = Date.UTC(2026, 10, 20, 12);
const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];

describe('the clock that the store has seen', () => {
  let now = START;
  let store = createMemoryStore();
  let logged: string[] = [];
  let ids = 0;
  const runtime = {
    now: () => now,
    newId: () => `id${(ids += 1)}`,
    log: (_: string, message: string) => void logged.push(message),
  };
  const look = () => lookAtClock({ store, runtime }, now + 10_000);
  const believe = async () => {
    const { setBack } = await look();
    if (setBack !== null) await believeClock({ store, runtime }, setBack, now + 10_000);
  };
  const isOver = (at: number) => isSurelyOver({ store, runtime }, at);

  beforeEach(() => {
    now = START;
    store = createMemoryStore();
    logged = [];
  });

  test('a clock that goes on each minute is believed at once', async () => {
    for (let minute = 0; minute < 40; minute += 1) {
      expect(await look()).toEqual({ agesBy: now, setBack: null });
      now += MINUTE;
    }
    expect(logged).toEqual([]);
  });

  test.each([HOUR, DAY, 400 * DAY])(
    '%d ms ahead for 7 s: nothing ages by it, and it is told from when it is right again until it is believed',
    async (ahead) => {
      await look();
      now += MINUTE + ahead;
      for (let looks = 0; looks < 3; looks += 1) {
        expect(await look()).toEqual({ agesBy: START, setBack: null });
        now += 2_000;
      }
      now -= ahead;
      for (let looks = 0; looks < 2; looks += 1) {
        expect(await look()).toMatchObject({ agesBy: now, setBack: { byMs: ahead - 6_000 } });
      }
      await believe();
      expect(await look()).toEqual({ agesBy: now, setBack: null });
      expect(new Set(logged)).toHaveLength(2);
    },
  );

  test('a leap that stands for ten minutes is believed: the machine slept', async () => {
    await look();
    now += DAY;
    expect((await look()).agesBy).toBe(START);
    now += 9 * MINUTE;
    expect((await look()).agesBy).toBe(START);
    now += MINUTE;
    expect((await look()).agesBy).toBe(now);
  });

  test('a time is surely over by a clock that is not doubted, and is not asked for where it is to come', async () => {
    expect([await isOver(now), await isOver(now + 1)]).toEqual([true, false]);
    await look();
    now += HOUR;
    expect([await isOver(START), await isOver(START + 1), await isOver(now)]).toEqual([true, false, false]);
    await look();
    now += 10 * MINUTE;
    await look();
    expect(await isOver(now)).toBe(true);
    now -= HOUR;
    expect(await isOver(now)).toBe(true);
  });

  test('a schedule that runs each hour ages by the time of the run before the last', async () => {
    await look();
    now += HOUR;
    expect((await look()).agesBy).toBe(START);
    for (let run = 2; run < 5; run += 1) {
      now += HOUR;
      expect((await look()).agesBy).toBe(now - 2 * HOUR);
    }
  });

  test('a clock that leaps again before its leap has stood ages by the time before both', async () => {
    await look();
    now += HOUR;
    await look();
    now += MINUTE + DAY;
    expect((await look()).agesBy).toBe(START);
  });

  test('a clock that is set back from a day ahead to an hour ahead is doubted still', async () => {
    await look();
    now += DAY;
    await look();
    now += HOUR - DAY;
    expect(await look()).toMatchObject({ agesBy: START, setBack: { byMs: DAY - HOUR } });
    await believe();
    expect(await look()).toEqual({ agesBy: START, setBack: null });
    now += 10 * MINUTE;
    await believe();
    expect(await look()).toEqual({ agesBy: now, setBack: null });
  });

  test('an hour back: it is told until it is believed, and the clock counts as it is', async () => {
    await look();
    now -= HOUR;
    expect(await look()).toMatchObject({ agesBy: now, setBack: { byMs: HOUR } });
    await believe();
    now += MINUTE;
    expect(await look()).toEqual({ agesBy: now, setBack: null });
  });

  test('five minutes after it was believed it is looked at once more, for a process that was ahead for longer', async () => {
    await look();
    now -= HOUR;
    await believe();
    now += 5 * MINUTE;
    expect((await look()).setBack).toBeNull();
    now += MINUTE;
    // A clock that is ahead does not use that up.
    now += DAY;
    expect((await look()).setBack).toBeNull();
    now -= DAY;
    await believe();
    now += 6 * MINUTE;
    expect((await look()).setBack).toMatchObject({ byMs: null });
    await believe();
    for (let minutes = 0; minutes < 20; minutes += 1) {
      now += MINUTE;
      expect((await look()).setBack).toBeNull();
    }
  });

  test('a clock that is ahead again meanwhile is not believed away', async () => {
    await look();
    now += HOUR;
    await look();
    now -= HOUR;
    const { setBack } = await look();
    await tellClock({ store, runtime }, now + DAY, { now, deadline: now + 10_000 });
    await believeClock({ store, runtime }, setBack ?? expect.fail(), now + 10_000);
    expect(await look()).toMatchObject({ setBack: { byMs: DAY } });
  });

  test('a record that expired by a leap alone still stands', async () => {
    await look();
    const key = { partition: 'p', id: 'once' };
    const put = { kind: 'put' as const, ...key, value: '{"v":1}', expects: null, expiresAt: now + HOUR };
    await store.commit([put], { id: 'c', now, deadline: now + 1_000 });
    const reading = async () => readSurely({ store, runtime }, await store.get(key, now));
    now += DAY;
    expect(await store.get(key, now)).toMatchObject({ value: null, version: 'c' });
    expect(await reading()).toMatchObject({ value: '{"v":1}' });
    await look();
    expect(await reading()).toMatchObject({ value: '{"v":1}' });
    now += 10 * MINUTE;
    expect(await reading()).toMatchObject({ value: null });
  });

  test('skew of 5 s between instances is nothing', async () => {
    await look();
    now -= 5_000;
    expect(await look()).toEqual({ agesBy: now, setBack: null });
  });
});

test('a stored time counts within its bound, and 10 s more', () => {
  expect(isToCome(START, START, 0)).toBe(false);
  expect(isToCome(START + 1, START, 0)).toBe(true);
  expect(isToCome(START + 40_000, START, 30_000)).toBe(true);
  expect(isToCome(START + 40_001, START, 30_000)).toBe(false);
  expect(liesBeyond(Infinity, START, Infinity)).toBe(false);
  expect(timeWithin(START + DAY, START, 30_000)).toBe(START);
  expect(timeWithin(Infinity, START, 30_000)).toBe(Infinity);
});

test('a watched clock tells each time that it is set back', () => {
  let now = START;
  let told = 0;
  const clock = watchedClock(
    () => now,
    () => (told += 1),
  );
  for (const step of [1_000, -5_000, DAY, -DAY, 1_000, -HOUR]) {
    now += step;
    clock();
  }
  expect(told).toBe(2);
});
