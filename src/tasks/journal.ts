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
import { type Change, expiryOf, hasEnded, type Header, rememberedUntil } from './header.ts';
import { headerKey, REMEMBERED, rememberedKey, runKey, taskPartition } from './names.ts';
import { deleteRun, putRun, type Run } from './run-record.ts';
import { giveSlots, takeSlots } from './slots.ts';
import { endEntry } from './task-log.ts';

export interface Journal {
  recall(id: string): Json | undefined;
  /** All that is remembered under ids that begin so. */
  recallAll(prefix: string): [id: string, value: Json][];
  /** Of what is remembered, and of what was put beside it, by the last commit of both; null: there was none yet. */
  versionOf(id: string): Version | null;
  /** How many things are remembered. */
  size(): number;
  /**
   * To be remembered with the next commit that has room for it; `beside` goes with it, in the same commit. Where the record
   * that it is for has become another, the lease counts as lost, unless it `yields`: a put is left out then, and a delete
   * takes what stands there. Of two notes before a commit the later stands, with what is beside it.
   */
  note(id: string, value: Exclude<Json, null>, beside?: Put | Delete, yields?: boolean): void;
  header(): Header;
  /** Whether something is noted that no commit has taken. */
  hasNoted(): boolean;
  /** Failures of `run` itself since something was remembered, what is noted included. */
  failures(): number;
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
  beside?: Put | Delete | undefined;
  yields?: boolean;
}

/** What of a commit is kept for the operations that every one has: run, header, the entry of the log; and for their names and values. */
const OWN_OPERATIONS = 3;
const OWN_BYTES = 4_096;

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
    for (const { id, value, version } of page.records) remembered.set(id.slice(REMEMBERED.length), { value, version });
    after = page.next;
  }
  const runAt = runKey(tenant, taskId);
  const headerAt = headerKey(tenant, taskId);
  const noted = new Set<string>();
  let changes: Change[] = [];
  let { header, headerVersion, run, runVersion, until, slots } = claim;
  let last: Promise<unknown> = Promise.resolve();
  let isLost = false;
  /** Somebody else changed the header since this entry last said when it goes on. */
  let cameMeanwhile = false;

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

  function operationsOf(id: string, { value, version, beside }: Remembered): (Put | Delete)[] {
    const key = rememberedKey(tenant, taskId, id);
    const put: Put = {
      kind: 'put',
      ...key,
      value: value as Exclude<Json, null>,
      expects: version,
      expiresAt: rememberedUntil(header),
    };
    return beside ? [put, beside] : [put];
  }

  /** As much of what was noted as one commit takes beside the header; at least one of them, where the header stays as it is. */
  function batch(headerBytes: number): { entries: Map<string, Remembered>; operations: Operation[] } {
    const most = store.limits.commitOperations - OWN_OPERATIONS - slots.length;
    const entries = new Map<string, Remembered>();
    const operations: Operation[] = [];
    let bytes = headerBytes + OWN_BYTES;
    for (const id of noted) {
      const entry = remembered.get(id);
      if (!entry) continue;
      const added = operationsOf(id, entry);
      bytes += bytesOf(added);
      const isFull = operations.length + added.length > most || bytes > store.limits.commitBytes;
      if (isFull && (entries.size > 0 || headerBytes > 0)) break;
      entries.set(id, entry);
      operations.push(...added);
    }
    return { entries, operations };
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
      if (cameMeanwhile && ending?.strict) {
        cameMeanwhile = false;
        return 'outdated';
      }
      const now = runtime.now();
      const taken = changes;
      const next = taken.reduce((standing, change) => change(standing, now), header);
      const { entries, operations } = batch(next === header ? 0 : utf8Bytes(JSON.stringify(next)));
      const isLast = entries.size === noted.size;
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
          const yielding = [...entries.values()].find(({ beside, yields }) => yields === true && beside === target);
          if (target?.kind !== 'append' && target?.id === headerAt.id && target.partition === headerAt.partition) {
            headerMoved = true;
          } else if (yielding) {
            yielding.beside = insteadOf(yielding.beside, found);
          } else {
            isLost = true;
          }
        }
        isLost ||= headerMoved && !(await readHeader());
        if (isLost) return 'lost';
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

  /**
   * Reads the header anew, and the answers to questions that are gone from it; false: the task has ended. Whoever leaves
   * after that has to come back at once: what came may be what the task waits for.
   */
  async function readHeader(): Promise<boolean> {
    const before = header;
    const reading = await store.get(headerAt, runtime.now());
    if (!isPresent(reading)) return false;
    header = reading.value as unknown as Header;
    headerVersion = reading.version;
    const answered = Object.keys(before.asks).filter((key) => !Object.hasOwn(header.asks, key));
    if (answered.length > 0) {
      const keys = answered.map((key) => rememberedKey(tenant, taskId, `ask ${key}`));
      for (const { id, value, version } of (await store.getMany(keys, runtime.now())).filter(isPresent)) {
        remembered.set(id.slice(REMEMBERED.length), { value, version });
      }
    }
    cameMeanwhile = true;
    return !hasEnded(header);
  }

  const journal: Journal = {
    recall: (id) => remembered.get(id)?.value,
    recallAll: (prefix) =>
      [...remembered].flatMap(([id, { value }]) => (id.startsWith(prefix) ? [[id, value] as [string, Json]] : [])),
    versionOf: (id) => remembered.get(id)?.version ?? null,
    size: () => remembered.size,
    note(id, value, beside, yields = false) {
      remembered.set(id, { value, version: remembered.get(id)?.version ?? null, beside, yields });
      noted.add(id);
    },
    header: () => header,
    hasNoted: () => noted.size > 0,
    failures: () => (noted.size > 0 ? 0 : run.failures),
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
function insteadOf(beside: Put | Delete | undefined, found: Reading): Delete | undefined {
  return beside?.kind === 'delete' && found.version !== null ? { ...beside, expects: found.version } : undefined;
}

/** Names and values, as the store counts them, and a little more. */
export function bytesOf(operations: readonly (Put | Delete)[]): number {
  const sizes = operations.map((operation) => {
    const value = operation.kind === 'put' ? utf8Bytes(JSON.stringify(operation.value)) : 0;
    return utf8Bytes(operation.partition) + utf8Bytes(operation.id) + value;
  });
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}
