/**
 * Counts the calls to a store by kind, for one request, burst or sweep. Each of these has its own view of the store, so
 * that work which overlaps in a process is counted apart. It limits nothing.
 */
import { paceOf } from '../base/pace.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Store } from './store.ts';
import { inTurns, UNBOUNDED, type Work } from './work.ts';

/** The functions of a store that reach its engine. */
type StoreCall = Exclude<keyof Store, 'name' | 'limits' | 'putBack' | 'transfer' | 'observed' | 'close'>;

export const STORE_CALLS: readonly StoreCall[] = [
  ...(['get', 'getMany', 'list', 'due', 'read', 'last', 'seek', 'extent'] as const),
  ...(['commit', 'add', 'trim', 'erase', 'collect', 'ping', 'findings'] as const),
];

/** How often each function was called; those never called are left out. */
export type StoreCalls = Partial<Record<StoreCall, number>>;

export interface CountedStore {
  /** The same store, counted. Closing it closes the store itself. */
  store: Store;
  /** Since the beginning or the last `reset`. */
  calls: () => StoreCalls;
  /** The sum of `calls()`. */
  total: () => number;
  /** How many requests were sent to the engine, repeated ones too; null for an engine in this process. */
  engineRequests: () => number | null;
  reset: () => void;
}

/** Calls that may take long on an engine in this process. */
const LONG_CALLS: ReadonlySet<StoreCall> = new Set(['list', 'read', 'last', 'trim', 'erase', 'collect']);
/** So many of the other calls are made at once. A request that makes no more never waits for long loops. */
const UNPACED_CALLS = 4;

/** @param runtime gives the pace of the calls, so that whoever makes many of them gives way between two. Default: none */
export function countCalls(inner: Store, runtime: Pick<Runtime, 'pace'> = {}): CountedStore {
  let counts: StoreCalls = {};
  let requests = 0;
  let calls = 0;
  const pace = paceOf(runtime);
  const { observed } = inner;

  function viewOf(store: Store): Store {
    const view: Record<string, unknown> = { ...store };
    for (const name of STORE_CALLS) {
      if (store[name] === undefined) continue;
      const call = store[name] as (...args: unknown[]) => unknown;
      view[name] = (...args: unknown[]) => {
        counts[name] = (counts[name] ?? 0) + 1;
        calls += 1;
        const rest = calls > UNPACED_CALLS || LONG_CALLS.has(name) ? pace() : null;
        return rest === null ? call.apply(store, args) : rest.then(() => call.apply(store, args));
      };
    }
    if (observed) view['observed'] = viewFor;
    return view as unknown as Store;
  }

  function viewFor(onRequest: () => void): Store {
    const onEach = () => {
      requests += 1;
      onRequest();
    };
    return viewOf(observed?.(onEach) ?? inner);
  }

  return {
    store: viewFor(() => {}),
    calls: () => ({ ...counts }),
    total: () => Object.values(counts).reduce((sum, each) => sum + each, 0),
    engineRequests: () => (observed ? requests : null),
    reset() {
      counts = {};
      requests = 0;
    },
  };
}

/** What a request, burst or sweep cost, as fields of a log line. */
export type Spent = {
  storeCalls: StoreCalls;
  /** Left out for an engine in this process, and where the store was not used. */
  engineRequests?: number;
};

export interface Account {
  /** The store. Every call to it is counted on this account. */
  readonly store: Store;
  /** What was counted up to now. */
  spent(): Spent;
  /** Whose turns the store asks for. */
  readonly work: Work;
}

/**
 * Opens an account. The view of the store is made when it is first read, so that a caller who needs no data pays
 * nothing.
 */
export function openAccount(inner: Store, runtime?: Pick<Runtime, 'pace'>, work: Work = UNBOUNDED): Account {
  return new CountedAccount(inner, runtime, work);
}

class CountedAccount implements Account {
  readonly #inner: Store;
  readonly #runtime: Pick<Runtime, 'pace'> | undefined;
  #counted: CountedStore | null = null;
  #store: Store | null = null;
  readonly work: Work;

  constructor(inner: Store, runtime: Pick<Runtime, 'pace'> | undefined, work: Work) {
    this.#inner = inner;
    this.#runtime = runtime;
    this.work = work;
  }

  get store(): Store {
    const { work } = this;
    // Turns give way as well, to the cheapest first; the queue of loops would let it wait behind all of them.
    this.#counted ??= countCalls(this.#inner, work === UNBOUNDED ? this.#runtime : {});
    this.#store ??= work === UNBOUNDED ? this.#counted.store : inTurns(this.#counted.store, work);
    return this.#store;
  }

  spent(): Spent {
    const engineRequests = this.#counted?.engineRequests() ?? null;
    return { storeCalls: this.#counted?.calls() ?? {}, ...(engineRequests === null ? {} : { engineRequests }) };
  }
}
