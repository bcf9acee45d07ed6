/** For the tests of MQTT feeds: bursts without a store, and a publisher of its own. */
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { generate, parser, type Packet } from 'mqtt-packet';
import type { BurstContext, Feed, FeedBatch, FeedItem, FeedTarget } from '../../../src/declare/feed.ts';
import type { MqttRoute } from '../../../src/feeds/mqtt/feed.ts';
import type { Json } from '../../../src/base/json.ts';
import { type LogLevel, systemRuntime } from '../../../src/base/runtime.ts';
import { connectFromNode as connect } from '../../../src/hosts/node/socket.ts';

export interface Logged {
  level: LogLevel;
  message: string;
}

export function target(stream: string, topic: string, more: MqttRoute = {}): FeedTarget {
  return { stream, route: { topic, ...more } };
}

/** A context as `ingest` makes it, with the real clock. */
export function burstContext(targets: FeedTarget[], more: Partial<BurstContext> = {}): BurstContext {
  const runtime = systemRuntime(() => {});
  return {
    ...runtime,
    feed: 'feed',
    tenant: 'public',
    targets,
    position: null,
    ranUntil: null,
    budget: { timeMs: 10_000, events: 100_000, bytes: 100_000_000 },
    deadline: runtime.now() + 15_000,
    signal: new AbortController().signal,
    hold: null,
    secret: () => null,
    fetch: () => Promise.reject(new Error('MQTT feeds do not fetch')),
    connect,
    webSocket: () => Promise.reject(new Error('MQTT feeds open no WebSocket of this kind')),
    ...more,
  };
}

export interface BurstReport {
  items: FeedItem[];
  batches: FeedBatch[];
  position: Json | null;
}

/** Runs a burst to its end and keeps what it hands over, as a store would. */
export async function runBurst(feed: Feed, context: BurstContext): Promise<BurstReport> {
  const report: BurstReport = { items: [], batches: [], position: context.position };
  for await (const batch of feed.burst(context)) {
    report.batches.push(batch);
    report.items.push(...batch.items);
    if (batch.position !== undefined) report.position = batch.position;
  }
  return report;
}

export interface Message {
  topic: string;
  payload: string;
  qos?: 0 | 1;
  retain?: boolean;
  properties?: object;
}

/** Publishes and resolves when the broker has acknowledged everything. */
export async function publish(port: number, messages: readonly Message[], protocolVersion: 4 | 5 = 5): Promise<void> {
  const socket = connectTcp(port, '127.0.0.1');
  const decoder = parser({ protocolVersion });
  const send = (packet: Packet) => socket.write(generate(packet, { protocolVersion }));
  socket.on('data', (bytes) => decoder.parse(bytes));
  const acknowledged = Promise.withResolvers<void>();
  socket.on('error', acknowledged.reject);
  const wanted = messages.filter(({ qos = 1 }) => qos === 1).length;
  let sent = 0;
  let left = wanted;
  // A broker takes a few under way only (20 by default at Mosquitto), so the rest follows the acknowledgements.
  const more = () => {
    while (sent < messages.length && wanted - left + 20 > sent) {
      const { topic, payload, qos = 1, retain = false, properties = {} } = messages[sent++]!;
      send({ cmd: 'publish', topic, payload, qos, retain, dup: false, messageId: sent % 65_535 || 1, properties });
    }
    if (left === 0 && sent === messages.length) acknowledged.resolve();
  };
  decoder.on('packet', ({ cmd }) => {
    if (cmd === 'puback') left -= 1;
    if (cmd === 'connack' || cmd === 'puback') more();
  });
  await once(socket, 'connect');
  send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion, clean: true, clientId: `p${performance.now()}` });
  await acknowledged.promise;
  send({ cmd: 'disconnect', reasonCode: 0 });
  socket.end();
}
