/**
 * Tickers over WebSocket, server-sent events and long polls, none of which can say anything twice, to feeds that hold their
 * connections: what is there, how soon it was readable, and how often each feed connected.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { PUBLIC } from '../../src/base/principal.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { startLoop } from '../../src/hosts/node/loop.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { type App, defineApp, http, sse, stream, websocket } from '../../src/index.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { startEngine } from '../services/engine.ts';
import { startSocketSource } from '../services/websocket-feed.ts';
import { until } from './until.ts';

export const TICKERS = ['socket', 'events', 'polls'] as const;
export type Ticker = (typeof TICKERS)[number];

export interface TickerReport {
  sent: number;
  missing: number;
  doubled: number;
  /** Reasons of the gaps in the stream. */
  gaps: string[];
  connections: number;
  /** From sending to being read from the log, and to being the latest event, ms. */
  p50: number;
  p99: number;
  latestP99: number;
  commitsPerSecond: number;
}

const LOOK_EVERY_MS = 20;

function tickerApp(socketOrigin: string, httpOrigin: string): App {
  const allow = [new URL(socketOrigin).host, new URL(httpOrigin).host];
  const declared = { description: 'Ticks', schema: z.object({ n: z.number() }), retention: { events: 1_000_000 } };
  return defineApp({
    name: 'ticker',
    version: '1.0.0',
    description: 'Ticks that nobody can ask for again',
    streams: {
      socket: stream({ ...declared, feed: websocket({ url: `${socketOrigin}/ticks`, allow }) }),
      events: stream({ ...declared, feed: http({ url: `${httpOrigin}/events`, allow, format: sse() }) }),
      polls: stream({ ...declared, feed: http({ url: `${httpOrigin}/polls`, allow, wait: { ms: 20_000 } }) }),
    },
  });
}

export async function tickerRun(seconds: number, everyMs: number): Promise<Record<Ticker, TickerReport>> {
  const engine = await startEngine('sqlite');
  const sockets = await startSocketSource();
  const connections = { socket: 0, events: 0, polls: 0 };
  const sinks: Record<Ticker, Set<(n: number) => void>> = { socket: new Set(), events: new Set(), polls: new Set() };
  sockets.on('/ticks', ({ socket, send }) => {
    connections.socket += 1;
    const sink = (n: number) => send({ n });
    sinks.socket.add(sink);
    socket.on('close', () => sinks.socket.delete(sink));
  });
  /** What no request waits for is answered to the next. */
  let unanswered: number[] = [];
  let waiting: ServerResponse | null = null;
  const answer = () => {
    if (waiting === null || unanswered.length === 0) return;
    waiting.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(unanswered.map((n) => ({ n }))));
    [waiting, unanswered] = [null, []];
  };
  sinks.polls.add((n) => {
    unanswered.push(n);
    answer();
  });
  const server = createServer((request, response) => {
    if (request.url === '/polls') {
      connections.polls += 1;
      waiting = response;
      return answer();
    }
    connections.events += 1;
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    const sink = (n: number) => response.write(`data: ${JSON.stringify({ n })}\n\n`);
    sinks.events.add(sink);
    response.on('close', () => sinks.events.delete(sink));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;

  const runtime = nodeRuntime(() => {});
  const app = tickerApp(sockets.origin, `http://127.0.0.1:${port}`);
  const store = await openStore(readConfig(engine.environment, 'sqlite'), runtime, app.name);
  let commits = 0;
  const counted = {
    ...store,
    commit: (...given: Parameters<typeof store.commit>) => ((commits += 1), store.commit(...given)),
  };
  const loop = startLoop({ app, store: counted, runtime });
  const watches = TICKERS.map((name) => watchTicker(name, createAppStreams({ app, store, runtime }, PUBLIC)));
  try {
    await until('all feeds listen', () => TICKERS.every((name) => connections[name] > 0 && sinks[name].size > 0));
    const sentAt: number[] = [];
    const startedAt = performance.now();
    const before = commits;
    for (let total = Math.floor((seconds * 1_000) / everyMs); sentAt.length < total;) {
      if (performance.now() - startedAt >= sentAt.length * everyMs) {
        sentAt.push(Date.now());
        for (const name of TICKERS) for (const sink of sinks[name]) sink(sentAt.length - 1);
      }
      for (const { look } of watches) await look();
      await sleep(LOOK_EVERY_MS);
    }
    for (let turn = 0; turn < 50; turn += 1) {
      for (const { look } of watches) await look();
      await sleep(LOOK_EVERY_MS);
    }
    const commitsPerSecond = (commits - before) / ((performance.now() - startedAt) / 1_000);
    const reports = watches.map(({ name, report }) => {
      return [name, { ...report(sentAt), connections: connections[name], commitsPerSecond }] as const;
    });
    return Object.fromEntries(reports) as Record<Ticker, TickerReport>;
  } finally {
    await loop.stop();
    await sockets.close();
    server.closeAllConnections();
    server.close();
    await store.close();
    await engine.stop();
  }
}

/** Looks at a stream all the while. */
function watchTicker(name: Ticker, streams: ReturnType<typeof createAppStreams>) {
  const seenAt = new Map<number, number>();
  const latestAt = new Map<number, number>();
  const gaps: string[] = [];
  let doubled = 0;
  let latest = -1;
  let cursor: string | null = null;
  async function look(): Promise<void> {
    const page = await streams.read(name, cursor, 1_000);
    cursor = page.cursor;
    for (const { data, meta } of page.events) {
      if (meta?.gap) gaps.push(meta.gap.reason);
      else {
        const { n } = data as { n: number };
        if (seenAt.has(n)) doubled += 1;
        else seenAt.set(n, Date.now());
      }
    }
    const newest = ((await streams.latest(name))?.data as { n: number } | undefined)?.n ?? -1;
    for (; latest < newest; latest += 1) latestAt.set(latest + 1, Date.now());
  }
  const report = (sentAt: readonly number[]) => ({
    sent: sentAt.length,
    missing: sentAt.filter((_, n) => !seenAt.has(n)).length,
    doubled,
    gaps,
    p50: quantile(seenAt, sentAt, 0.5),
    p99: quantile(seenAt, sentAt, 0.99),
    latestP99: quantile(latestAt, sentAt, 0.99),
  });
  return { name, look, report };
}

/** So many ms had passed when that part of the ticks was seen. */
function quantile(times: Map<number, number>, sentAt: readonly number[], part: number): number {
  const took = [...times].map(([n, at]) => at - (sentAt[n] ?? at)).toSorted((a, b) => a - b);
  return took[Math.min(took.length - 1, Math.floor(took.length * part))] ?? 0;
}

/** What is wrong; empty where the feed lost nothing, connected once, and was in time. */
export function tickerVerdict(name: Ticker, report: TickerReport): string[] {
  const { missing, doubled, gaps, connections, p99, latestP99 } = report;
  return [
    ...(missing > 0 ? [`${missing} are missing`] : []),
    ...(doubled > 0 ? [`${doubled} are doubled`] : []),
    ...(gaps.length > 0 ? [`gaps: ${gaps.join(', ')}`] : []),
    ...(name !== 'polls' && connections > 1 ? [`${connections} connections`] : []),
    ...(p99 > 300 ? [`readable after ${p99} ms (p99)`] : []),
    ...(latestP99 > 300 ? [`the latest after ${latestP99} ms (p99)`] : []),
  ];
}
