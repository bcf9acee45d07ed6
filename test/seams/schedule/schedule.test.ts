/** `ingest` and `sweep` are called by a schedule of somebody's own, with the package's exports alone. */
import { defineApp, pull, stream } from 'tidegate';
import { systemRuntime } from 'tidegate/host';
import { ingest, sweep } from 'tidegate/schedule';
import { createMemoryStore } from 'tidegate/store';
import { expect, test } from 'vitest';
import * as z from 'zod';

const AT = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

const app = defineApp({
  name: 'scheduled',
  version: '1',
  description: 'One feed',
  streams: {
    numbers: stream({
      description: 'Numbers',
      schema: z.object({ n: z.number() }),
      retention: { ageMs: DAY_MS },
      feed: pull({
        everyMs: 60_000,
        async pull({ position }) {
          const n = Number(position ?? 0) + 1;
          return { items: [{ n }], position: n };
        },
      }),
    }),
  },
});

test('a feed is pulled when it is due, and what is past its retention is removed', async () => {
  let now = AT;
  const store = createMemoryStore();
  const deps = { app, store, runtime: { ...systemRuntime(() => {}), now: () => now } };
  const pulled = async () => (await ingest(deps, now + 10_000)).feeds.reduce((sum, { events }) => sum + events, 0);
  expect(await pulled()).toBe(1);
  expect(await pulled()).toBe(0);
  now += 60_000;
  expect(await pulled()).toBe(1);

  const log = 'public/stream/numbers';
  expect((await store.extent(log)).count).toBe(2);
  now += 2 * DAY_MS;
  expect(await pulled()).toBe(1);
  expect((await sweep(deps, now + 10_000)).error).toBeNull();
  expect((await store.extent(log)).count).toBe(1);
});
