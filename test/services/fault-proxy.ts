/**
 * An HTTP proxy between a driver and its engine that fails as networks and engines do: on command, or by seeded chance. It
 * knows no engine: how one says that it is overloaded or broken is told to it.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What happens to a request. `lose-request` cuts the connection before it is passed on, `lose-answer` after it took
 * effect; `fail-before` and `fail-after` answer with a failure instead; `throttle` refuses it without effect; `delay` lets
 * it wait; `duplicate` passes it on a second time, and `late` cuts the connection and passes it on, when others have
 * gone by or `release` is called; `hang` never answers and passes it on when `release` is called; `none` lets it go well.
 */
export type Fault = (typeof BY_CHANCE)[number] | 'hang' | 'none';

const BY_CHANCE = [
  'delay',
  'lose-request',
  'lose-answer',
  'fail-before',
  'fail-after',
  'throttle',
  'duplicate',
  'late',
] as const;

const MOST_DELAY_MS = 15;
const HOP_BY_HOP = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'host',
  'keep-alive',
  'transfer-encoding',
]);

export interface EngineAnswer {
  status: number;
  type: string;
  body: string;
}

export interface FaultAnswers {
  /** Default: a gateway's page with 502. */
  failure?: EngineAnswer;
  /** Default: 429 with a text. */
  throttled?: EngineAnswer;
}

export interface FaultProxy {
  url: string;
  /** The faults of the next requests, one each; then all goes well again. */
  next(...faults: Fault[]): void;
  /** From now on each request meets a fault, any but `hang`, with this probability. */
  byChance(random: () => number, probability: number): void;
  /** How many requests have arrived. */
  arrived(): number;
  /** How many of them met each fault. */
  faults(): Partial<Record<Fault, number>>;
  /** Passes on what is held back, and resolves when it was answered. */
  release(): Promise<void>;
  stop(): Promise<void>;
}

const BAD_GATEWAY: EngineAnswer = { status: 502, type: 'text/html', body: '<h1>Bad gateway</h1>' };
const TOO_MANY: EngineAnswer = { status: 429, type: 'application/json', body: '{"error":"ERR too many requests"}' };

export async function startFaultProxy(target: string, answers: FaultAnswers = {}): Promise<FaultProxy> {
  const { failure = BAD_GATEWAY, throttled = TOO_MANY } = answers;
  const planned: Fault[] = [];
  const held: (() => Promise<unknown>)[] = [];
  const counts: Partial<Record<Fault, number>> = {};
  let chance: { random: () => number; probability: number } | null = null;
  let arrived = 0;

  function nextFault(): Fault | null {
    const fault = planned.shift();
    if (fault !== undefined) return fault;
    if (chance === null || chance.random() >= chance.probability) return null;
    return BY_CHANCE[Math.floor(chance.random() * BY_CHANCE.length)] ?? null;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray());
    arrived += 1;
    const fault = nextFault();
    if (fault !== null) counts[fault] = (counts[fault] ?? 0) + 1;
    if (chance !== null && chance.random() < 0.3) await held.shift()?.();
    const pass = () => passOn(request, body, target);
    if (fault === 'hang') return void held.push(pass);
    if (fault === 'late') held.push(pass);
    if (fault === 'late' || fault === 'lose-request') return void response.destroy();
    if (fault === 'fail-before') return answer(response, failure);
    if (fault === 'throttle') return answer(response, throttled);
    if (fault === 'delay') await sleep((chance?.random() ?? 1) * MOST_DELAY_MS);
    if (fault === 'duplicate') held.push(pass);
    const { status, headers, content } = await pass();
    if (fault === 'lose-answer') return void response.destroy();
    if (fault === 'fail-after') return answer(response, failure);
    response.writeHead(status, headers).end(content);
  }

  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: (...more) => void planned.push(...more),
    byChance: (random, probability) => void (chance = { random, probability }),
    arrived: () => arrived,
    faults: () => ({ ...counts }),
    async release() {
      for (const pass of held.splice(0)) await pass();
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function passOn(request: IncomingMessage, body: Buffer, target: string) {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (!HOP_BY_HOP.has(name) && typeof value === 'string') headers.set(name, value);
  }
  const answered = await fetch(target + request.url, { method: 'POST', headers, body: new Uint8Array(body) });
  const kept = [...answered.headers].filter(([name]) => !HOP_BY_HOP.has(name));
  return {
    status: answered.status,
    headers: Object.fromEntries(kept),
    content: Buffer.from(await answered.arrayBuffer()),
  };
}

function answer(response: ServerResponse, { status, type, body }: EngineAnswer): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}
