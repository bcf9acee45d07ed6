/** A stage for deliveries: an app over a store, a clock that moves when told, and receivers that stand where they are put. */
import * as z from 'zod';
import { defineApp, stream, trigger } from '../../src/index.ts';
import type { Principal } from '../../src/base/principal.ts';
import { type Fetch, type Runtime, systemRuntime } from '../../src/base/runtime.ts';
import { createSealer } from '../../src/base/seal.ts';
import type { App, AppOptions } from '../../src/declare/app.ts';
import type { DeliveryDeps } from '../../src/deliveries/records/deps.ts';
import type { SubscribeRequest } from '../../src/deliveries/subscription.ts';
import { createSubscriptions } from '../../src/deliveries/subscriptions.ts';
import type { PoolOptions } from '../../src/deliveries/work/pool.ts';
import { sourcesIn } from '../../src/deliveries/work/rights.ts';
import { createDeliveryWork } from '../../src/deliveries/work/run-deliveries.ts';
import { createTestClock } from '../../src/hosts/testing/clock.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { publish } from '../../src/streams/log/publish.ts';
import { ofStream, scopeOf } from '../../src/streams/scope.ts';

export const ADA: Principal = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };
export const EVE: Principal = { ...ADA, subject: 'eve' };
export const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes, ok').toString('base64')}`;
export const OTHER_SECRET = `whsec_${Buffer.from('another one of thirty-two bytes.').toString('base64')}`;
export const URL_OF_ADA = 'https://hooks.example.com/ada?of=1';

export const prices = stream({
  description: 'Prices',
  schema: z.object({ id: z.string(), symbol: z.string(), price: z.number(), note: z.string().optional() }),
  key: 'symbol',
  id: 'id',
});

export function appOf(more: Partial<AppOptions> = {}): App {
  return defineApp({
    name: 'market',
    version: '1.0.0',
    description: 'A market',
    streams: { prices },
    triggers: {
      high: trigger({
        description: 'A price is high',
        on: prices,
        when: { kind: 'threshold', field: 'price', above: 100 },
      }),
    },
    ...more,
  });
}

/** A request that came to a receiver. */
export interface Received {
  url: string;
  /** Epoch ms */
  at: number;
  headers: Record<string, string>;
  text: string;
  body: Record<string, unknown>;
}

export const places = ['prices', 'trigger.high'].map((name) => ({ tenant: 'public', stream: name }));

export type Receiver = (received: Received, signal: AbortSignal | null) => Response | Promise<Response>;

/** Confirms whatever it is asked, and takes all. */
export const taking: Receiver = ({ body }) =>
  body['type'] === 'verification'
    ? Response.json({ challenge: body['challenge'] })
    : new Response(null, { status: 204 });

/** Answers in the order of the list what is no challenge; the last one again and again. */
export function answering(...answers: (number | Response | (() => Response | Promise<Response>))[]): Receiver {
  let next = 0;
  return async (received, signal) => {
    if (received.body['type'] === 'verification') return taking(received, signal);
    const answer = answers[Math.min(next, answers.length - 1)];
    next += 1;
    if (typeof answer === 'number') return new Response(null, { status: answer });
    return typeof answer === 'function' ? answer() : (answer ?? new Response(null));
  };
}

/** Never answers. */
export const hanging: Receiver = (received, signal) =>
  received.body['type'] === 'verification'
    ? taking(received, signal)
    : new Promise((_, reject) =>
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      );

export interface StageOptions {
  app?: App;
  store?: Store;
  receive?: Receiver;
  deps?: Partial<DeliveryDeps>;
  runtime?: Partial<Runtime>;
}

export function requestOf({
  url = URL_OF_ADA,
  secret = SECRET,
  ...given
}: Partial<SubscribeRequest> & { url?: string; secret?: string } = {}): SubscribeRequest {
  return {
    source: 'stream.prices',
    arguments: null,
    target: { kind: 'webhook', url, secret, shape: 'event' },
    cursor: null,
    maxAgeMs: null,
    ttlMs: undefined,
    ...given,
  };
}

export function deliveryStage({
  app = appOf(),
  store = createMemoryStore(),
  receive = taking,
  deps: more = {},
  runtime: also = {},
}: StageOptions = {}) {
  const clock = createTestClock(Date.UTC(2026, 10, 1));
  const received: Received[] = [];
  const stage = { receive };
  const get: Fetch = async (input, init) => {
    const url = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url;
    const text = typeof init?.body === 'string' ? init.body : '';
    const headers = init?.headers as Record<string, string>;
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    const one = { url, at: clock.now(), headers, text, body };
    received.push(one);
    return stage.receive(one, init?.signal ?? null);
  };
  const runtime: Runtime = {
    ...systemRuntime(() => {}),
    now: () => clock.now(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    random: () => 0.5,
    fetch: get,
    resolve: async () => ['203.0.114.7'],
    ...also,
  };
  const deps: DeliveryDeps = {
    app,
    store,
    runtime,
    isOpen: false,
    noted: new Map(),
    sealer: createSealer({ current: 'the secret of a server in a test', previous: null }, `${app.name}/webhook`),
    sourcesOf: () => sourcesIn(app),
    ...more,
  };
  const service = createSubscriptions(deps);
  const within = () => runtime.now() + 20_000;
  return {
    ...stage,
    app,
    clock,
    store,
    deps,
    service,
    request: requestOf,
    places,
    work: createDeliveryWork(deps),
    within,
    /** All that came, the challenges too. */
    received,
    /** The events that came. */
    events: () => received.filter(({ body }) => 'eventId' in body),
    ids: () => received.flatMap(({ body }) => (typeof body['eventId'] === 'string' ? [body['eventId']] : [])),
    answer(receiver: Receiver) {
      stage.receive = receiver;
    },
    subscribe: (given: Parameters<typeof requestOf>[0] = {}, principal = ADA) =>
      clock.drive(service.subscribe(principal, requestOf(given), within())),
    async publish(id: string, price = 1, symbol = 'ACME', note?: string) {
      const declared = app.streams.get('prices');
      if (!declared) throw new Error('there are no prices');
      const data = { id, symbol, price, ...(note === undefined ? {} : { note }) };
      await publish(ofStream(scopeOf(deps, ADA), declared), declared, { data }, within());
    },
    /** Follows both logs, and sends what is due. */
    run: (options: PoolOptions = {}) =>
      clock.drive(createDeliveryWork(deps, options).run(clock.now() + 55_000, places)),
  };
}

export type DeliveryStage = ReturnType<typeof deliveryStage>;
