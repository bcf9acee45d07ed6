/**
 * A page of a range at 10⁶ events (on DynamoDB Local at 10⁵) that arrived in the order of their times, and of as many whose
 * older half was read in after the newer one. Both are measured in turns, and the medians of five compared.
 */
import * as z from 'zod';
import { defineApp, stream } from '../../src/index.ts';
import type { Json } from '../../src/base/json.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { commitSurely } from '../../src/store/commit.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { findStream } from '../../src/streams/find-stream.ts';
import { readHistory } from '../../src/streams/history/events.ts';
import { projectLatest } from '../../src/streams/log/latest.ts';
import { streamLog } from '../../src/streams/log/stream-log.ts';
import { type StreamScope, scopeOfLogs } from '../../src/streams/scope.ts';
import { type Engine, ENGINES } from '../services/engine.ts';
import { onEngine } from './engines.ts';
import { median, print } from './print.ts';

const EVENTS: Record<Engine, number> = { sqlite: 1_000_000, redis: 1_000_000, dynamodb: 100_000 };
const CALLS: Record<Engine, number> = { sqlite: 200, redis: 200, dynamodb: 40 };
const ROUNDS = 5;
const COMMIT_ENTRIES = 1_000;
const STEP_MS = 1_000;
const PAGE = 100;

const runtime = nodeRuntime(() => {});
const app = defineApp({
  name: 'ranges',
  version: '1.0.0',
  description: 'Events of the past',
  streams: {
    events: stream({ description: 'Events', schema: z.object({ v: z.number() }), retention: { events: 2_000_000 } }),
  },
});

/** @param timeOf the time of the event that arrives as number `n` */
async function fill(scope: StreamScope, events: number, timeOf: (n: number) => number): Promise<void> {
  const { store, tenant } = scope;
  for (let first = 0; first < events; first += COMMIT_ENTRIES) {
    const entries = Array.from({ length: COMMIT_ENTRIES }, (_, index): Json => {
      return { id: `${first + index}`, time: timeOf(first + index), data: { v: index } };
    });
    const append = { kind: 'append', log: streamLog(tenant, 'events'), entries } as const;
    await commitSurely(runtime, store, [append], runtime.now() + 60_000);
  }
  await projectLatest(scope, findStream(app, 'events'), { deadline: runtime.now() + 600_000 });
}

/** Median time of a page, ms; and its store calls. */
async function timed(scope: StreamScope, calls: number, from: number): Promise<{ ms: number; storeCalls: number }> {
  const times: number[] = [];
  let storeCalls = 0;
  for (let count = 0; count < calls; count += 1) {
    const began = performance.now();
    const range = { from: from + count * PAGE * STEP_MS, to: from + (count + 1) * PAGE * STEP_MS };
    const { events, scanned } = await readHistory(scope, findStream(app, 'events'), { ...range, limit: PAGE });
    times.push(performance.now() - began);
    if (events.length !== PAGE) throw new Error(`a page has ${events.length} events`);
    storeCalls = Math.max(storeCalls, scanned.storeCalls);
  }
  return { ms: median(times), storeCalls };
}

export async function benchRanges(): Promise<void> {
  for (const engine of ENGINES) {
    const events = EVENTS[engine];
    const begun = runtime.now() - events * STEP_MS;
    const orders = {
      ordered: (n: number) => begun + n * STEP_MS,
      backfilled: (n: number) => begun + ((n + events / 2) % events) * STEP_MS,
    };
    const figures: Record<keyof typeof orders, { ms: number; storeCalls: number }[]> = { ordered: [], backfilled: [] };
    await onEngine(engine, async (environment) => {
      const scopes = await Promise.all(
        (['ordered', 'backfilled'] as const).map(async (name) => {
          const path = environment['SQLITE_PATH'];
          const own = path === undefined ? environment : { ...environment, SQLITE_PATH: `${path}-${name}` };
          const store = await openStore(readConfig(own, 'sqlite'), runtime, `ranges-${name}`);
          return { name, store, scope: scopeOfLogs({ app, store, runtime }, PUBLIC) };
        }),
      );
      for (const { name, scope } of scopes) await fill(scope, events, orders[name]);
      for (let round = 0; round <= ROUNDS; round += 1) {
        for (const { name, scope } of scopes) {
          const figure = await timed(scope, CALLS[engine], begun + (events / 4) * STEP_MS);
          if (round > 0) figures[name].push(figure);
        }
      }
      for (const { store } of scopes) await store.close();
    });
    const [ordered, backfilled] = [figures.ordered, figures.backfilled].map((list) => median(list.map(({ ms }) => ms)));
    print(`A page of a range at ${events.toLocaleString('en')} events on ${engine}, p50`, [
      ['in the order of their times', `${(ordered ?? 0).toFixed(3)} ms`],
      ['the older half read in later', `${(backfilled ?? 0).toFixed(3)} ms`],
      ['ratio', ((backfilled ?? 0) / (ordered ?? 1)).toFixed(2), '≤ 1.50'],
      ['store calls', `${callsOf(figures.ordered)} and ${callsOf(figures.backfilled)}`],
    ]);
  }
}

function callsOf(list: readonly { storeCalls: number }[]): number {
  return Math.max(...list.map(({ storeCalls }) => storeCalls));
}
