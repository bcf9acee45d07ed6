/** What a schedule runs: rounds while more is due and something comes, the sweep in any case, and how late feeds are. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { feedMetrics, latenessOf } from '../../src/entry/feed-metrics.ts';
import { runScheduled } from '../../src/entry/scheduled.ts';
import { type App, defineApp, pull, stream } from '../../src/index.ts';
import { systemRuntime } from '../../src/core/runtime.ts';
import { type FeedStatus } from '../../src/ingest/status.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Deps } from '../../src/streams/deps.ts';

/** An app whose one feed brings these many events at each burst, and is due again at once. */
function appOf(bursts: number[]): App {
  let n = 0;
  return defineApp({
    name: 'scheduled',
    version: '1.0.0',
    description: 'One feed',
    streams: {
      numbers: stream({
        description: 'Numbers',
        schema: z.object({ n: z.number() }),
        feed: pull({
          everyMs: 1,
          pull: () => {
            const items = Array.from({ length: bursts.shift() ?? 0 }, () => ({ n: (n += 1) }));
            return Promise.resolve({ items, position: n });
          },
        }),
      }),
    },
  });
}

/** `told` is the last line of each message. */
function depsOf(app: App): Deps & { lines: string[]; told: Map<string, JsonObject> } {
  const lines: string[] = [];
  const told = new Map<string, JsonObject>();
  const runtime = systemRuntime((level, message, fields) => {
    lines.push(`${level} ${message}`);
    told.set(message, fields ?? {});
  });
  return { app, store: createMemoryStore(), runtime, lines, told };
}

test('a feed that is due again and brings nothing ends the rounds', async () => {
  const deps = depsOf(appOf([0]));
  const report = await runScheduled(deps, Date.now() + 10_000);
  expect(report).toMatchObject({ events: 0, failed: [], error: null });
  expect(report.rounds).toBe(1);
  expect(deps.lines).toContain('info sweep');
});

test('the log tells what bursts and the sweep asked of the store', async () => {
  const deps = depsOf(appOf([3]));
  await runScheduled(deps, Date.now() + 10_000);
  // The second round finds nothing new.
  expect(deps.told.get('feed numbers')).toMatchObject({ events: 0, storeCalls: { commit: 2 } });
  expect(deps.told.get('ingest')).toMatchObject({ feeds: 1, events: 0, storeCalls: { getMany: 1, commit: 2 } });
  expect(deps.told.get('sweep')).toMatchObject({ projected: 0, storeCalls: { trim: 2, collect: 1 } });
});

test('without time nothing is pulled, and the rest is for the next run', async () => {
  const deps = depsOf(appOf([3]));
  const report = await runScheduled(deps, Date.now());
  expect(report).toMatchObject({ rounds: 1, events: 0, more: true, error: null });
});

test('a store that is gone is told, once and for all', async () => {
  const deps = depsOf(appOf([3]));
  await deps.store.close();
  const broken: Deps = {
    ...deps,
    store: { ...deps.store, getMany: () => Promise.reject(new Error('gone')) },
  };
  const report = await runScheduled(broken, Date.now() + 10_000);
  expect(report.error).toMatchObject({ message: 'gone' });
  expect(deps.lines).toContain('error ingest: gone');
});

const status = (more: Partial<FeedStatus>): FeedStatus => ({
  feed: 'f',
  type: 'http',
  source: '',
  streams: [],
  state: 'ok',
  lagMs: null,
  backlog: null,
  lastError: null,
  rejected: null,
  lastSuccessAt: null,
  nextAt: 0,
  failures: 0,
  bursts: 0,
  counts: { events: 0, duplicates: 0, rejected: 0, dropped: 0, thinned: 0, deadLetters: 0, bytes: 0 },
  ...more,
});

test('lateness is that of the latest feed that nobody works on', () => {
  const feeds = [
    status({ nextAt: 900, lagMs: 50 }),
    status({ nextAt: 400, lagMs: 70 }),
    status({ nextAt: 2_000 }),
    status({ nextAt: 1, state: 'running' }),
    status({ nextAt: 0, state: 'never-run' }),
  ];
  expect(latenessOf(feeds, 1_000)).toEqual({ feedLag: 70, oldestDue: 600 });
  expect(latenessOf([status({ nextAt: 2_000 })], 1_000)).toEqual({ feedLag: null, oldestDue: 0 });
});

test('metrics are one line in the embedded format, and none for an app without feeds', async () => {
  const deps = depsOf(appOf([2]));
  await runScheduled(deps, Date.now() + 10_000);
  const line = JSON.parse((await feedMetrics(deps)) ?? '') as Record<string, unknown>;
  expect(line).toMatchObject({
    App: 'scheduled',
    FeedLagMs: expect.any(Number),
    OldestDueMs: expect.any(Number),
    _aws: {
      Timestamp: expect.any(Number),
      CloudWatchMetrics: [
        {
          Namespace: 'Tidegate',
          Dimensions: [['App']],
          Metrics: [
            { Name: 'FeedLagMs', Unit: 'Milliseconds' },
            { Name: 'OldestDueMs', Unit: 'Milliseconds' },
          ],
        },
      ],
    },
  });
  const { feeds: _feeds, ...app } = deps.app;
  expect(await feedMetrics({ ...deps, app: { ...app, feeds: new Map() } })).toBeNull();
});
