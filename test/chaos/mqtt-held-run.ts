/**
 * Devices publish at QoS 0 at a steady rate to Mosquitto. Two processes share a store, and one of them holds the feed. The
 * run looks at the store all the while: which numbers are there, how long each took, and what the stream tells of others.
 */
import { connect as connectTcp } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate, parser } from 'mqtt-packet';
import { PUBLIC } from '../../src/base/principal.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { startEngine } from '../services/engine.ts';
import { startMosquitto } from '../services/mosquitto.ts';
import { startChild } from './child.ts';
import { heldApp, TOPIC } from './mqtt-held-app.ts';
import { until } from './until.ts';

export interface HeldRun {
  seconds: number;
  perSecond: number;
  qos: 0 | 1;
  /** Kills the process that holds the feed in the middle. */
  kill: boolean;
}

export interface HeldReport {
  sent: number;
  stored: number;
  doubled: number;
  /** Reasons of the gaps in the stream. */
  gaps: string[];
  /** From sending to being readable, ms. */
  p50: number;
  p99: number;
  most: number;
  /** The longest time without a new number, ms. */
  standstillMs: number;
}

const LOOK_EVERY_MS = 5;

export async function heldRun({ seconds, perSecond, qos, kill }: HeldRun): Promise<HeldReport> {
  const broker = await startMosquitto([]);
  const engine = await startEngine('sqlite');
  const runtime = nodeRuntime(() => {});
  const settings = { environment: engine.environment, url: `mqtt://127.0.0.1:${broker.port}`, qos };
  const store = await openStore(readConfig(settings.environment, 'sqlite'), runtime, 'held');
  const streams = createAppStreams({ app: heldApp(settings), store, runtime }, PUBLIC);
  const first = await startChild('mqtt-holder.ts', settings);
  const publisher = await startPublisher(broker.port);
  try {
    const seenAt = new Map<number, number>();
    let doubled = 0;
    const gaps: string[] = [];
    let cursor: string | null = null;
    const look = async () => {
      const page = await streams.read('readings', cursor, 1_000);
      cursor = page.cursor;
      for (const { data, meta } of page.events) {
        if (meta?.gap) gaps.push(meta.gap.reason);
        else {
          const { n } = data as { n: number };
          if (n >= 0 && seenAt.has(n)) doubled += 1;
          if (!seenAt.has(n)) seenAt.set(n, Date.now());
        }
      }
    };
    // What is published before the first subscription is nobody's.
    await until('the feed listens', async () => {
      publisher.say(-1);
      await look();
      return seenAt.has(-1);
    });
    const second = await startChild('mqtt-holder.ts', settings);
    const sentAt: number[] = [];
    const startedAt = performance.now();
    let killed = false;
    while (sentAt.length < seconds * perSecond) {
      const due = Math.floor(((performance.now() - startedAt) / 1_000) * perSecond);
      while (sentAt.length < Math.min(due, seconds * perSecond)) {
        sentAt.push(Date.now());
        publisher.say(sentAt.length - 1);
      }
      if (kill && !killed && sentAt.length > (seconds * perSecond) / 2) {
        first.kill();
        killed = true;
      }
      await look();
      await sleep(LOOK_EVERY_MS);
    }
    for (let turn = 0; turn < 400; turn += 1) {
      await look();
      await sleep(LOOK_EVERY_MS);
    }
    if (!kill) await first.stop();
    await second.stop();
    const times = [...seenAt].filter(([n]) => n >= 0).map(([n, at]) => ({ n, at, took: at - (sentAt[n] ?? at) }));
    const took = times.map((each) => each.took).toSorted((a, b) => a - b);
    const arrivals = times.map(({ at }) => at).toSorted((a, b) => a - b);
    const pauses = arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? at));
    const quantile = (part: number) => took[Math.min(took.length - 1, Math.floor(took.length * part))] ?? 0;
    return {
      sent: sentAt.length,
      stored: times.length,
      doubled,
      gaps,
      p50: quantile(0.5),
      p99: quantile(0.99),
      most: took.at(-1) ?? 0,
      standstillMs: Math.max(0, ...pauses),
    };
  } finally {
    publisher.end();
    await store.close();
    await engine.stop();
    await broker.stop();
  }
}

const MOST_P99_MS = 300;

/** What is wrong with a run; empty where nothing is. */
export function heldVerdict({ sent, stored, doubled, gaps, p99 }: HeldReport, killed: boolean): string[] {
  return [
    ...(!killed && stored < sent ? [`${sent - stored} of ${sent} are missing`] : []),
    ...(!killed && gaps.length > 0 ? [`gaps: ${gaps.join(', ')}`] : []),
    ...(!killed && p99 > MOST_P99_MS ? [`the 99th percentile is ${p99} ms`] : []),
    ...(killed && stored < sent && gaps.length !== 1
      ? [`${sent - stored} are missing, and ${gaps.length} gaps tell it`]
      : []),
    ...(doubled > 0 ? [`${doubled} came twice`] : []),
  ];
}

async function startPublisher(port: number) {
  const socket = connectTcp(port, '127.0.0.1');
  socket.setNoDelay(true);
  const decoder = parser({ protocolVersion: 4 });
  socket.on('data', (bytes) => decoder.parse(bytes));
  await once(socket, 'connect');
  const accepted = once(decoder, 'packet');
  socket.write(generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: 'device' }));
  await accepted;
  return {
    say(n: number) {
      const payload = JSON.stringify({ n, at: Date.now() });
      socket.write(generate({ cmd: 'publish', topic: TOPIC, payload, qos: 0, retain: false, dup: false }));
    },
    end: () => socket.destroy(),
  };
}
