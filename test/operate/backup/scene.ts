/** An app that stores something of every kind, what it is asked for, and looks at all that a store holds. */
import * as z from 'zod';
import { defineApp, form, http, stream, task, trigger } from '../../../src/index.ts';
import type { Json } from '../../../src/base/json.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import type { Principal } from '../../../src/base/principal.ts';
import { createTestApp, type TestApp } from '../../../src/testing.ts';
import { decodeCursor } from '../../../src/store/cursor.ts';
import { transferOf } from '../../../src/store/driver.ts';
import type { Cursor, Store } from '../../../src/store/store.ts';
import { backupText } from '../../../src/operate/backup/backup-text.ts';
import { restoreStore, type RestoreReport } from '../../../src/operate/backup/restore.ts';
import type { OperateContext, OperatorAction } from '../../../src/operate/action.ts';

/** Engines remove what expired by their own clocks, so this lies ahead of them. */
export const AT = Date.UTC(2090, 0, 1);
export const HOOK = 'https://hooks.example.com/backup';
export const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes, ok').toString('base64')}`;

export interface World {
  /** What the upstream of `bids` has: each page is the items behind a cursor, which have no ids. */
  bids: { symbol: string; price: number }[];
  /** What came to receivers. */
  received: { id: string; body: Record<string, unknown> }[];
  /** What steps of tasks have done to the world. */
  effects: string[];
}

export const ADA: Principal = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };
export const EVE: Principal = { ...ADA, tenant: 'evil', subject: 'eve' };

export const newWorld = (): World => ({ bids: [], received: [], effects: [] });

function did(world: World, effect: string): string {
  world.effects.push(effect);
  return effect;
}

export function appOf(world: World) {
  const readings = stream({
    description: 'Readings, with ids.',
    schema: z.object({ id: z.string(), sensor: z.string(), celsius: z.number() }),
    id: 'id',
    key: 'sensor',
    retention: { events: 1_000 },
  });
  return defineApp({
    name: 'backed',
    version: '2.1.0',
    description: 'What backups hold.',
    streams: {
      readings,
      bids: stream({
        description: 'Bids, without ids, from a source that goes on from a cursor.',
        schema: z.object({ symbol: z.string(), price: z.number() }),
        key: 'symbol',
        feed: http({
          url: 'https://feed.example/bids',
          items: 'items',
          cursor: { from: 'next', param: 'after' },
          everyMs: 60_000,
        }),
      }),
      own: stream({ description: 'Of each tenant.', schema: z.object({ text: z.string() }), tenants: 'each' }),
    },
    triggers: {
      hot: trigger({
        description: 'A sensor is hot.',
        on: readings,
        when: { kind: 'threshold', field: 'celsius', above: 50 },
        alarm: { severity: 'warning' },
        starts: { task: 'cools', input: ({ key }) => ({ sensor: key ?? '' }) },
      }),
    },
    tasks: {
      cools: task({
        version: '1',
        description: 'Cools a sensor.',
        input: z.object({ sensor: z.string() }),
        run: async ({ sensor }, { step }) => step('cool', async () => did(world, `cooled ${sensor}`)),
      }),
      sleeps: task({
        version: '1',
        description: 'Sleeps between two steps.',
        run: async (_input, { step, sleep }) => {
          await step('first', async () => did(world, 'first'));
          await sleep(90_000);
          return step('second', async () => did(world, 'second'));
        },
      }),
      waits: task({
        version: '1',
        description: 'Waits for a reading.',
        run: async (_input, { waitFor, step }) => {
          const met = await waitFor('readings', { kind: 'threshold', field: 'celsius', below: -50 });
          return step('met', async () => did(world, `met ${met?.value}`));
        },
      }),
      asks: task({
        version: '1',
        description: 'Asks a person.',
        run: async (_input, { ask, step }) => {
          const { action } = await ask('go', form('Go on?', z.object({ go: z.boolean() })));
          return step('told', async () => did(world, `told ${action}`));
        },
      }),
    },
  });
}

/** The app over a store. Stores hold what the app wrote before. */
export function opened(world: World, store: Store, at = AT, principal: Principal = ADA): TestApp {
  return createTestApp(appOf(world), {
    store,
    at,
    principal,
    async fetch(request) {
      if (request.method === 'POST') return receive(world, request);
      const after = Number(new URL(request.url).searchParams.get('after') ?? 0);
      const items = world.bids.slice(after, after + 3);
      return Response.json({ items, next: items.length > 0 ? String(after + items.length) : null });
    },
  });
}

async function receive(world: World, request: Request): Promise<Response> {
  const body = (await request.json()) as Record<string, unknown>;
  if (body['type'] === 'verification') return Response.json({ challenge: body['challenge'] });
  world.received.push({ id: request.headers.get('webhook-id') ?? '', body });
  return new Response(null, { status: 204 });
}

export const reading = (id: string, sensor: string, celsius: number) => ({ id, sensor, celsius });

/** What `backup` would write. */
export async function textOf(store: Store, world: World, tenant: string | null = null, at = AT): Promise<string> {
  const blocks: string[] = [];
  const runtime = { ...systemRuntime(() => {}), now: () => at };
  const deps = { app: appOf(world), store, runtime };
  for await (const block of backupText(deps, { tenant, progress: () => {} })) blocks.push(block);
  return blocks.join('');
}

export function restored(
  store: Store,
  text: string,
  more: {
    replace?: boolean;
    evenIfRunning?: boolean;
    hold?: boolean;
    at?: number;
    signal?: AbortSignal;
    app?: ReturnType<typeof appOf>;
  } = {},
): Promise<RestoreReport> {
  const {
    replace = false,
    evenIfRunning = false,
    hold = true,
    at = AT,
    signal = new AbortController().signal,
    app = appOf(newWorld()),
  } = more;
  const runtime = { ...systemRuntime(() => {}), now: () => at };
  async function* open() {
    // Cut anywhere.
    for (let from = 0; from < text.length; from += 7_001) yield text.slice(from, from + 7_001);
  }
  return restoreStore({ app, store, runtime }, { open, replace, evenIfRunning, hold, progress: () => {}, signal });
}

/** All that a store holds, by names. Epochs stand as the names of their logs, and marks and versions are left out. */
export async function dump(store: Store, except: (partition: string) => boolean = () => false) {
  const transfer = await transferOf(store);
  const logs: Record<string, unknown> = {};
  const epochs = new Map<string, string>();
  for (let after: string | null = null, more = true; more; more = after !== null) {
    const page: { logs: string[]; next: string | null } = await transfer.logs(after, 100);
    for (const log of page.logs) {
      const entries: unknown[] = [];
      for (let at: Cursor | null = null, isMore = true; isMore;) {
        const read: Awaited<ReturnType<Store['read']>> = await store.read(log, at, 1_000);
        for (const { cursor, value, appendedAt } of read.entries) {
          const { place, epoch } = decodeCursor(cursor);
          epochs.set(epoch, log);
          entries.push({ place, appendedAt, value });
        }
        isMore = read.entries.length === 1_000;
        at = read.cursor;
      }
      logs[log] = entries;
    }
    after = page.next;
  }
  const records: Record<string, unknown> = {};
  for (let after: string | null = null, more = true; more; more = after !== null) {
    const page: Awaited<ReturnType<typeof transfer.records>> = await transfer.records(after, 100);
    for (const { partition, id, value, expiresAt, due } of page.records) {
      if (!except(partition)) records[`${partition} ${id}`] = { value, expiresAt, due };
    }
    after = page.next;
  }
  let text = JSON.stringify({ records: sorted(records), logs: sorted(logs) });
  for (const [epoch, log] of epochs) {
    const name = `<${log}>`;
    text = text
      .replaceAll(new RegExp(`(?:~[0-9a-z]{4})?\\.${epoch.replaceAll(/[^\w-]/g, '\\$&')}`, 'g'), `.${name}`)
      .replaceAll(epoch, name);
  }
  return JSON.parse(text) as { records: Record<string, Json>; logs: Record<string, Json[]> };
}

function sorted(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Runs an action as its command does, but for its files. */
export function run(
  action: OperatorAction,
  store: Store,
  input: Record<string, unknown> = {},
  at = AT,
  more: Partial<OperateContext> = {},
) {
  const runtime = { ...systemRuntime(() => {}), now: () => at };
  const deps = { app: appOf(newWorld()), store, runtime } as never;
  const context = {
    deps,
    tenant: 'public',
    ofApp: true,
    by: {} as never,
    deadline: at + 600_000,
    tell: null,
    files: {} as never,
    release: null,
  };
  return action.run(action.input.parse(input), {
    ...context,
    signal: new AbortController().signal,
    progress: () => {},
    ...more,
  });
}
