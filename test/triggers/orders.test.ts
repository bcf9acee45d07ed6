/**
 * Occurrences are stored exactly once, whatever the order in which two evaluators read and store, events are appended and an
 * evaluator dies: every order of their store calls, one at a time.
 */
import { createHash } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import * as z from 'zod';
import { defineApp, stream, trigger } from '../../src/index.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Operation, Store } from '../../src/store/store.ts';
import { publish } from '../../src/streams/log/publish.ts';
import { loggedEvent, streamLog } from '../../src/streams/log/stream-log.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { createEvaluator } from '../../src/triggers/evaluator.ts';
import type { OccurrenceData } from '../../src/declare/trigger.ts';
import { byDepth } from '../depth.ts';
import {
  type Choose,
  everyState,
  type Gate,
  interleave,
  type Process,
  someOrders,
  withoutTime,
} from '../tasks/interleave.ts';

vi.setConfig({ testTimeout: byDepth(90_000, 90_000, 600_000) });
const SOME = byDepth(300, 1_000, null);

const temps = stream({
  description: 'Temperatures',
  schema: z.object({ room: z.string(), celsius: z.number() }),
  key: 'room',
});
const when = { kind: 'threshold', field: 'celsius', above: 30 } as const;
const app = defineApp({
  name: 'house',
  version: '1',
  description: 'A house',
  streams: { temps },
  triggers: {
    hot: trigger({ description: 'Hot', on: temps, when, alarm: {} }),
    once: trigger({ description: 'Hot', on: temps, when, dedupe: ({ key }) => key }),
  },
});
const NOW = Date.UTC(2026, 0, 1);
const runtime = withoutTime({
  ...systemRuntime(() => {}),
  now: () => NOW,
  random: () => 0.5,
  sha256: (text) => createHash('sha256').update(text).digest('base64url'),
});
const declared = app.streams.get('temps')!;
/** @param own of the process alone, so that it makes the same ids in every order */
const depsOf = (store: Store, own = 'before') => {
  let ids = 0;
  return { app, store, runtime: { ...runtime, newId: () => `${own}-${(ids += 1)}` } };
};
const deadline = NOW + 60_000;

const isRecords = (operations: unknown) =>
  (operations as Operation[]).some((one) => one.kind === 'append' || one.partition.startsWith('public/trigger'));
const gate: Gate = (call, [first]) => call === 'read' || call === 'getMany' || (call === 'commit' && isRecords(first));

const evaluating =
  (rounds: number, own: string): Process['run'] =>
  async (store) => {
    const evaluator = createEvaluator(depsOf(store, own));
    for (let round = 0; round < rounds; round += 1) {
      await evaluator.round('public', [...app.triggers.values()], deadline);
    }
  };
const appending =
  (...temperatures: number[]): Process['run'] =>
  async (store) => {
    const scope = scopeOfLogs(depsOf(store, `appends ${temperatures.join()}`), { tenant: 'public' });
    for (const celsius of temperatures) await publish(scope, declared, { data: { room: 'attic', celsius } }, deadline);
  };

async function toldBy(store: Store, name: string) {
  const { entries } = await store.read(streamLog('public', `trigger.${name}`), null, 100);
  const events = entries.map((entry) => loggedEvent.read(entry));
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  return events.map(({ data }) => {
    const { became, value } = data as unknown as OccurrenceData;
    return `${became} ${value}`;
  });
}

async function race(processes: Process[], choose: Choose): Promise<void> {
  const store = createMemoryStore();
  await evaluating(1, 'before')(store);
  await appending(31)(store);
  await interleave(store, processes, choose);
  await evaluating(3, 'after')(store);
  expect(await toldBy(store, 'hot')).toEqual(['holding 31', 'ceased 29', 'holding 33']);
  expect(await toldBy(store, 'once')).toEqual(['holding 31']);
}

/** All that the orders of these can lead to, or what some orders do. */
async function told(diesAt?: number): Promise<number> {
  const run = (choose: Choose) =>
    race(
      [
        { run: evaluating(2, 'a'), gate, ...(diesAt === undefined ? {} : { diesAt }) },
        { run: evaluating(2, 'b'), gate },
        { run: appending(29, 33), gate: (call) => call === 'commit' },
      ],
      choose,
    );
  if (SOME === null) return everyState(run);
  return someOrders(diesAt === undefined ? SOME : Math.ceil(SOME / 4), run);
}

test('two evaluators and events', async () => {
  expect(await told()).toBeGreaterThan(100);
});

test('one of them dies at any of its calls', async () => {
  for (let diesAt = 1; diesAt <= 7; diesAt += 1) expect(await told(diesAt)).toBeGreaterThan(50);
});

test('a commit whose answer is lost takes effect once', async () => {
  const memory = createMemoryStore();
  let lost = 0;
  const store: Store = {
    ...memory,
    async commit(operations, options) {
      const result = await memory.commit(operations, options);
      lost += 1;
      return lost % 2 === 1 ? { status: 'unknown', cause: new Error('lost') } : result;
    },
  };
  await evaluating(1, 'before')(store);
  for (const celsius of [31, 29, 33]) {
    await appending(celsius)(store);
    await evaluating(1, `after ${celsius}`)(store);
  }
  expect(await toldBy(store, 'hot')).toEqual(['holding 31', 'ceased 29', 'holding 33']);
});
