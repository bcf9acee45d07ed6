/** The calls to the store of this process, with their times, and the tasks that they ended, as metrics. The store's answers and errors are passed on as they are. */
import { STORE_CALLS } from '../../store/counting.ts';
import type { CommitResult, Operation, Store } from '../../store/store.ts';
import { createCounter, createDurations } from './counted.ts';
import { createEndedTasks } from './ended-tasks.ts';
import type { Family } from './exposition.ts';

interface TimedStore {
  /** The same store, timed. */
  of(store: Store): Store;
  families(): Family[];
}

/** @param elapsed milliseconds of a clock that only goes forward */
export function createTimedStore(elapsed: () => number): TimedStore {
  const durations = createDurations({
    name: 'tidegate_store_call_duration_seconds',
    help: 'How long calls to the store took',
    labels: ['call'],
  });
  const failures = createCounter({
    name: 'tidegate_store_call_failures_total',
    help: 'Calls to the store that threw',
    labels: ['call'],
  });

  const endedTasks = createEndedTasks();

  function of(store: Store): Store {
    const view: Record<string, unknown> = { ...store };
    for (const name of STORE_CALLS) {
      if (store[name] === undefined) continue;
      const call = store[name] as (...args: unknown[]) => Promise<unknown>;
      view[name] = (...args: unknown[]) => {
        const begunAt = elapsed();
        const ended = () => durations.observe(elapsed() - begunAt, name);
        const answer = call.apply(store, args);
        // The answer itself is passed on, so that nobody waits a turn longer for it.
        answer.then(ended, () => {
          failures.add(1, name);
          ended();
        });
        if (name === 'commit') {
          const [operations] = args as [readonly Operation[]];
          const committed = (result: CommitResult) => endedTasks.committed(operations, result);
          (answer as Promise<CommitResult>).then(committed).catch(() => {});
        }
        return answer;
      };
    }
    const { observed } = store;
    if (observed) view['observed'] = (onRequest: () => void) => of(observed(onRequest));
    return view as unknown as Store;
  }

  return { of, families: () => [durations.family(), failures.family(), endedTasks.family()] };
}
