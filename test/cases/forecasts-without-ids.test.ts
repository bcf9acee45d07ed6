/** A source that is asked for what is new answers with all its forecasts each time, and its items have no ids. */
import { expect, it } from 'vitest';
import * as z from 'zod';
import { http } from '../../src/index.ts';
import { defineApp } from '../../src/declare/check/define-app.ts';
import { stream } from '../../src/declare/stream.ts';
import { createTestApp } from '../../src/hosts/testing/test-app.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
const MINUTE = 60_000;

/** Reads four times. Answers how often each of the items was taken at most, and what the log warned of. */
async function poll(ahead: number, stepMs: number, idPath?: string) {
  const warned: string[] = [];
  const Item = z.object({ n: z.number(), at: z.number() });
  const app = defineApp({
    name: 'forecasts',
    version: '1.0.0',
    description: 'Forecasts',
    streams: {
      s: stream({
        description: 'Forecasts',
        schema: Item,
        time: 'at',
        aheadMs: Infinity,
        ...(idPath === undefined ? {} : { id: idPath as 'n', dedupe: 2_000 }),
        feed: http({
          url: 'https://source.example/items?from={since}',
          everyMs: MINUTE,
          since: { from: 'at', format: 'ms' },
        }),
      }),
    },
  });
  const all = Array.from({ length: ahead + 11 }, (_, n) => ({ n, at: NOON + (n - 10) * stepMs }));
  const t = createTestApp(app, {
    store: createMemoryStore(),
    at: NOON,
    log: (level, message) => void (level === 'warn' && warned.push(message)),
    fetch: ({ url }) => {
      const from = Number(new URL(url).searchParams.get('from'));
      return Promise.resolve(Response.json(all.filter(({ at }) => at >= from)));
    },
  });
  for (let round = 0; round < 4; round += 1) {
    const { feeds } = await t.ingest();
    expect(feeds[0]).toMatchObject({ outcome: 'pulled', error: null });
    await t.advance(MINUTE);
  }
  const taken = new Map<number, number>();
  const range = { from: 0, limit: 1_000 };
  let page = await t.streams.history<{ n: number }>('s', range);
  for (;;) {
    for (const { data } of page.events) taken.set(data.n, (taken.get(data.n) ?? 0) + 1);
    if (page.cursor === null) break;
    page = await t.streams.history<{ n: number }>('s', { ...range, cursor: page.cursor });
  }
  const counts = [...taken.values()];
  const [asked, most] = [taken.size, Math.max(...counts)];
  return { asked, most, warned: warned.filter((line) => line.includes('ahead')) };
}

it('three weeks of hourly forecasts are taken once', async () => {
  expect(await poll(504, 3_600_000)).toMatchObject({ most: 1, warned: [] });
});

it('more than a position remembers come twice, and the log says so once, with what to do', async () => {
  const { most, warned } = await poll(700, 3_600_000);
  expect(most).toBeGreaterThan(1);
  expect(warned).toEqual([expect.stringContaining('give the items an id')]);
});

it('more than a position remembers are taken once where they have an id', async () => {
  expect(await poll(700, 3_600_000, 'n')).toMatchObject({ most: 1, warned: [] });
});
