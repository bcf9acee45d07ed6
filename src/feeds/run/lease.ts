/**
 * A feed's lease is its record, and the record's version is the fencing token. Each commit of a burst also puts the record
 * and expects the version that it last wrote, so a process that lost the lease can write nothing. Each put renews the lease.
 */
import type { Runtime } from '../../base/runtime.ts';
import { commitSurely } from '../../store/commit.ts';
import type { Cursor, Operation, Put, Reading, RecordKey, Store, Version } from '../../store/store.ts';
import { type FeedState, newState } from '../records/state.ts';
import { feedRecord, readState } from '../records/state-record.ts';

export interface Lease {
  /** The state in the store, with the changes that were made since. */
  state(): FeedState;
  /** Makes changes that go with the next commit. */
  change(changes: Partial<FeedState>): void;
  /** Forgets changes that are not committed. */
  revert(): void;
  /** Epoch ms until which nobody else can take the lease. */
  until(): number;
  /**
   * Commits the record with these operations. `lost`: the lease is lost. `outrun`: an expectation of the operations did
   * not hold. In both cases nothing was written.
   */
  commit(operations: readonly Operation[], deadline: number): Promise<'committed' | 'lost' | 'outrun'>;
  /** The version of all that the last commit put. */
  version(): Version;
  /** Behind the last entries that its commits appended, by log: those of the last `MOST_CURSORS` logs, the last of them last. */
  cursors(): Readonly<Record<string, Cursor>>;
  /** Returns what gives the lease back, for a commit that the caller makes. */
  release(): Operation[];
  /** Gives the lease back in a commit of its own; false: the lease is lost. */
  giveBack(deadline: number): Promise<boolean>;
  commits(): number;
  /** Whether it was told how the feed is. */
  hasTold(): boolean;
}

interface Options {
  store: Store;
  runtime: Runtime;
  key: RecordKey;
  leaseMs: number;
  /** Whether its holder keeps renewing it, so that one that does not can be told. */
  renews: boolean;
  /** What tells of a change, in the commit that makes it: one append at most. */
  hints: (before: FeedState, now: FeedState) => Operation[];
}

/** Logs to which it is remembered what was appended. A feed whose events name their tenants fills any number of them. */
export const MOST_CURSORS = 1_000;

/** Takes the lease on the record as it was read; null: somebody else was faster. Errors as `commitSurely`. */
export async function takeLease(
  { store, runtime, key, leaseMs, renews, hints }: Options,
  reading: Reading,
  first: FeedState,
  deadline: number,
): Promise<Lease | null> {
  const holder = runtime.newId();
  let { version } = reading;
  let state = first;
  /** As it stands in the store. */
  let stored = readState(reading) ?? newState();
  let committed = first;
  let told = false;
  let commits = 0;
  const cursors = new Map<string, Cursor>();

  const put = (): Put => feedRecord.put(key, state, { expects: version });
  function hinted(): Operation[] {
    const operations = hints(stored, state);
    told ||= operations.length > 0;
    return operations;
  }

  async function commitAll(operations: readonly Operation[], until: number): Promise<'committed' | 'lost' | 'outrun'> {
    const result = await commitSurely(runtime, store, operations, until);
    commits += 1;
    if (result.status === 'conflict')
      return result.conflicts.some(({ operation }) => operation === 0) ? 'lost' : 'outrun';
    ({ version } = result);
    for (const [log, cursor] of Object.entries(result.cursors)) rememberLast(cursors, log, cursor);
    committed = state;
    stored = state;
    return 'committed';
  }

  function commit(operations: readonly Operation[], until: number): Promise<'committed' | 'lost' | 'outrun'> {
    const now = runtime.now();
    state = { ...state, lease: { holder, until: now + leaseMs, ...(renews ? { renewedAt: now } : {}) } };
    return commitAll([put(), ...operations, ...hinted()], until);
  }

  function release(): Operation[] {
    state = { ...state, lease: null };
    return [put(), ...hinted()];
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
    cursors: () => Object.fromEntries(cursors),
    release,
    giveBack: async (until) => (await commitAll(release(), until)) === 'committed',
    commits: () => commits,
    hasTold: () => told,
  };
}

function rememberLast(cursors: Map<string, Cursor>, log: string, cursor: Cursor): void {
  cursors.delete(log);
  cursors.set(log, cursor);
  const [oldest] = cursors.keys();
  if (cursors.size > MOST_CURSORS && oldest !== undefined) cursors.delete(oldest);
}
