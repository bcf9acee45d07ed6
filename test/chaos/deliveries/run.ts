/**
 * Kills those who deliver at seeded moments, two at a time side by side, while events are appended and a receiver fails now and
 * then; and looks at what came. Each event has to come to each subscriber, under its one id, and in order where that was asked for.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSubscriptions } from '../../../src/deliveries/subscriptions.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { seededRandom } from '../../../src/store/contract/seeded.ts';
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import { publish } from '../../../src/streams/log/publish.ts';
import { sharedScope } from '../../../src/streams/scope.ts';
import { type Engine, startEngine } from '../../services/engine.ts';
import type { DeliveryWorkerSettings } from './worker.ts';
import { ADA, deliveryWorld, SECRET } from './world.ts';

export interface DeliveryRun {
  engine: Engine;
  seed: number;
  kills: number;
  subscriptions?: number;
}

export interface DeliveryRunReport {
  kills: number;
  events: number;
  subscriptions: number;
  /** Requests that came with an event, and those of them that were answered 2xx. */
  came: number;
  taken: number;
  /** What is wrong, in words; empty: nothing. */
  wrong: string[];
}

/** A kill falls somewhere in this time after events were appended, ms. */
const KILL_WITHIN_MS = 400;
const SETTLE_MS = 90_000;
const LEASES: Record<Engine, number> = { sqlite: 1_500, redis: 1_500, dynamodb: 5_000 };
const FAILS = 0.1;

export async function deliveryRun({ engine, seed, kills, subscriptions = 8 }: DeliveryRun): Promise<DeliveryRunReport> {
  const random = seededRandom(seed);
  const ends: (() => unknown)[] = [];
  /** Of each subscriber, ids in the order in which they came, with whether they were taken. */
  const came = new Map<string, { id: string; taken: boolean }[]>();
  try {
    const server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(parts).toString()) as Record<string, string>;
        if (body['type'] === 'verification') {
          response.end(JSON.stringify({ challenge: body['challenge'] }));
          return;
        }
        const taken = random() >= FAILS;
        const list = came.get(request.url ?? '') ?? [];
        came.set(request.url ?? '', list);
        list.push({ id: `${body['eventId']}|${String(request.headers['webhook-id'])}`, taken });
        response.writeHead(taken ? 204 : 500).end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ends.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const receiver = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { environment, stop } = await startEngine(engine);
    ends.push(stop);
    const runtime = nodeRuntime(() => {});
    const store = await openStore(readConfig(environment, 'sqlite'), runtime, 'ticks');
    ends.push(() => store.close());
    const deps = deliveryWorld(store, runtime, receiver);
    const service = createSubscriptions(deps);
    for (let one = 0; one < subscriptions; one += 1) {
      const ordered = one % 2 === 0;
      const url = `http://${receiver}/${ordered ? 'ordered' : 'any'}-${one}`;
      const target = { kind: 'webhook', url, secret: SECRET, shape: 'event' } as const;
      const request = { source: 'stream.ticks', arguments: null, target, cursor: null, maxAgeMs: null, ttlMs: null };
      await service.subscribe(ADA, { ...request, ordered }, Date.now() + 30_000);
    }
    const settings = { environment, receiver, leaseMs: LEASES[engine] };
    const workers: ChildProcess[] = [];
    ends.push(() => workers.forEach((worker) => worker.kill('SIGKILL')));
    for (let one = 0; one < 2; one += 1) workers.push(await startWorker(settings));
    const declared = deps.app.streams.get('ticks');
    if (!declared) throw new Error('there are no ticks');
    let events = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      for (let more = 0; more < 3; more += 1) {
        await publish(sharedScope(deps), declared, { data: { id: `e${events}`, of: events } }, Date.now() + 30_000);
        events += 1;
      }
      await sleep(random() * KILL_WITHIN_MS);
      const place = Math.floor(random() * workers.length);
      const victim = workers[place];
      victim?.kill('SIGKILL');
      if (victim && victim.exitCode === null && victim.signalCode === null) await once(victim, 'exit');
      workers[place] = await startWorker(settings);
    }
    const by = Date.now() + SETTLE_MS;
    const isWhole = () =>
      came.size === subscriptions && [...came.values()].every((list) => takenOf(list).size >= events);
    while (!isWhole() && Date.now() < by) await sleep(100);
    return { kills, events, subscriptions, ...verdictOf(came, events, subscriptions) };
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

function takenOf(list: readonly { id: string; taken: boolean }[]): Set<string> {
  return new Set(list.flatMap(({ id, taken }) => (taken ? [id] : [])));
}

function verdictOf(
  came: ReadonlyMap<string, readonly { id: string; taken: boolean }[]>,
  events: number,
  subscriptions: number,
): Pick<DeliveryRunReport, 'came' | 'taken' | 'wrong'> {
  const wrong: string[] = [];
  const expected = Array.from({ length: events }, (_, one) => `e${one}|e${one}`);
  if (came.size !== subscriptions) wrong.push(`${came.size} of ${subscriptions} subscribers got anything`);
  for (const [url, list] of came) {
    const taken = takenOf(list);
    const missing = expected.filter((id) => !taken.has(id));
    if (missing.length > 0) wrong.push(`${url} was never brought ${missing.slice(0, 5).join(', ')}`);
    const strange = list.find(({ id }) => !expected.includes(id));
    if (strange) wrong.push(`${url} got ${strange.id}`);
    if (!url.includes('ordered')) continue;
    const known = new Set<string>();
    for (const { id, taken: isTaken } of list) {
      const index = expected.indexOf(id);
      const before = expected[index - 1];
      if (before !== undefined && !known.has(before)) wrong.push(`${url} got ${id} before ${before} was taken`);
      if (isTaken) known.add(id);
    }
  }
  const all = [...came.values()].flat();
  return { came: all.length, taken: all.filter(({ taken }) => taken).length, wrong };
}

async function startWorker(settings: DeliveryWorkerSettings): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'worker.ts'), [JSON.stringify(settings)]);
  await Promise.race([once(child, 'message'), once(child, 'exit')]);
  return child;
}
