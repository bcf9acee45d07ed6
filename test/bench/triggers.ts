/**
 * 1,000 triggers on one stream to which 1,000 events a second are appended, in one process with the workers that `serve` has: the
 * processor time that judging takes, the store calls for each event, and how long it is from an event to its occurrence.
 */
import * as z from 'zod';
import type { TriggerCondition } from '../../src/declare/condition.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { startTaskWorkers } from '../../src/hosts/node/workers.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { defineApp, stream, trigger } from '../../src/index.ts';
import { commitSurely } from '../../src/store/commit.ts';
import { countCalls } from '../../src/store/counting.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { loggedEvent, streamLog } from '../../src/streams/log/stream-log.ts';
import type { Engine } from '../services/engine.ts';
import { onEngine } from './engines.ts';
import { median, print } from './print.ts';

const TRIGGERS = 1_000;
const A_SECOND = 1_000;
const SECONDS = 6;
const KEYS = 100;
/** Events of one append, as a burst brings them. */
const BATCH = 50;

const readings = stream({
  description: 'Readings',
  schema: z.object({ sensor: z.string(), value: z.number() }),
  key: 'sensor',
});

/** Each key has ten triggers of its own kind; most look at one key, as people declare them. */
function conditionOf(index: number, kind: 'one key' | 'all keys'): TriggerCondition {
  const key = kind === 'one key' ? { key: `s${index % KEYS}` } : {};
  const high = { kind: 'threshold', field: 'value', above: 99.5 + (index % 10) / 100, hysteresis: 50, ...key } as const;
  const forms: TriggerCondition[] = [
    high,
    { kind: 'aggregate', of: 'mean', field: 'value', overMs: 600_000, above: 95, ...key },
    { kind: 'count', atLeast: 50, withinMs: 1_000, perKey: true, ...key },
    { kind: 'all', of: [high, { kind: 'match', where: { value: { above: 99 } }, ...key }] },
  ];
  return forms[index % forms.length] ?? high;
}

function appOf(kind: Parameters<typeof conditionOf>[1]) {
  const triggers = Array.from({ length: TRIGGERS }, (_, index) => {
    const declared = trigger({ description: 'A reading is high', on: readings, when: conditionOf(index, kind) });
    return [`t${index}`, declared] as const;
  });
  return defineApp({
    name: 'triggers',
    version: '1',
    description: 'triggers',
    streams: { readings },
    triggers: Object.fromEntries(triggers),
  });
}

async function measure(opened: Store, kind: Parameters<typeof conditionOf>[1]) {
  const counted = countCalls(opened);
  const runtime = nodeRuntime(() => {});
  const app = appOf(kind);
  const workers = startTaskWorkers({ app, store: counted.store, runtime });
  const { changed } = workers.deps;
  await runtime.sleep(2_000);
  counted.reset();
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  let appended = 0;
  while (appended < A_SECOND * SECONDS) {
    const now = Date.now();
    const events = Array.from({ length: BATCH }, (_, index) => {
      const n = appended + index;
      const value = n % 997 === 0 ? 100 : (n * 7_919) % 99;
      return { id: `e${n}`, key: `s${n % KEYS}`, time: now, data: { sensor: `s${n % KEYS}`, value } };
    });
    await commitSurely(runtime, opened, [loggedEvent.append(streamLog('public', 'readings'), events)], now + 5_000);
    changed?.('public', 'readings');
    appended += BATCH;
    await runtime.sleep(Math.max(0, (appended / A_SECOND) * 1_000 - (performance.now() - began)));
  }
  await runtime.sleep(1_000);
  const { user, system } = process.cpuUsage(cpuBefore);
  const tookMs = performance.now() - began;
  const calls = counted.total();
  await workers.stop();
  const latencies: number[] = [];
  for (let index = 0; index < TRIGGERS; index += 1) {
    const { entries } = await opened.read(streamLog('public', `trigger.t${index}`), null, 1_000);
    for (const entry of entries) latencies.push(entry.appendedAt - loggedEvent.read(entry).time);
  }
  const sorted = latencies.toSorted((a, b) => a - b);
  return {
    share: (user + system) / 1_000 / tookMs,
    calls: calls / appended,
    occurrences: latencies.length,
    p50: median(latencies),
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
    rate: appended / ((tookMs - 1_000) / 1_000),
  };
}

export async function benchTriggers(): Promise<void> {
  const rows: [string, string, string?][] = [];
  const tell = (what: string, found: Awaited<ReturnType<typeof measure>>) => {
    rows.push([`${what}: events a second`, found.rate.toFixed(0), '1000']);
    rows.push([`${what}: share of a core`, `${(found.share * 100).toFixed(0)} %`, 'below 100 %']);
    rows.push([`${what}: store calls an event`, found.calls.toFixed(3), 'below 1']);
    rows.push([`${what}: ${found.occurrences} occurrences, p50`, `${found.p50} ms`, 'below 1000 ms']);
    rows.push([`${what}: p99`, `${found.p99} ms`]);
  };
  tell('memory, a key each', await measure(createMemoryStore(), 'one key'));
  tell('memory, all keys', await measure(createMemoryStore(), 'all keys'));
  for (const engine of ['sqlite', 'redis'] satisfies Engine[]) {
    await onEngine(engine, async (environment) => {
      const store = await openStore(
        readConfig(environment, 'sqlite'),
        nodeRuntime(() => {}),
        'triggers',
      );
      tell(`${engine}, a key each`, await measure(store, 'one key'));
      await store.close();
    });
  }
  print(`triggers: ${TRIGGERS} on one stream of ${A_SECOND} events a second, for ${SECONDS} s`, rows);
}
