/**
 * Many subscriptions to one log: what it costs to subscribe, to list one's own, to bring an event to the ten who select it, and to end
 * them, at 1,000, 10,000 and 100,000 that stand. Each caller has 100 and each tenant 10,000, which the default quotas allow; the store
 * is an engine, and receivers answer at once, in this process.
 */
import * as z from 'zod';
import { createSealer } from '../../src/base/seal.ts';
import type { Principal } from '../../src/base/principal.ts';
import type { DeclaredStream } from '../../src/declare/stream.ts';
import type { DeliveryDeps } from '../../src/deliveries/records/deps.ts';
import { createSubscriptions } from '../../src/deliveries/subscriptions.ts';
import { followOutbox } from '../../src/deliveries/work/outbox.ts';
import { takeDeliveryTurn } from '../../src/deliveries/work/turn.ts';
import { sourcesIn } from '../../src/deliveries/work/rights.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { defineApp, stream } from '../../src/index.ts';
import { countCalls } from '../../src/store/counting.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import type { Store } from '../../src/store/store.ts';
import { publish } from '../../src/streams/log/publish.ts';
import { sharedScope } from '../../src/streams/scope.ts';
import { SECRET } from '../chaos/deliveries/world.ts';
import type { Engine } from '../services/engine.ts';
import { onEngine } from './engines.ts';
import { median, print } from './print.ts';

const SIZES = [1_000, 10_000, 100_000];
const OF_CALLER = 100;
const OF_TENANT = 10_000;
const MATCHING = 10;
const EVENTS = 9;
/** How many of the last ones are measured, and how many are ended. */
const SAMPLE = 500;
const LONGEST_MS = 60_000;
const URL_OF_ALL = 'https://hooks.example.com/';
let came = 0;
const runtime = {
  ...nodeRuntime(() => {}),
  resolve: async () => ['203.0.114.7'],
  fetch: async () => {
    came += 1;
    return new Response(null, { status: 204 });
  },
};
const within = () => Date.now() + LONGEST_MS;
const quotes = stream({
  description: 'Quotes',
  schema: z.object({ id: z.string(), of: z.string() }),
  key: 'of',
  id: 'id',
});

function ownerOf(at: number): Principal {
  const tenant = `tenant-${Math.floor(at / OF_TENANT)}`;
  return { tenant, subject: `caller-${Math.floor(at / OF_CALLER)}`, client: null, scopes: ['*'] };
}

/** What each selects: ten of the first hundred the same key, all others one, or two, of their own. */
function keysOf(at: number, kind: 'one key' | 'two keys'): string[] {
  if (at % MATCHING === 0 && at < MATCHING * MATCHING) return ['hot'];
  return kind === 'one key' ? [`k${at}`] : [`k${at}`, `l${at}`];
}

const shown = (ms: number) => `${ms.toFixed(2)} ms`;

async function measure(opened: Store, engine: Engine, kind: 'one key' | 'two keys', sizes: readonly number[]) {
  const counted = countCalls(opened);
  const { store } = counted;
  const app = defineApp({
    name: 'quotes',
    version: '1',
    description: 'Quotes',
    streams: { quotes },
    webhooks: { trusted: [URL_OF_ALL] },
  });
  const sealer = createSealer({ current: 'the secret of a server in a benchmark', previous: null }, 'quotes/webhook');
  const deps: DeliveryDeps = { app, store, runtime, isOpen: false, sealer, sourcesOf: () => sourcesIn(app) };
  const service = createSubscriptions(deps);
  const declared = app.streams.get('quotes');
  if (declared === undefined) throw new Error('there are no quotes');
  const ids: string[] = [];

  async function subscribe(at: number): Promise<void> {
    const target = { kind: 'webhook', url: `${URL_OF_ALL}${at}`, secret: SECRET, shape: 'event' } as const;
    const request = { source: 'stream.quotes', arguments: { keys: keysOf(at, kind) }, target };
    const made = await service.subscribe(
      ownerOf(at),
      { ...request, cursor: null, maxAgeMs: null, ttlMs: 86_400_000 },
      within(),
    );
    ids.push(made.id);
  }

  /** Median ms and mean store calls. */
  async function timed(times: number, of: (turn: number) => Promise<unknown>): Promise<[ms: number, calls: number]> {
    const took: number[] = [];
    counted.reset();
    for (let turn = 0; turn < times; turn += 1) {
      const began = performance.now();
      await of(turn);
      took.push(performance.now() - began);
    }
    return [median(took), counted.total() / times];
  }

  async function event(id: string, of = 'hot'): Promise<void> {
    await publish(sharedScope(deps), declared as DeclaredStream, { data: { id, of } }, within());
    const { woken } = await followOutbox(sharedScope(deps), declared as DeclaredStream, within());
    await Promise.all(woken.map((name) => takeDeliveryTurn(deps, name, { deadline: within() })));
  }

  /** What a subscription is woken for when it is made. */
  function firstTurn(at: number): Promise<unknown> {
    return takeDeliveryTurn(deps, { ...ownerOf(at), id: ids[at] ?? '' }, { deadline: within() });
  }

  for (const size of sizes) {
    while (ids.length < size - SAMPLE) await subscribe(ids.length);
    const subscribing = await timed(SAMPLE, () => subscribe(ids.length));
    const firstTurns = await timed(SAMPLE, (turn) => firstTurn(ids.length - 1 - turn));
    await event(`first ${size}`);
    came = 0;
    const telling = await timed(EVENTS, (turn) => event(`${size} ${turn}`));
    const told = came;
    const nobody = await timed(EVENTS, (turn) => event(`${size} none ${turn}`, 'nobody'));
    const listing = await timed(20, (turn) => service.list(ownerOf(turn * OF_CALLER), { limit: OF_CALLER }));
    globalThis.gc?.();
    const row = ([ms, calls]: readonly [number, number], what: string): [string, string] => [
      what,
      `${shown(ms)}, ${calls.toFixed(1)} calls`,
    ];
    print(`${size} subscriptions of ${kind} each, ${engine}`, [
      row(subscribing, 'to subscribe'),
      row(firstTurns, 'the first turn of one'),
      row(telling, `an event to its ${MATCHING} (${told} of ${EVENTS * MATCHING} came)`),
      row(nobody, 'an event that nobody selects'),
      row(listing, `a page of ${OF_CALLER} of one caller`),
      ['memory of the process', `${Math.round(process.memoryUsage().rss / 1_048_576)} MiB`],
    ]);
  }
  const last = ids.length;
  const ending = await timed(SAMPLE, (turn) => {
    const id = ids[last - 1 - turn] ?? '';
    return service.unsubscribe(ownerOf(last - 1 - turn), { id }, within());
  });
  print(`To end one of ${last}, ${engine}`, [['to end', `${shown(ending[0])}, ${ending[1].toFixed(1)} calls`]]);
}

async function on(engine: Engine, kind: 'one key' | 'two keys', sizes: readonly number[]): Promise<void> {
  await onEngine(engine, async (environment) => {
    const store = await openStore(readConfig(environment, 'sqlite'), runtime, 'quotes');
    await measure(store, engine, kind, sizes);
    await store.close();
  });
}

export async function benchSubscriptions(): Promise<void> {
  await on('sqlite', 'one key', SIZES);
  await on('sqlite', 'two keys', SIZES.slice(0, 2));
  await on('redis', 'one key', SIZES.slice(0, 2));
}
