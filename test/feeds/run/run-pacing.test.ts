/** When a feed is run again, how long a burst may last, and what keeps its lease. */
import { describe, expect, test } from 'vitest';
import type { BurstContext } from '../../../src/declare/feed.ts';
import { TidegateError } from '../../../src/base/errors.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { feedStatus } from '../../../src/feeds/records/status.ts';
import { readLatest } from '../../../src/streams/log/read-latest.ts';
import { anonymous, feedOf, items, reading, readings, settle, type Stage, stageOf, START, TENANT } from './stage.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

function failing(error: () => Error | null) {
  return feedOf(async function* () {
    const thrown = error();
    if (thrown) throw thrown;
    yield { items: items([reading(1)]), last: true };
  });
}

const down = () => new TidegateError('upstream', 'answered 503');

async function status(stage: Stage) {
  const [only] = await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT }));
  if (!only) throw new Error('no feed');
  return only;
}

describe('a feed that fails', () => {
  test('backs off from 1 s on, opens its breaker at the fifth failure, is probed, and closes it again', async () => {
    let broken = true;
    const stage = stageOf({ streams: { readings: anonymous(failing(() => (broken ? down() : null))) } });
    expect((await status(stage)).state).toBe('never-run');
    const pauses: number[] = [];
    const states: string[] = [];
    for (let failure = 1; failure <= 9; failure += 1) {
      const report = await stage.run();
      expect(report).toMatchObject({ outcome: 'failed', commits: 2, error: { code: 'upstream' } });
      pauses.push(report.nextAt - stage.clock.now);
      states.push(report.state);
      await stage.clock.advance(report.nextAt - stage.clock.now - 1);
      expect((await stage.run()).outcome).toBe('waiting');
      await stage.clock.advance(1);
    }
    // Chance is one half: three quarters of each step, but never below the least.
    expect(pauses).toEqual([1_000, 1_500, 3_000, 6_000, 45_000, 90_000, 180_000, 225_000, 225_000]);
    expect(states).toEqual([
      ...Array.from({ length: 4 }, () => 'backing-off'),
      ...Array.from({ length: 5 }, () => 'open'),
    ]);
    const logged = stage.logged.filter(({ message }) => message === 'a feed failed').map(({ level }) => level);
    expect(logged.indexOf('error')).toBe(4);
    broken = false;
    expect(await stage.run()).toMatchObject({ outcome: 'pulled', state: 'ok' });
    expect(await status(stage)).toMatchObject({ state: 'ok', failures: 0, lastError: null, bursts: 10 });
  });

  test('is left alone as long as the upstream asks, within an hour', async () => {
    let retryAfterMs = 120_000;
    const stage = stageOf({
      streams: { readings: anonymous(failing(() => new TidegateError('upstream', '429', { retryAfterMs }))) },
    });
    expect((await stage.run()).nextAt).toBe(stage.clock.now + 120_000);
    await stage.clock.advance(120_000);
    retryAfterMs = 1e12;
    expect((await stage.run()).nextAt).toBe(stage.clock.now + 3_600_000);
  });

  test('waits until the time that the upstream named, within an hour; a burst that asks nothing meanwhile is no success', async () => {
    let notBefore = START + 120_000;
    let broken = false;
    const feed = feedOf(async function* ({ now }: BurstContext) {
      if (broken) throw down();
      yield notBefore - 60_000 > now()
        ? { items: items([reading(1)]), last: true, notBefore }
        : { items: [], last: true, notBefore };
    });
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    expect(await stage.run()).toMatchObject({ outcome: 'pulled', nextAt: START + 120_000 });
    await stage.clock.advance(120_000);
    broken = true;
    const { nextAt } = await stage.run();
    await stage.clock.advance(nextAt - stage.clock.now);
    broken = false;
    notBefore = stage.clock.now + 30_000;
    expect(await stage.run()).toMatchObject({ outcome: 'waiting', nextAt: notBefore });
    expect(await status(stage)).toMatchObject({ lastSuccessAt: START, failures: 1, state: 'backing-off' });
    await stage.clock.advance(30_000);
    notBefore = stage.clock.now + 1e12;
    expect((await stage.run()).nextAt).toBe(stage.clock.now + 3_600_000);
  });

  test('says why, when, and since when it was last well', async () => {
    let broken = false;
    const stage = stageOf({ streams: { readings: anonymous(failing(() => (broken ? down() : null))) } });
    const wellAt = stage.clock.now;
    await stage.run();
    broken = true;
    await stage.clock.advance(60_000);
    await stage.run();
    expect(await status(stage)).toMatchObject({
      state: 'backing-off',
      lastError: { code: 'upstream', message: 'answered 503', at: stage.clock.now },
      lastSuccessAt: wellAt,
      // Its one event is dated a millisecond ahead of the burst, and counts as of it.
      lagMs: 60_000,
      counts: { events: 1 },
    });
  });

  test('but delivers before, keeps what it delivered and does not come nearer to the breaker', async () => {
    const feed = feedOf(async function* ({ position }) {
      const at = (position as number | null) ?? 0;
      yield { items: items(readings(at, at + 5)), position: at + 5 };
      throw down();
    });
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    for (let burst = 0; burst < 7; burst += 1) {
      expect(await stage.run()).toMatchObject({ outcome: 'failed', state: 'backing-off', events: 5 });
      await stage.clock.advance(60_000);
    }
    expect(await stage.events()).toHaveLength(35);
    expect(await readLatest(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings', 's0')).toMatchObject({
      data: { value: 34 },
    });
  });
});

/** One event at the beginning, one at the end. */
function silent(timeMs: number) {
  return feedOf(
    async function* ({ signal, sleep }) {
      yield { items: items([reading(1)]) };
      await sleep(timeMs, signal);
      yield { items: items([reading(2)]), last: true };
    },
    { budget: { timeMs: timeMs + 1_000 } },
  );
}

describe('a burst', () => {
  test('is told to end when its time is over, and then counts as good if it brought something', async () => {
    const feed = feedOf(
      async function* ({ signal, sleep }) {
        for (let n = 0; !signal.aborted; n += 1) {
          yield { items: items([reading(n)]) };
          await sleep(700, signal);
        }
        throw signal.reason;
      },
      { budget: { timeMs: 2_000 } },
    );
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    const began = stage.clock.now;
    const report = await stage.clock.drive(stage.run());
    expect(report).toMatchObject({ outcome: 'pulled', events: 3, nextAt: stage.clock.now });
    expect(stage.clock.now).toBe(began + 2_000);
  });

  test('leaves time to commit before the deadline of its caller', async () => {
    const feed = feedOf(async function* ({ signal, sleep, deadline }) {
      yield { items: items([reading(1)]), position: deadline };
      await sleep(1e9, signal);
    });
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    const began = stage.clock.now;
    expect(await stage.clock.drive(stage.run({}, 9_000))).toMatchObject({ outcome: 'pulled', events: 1 });
    expect(stage.clock.now).toBe(began + 6_000);
  });

  test('that hangs and does not hear is given up, and fails', async () => {
    const feed = feedOf(
      async function* () {
        await new Promise(() => {});
        yield { items: [] };
      },
      { budget: { timeMs: 5_000 } },
    );
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    const report = await stage.clock.drive(stage.run());
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'upstream' } });
    expect((await status(stage)).state).toBe('backing-off');
  });

  test('that nothing came in by its end fails when it throws', async () => {
    const feed = feedOf(
      // oxlint-disable-next-line require-yield
      async function* ({ signal, sleep }) {
        await sleep(1e9, signal);
        throw signal.reason;
      },
      { budget: { timeMs: 5_000 } },
    );
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    expect(await stage.clock.drive(stage.run())).toMatchObject({ outcome: 'failed', error: { code: 'cancelled' } });
  });

  test('ends early and without blame when the process is told to end', async () => {
    const stop = new AbortController();
    const feed = feedOf(
      // oxlint-disable-next-line require-yield
      async function* ({ signal, sleep }) {
        await sleep(1e9, signal);
        throw signal.reason;
      },
    );
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    const run = stage.run({ signal: stop.signal });
    await settle();
    stop.abort();
    expect(await run).toMatchObject({ outcome: 'pulled', error: null });
    expect((await status(stage)).failures).toBe(0);
  });

  test('that is long and silent keeps its lease; a short one makes no commit for it', async () => {
    const long = stageOf({ streams: { readings: anonymous(silent(200_000)) } });
    const run = long.run({}, 600_000);
    for (let second = 0; second < 195; second += 5) {
      await long.clock.advance(5_000);
      expect((await ingest(long.deps, long.clock.now + 60_000)).feeds[0]).toMatchObject({ outcome: 'leased' });
    }
    expect(await long.clock.drive(run)).toMatchObject({ outcome: 'pulled', events: 2 });

    const short = stageOf({ streams: { readings: anonymous(silent(18_000)) } });
    // Lease, event, its latest after 5 s, event, its latest with the lease.
    expect(await short.clock.drive(short.run())).toMatchObject({ events: 2, commits: 5 });
  });

  test('that lasts shows its latest events meanwhile', async () => {
    const feed = feedOf(async function* ({ signal, sleep }) {
      yield { items: items([reading(1)]) };
      await sleep(15_000, signal);
    });
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    const run = stage.run();
    await settle();
    expect(await readLatest(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings', 'a')).toBeNull();
    await stage.clock.advance(5_000);
    expect(await readLatest(scopeOfLogs(stage.deps, { tenant: TENANT }), 'readings', 'a')).toMatchObject({
      data: { value: 1 },
    });
    await stage.clock.drive(run);
  });

  test('that says more is waiting is due at once', async () => {
    const feed = feedOf(async function* () {
      yield { items: items([reading(1)]), backlog: 7, last: true };
    });
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    expect((await stage.run()).nextAt).toBe(stage.clock.now);
    expect(await status(stage)).toMatchObject({ state: 'ok', backlog: 7 });
  });
});
