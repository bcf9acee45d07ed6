/**
 * What one entry of a task remembers: read once, written under the lease. What is noted while a commit is on its way goes
 * with the next one, so steps side by side share commits. Every commit is on the run's version: an entry that lost its
 * lease writes nothing more.
 */
import type { Json } from '../core/json.ts';
import { utf8Bytes } from '../core/json.ts';
import { commitSurely } from '../store/commit.ts';
import { LIST_LIMIT } from '../store/limits.ts';
import { type Delete, isPresent, type Operation, type Put, type Reading, type Version } from '../store/store.ts';
import type { Deps } from '../streams/deps.ts';
import type { Claim } from './claim.ts';
import { type Change, expiryOf, hasEnded, type Header } from './header.ts';
import { headerKey, REMEMBERED, rememberedKey, runKey, taskLog, taskPartition } from './names.ts';
import { deleteRun, putRun, type Run } from './run-record.ts';
import { giveSlots, takeSlots } from './slots.ts';

/** A write to another record that goes with what is noted, in one commit. */
export interface Beside {
  operation: Put | Delete;
  /**
   * What becomes of it where the record is another by then: a put is left out, a delete takes what stands there. Default
   * false: it has to hold, or the lease counts as lost.
   */
  yields?: boolean;
}

export interface Journal {
  recall(id: string): Json | undefined;
  /** All that is remembered under ids that begin so. */
  recallAll(prefix: string): [id: string, value: Json][];
  /** Of what is remembered and of what was put beside it, by the last commit of both; null: there was none yet. */
  versionOf(id: string): Version | null;
  /** How many things are remembered. */
  size(): number;
  /** To be remembered with the next commit. Noted again before that, the last note stands alone. */
  note(id: string, value: Exclude<Json, null>, beside?: Beside): void;
  header(): Header;
  /** Changes the header with the next commit, and again where somebody else changed it meanwhile. */
  change(change: Change): void;
  /** Commits all that was noted; `lost`: somebody else has the task, or it has ended. */
  flush(): Promise<'committed' | 'lost'>;
  /** Keeps the lease, where less than half of it is left, and commits what was changed. */
  keep(): Promise<'committed' | 'lost'>;
  /** Looks whether the task is still ours; it may have been cancelled. One read. */
  look(): Promise<'ours' | 'lost'>;
  /** Commits all, and gives the lease back: the task goes on at `dueAt`. `outdated`: it has to go on at once, as something came meanwhile. */
  leave(run: Partial<Run>, dueAt: number): Promise<'left' | 'outdated' | 'lost'>;
  /** Commits all, with a change that ends the task: header, log and lease at once. */
  end(change: Change): Promise<'ended' | 'lost'>;
}

interface Remembered {
  value: Json;
  version: Version | null;
  beside: Beside | null;
}

/** What of a commit is kept for the operations that every one has. */
const OWN_OPERATIONS = 10;
/** Of a record's names, generously. */
const NAMES_BYTES = 1_024;

/** Reads what was remembered. Errors as the store's; later ones as `commitSurely`. */
export async function openJournal({ store, runtime }: Deps, claim: Claim, leaseMs: number, deadline: number) {
  const { tenant, taskId } = claim;
  const remembered = new Map<string, Remembered>();
  for (let after: string | null = ''; after !== null;) {
    const page = await store.list(taskPartition(tenant, taskId), {
      now: runtime.now(),
      limit: LIST_LIMIT,
      prefix: REMEMBERED,
      ...(after === '' ? {} : { after }),
    });
    for (const { id, value, version } of page.records)
      remembered.set(id.slice(REMEMBERED.length), { value, version, beside: null });
    after = page.next;
  }
  const runAt = runKey(tenant, taskId);
  const headerAt = headerKey(tenant, taskId);
  const noted = new Set<string>();
  let changes: Change[] = [];
  let { header, headerVersion, run, runVersion, until, slots } = claim;
  let last: Promise<unknown> = Promise.resolve();
  let isLost = false;

  /** One at a time, in order. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = last.then(work, work);
    last = turn;
    return turn;
  }

  function headerPut(next: Header): Put {
    const value = next as unknown as Exclude<Json, null>;
    return { kind: 'put', ...headerAt, value, expects: headerVersion, expiresAt: expiryOf(next) };
  }

  interface Batch {
    entries: Map<string, Remembered>;
    operations: Operation[];
    /** Those of the operations that yield, each with the note that it goes with. */
    yielding: Map<Operation, Remembered>;
  }

  /** The operations of as much as one commit takes of what was noted. */
  function batch(): Batch {
    const most = store.limits.commitOperations - OWN_OPERATIONS - slots.length;
    const { entries, operations, yielding }: Batch = { entries: new Map(), operations: [], yielding: new Map() };
    let bytes = utf8Bytes(JSON.stringify(header));
    for (const id of noted) {
      const entry = remembered.get(id);
      if (!entry) continue;
      const value = entry.value as Exclude<Json, null>;
      const key = rememberedKey(tenant, taskId, id);
      const put: Put = { kind: 'put', ...key, value, expects: entry.version, expiresAt: expiryOf(header) };
      const own = entry.beside === null ? [put] : [put, entry.beside.operation];
      bytes += own.reduce((sum, operation) => sum + sizeOf(operation), 0);
      const full = operations.length + own.length > most || bytes > store.limits.commitBytes;
      if (entries.size > 0 && full) break;
      entries.set(id, entry);
      operations.push(...own);
      if (entry.beside?.yields) yielding.set(entry.beside.operation, entry);
    }
    return { entries, operations, yielding };
  }

  interface Ending {
    /** The run afterwards; null: it is gone. */
    run: Run | null;
    dueAt: number;
    /** Whether a header that somebody changed meanwhile is in the way. */
    strict: boolean;
  }

  /** Commits what fits, and the ending with the last of it. */
  async function commit(ending: Ending | null): Promise<'committed' | 'outdated' | 'lost'> {
    for (;;) {
      if (isLost) return 'lost';
      const { entries, operations, yielding } = batch();
      const isLast = entries.size === noted.size;
      const now = runtime.now();
      const taken = changes;
      const next = taken.reduce((standing, change) => change(standing, now), header);
      const closing = isLast ? ending : null;
      // What is remembered is progress: failures before it count no more.
      const resets = entries.size > 0 && (run.failures > 0 || run.lost > 0);
      const renews = closing === null && (resets || until - now < leaseMs / 2);
      const nextUntil = renews ? now + leaseMs : until;
      const nextRun = closing ? closing.run : resets ? { ...run, failures: 0, lost: 0 } : run;
      const whole: Operation[] = [
        nextRun === null
          ? deleteRun(runAt, runVersion)
          : closing || renews
            ? putRun(tenant, runAt, nextRun, closing?.dueAt ?? nextUntil, runVersion)
            : { kind: 'check', ...runAt, expects: runVersion },
        ...(next !== header
          ? [headerPut(next)]
          : closing?.strict
            ? [{ kind: 'check' as const, ...headerAt, expects: headerVersion }]
            : []),
        ...operations,
        ...(closing
          ? [...giveSlots(slots), ...(closing.run === null ? [endEntry(taskId, next)] : [])]
          : renews
            ? takeSlots(slots, taskId, nextUntil)
            : []),
      ];
      if (whole.length === 1 && whole[0]?.kind === 'check') return 'committed';
      const result = await commitSurely(runtime, store, whole, deadline);
      if (result.status === 'conflict') {
        let headerMoved = false;
        for (const { operation, found } of result.conflicts) {
          const target = whole[operation];
          const yielded = target && yielding.get(target);
          if (target?.kind !== 'append' && target?.id === headerAt.id && target.partition === headerAt.partition) {
            headerMoved = true;
          } else if (yielded) {
            yielded.beside = instead(yielded.beside, found);
          } else {
            isLost = true;
          }
        }
        isLost ||= headerMoved && !(await readHeader());
        if (isLost) return 'lost';
        if (headerMoved && closing?.strict) return 'outdated';
        continue;
      }
      const { version } = result;
      if (next !== header) headerVersion = version;
      header = next;
      changes = changes.slice(taken.length);
      for (const [id, entry] of entries) {
        const standing = remembered.get(id);
        if (standing) standing.version = version;
        // What was noted anew meanwhile is for the next commit.
        if (standing === entry) noted.delete(id);
      }
      if (closing || renews) {
        if (nextRun !== null) {
          runVersion = version;
          run = nextRun;
        }
        if (renews) slots = slots.map((slot) => ({ ...slot, version }));
        until = nextUntil;
      }
      if (isLast) return 'committed';
    }
  }

  /** Reads the header anew; false: the task has ended. */
  async function readHeader(): Promise<boolean> {
    const reading = await store.get(headerAt, runtime.now());
    if (!isPresent(reading)) return false;
    header = reading.value as unknown as Header;
    headerVersion = reading.version;
    return !hasEnded(header);
  }

  const journal: Journal = {
    recall: (id) => remembered.get(id)?.value,
    recallAll: (prefix) =>
      [...remembered].flatMap(([id, { value }]) => (id.startsWith(prefix) ? [[id, value] as [string, Json]] : [])),
    versionOf: (id) => remembered.get(id)?.version ?? null,
    size: () => remembered.size,
    note(id, value, beside) {
      remembered.set(id, { value, version: remembered.get(id)?.version ?? null, beside: beside ?? null });
      noted.add(id);
    },
    header: () => header,
    change: (change) => void changes.push(change),
    flush: () => inTurn(() => commit(null)).then((done) => (done === 'lost' ? 'lost' : 'committed')),
    keep: () =>
      inTurn(async () => {
        if (until - runtime.now() >= leaseMs / 2 && changes.length === 0) return 'committed' as const;
        return (await commit(null)) === 'lost' ? ('lost' as const) : ('committed' as const);
      }),
    look: () =>
      inTurn(async () => {
        const { version } = await store.get(runAt, runtime.now());
        isLost ||= version !== runVersion;
        return isLost ? ('lost' as const) : ('ours' as const);
      }),
    leave: (change, dueAt) =>
      inTurn(async () => {
        const ending = { run: { ...run, ...change, holder: null }, dueAt, strict: true };
        const done = await commit(ending);
        return done === 'committed' ? ('left' as const) : done;
      }),
    end: (change) =>
      inTurn(async () => {
        // A large result leaves no room for what was noted before.
        if ((await commit(null)) === 'lost') return 'lost' as const;
        changes.push(change);
        const done = await commit({ run: null, dueAt: 0, strict: false });
        return done === 'committed' ? ('ended' as const) : ('lost' as const);
      }),
  };
  return journal;
}

/** What a write that yields becomes, once its record is another. */
function instead(beside: Beside | null, found: Reading): Beside | null {
  if (beside?.operation.kind !== 'delete' || found.version === null) return null;
  return { ...beside, operation: { ...beside.operation, expects: found.version } };
}

function sizeOf(operation: Put | Delete): number {
  return (operation.kind === 'put' ? utf8Bytes(JSON.stringify(operation.value)) : 0) + NAMES_BYTES;
}

/** The entry of the principal's log that tells of a task's end; everything that follows from it follows the log. */
export function endEntry(taskId: string, { principal, task, status, updatedAt }: Header): Operation {
  return { kind: 'append', log: taskLog(principal), entries: [{ taskId, task, status, at: updatedAt }] };
}
