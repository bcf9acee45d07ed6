/**
 * Kills ingesting processes at seeded moments and then asks what became of the data: events with ids exactly once, events
 * read by position exactly once and in order, events without either at least once, and nothing left to do.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMosquitto } from '../../infra/local/mosquitto.ts';
import { startRedis } from '../../infra/local/redis.ts';
import { startUpstash } from '../../infra/local/upstash.ts';
import { readConfig } from '../../src/core/config.ts';
import { isGap, type LoggedEvent } from '../../src/core/event.ts';
import { nodeRuntime } from '../../src/entry/node-runtime.ts';
import { ingest } from '../../src/ingest/run.ts';
import { openStore } from '../../src/store/open.ts';
import { isPresent, type Cursor, type Store } from '../../src/store/store.ts';
import { feedKey, streamLog } from '../../src/streams/names.ts';
import { publish } from '../ingest/mqtt-bursts.ts';
import { chaosApp } from './app.ts';
import { seeded } from './seeded.ts';
import { startSource } from './source.ts';
import type { WorkerSettings } from './worker.ts';

export type Engine = 'sqlite' | 'redis';

export interface KillRun {
  engine: Engine;
  seed: number;
  kills: number;
  /** Processes that run side by side; one of them is killed each time, and replaced. */
  workers: number;
}

export interface KillReport {
  kills: number;
  /** Kills that left a lease behind: they fell into a burst. */
  inBurst: number;
  /** Items that the upstreams gave, of each kind. */
  given: number;
  /** The numbers found in each stream, in log order. */
  found: { identified: number[]; positioned: number[]; messages: number[] };
  /** Position of the feed that is read by position. */
  position: unknown;
  /** Gap events of the MQTT stream: the broker lost nothing, so there are none. */
  gaps: number;
}

const ITEMS_PER_KILL = 200;
const LEASE_MS = 1_000;
/** A kill falls somewhere in this time after the items came. */
const KILL_WITHIN_MS = 1_500;
/** By so much the clock is moved on in each round of settling, so that no lease or pause has to be waited for. */
const SETTLE_STEP_MS = 60_000;
const SETTLE_ROUNDS = 100;

export async function killRun({ engine, seed, kills, workers }: KillRun): Promise<KillReport> {
  const random = seeded(seed);
  const ends: (() => unknown)[] = [];
  try {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-chaos-'));
    ends.push(() => rmSync(folder, { recursive: true, force: true }));
    const environment = await startEngine(engine, folder, ends);
    const source = await startSource();
    ends.push(() => source.stop());
    const broker = await startMosquitto(['max_queued_messages 0']);
    ends.push(() => broker.stop());
    const mqttUrl = `mqtt://127.0.0.1:${broker.port}`;
    const settings: WorkerSettings = { environment, sourceUrl: source.url, mqttUrl, leaseMs: LEASE_MS };

    const runtime = nodeRuntime(() => {});
    const app = chaosApp(source.url, mqttUrl);
    const store = await openStore(readConfig(environment, 'sqlite'), runtime, app.name);
    ends.push(() => store.close());
    const deps = { app, store, runtime };
    // The session has to stand at the broker before anything is published.
    await ingest(deps, runtime.now() + 5_000, { leaseMs: LEASE_MS });

    let inBurst = 0;
    const running: ChildProcess[] = [];
    ends.push(() => Promise.all(running.map(kill)));
    for (let index = 0; index < workers; index += 1) running.push(await startWorker(settings));
    for (let count = 0; count < kills; count += 1) {
      await give(source, broker.port);
      await sleep(random() * KILL_WITHIN_MS);
      const victim = Math.floor(random() * running.length);
      await kill(running[victim]!);
      if (await leaseLeft(store, [...app.feeds.keys()], runtime.now())) inBurst += 1;
      running[victim] = await startWorker(settings);
    }
    await Promise.all(running.map(kill));

    const given = source.size();
    const report = async (): Promise<KillReport> => ({
      kills,
      inBurst,
      given,
      found: {
        identified: await numbers(store, 'identified'),
        positioned: await numbers(store, 'positioned'),
        messages: await numbers(store, 'messages'),
      },
      position: await positionOf(store, 'positioned'),
      gaps: await gapsOf(store, 'messages'),
    });
    for (let round = 1; round <= SETTLE_ROUNDS && !(await settled(report, given)); round += 1) {
      const later = { ...runtime, now: () => Date.now() + round * SETTLE_STEP_MS };
      await ingest({ ...deps, runtime: later }, later.now() + 5_000, { leaseMs: LEASE_MS });
    }
    // Once more, with nothing new: what is there twice would show now.
    const last = { ...runtime, now: () => Date.now() + (SETTLE_ROUNDS + 1) * SETTLE_STEP_MS };
    await ingest({ ...deps, runtime: last }, last.now() + 5_000, { leaseMs: LEASE_MS });
    return await report();
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

async function give(source: { size(): number; grow(items: number): void }, mqttPort: number): Promise<void> {
  const first = source.size();
  source.grow(ITEMS_PER_KILL);
  const messages = Array.from({ length: ITEMS_PER_KILL }, (_, index) => {
    return { topic: `chaos/${index % 3}`, payload: JSON.stringify({ n: first + index }) };
  });
  await publish(mqttPort, messages);
}

async function settled(report: () => Promise<KillReport>, given: number): Promise<boolean> {
  const { found } = await report();
  return Object.values(found).every((numbers) => new Set(numbers).size >= given);
}

async function startEngine(engine: Engine, folder: string, ends: (() => unknown)[]): Promise<Record<string, string>> {
  if (engine === 'sqlite') return { STORE: 'sqlite', SQLITE_PATH: join(folder, 'chaos.db') };
  const redis = await startRedis();
  ends.push(() => redis.stop());
  const front = await startUpstash(redis.url);
  ends.push(() => front.stop());
  return { STORE: 'redis', UPSTASH_REDIS_REST_URL: front.url, UPSTASH_REDIS_REST_TOKEN: front.token };
}

async function startWorker(settings: WorkerSettings): Promise<ChildProcess> {
  const file = join(import.meta.dirname, 'worker.ts');
  const child = spawn(process.execPath, [file, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const outcome = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  if (!String(outcome[0]).startsWith('ready')) throw new Error(`a worker did not start: ${outcome[0]}`);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function events(store: Store, stream: string): Promise<LoggedEvent[]> {
  const found: LoggedEvent[] = [];
  let cursor: Cursor | null = null;
  for (;;) {
    const page = await store.read(streamLog('public', stream), cursor, 1_000);
    if (page.entries.length === 0) return found;
    found.push(...page.entries.map(({ value }) => value as LoggedEvent));
    cursor = page.cursor;
  }
}

async function numbers(store: Store, stream: string): Promise<number[]> {
  const logged = await events(store, stream);
  return logged.filter((event) => !isGap(event)).map(({ data }) => (data as { n: number }).n);
}

async function gapsOf(store: Store, stream: string): Promise<number> {
  const logged = await events(store, stream);
  return logged.filter(isGap).length;
}

/** Whether a feed is still held: with one worker, by the one that was killed. */
async function leaseLeft(store: Store, feeds: readonly string[], now: number): Promise<boolean> {
  const readings = await store.getMany(
    feeds.map((feed) => feedKey('public', feed)),
    now,
  );
  return readings.some(({ value }) => (value as { lease?: unknown } | null)?.lease);
}

async function positionOf(store: Store, feed: string): Promise<unknown> {
  const reading = await store.get(feedKey('public', feed), Date.now());
  return isPresent(reading) ? (reading.value as { position: unknown }).position : null;
}
