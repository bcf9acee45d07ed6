/**
 * An app on a store, with a clock that only its caller moves: a feed that brings as many events a minute as it is told, agents
 * that poll, and the work of a schedule. All of it is the real code from the JSON-RPC of a call down to the store.
 */
import * as z from 'zod';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createTestClient, type TestClient } from '../../src/hosts/testing/client.ts';
import { createHost } from '../../src/hosts/host.ts';
import { type App, defineApp, pull, stream, task } from '../../src/index.ts';
import { countCalls } from '../../src/store/counting.ts';
import type { Store } from '../../src/store/store.ts';
import { MINUTE_MS, POLLS, type Poll } from './workload.ts';

/** Of the events, which have about 120 bytes of JSON each. */
const KEYS = 100;
/** Of the stream: few, so that a run soon removes as many events as it takes in, as one does that lasts for weeks. */
const KEPT_EVENTS = 1_000;
const PAGE_EVENTS = 2_000;
const START = Date.UTC(2026, 0, 1);
/** How long a scheduled run may take by the clock of the stage, which stands still meanwhile, ms. */
const RUN_MS = 55_000;
/** `read_history` asks for so many of the newest events. */
const HISTORY_EVENTS = 20;

const Reading = z.object({
  id: z.string(),
  sensor: z.string(),
  time: z.number(),
  celsius: z.number(),
  humidity: z.number(),
  battery: z.number(),
});

/** The event of this number: digits that look like measured ones, and the same in each run. */
export function reading(number: number, time: number): z.output<typeof Reading> {
  const noise = Math.abs(Math.sin(number * 12.9898) * 43_758.5453) % 1;
  return {
    id: `reading-${number}`,
    sensor: `s${number % KEYS}`,
    time,
    celsius: Math.round(1_500 + noise * 1_000) / 100,
    humidity: Math.round(noise * 7_919) % 100,
    battery: Math.round(3_000 + noise * 1_200),
  };
}

function appOf(eventsPerMinute: () => number): App {
  let dueEvents = 0;
  let dueSince = START;
  /** The newest events happened when the feed runs, the others in the minute before. */
  const timeOf = (fromEnd: number, now: number) =>
    now - Math.floor((Math.min(fromEnd - 1, eventsPerMinute()) * MINUTE_MS) / Math.max(1, eventsPerMinute()));
  async function* upstream(position: unknown, now: number) {
    dueEvents += ((now - dueSince) / MINUTE_MS) * eventsPerMinute();
    dueSince = now;
    const to = Math.floor(dueEvents);
    let from = typeof position === 'number' ? position : 0;
    do {
      const count = Math.min(PAGE_EVENTS, to - from);
      const items = Array.from({ length: count }, (_, at) => reading(from + at, timeOf(to - from - at, now)));
      from += count;
      yield { items, position: from, last: from >= to, backlog: to - from };
    } while (from < to);
  }
  return defineApp({
    name: 'cost',
    version: '1.0.0',
    description: 'Readings of many sensors',
    streams: {
      readings: stream({
        description: 'What each sensor measured',
        schema: Reading,
        key: 'sensor',
        id: 'id',
        time: 'time',
        retention: { events: KEPT_EVENTS },
        feed: pull({ pull: ({ position, now }) => upstream(position, now()) }),
      }),
    },
    tasks: {
      watch: task({
        description: 'Waits for a month',
        version: '1',
        input: z.object({}),
        policy: { ttlMs: 30 * 86_400_000 },
        run: async (_input, { sleep }) => {
          await sleep(29 * 86_400_000);
          return 'over';
        },
      }),
    },
  });
}

export interface Stage {
  now(): number;
  /** Moves the clock, and wakes who slept until then. */
  advance(ms: number): void;
  /** Events that the feed brings from now on, in a minute. */
  bring(eventsPerMinute: number): void;
  /** One poll of one agent, from where its last poll of events ended. */
  ask(poll: Poll, agent: number): Promise<void>;
  /** What a schedule does once a minute. Rejects where something of it failed. */
  scheduled(): Promise<{ events: number; rounds: number }>;
  /** Requests, calls to the store and bytes of answers since the stage began. */
  counts(): { requests: number; storeCalls: number; answerBytes: number };
  close(): Promise<void>;
}

export async function createStage(engine: Store): Promise<Stage> {
  let eventsPerMinute = 0;
  let requests = 0;
  let answerBytes = 0;
  const clock = createClock();
  const counted = countCalls(engine);
  const runtime = {
    ...systemRuntime(() => {}),
    now: clock.now,
    random: () => 0.5,
    sleep: clock.sleep,
  };
  const secrets = { current: 'a secret of a stage, which guards nothing', previous: null };
  const app = appOf(() => eventsPerMinute);
  const host = createHost({ app, store: counted.store, runtime, isOpen: true, secrets });
  const client = createTestClient(async (request) => {
    requests += 1;
    const response = await host.fetch(request);
    const text = await response.text();
    answerBytes += Buffer.byteLength(text);
    return { status: response.status, text };
  });

  const known: Known = { cursors: new Map(), tasks: new Map() };
  const stage: Stage = {
    now: clock.now,
    advance: (ms) => clock.advance(ms),
    bring: (count) => void (eventsPerMinute = count),
    ask: (poll, agent) => ASKING[poll](client, known, agent),
    async scheduled() {
      const { error, failed, events, rounds } = await host.scheduled(clock.now() + RUN_MS);
      if (error !== null || failed.length > 0) throw error ?? new Error(`failed: ${failed.join(', ')}`);
      return { events, rounds };
    },
    counts: () => ({ requests, storeCalls: counted.total(), answerBytes }),
    close: () => host.close(),
  };
  // What an instance asks once, such as the clock that the store has seen, is no part of a poll.
  await stage.scheduled();
  for (const poll of POLLS) await stage.ask(poll, 0);
  return stage;
}

/** Who sleeps no longer than this waits for other work of its process to go on, and is woken by itself, ms. */
const SHORT_MS = 50;

/** A clock that stands until it is advanced. What sleeps for long only ends work that takes too long. */
function createClock() {
  let now = START;
  const sleepers = new Map<() => void, number>();
  return {
    now: () => now,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        if (signal?.aborted) return resolve();
        const wake = () => {
          sleepers.delete(wake);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        signal?.addEventListener('abort', wake, { once: true });
        sleepers.set(wake, now + Math.ceil(ms));
        if (ms <= SHORT_MS) setTimeout(wake, ms);
      }),
    advance(ms: number) {
      now += ms;
      for (const [wake, at] of sleepers) if (at <= now) wake();
    },
  };
}

interface Known {
  /** Where each agent stands. */
  cursors: Map<number, string>;
  /** The task that each agent looks at. */
  tasks: Map<number, string>;
}

const ASKING: Readonly<Record<Poll, (client: TestClient, known: Known, agent: number) => Promise<void>>> = {
  async read_latest(client, _known, agent) {
    await called(client, 'read_latest', { stream: 'readings', key: `s${agent % KEYS}` });
  },
  async read_history(client) {
    await called(client, 'read_history', { stream: 'readings', limit: HISTORY_EVENTS });
  },
  async 'events/poll'(client, { cursors }, agent) {
    const params = { name: 'stream.readings', cursor: cursors.get(agent) ?? null };
    const { cursor } = await client.request('events/poll', params);
    cursors.set(agent, z.string().parse(cursor));
  },
  async 'tasks/get'(client, { tasks }, agent) {
    const taskId = tasks.get(agent);
    if (taskId === undefined) {
      const begun = await client.request('tools/call', { name: 'watch', arguments: {} }, { tasks: true });
      tasks.set(agent, z.string().parse(begun['taskId']));
    } else {
      await client.request('tasks/get', { taskId }, { tasks: true });
    }
  },
};

async function called(client: TestClient, name: string, args: object): Promise<void> {
  const { isError, content } = await client.request('tools/call', { name, arguments: args });
  if (isError === true) throw new Error(`${name}: ${JSON.stringify(content)}`);
}
