/** Feeds under a clock that jumps: what was stored by a wrong clock holds nothing up. */
import { describe, expect, test } from 'vitest';
import { TidegateError } from '../../../src/base/errors.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { feedStatus } from '../../../src/feeds/records/status.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { anonymous, feedOf, items, reading, settle, type Stage, stageOf, TENANT } from './stage.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

async function status(stage: Stage) {
  const [only] = await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT }));
  if (!only) throw new Error('no feed');
  return only;
}

function polled(everyMs: number) {
  let n = 0;
  const feed = feedOf(
    async function* ({ now }) {
      n += 1;
      yield { items: items([reading(n, 'a', now())]), last: true };
    },
    { everyMs },
  );
  return stageOf({ streams: { readings: anonymous(feed) } });
}

describe('a feed whose clock jumped', () => {
  test.each([
    ['a day ahead for 7 s, and right again', DAY, 7_000],
    ['an hour ahead, and right again', HOUR, 60_000],
  ])('%s: it goes on at its pace', async (_, ahead, forMs) => {
    const stage = polled(60_000);
    expect(await stage.run()).toMatchObject({ outcome: 'pulled' });
    await stage.clock.advance(60_000);
    stage.clock.now += ahead;
    expect(await stage.run()).toMatchObject({ outcome: 'pulled' });
    stage.clock.now += forMs - ahead;
    // Nobody has run it yet: it does not say that all is well.
    expect((await status(stage)).state).toBe('overdue');
    expect(await stage.run()).toMatchObject({ outcome: 'pulled', state: 'ok', events: 1 });
    expect((await status(stage)).nextAt).toBe(stage.clock.now + 60_000);
    expect((await stage.run()).outcome).toBe('waiting');
    expect(stage.logged.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      'the record of a feed was written by a clock that was ahead of this one: the feed is run now',
    ]);
  });

  test.each([HOUR, DAY])('set back by %d ms: it goes on at its pace', async (back) => {
    const stage = polled(60_000);
    expect(await stage.run()).toMatchObject({ outcome: 'pulled' });
    stage.clock.now -= back;
    expect(await stage.run()).toMatchObject({ outcome: 'pulled', state: 'ok' });
    expect((await stage.run()).outcome).toBe('waiting');
    await stage.clock.advance(60_000);
    expect(await stage.run()).toMatchObject({ outcome: 'pulled' });
  });

  test('a skew of 5 s between two instances changes nothing', async () => {
    const stage = polled(60_000);
    await stage.run();
    stage.clock.now -= 5_000;
    expect((await stage.run()).outcome).toBe('waiting');
    expect((await status(stage)).state).toBe('ok');
  });

  test('a breaker and a Retry-After of a clock that was ahead end with it', async () => {
    const stage = stageOf({
      streams: {
        readings: anonymous(
          // oxlint-disable-next-line require-yield -- it fails before
          feedOf(async function* () {
            throw new TidegateError('upstream', '429', { retryAfterMs: HOUR });
          }),
        ),
      },
    });
    stage.clock.now += DAY;
    for (let failure = 0; failure < 5; failure += 1) {
      await stage.run();
      await stage.clock.advance(HOUR);
    }
    stage.clock.now -= DAY + 5 * HOUR;
    expect((await stage.run()).outcome).toBe('failed');
    // The pause that a right clock sets is kept.
    await stage.clock.advance(HOUR - 1);
    expect((await stage.run()).outcome).toBe('waiting');
  });

  test('a lease that a process left behind a day ahead is over, and counts as no failure of the feed', async () => {
    let hangs = true;
    const feed = feedOf(async function* ({ signal }) {
      if (hangs) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      yield { items: items([reading(1)]), last: true };
    });
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    stage.clock.now += DAY;
    void stage.run();
    await settle();
    stage.clock.now -= DAY;
    hangs = false;
    const report = await stage.run();
    expect(report).toMatchObject({ outcome: 'pulled', events: 1, state: 'ok' });
    expect((await status(stage)).failures).toBe(0);
  });

  test('what is dated ahead of the clock is told, and the next event takes its place', async () => {
    let at = 0;
    const feed = feedOf(async function* ({ now }) {
      at = now();
      yield { items: items([reading(1, 'a', at)]), last: true };
    });
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    stage.clock.now += DAY;
    await stage.run();
    stage.clock.now -= DAY;
    expect(await status(stage)).toMatchObject({ aheadMs: DAY });
    stage.clock.now += DAY;
    expect(await status(stage)).not.toHaveProperty('aheadMs');
  });

  test('a burst under way ends when its clock is set back, and the next one begins at once', async () => {
    let bursts = 0;
    const feed = feedOf(async function* ({ now, sleep, signal }) {
      bursts += 1;
      // As a feed does that listens: it keeps a time of its own.
      const until = now() + 10_000;
      while (now() < until && !signal.aborted) await sleep(1_000, signal);
      yield { items: items([reading(bursts, 'a', now())]), last: true };
    });
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    const { clock } = stage;
    let offset = 0;
    const deps = { ...stage.deps, runtime: { ...stage.deps.runtime, now: () => clock.now + offset } };
    const first = ingest(deps, clock.now + 60_000);
    await settle();
    await clock.advance(1_000);
    offset = -HOUR;
    const before = clock.now;
    expect((await clock.drive(first)).feeds[0]).toMatchObject({ outcome: 'pulled', events: 1 });
    expect(clock.now - before).toBeLessThan(2_000);
    expect(stage.logged.some(({ message }) => message.startsWith('the clock was set back'))).toBe(true);
    expect((await clock.drive(ingest(deps, clock.now + offset + 60_000))).feeds[0]).toMatchObject({
      outcome: 'pulled',
    });
  });
});
