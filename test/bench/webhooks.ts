/**
 * From the moment at which an event is published to the moment at which its webhook is with the receiver, on each driver, in one
 * process as `serve` has it; and the same for a thousand subscribers, of whom ten never answer. Receivers are on this machine.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deliveryDeps } from '../../src/calls/events/delivery-deps.ts';
import { toBase64Url } from '../../src/base/base64url.ts';
import { sha256 } from '../../src/base/digest.ts';
import { verifiedKey } from '../../src/deliveries/records/names.ts';
import { verifiedReceiver } from '../../src/deliveries/records/subscribed.ts';
import { createSubscriptions } from '../../src/deliveries/subscriptions.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { startTaskWorkers } from '../../src/hosts/node/workers.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import type { Store } from '../../src/store/store.ts';
import { publish } from '../../src/streams/log/publish.ts';
import { sharedScope } from '../../src/streams/scope.ts';
import { ADA, deliveryWorld, SECRET } from '../chaos/deliveries/world.ts';
import { ENGINES } from '../services/engine.ts';
import { onEngine } from './engines.ts';
import { print } from './print.ts';

const ROUNDS = 50;
const WARM = 5;
const CROWD = 1_000;
const HANGING = 10;
const CROWD_EVENTS = 3;
const LONGEST_MS = 60_000;

const runtime = nodeRuntime(() => {});

interface Arrival {
  url: string;
  id: string;
  at: number;
}

async function measure(
  store: Store,
  work: (world: {
    subscribe: (path: string) => Promise<unknown>;
    send: (id: string) => Promise<number>;
    arrived: (url: string, id: string) => Promise<Arrival>;
    arrivals: Arrival[];
  }) => Promise<void>,
): Promise<void> {
  const arrivals: Arrival[] = [];
  const waiting = new Map<string, (arrival: Arrival) => void>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString()) as Record<string, string>;
      const { url = '' } = request;
      if (body['type'] === 'verification') {
        response.end(JSON.stringify({ challenge: body['challenge'] }));
        return;
      }
      const arrival = { url, id: body['eventId'] ?? '', at: performance.now() };
      arrivals.push(arrival);
      waiting.get(`${url} ${arrival.id}`)?.(arrival);
      if (!url.includes('hangs')) response.writeHead(204).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { app } = deliveryWorld(store, runtime, receiver);
  const secrets = { current: 'the secret of a server in a test', previous: null };
  const workers = startTaskWorkers({ app, store, runtime, isOpen: false, secrets });
  try {
    const deps = { ...workers.deps, secrets };
    const service = createSubscriptions(deliveryDeps(deps));
    const declared = app.streams.get('ticks');
    if (!declared) throw new Error('there are no ticks');
    /** A thousand new receivers of one host at once would be asked too often. */
    const confirm = async (path: string) => {
      const digest = toBase64Url(await sha256(`http://${receiver}${path}`));
      const put = verifiedReceiver.put(verifiedKey(ADA, digest), { by: 'document' }, { expects: null });
      await store.commit([put], { id: runtime.newId(), now: Date.now(), deadline: Date.now() + LONGEST_MS });
    };
    await work({
      arrivals,
      async subscribe(path) {
        await confirm(path);
        const target = { kind: 'webhook', url: `http://${receiver}${path}`, secret: SECRET, shape: 'event' } as const;
        const request = { source: 'stream.ticks', arguments: null, target, cursor: null, maxAgeMs: null, ttlMs: null };
        return service.subscribe(ADA, request, Date.now() + LONGEST_MS);
      },
      async send(id) {
        const at = performance.now();
        await publish(sharedScope(workers.deps), declared, { data: { id, of: 1 } }, Date.now() + LONGEST_MS);
        return at;
      },
      arrived: (url, id) => {
        const known = arrivals.find((one) => one.url === url && one.id === id);
        return known ? Promise.resolve(known) : new Promise((resolve) => waiting.set(`${url} ${id}`, resolve));
      },
    });
  } finally {
    server.closeAllConnections();
    server.close();
    await workers.stop();
  }
}

type Row = [string, string, string?];

function share(times: readonly number[], of: number): string {
  const sorted = times.toSorted((a, b) => a - b);
  return `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * of))] ?? NaN).toFixed(1)} ms`;
}

async function one(driver: string, store: Store, rows: Row[]): Promise<void> {
  const times: number[] = [];
  await measure(store, async ({ subscribe, send, arrived }) => {
    await subscribe('/one');
    for (let round = 0; round < WARM + ROUNDS; round += 1) {
      const at = await send(`e${round}`);
      const arrival = await arrived('/one', `e${round}`);
      if (round >= WARM) times.push(arrival.at - at);
      // Rounds begin apart, as events do.
      await runtime.sleep(20 + Math.random() * 100);
    }
  });
  rows.push([`${driver}, p50`, share(times, 0.5)], [`${driver}, p99`, share(times, 0.99), '1000 ms']);
}

/** The hanging ones are told of, and counted nowhere. */
async function crowd(driver: string, store: Store, rows: Row[]): Promise<void> {
  const times: number[] = [];
  await measure(store, async ({ subscribe, send, arrivals }) => {
    const paths = Array.from({ length: CROWD }, (_, at) =>
      at % (CROWD / HANGING) === 0 ? `/hangs-${at}` : `/ok-${at}`,
    );
    for (let from = 0; from < CROWD; from += 8) await Promise.all(paths.slice(from, from + 8).map(subscribe));
    for (let round = 0; round < CROWD_EVENTS; round += 1) {
      const at = await send(`e${round}`);
      const by = performance.now() + LONGEST_MS;
      const came = () => arrivals.filter(({ id, url }) => id === `e${round}` && !url.includes('hangs'));
      while (came().length < CROWD - HANGING && performance.now() < by) await runtime.sleep(20);
      times.push(...came().map((arrival) => arrival.at - at));
    }
  });
  const asked = CROWD_EVENTS * (CROWD - HANGING);
  rows.push(
    [`${driver}, arrived of ${asked}`, String(times.length)],
    [`${driver}, p50`, share(times, 0.5)],
    [`${driver}, p99`, share(times, 0.99), '10000 ms, the time of one that hangs'],
  );
}

export async function benchWebhooks(): Promise<void> {
  const on = async (engine: (typeof ENGINES)[number], measureOn: typeof one, rows: Row[]) =>
    onEngine(engine, async (environment) => {
      const store = await openStore(readConfig(environment, 'sqlite'), runtime, 'ticks');
      await measureOn(engine, store, rows);
      await store.close();
    });
  const single: Row[] = [];
  await one('memory', createMemoryStore(), single);
  for (const engine of ENGINES) await on(engine, one, single);
  print('From an event published to its webhook at the receiver', single);
  const many: Row[] = [];
  await crowd('memory', createMemoryStore(), many);
  // DynamoDB Local does one thing after another, and says nothing of DynamoDB.
  for (const engine of ENGINES) if (engine !== 'dynamodb') await on(engine, crowd, many);
  print(`The same for ${CROWD} subscribers, of whom ${HANGING} never answer`, many);
}
