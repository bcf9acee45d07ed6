/**
 * Lets nothing into the store by a clock of which the store does not know: before a process commits, it tells the store what time
 * its clock has shown, at the first commit and each time that it moved on by minutes. So whoever sweeps with a right clock learns
 * that one was ahead, however shortly and in whichever process, and looks at what it left (`clock-seen.ts`).
 */
import { CLOCK_SLACK_MS, SEEN_EACH_MS } from '../base/time/stored-time.ts';
import type { Runtime } from '../base/runtime.ts';
import type { tellClock } from './clock-seen.ts';
import type { Store } from './store.ts';

interface Clocked {
  store: Store;
  runtime: Runtime;
}

const watched = new WeakSet<Store>();

/** Loaded when it is first needed: every start reads this file. */
const tell: typeof tellClock = async (...given) => (await import('./clock-seen.ts')).tellClock(...given);

/**
 * The same, with a store and a clock that know of each other. Deps that are watched already come back as they are. It costs one
 * store call, and sometimes two, at the first commit and each five minutes.
 */
export function watchClock<Given extends Clocked>(given: Given): Given {
  if (watched.has(given.store)) return given;
  const { runtime } = given;
  let latest = Number.NEGATIVE_INFINITY;
  /** The store knows of this time, or of a later one. */
  let toldAt = Number.NEGATIVE_INFINITY;
  /** The latest time that was shown and that the store has to know before anything is committed; null: it knows. */
  let untold: number | null = null;

  function now(): number {
    const time = runtime.now();
    if (time < latest - CLOCK_SLACK_MS) {
      // If it leaps again, the sweeps may have forgotten meanwhile that it did before.
      latest = time;
      toldAt = Math.min(toldAt, time);
    } else if (time > latest) latest = time;
    if (time - toldAt >= SEEN_EACH_MS && (untold === null || time > untold)) untold = time;
    return time;
  }

  function viewOf(store: Store): Store {
    const { observed } = store;
    const view: Store = {
      ...store,
      async commit(operations, options) {
        const telling = untold;
        if (telling !== null && (await tell({ store, runtime }, telling, options))) {
          toldAt = Math.min(telling, latest);
          if (untold === telling) untold = null;
        }
        return store.commit(operations, options);
      },
      ...(observed ? { observed: (onRequest) => viewOf(observed(onRequest)) } : {}),
    };
    watched.add(view);
    return view;
  }

  return { ...given, store: viewOf(given.store), runtime: { ...runtime, now } };
}

/** Says of a store that its clock is never wrong, such as the one that a test turns. */
export function trustClock(store: Store): Store {
  watched.add(store);
  return store;
}
