/** What is measured of a world: calls of a client, one commit of what a feed brings, and what runs on a schedule. */
import { sweep } from '../../../src/schedule.ts';
import { encodeTailCursor } from '../../../src/streams/log/tail-cursor.ts';
import { publishMany } from '../../../src/streams/log/publish-many.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { median } from '../print.ts';
import { STEP_MS, timeOf } from './fill.ts';
import { runtime, STREAM, type World } from './world.ts';

const HOUR_MS = 3_600_000;
const LONGEST_MS = 60_000;
const EVENTS = 100;
/** Each call is made so often before it is measured. */
const WARM = 3;
const ROUNDS = 5;
/** Most calls of a round; fewer where the rounds together would take longer than this time. */
const CALLS = 5;
const TIME_MS = 250;

/** What is in a world. */
export interface Filled {
  world: World;
  /** Of the events, which are numbered from 0. */
  events: number;
  tasks: readonly string[];
}

export interface Figure {
  /** Median. */
  storeCalls: number;
  /** Median of the fastest call of each round. */
  ms: number;
}

/** One call, or more of them where what has to come before it is no part of the figure. */
interface Call {
  before?: () => Promise<unknown>;
  run: () => Promise<unknown>;
}

/** In all worlds, so that no event is known. */
let published = 0;

/** By the names that the table shows. */
async function callsOf({ world, events, tasks }: Filled): Promise<Record<string, Call>> {
  const { counted, store, scope, stream, deps, host } = world;
  const tool = (name: string, args: Record<string, string | number | string[]>) => ({
    run: () => world.ask('tools/call', { name, arguments: args }),
  });
  const hour = timeOf(Math.floor(events / 2_000) * 1_000) - STEP_MS / 2;
  const window = { from: new Date(hour).toISOString(), to: new Date(hour + HOUR_MS).toISOString(), window: '5m' };
  const publish = (into: typeof scope) => {
    const raws = Array.from({ length: EVENTS }, (_, index) => {
      published += 1;
      const id = `p${published}`;
      // In the order of their times, behind those that were filled in.
      const time = timeOf(events) + published;
      return { data: { id, sensor: `k${index}`, time, celsius: 20 }, place: id };
    });
    return publishMany(into, stream, raws, { once: null, deadline: runtime.now() + LONGEST_MS });
  };
  await publish(scope);
  const { start } = await store.last(streamLog(scope.tenant, STREAM), EVENTS);
  const cursor = encodeTailCursor(STREAM, start);
  let turn = 0;
  const countedDeps = { ...deps, store: counted.store };
  return {
    'read_latest of a key': tool('read_latest', { stream: STREAM, key: 'k0' }),
    'read_latest of all keys': tool('read_latest', { stream: STREAM }),
    'read_history, newest 100': tool('read_history', { stream: STREAM, limit: 100, order: 'newest' }),
    'read_history, a closed hour': tool('read_history', {
      stream: STREAM,
      field: 'celsius',
      aggregates: ['mean'],
      by: [],
      ...window,
    }),
    list_streams: tool('list_streams', {}),
    'list_streams, one': tool('list_streams', { stream: STREAM }),
    'resources/list': { run: () => world.ask('resources/list') },
    'tools/list': { run: () => world.ask('tools/list') },
    ...(tasks.length === 0
      ? {}
      : { 'tasks/get': { run: () => world.ask('tasks/get', { taskId: tasks[(turn += 1) % tasks.length] ?? '' }) } }),
    'tasks/list': { run: () => world.ask('tasks/list', {}, 'legacy') },
    'events/poll': { run: () => world.ask('events/poll', { name: `stream.${STREAM}`, cursor }) },
    poll_changes: tool('poll_changes', { uris: [`stream://${STREAM}/k0`] }),
    list_subscriptions: tool('list_subscriptions', {}),
    'a commit of 100 events': { run: () => publish({ ...scope, store: counted.store }) },
    'a sweep behind 100 events': {
      before: () => publish(scope),
      run: () => sweep(countedDeps, runtime.now() + LONGEST_MS),
    },
    'a scheduled run behind them': {
      before: () => publish(scope),
      run: () => host.scheduled(runtime.now() + LONGEST_MS),
    },
  };
}

/** Rounds until there is enough of them; of each the fastest call counts, because a machine that does other work adds to all others. */
async function measured({ counted }: World, { before, run }: Call): Promise<Figure> {
  const fastest: number[] = [];
  const storeCalls: number[] = [];
  let spent = 0;
  async function once(): Promise<number> {
    await before?.();
    counted.reset();
    const began = performance.now();
    await run();
    const ms = performance.now() - began;
    storeCalls.push(counted.total());
    spent += ms;
    return ms;
  }
  for (let warm = 0; warm < WARM; warm += 1) await once();
  [storeCalls.length, spent] = [0, 0];
  for (let round = 0; round < ROUNDS; round += 1) {
    const took = [await once()];
    while (took.length < CALLS && spent < (TIME_MS * (round + 1)) / ROUNDS) took.push(await once());
    fastest.push(Math.min(...took));
  }
  return { storeCalls: median(storeCalls), ms: median(fastest) };
}

export async function measure(filled: Filled): Promise<Map<string, Figure>> {
  const figures = new Map<string, Figure>();
  for (const [name, call] of Object.entries(await callsOf(filled))) {
    figures.set(name, await measured(filled.world, call));
  }
  return figures;
}
