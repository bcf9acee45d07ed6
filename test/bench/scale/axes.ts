/** What grows, one thing at a time, and how a world is filled with it. */
import type { Store } from '../../../src/store/store.ts';
import type { Filled } from './calls.ts';
import { fillEvents, fillSubscriptions, fillTasks } from './fill.ts';
import { openWorld, STREAM } from './world.ts';

/** What all but one thing have: so many events over so many keys, and one of everything else. */
const EVENTS = 1_000;
const KEYS = 100;
/** A task may be asked for only so often. */
const TASKS = 100;

export interface Axis {
  /** What grows. */
  of: string;
  sizes: readonly number[];
  /** Sizes that are measured beside them with `--full`. */
  full?: readonly number[];
  /** A store that is filled for each size anew, because the app is another one. Default: one, which is filled further. */
  isAnew?: boolean;
  /** Fills the store from a size to the next one; `from` is 0, and `before` null, for the first. */
  grow(store: Store, from: number, to: number, before: Filled | null): Promise<Filled>;
  /** After the last size. */
  end?(): Promise<void>;
}

async function small(store: Store, streams = 1, keys = KEYS): Promise<Filled> {
  const world = openWorld(store, streams);
  await fillEvents(world, 0, EVENTS, keys);
  return { world, events: EVENTS, tasks: await fillTasks(world, TASKS) };
}

function listeners(): Axis {
  const leaving: (() => Promise<void>)[] = [];
  return {
    of: 'listeners',
    sizes: [1, 100, 1_000, 10_000],
    async grow(store, from, to, before) {
      const filled = before ?? (await small(store));
      for (let at = from; at < to; at += 1) {
        leaving.push(await filled.world.listen(`stream://${STREAM}/k${at % KEYS}`));
      }
      return filled;
    },
    async end() {
      for (const leave of leaving) await leave();
    },
  };
}

export function axes(): readonly Axis[] {
  return [
    {
      of: 'events',
      sizes: [1_000, 10_000, 100_000, 1_000_000],
      full: [10_000_000],
      async grow(store, from, to, before) {
        const world = before?.world ?? openWorld(store, 1);
        await fillEvents(world, from, to, KEYS);
        return { world, events: to, tasks: before?.tasks ?? (await fillTasks(world, TASKS)) };
      },
    },
    {
      of: 'keys',
      sizes: [1, 100, 10_000, 1_000_000],
      // Events are as many as there are keys, above a thousand.
      async grow(store, from, to, before) {
        const filled = before ?? (await small(store, 1, 1));
        const { world, events } = filled;
        const more = from === 0 ? 0 : to;
        await fillEvents(world, events, events + more, to);
        return { ...filled, events: events + more };
      },
    },
    { of: 'streams', sizes: [1, 10, 100, 1_000], isAnew: true, grow: (store, _from, to) => small(store, to) },
    {
      of: 'tasks',
      sizes: [100, 1_000, 10_000, 100_000],
      full: [1_000_000],
      async grow(store, from, to, before) {
        const filled = before ?? (await small(store));
        const ids = from === 0 ? [] : await fillTasks(filled.world, to - from);
        return { ...filled, tasks: [...filled.tasks, ...ids] };
      },
    },
    listeners(),
    {
      of: 'subscriptions',
      sizes: [1, 100, 10_000, 100_000],
      async grow(store, from, to, before) {
        const filled = before ?? (await small(store));
        await fillSubscriptions(filled.world, from, to);
        return filled;
      },
    },
  ];
}
