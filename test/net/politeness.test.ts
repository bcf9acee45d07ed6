import { describe, expect, it, test, vi } from 'vitest';
import { fc } from '../properties.ts';
import { http } from '../../src/index.ts';
import { createHostLimiter, type Politeness } from '../../src/net/politeness.ts';
import { hang, type HttpSource, startHttpSource, status, text } from '../services/http-feed.ts';
import { runBurst } from '../feeds/run/burst-context.ts';
import { createClock, settle } from '../feeds/run/stage.ts';

const FAR = Number.MAX_SAFE_INTEGER;

function stage() {
  const clock = createClock();
  const ending = new AbortController();
  const hostLimiter = createHostLimiter();
  const context = {
    now: () => clock.now,
    sleep: (ms: number, s?: AbortSignal) => clock.sleep(ms, s),
    signal: ending.signal,
  };
  const enter = (host: string, politeness: Politeness = {}, until = FAR) =>
    hostLimiter.enter(host, politeness, until, context);
  return { clock, ending, enter };
}

it('lets four in at a time by default, of all who ask a host, and none wait for another host', async () => {
  const { clock, enter } = stage();
  const places = await Promise.all([1, 2, 3, 4].map(() => enter('a')));
  let fifth = false;
  const waiting = enter('a').then(() => (fifth = true));
  await clock.advance(5_000);
  expect(fifth).toBe(false);
  expect(await enter('b')).not.toBeNull();
  places[0]?.();
  await clock.advance(1_000);
  await waiting;
  expect(fifth).toBe(true);
});

it('gives a place that was never given back to others, when its request must be over', async () => {
  const { clock, enter } = stage();
  await enter('a', { concurrency: 1 }, clock.now + 20_000);
  const next = enter('a', { concurrency: 1 });
  await clock.advance(19_000);
  let entered = false;
  void next.then(() => (entered = true));
  await settle();
  expect(entered).toBe(false);
  await clock.advance(2_000);
  expect(await next).not.toBeNull();
});

const feedOf = ({ origin, host }: HttpSource, politeness: Politeness) =>
  http({ url: `${origin}/feed`, allow: [host], politeness: { perSecond: 1_000, ...politeness } });

describe('a feed', () => {
  it('has its place until it has read the body, of all feeds together', async () => {
    await using source = await startHttpSource();
    let open = 0;
    let most = 0;
    source.on('/feed', (_request, response) => {
      most = Math.max(most, (open += 1));
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('[1');
      setTimeout(() => {
        open -= 1;
        response.end(']');
      }, 20);
    });
    const bursts = await Promise.all(Array.from({ length: 6 }, () => runBurst(feedOf(source, { concurrency: 2 }))));
    expect(bursts.map(({ items, error }) => [items.length, error])).toEqual(bursts.map(() => [1, null]));
    expect(most).toBe(2);
  });

  it('gives its place back whatever befalls it', async () => {
    await using source = await startHttpSource();
    const feed = feedOf(source, { concurrency: 1 });
    for (const behaviour of [status(500), status(304), status(204), text('garbage'), text('[]')]) {
      source.on('/feed', behaviour);
      await runBurst(feed);
    }
    source.on('/feed', hang);
    await runBurst(http({ url: `${source.origin}/feed`, allow: [source.host], timeoutMs: 20 }));
    source.on('/feed', text('[1]'));
    expect((await runBurst(feed)).items).toHaveLength(1);
  });

  it('that finds no place in its time says so', async () => {
    await using source = await startHttpSource();
    source.on('/feed', hang);
    const ending = new AbortController();
    const first = runBurst(feedOf(source, { concurrency: 1 }), { signal: ending.signal });
    await vi.waitFor(() => expect(source.requests).toHaveLength(1));
    const signal = AbortSignal.timeout(50);
    const { error } = await runBurst(feedOf(source, { concurrency: 1 }), { signal, deadline: Date.now() + 50 });
    expect(error).toMatchObject({ code: 'upstream', field: 'politeness' });
    ending.abort();
    await first;
  });
});

it('answers null where the burst is over before its turn', async () => {
  const { enter, ending } = stage();
  await enter('a', { concurrency: 1 });
  const waiting = enter('a', { concurrency: 1 });
  ending.abort();
  expect(await waiting).toBeNull();
});

test('no second sees more requests than may begin in one, however they come', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(0.5, 1, 3, 10),
      fc.array(fc.nat({ max: 700 }), { minLength: 1, maxLength: 40 }),
      async (perSecond, pauses) => {
        const { clock, enter } = stage();
        const begun: number[] = [];
        const work: Promise<unknown>[] = [];
        for (const pause of pauses) {
          clock.now += pause;
          work.push(
            (async () => {
              const leave = await enter('a', { perSecond, concurrency: 1_000 });
              begun.push(clock.now);
              leave?.();
            })(),
          );
          await settle();
        }
        await clock.drive(Promise.all(work));
        const most = Math.max(1, perSecond);
        const windowMs = (1_000 * most) / perSecond;
        begun.sort((a, b) => a - b);
        for (const [index, at] of begun.entries()) {
          const earlier = begun[index - most];
          if (earlier !== undefined) expect(at - earlier).toBeGreaterThanOrEqual(windowMs);
        }
      },
    ),
    { numRuns: 20 },
  );
});

it('remembers a bounded number of hosts', async () => {
  const { enter, clock } = stage();
  for (let host = 0; host < 3_000; host += 1) (await enter(`h${host}`, { perSecond: 0.001 }))?.();
  // The first is forgotten, and so is when it was asked.
  expect(await enter('h0', { perSecond: 0.001 })).not.toBeNull();
  expect(clock.sleepers).toBe(0);
});
