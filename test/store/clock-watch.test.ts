import { beforeEach, describe, expect, test } from 'vitest';
import { systemRuntime } from '../../src/base/runtime.ts';
import { believeClock, lookAtClock } from '../../src/store/clock-seen.ts';
import { trustClock, watchClock } from '../../src/store/clock-watch.ts';
import { countCalls } from '../../src/store/counting.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';

const START = Date.UTC(2026, 10, 20, 12);
const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

describe('a clock that is watched', () => {
  let now = START;
  let ids = 0;
  let base = createMemoryStore();
  let counted = countCalls(base);
  const lent = { ...systemRuntime(() => {}), now: () => now, newId: () => `id${(ids += 1)}` };
  let process = watchClock({ store: counted.store, runtime: lent });

  beforeEach(() => {
    now = START;
    base = createMemoryStore();
    counted = countCalls(base);
    process = watchClock({ store: counted.store, runtime: lent });
  });

  async function commit({ store, runtime }: typeof process = process): Promise<void> {
    const key = { partition: 'p', id: runtime.newId() };
    const at = runtime.now();
    const put = { kind: 'put' as const, ...key, value: '{"v":1}', expects: null, due: { queue: 'q', at: at + MINUTE } };
    const { status } = await store.commit([put], { id: runtime.newId(), now: at, deadline: at + 10 * SECOND });
    expect(status).toBe('committed');
  }

  /** What a sweep of another process sees. */
  const sweep = () => lookAtClock({ store: base, runtime: lent }, now + 10 * SECOND);

  test.each([HOUR, DAY])(
    '%d ms ahead between two sweeps: the next one knows it where anything was committed',
    async (ahead) => {
      await sweep();
      now += ahead;
      await commit();
      now += 7 * SECOND - ahead;
      expect(await sweep()).toMatchObject({ setBack: { byMs: ahead - 7 * SECOND } });
    },
  );

  test('a time that was read ahead and is committed by a clock that is right again is known too', async () => {
    await commit();
    now += DAY;
    process.runtime.now();
    now += 7 * SECOND - DAY;
    await commit();
    expect((await sweep()).setBack).not.toBeNull();
  });

  test('a clock that leaps twice is told twice', async () => {
    for (let leap = 0; leap < 2; leap += 1) {
      await commit();
      now += DAY;
      await commit();
      now += 7 * SECOND - DAY;
      const { setBack } = await sweep();
      await believeClock({ store: base, runtime: lent }, setBack ?? expect.fail(), now + SECOND);
    }
  });

  test('a clock that only reads tells nothing', async () => {
    now += DAY;
    await process.store.get({ partition: 'p', id: 'a' }, process.runtime.now());
    now -= DAY;
    expect(await sweep()).toEqual({ agesBy: now, setBack: null });
  });

  test('it costs two calls at the first commit of all, one at that of another process, and one or two each five minutes', async () => {
    await commit();
    expect(counted.calls()).toEqual({ get: 1, commit: 2 });
    for (let second = 0; second < 299; second += 1) {
      now += SECOND;
      await commit();
    }
    expect(counted.calls()).toEqual({ get: 1, commit: 301 });
    const other = watchClock({ store: counted.store, runtime: lent });
    counted.reset();
    await commit(other);
    expect(counted.calls()).toEqual({ get: 1, commit: 1 });
    now += SECOND;
    await commit();
    expect(counted.calls()).toEqual({ get: 2, commit: 3 });
  });

  test('the engine is asked through the view of who commits', async () => {
    let asked = 0;
    const observed = (onRequest: () => void): Store => ({
      ...base,
      commit(...given) {
        onRequest();
        return base.commit(...given);
      },
    });
    const watched = watchClock({ store: { ...base, observed }, runtime: lent });
    await commit({ ...watched, store: watched.store.observed?.(() => (asked += 1)) ?? expect.fail() });
    expect(asked).toBe(2);
  });

  test('what cannot be told now is told before the next commit', async () => {
    let isGone = true;
    const get: Store['get'] = (...given) => (isGone ? Promise.reject(new Error('gone')) : base.get(...given));
    const watched = watchClock({ store: { ...base, get }, runtime: lent });
    now += DAY;
    await commit(watched);
    isGone = false;
    now -= DAY;
    await commit(watched);
    expect((await sweep()).setBack).not.toBeNull();
  });

  test('deps that are watched already, or whose clock is trusted, come back as they are', () => {
    expect(watchClock(process)).toBe(process);
    const trusted = { store: trustClock(createMemoryStore()), runtime: lent };
    expect(watchClock(trusted)).toBe(trusted);
  });
});
