/** What clocks that jump do to schedulers and limiters of others, tried here: none stands still, none catches up. */
import { describe, expect, test } from 'vitest';
import { takePlace } from '../../src/apis/limits.ts';
import type { Settings } from '../../src/apis/settings.ts';
import { startLoop } from '../../src/hosts/node/loop.ts';
import { createHostLimiter } from '../../src/net/politeness.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { watchClock } from '../../src/store/clock-watch.ts';
import { createQuotas } from '../../src/store/quotas/quotas.ts';
import { feedOf, identified, items, reading, settle, stageOf, START } from '../feeds/run/stage.ts';

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000];

/** A feed that is pulled once a minute, in a process whose clock may be wrong while its timers are not. */
function everyMinute() {
  let bursts = 0;
  const feed = feedOf(
    async function* () {
      bursts += 1;
      yield { items: items([reading(bursts)]), position: bursts, last: true };
    },
    { everyMs: MINUTE },
  );
  const stage = stageOf({ streams: { readings: identified(feed) } });
  let wrong = 0;
  const runtime = { ...stage.deps.runtime, now: () => stage.clock.now + wrong };
  const loop = startLoop(watchClock({ ...stage.deps, runtime }));
  return {
    bursts: () => bursts,
    turn: (ms: number) => void (wrong = ms),
    wait: async (ms: number) => {
      for (let passed = 0; passed < ms; passed += SECOND) await stage.clock.advance(SECOND);
    },
    stop: () => stage.clock.drive(loop.stop()),
  };
}

describe('a feed that is pulled once a minute', () => {
  test.each([2 * HOUR, DAY, 365 * DAY])('goes on when a clock that was %d ms ahead is right again', async (ahead) => {
    const { bursts, turn, wait, stop } = everyMinute();
    await settle();
    turn(ahead);
    await wait(90 * SECOND);
    turn(0);
    const before = bursts();
    await wait(5 * MINUTE);
    expect(bursts() - before).toBeGreaterThanOrEqual(5);
    expect(bursts() - before).toBeLessThanOrEqual(6);
    await stop();
  });

  test.each([HOUR, 56 * 365 * DAY])('goes on when the clock is set back by %d ms', async (back) => {
    const { bursts, turn, wait, stop } = everyMinute();
    await wait(90 * SECOND);
    const before = bursts();
    turn(-back);
    await wait(5 * MINUTE);
    expect(bursts() - before).toBeGreaterThanOrEqual(5);
    expect(bursts() - before).toBeLessThanOrEqual(6);
    await stop();
  });

  test('is pulled once after a suspend of eight hours, within seconds, and not once for each minute of it', async () => {
    const { bursts, turn, wait, stop } = everyMinute();
    await wait(90 * SECOND);
    const before = bursts();
    // Timers stand still meanwhile.
    turn(8 * HOUR);
    await wait(6 * SECOND);
    expect(bursts() - before).toBe(1);
    await wait(5 * MINUTE);
    expect(bursts() - before).toBe(6);
    await stop();
  });
});

describe.each([HOUR, DAY])('a limit that was used up while the clock was %d ms ahead', (ahead) => {
  test('of an API refuses nobody when it is right again, and nobody for longer than its window', async () => {
    const store = createMemoryStore();
    const settings = { limits: [{ scope: 'api', perMs: MINUTE, requests: 3 }] } as unknown as Settings;
    const take = (now: number) => takePlace(store, settings, 1, now);
    for (let taken = 0; taken < 3; taken += 1) expect(await take(START + ahead)).toBeNull();
    expect(await take(START + ahead)).not.toBeNull();
    for (let taken = 0; taken < 3; taken += 1) expect(await take(START)).toBeNull();
    expect((await take(START))?.waitMs).toBeLessThanOrEqual(MINUTE);
  });

  test('of requests to a host refuses nobody when it is right again', async () => {
    const limiter = createHostLimiter();
    let now = START + ahead;
    let slept = 0;
    const sleep = (ms: number) => {
      slept += ms;
      now += ms;
      return Promise.resolve();
    };
    const clock = { now: () => now, sleep, signal: new AbortController().signal };
    const enter = () => limiter.enter('example.com', { perSecond: 0.1 }, now + MINUTE, clock);
    (await enter())?.();
    now = START;
    (await enter())?.();
    expect(slept).toBe(0);
    (await enter())?.();
    expect(slept).toBeLessThanOrEqual(11 * SECOND);
  });

  test('of what is stored refuses nobody when it is right again', async () => {
    let now = START + ahead;
    const store = createMemoryStore();
    const quotas = createQuotas({ now: () => now, log: () => {} });
    const quota = {
      name: 'quotas.test',
      of: 'tests',
      unit: 'bytes',
      each: 1_000,
      all: 10_000,
      lastsMs: HOUR,
      hint: '',
    } as const;
    const owner = { tenant: 'public', subject: 'ada' };
    await quotas.take(store, quota, owner, 1_000);
    await expect(quotas.take(store, quota, owner, 1_000)).rejects.toMatchObject({ code: 'rate_limited' });
    now = START;
    await quotas.take(store, quota, owner, 1_000);
    const refused: unknown = await quotas.take(store, quota, owner, 1_000).catch((thrown: unknown) => thrown);
    expect((refused as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(2 * HOUR);
  });
});
