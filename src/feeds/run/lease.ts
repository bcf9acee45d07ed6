/**
 * A feed's lease: its record, whose version is the fencing token. Everything that a burst commits puts the record on
 * the version that it last wrote, so whoever lost the lease can write nothing; each put renews it.
 */
import type { Runtime } from '../../base/runtime.ts';
import { commitSurely } from '../../store/commit.ts';
import type { Operation, Put, Reading, RecordKey, Store, Version } from '../../store/store.ts';
import { feedRecord, type FeedState } from './state.ts';

export interface Lease {
  /** As it stands in the store, and what was changed since. */
  state(): FeedState;
  /** Changes that go with the next commit. */
  change(changes: Partial<FeedState>): void;
  /** Forgets changes that no commit has taken. */
  revert(): void;
  /** Epoch ms until which nobody else takes it. */
  until(): number;
  /**
   * Commits the record with these operations. `lost`: the lease is; `outrun`: an expectation of theirs did not hold.
   * Nothing was written then.
   */
  commit(operations: readonly Operation[], deadline: number): Promise<'committed' | 'lost' | 'outrun'>;
  /** Of all that the last commit put. */
  version(): Version;
  /** The put that gives the lease back, for a commit that somebody else makes. */
  release(): Put;
  /** Commits that put alone; false: the lease is lost. */
  giveBack(deadline: number): Promise<boolean>;
  commits(): number;
}

interface Options {
  store: Store;
  runtime: Runtime;
  key: RecordKey;
  leaseMs: number;
}

/** Takes the lease over what was read of the record; null: somebody else was faster. Errors as `commitSurely`. */
export async function takeLease(
  { store, runtime, key, leaseMs }: Options,
  reading: Reading,
  first: FeedState,
  deadline: number,
): Promise<Lease | null> {
  const holder = runtime.newId();
  let { version } = reading;
  let state = first;
  let committed = first;
  let commits = 0;

  const put = (): Put => feedRecord.put(key, state, { expects: version });

  async function commitAll(operations: readonly Operation[], until: number): Promise<'committed' | 'lost' | 'outrun'> {
    const result = await commitSurely(runtime, store, operations, until);
    commits += 1;
    if (result.status === 'conflict')
      return result.conflicts.some(({ operation }) => operation === 0) ? 'lost' : 'outrun';
    ({ version } = result);
    committed = state;
    return 'committed';
  }

  function commit(operations: readonly Operation[], until: number): Promise<'committed' | 'lost' | 'outrun'> {
    state = { ...state, lease: { holder, until: runtime.now() + leaseMs } };
    return commitAll([put(), ...operations], until);
  }

  function release(): Put {
    state = { ...state, lease: null };
    return put();
  }

  if ((await commit([], deadline)) !== 'committed') return null;
  return {
    state: () => state,
    change(changes) {
      state = { ...state, ...changes };
    },
    revert() {
      state = committed;
    },
    until: () => state.lease?.until ?? 0,
    commit,
    version: () => version ?? '',
    release,
    giveBack: async (until) => (await commitAll([release()], until)) === 'committed',
    commits: () => commits,
  };
}
