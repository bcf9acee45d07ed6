/**
 * What one entry of a task remembers: read once, written under the lease. What is noted while a commit is on its way goes
 * with the next one, so steps side by side share commits. Every commit is on the run's version: an entry that lost its
 * lease writes nothing more.
 */
import { asTidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import { commitSurely } from '../../store/commit.ts';
import { LIST_LIMIT } from '../../store/limits.ts';
import { type Delete, isPresent, type Put, type Version } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import type { Claim } from '../records/claim.ts';
import { type Change, hasEnded, type Header } from '../records/header.ts';
import { type Ending, meetConflicts, nextCommit, type Remembered, type Standing } from './journal-commit.ts';
import { headerKey, REMEMBERED, rememberedKey, assignmentKey, taskPartition } from '../records/names.ts';
import type { Assignment } from '../records/assignment.ts';
import { giveSlots } from '../records/slots.ts';

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
  /** Whether the lease is over by this clock: the next commit renews it, unless another has the task by now. */
  hasLapsed(): boolean;
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
  leave(change: Partial<Assignment>, dueAt: number): Promise<'left' | 'outdated' | 'lost'>;
  /** Commits all, with a change that ends the task: header, log and lease at once. */
  end(change: Change): Promise<'ended' | 'lost'>;
  /** Gives back the places of an entry that was lost, as far as they are still its own. What fails is logged. */
  giveUp(): Promise<void>;
}

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
  const noted = new Set<string>();
  const changes: Change[] = [];
  let standing: Standing = claim;
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

  /** Commits what fits, and the ending with the last of it. */
  async function commit(ending: Ending | null): Promise<'committed' | 'outdated' | 'lost'> {
    for (;;) {
      if (isLost) return 'lost';
      if (cameMeanwhile && ending?.strict) {
        cameMeanwhile = false;
        return 'outdated';
      }
      const now = runtime.now();
      // More may be changed and noted while this is on its way.
      const taken = changes.length;
      const next = changes.reduce((header, change) => change(header, now), standing.header);
      const written = nextCommit(store.limits, standing, { next, noted: notedNow(), ending, now, leaseMs });
      const { operations, entries } = written;
      if (operations.length === 1 && operations[0]?.kind === 'check') return 'committed';
      const result = await commitSurely(runtime, store, operations, deadline);
      if (result.status === 'conflict') {
        const met = meetConflicts(result.conflicts, written, standing);
        isLost = met === 'lost' || (met === 'header' && !(await readHeader()));
        continue;
      }
      const { version } = result;
      standing = written.afterwards(version);
      changes.splice(0, taken);
      for (const [id, entry] of entries) {
        const latest = remembered.get(id);
        if (latest) latest.version = version;
        // What was noted anew meanwhile is for the next commit.
        if (latest === entry) noted.delete(id);
      }
      if (written.isLast) return 'committed';
    }
  }

  function notedNow(): [id: string, entry: Remembered][] {
    return [...noted].flatMap((id) => {
      const entry = remembered.get(id);
      return entry ? [[id, entry] as [string, Remembered]] : [];
    });
  }

  /**
   * Reads the header anew, and the answers to questions that are gone from it; false: the task has ended. Whoever leaves
   * after that has to come back at once: what came may be what the task waits for.
   */
  async function readHeader(): Promise<boolean> {
    const before = standing.header;
    const reading = await store.get(headerKey(tenant, taskId), runtime.now());
    if (!isPresent(reading)) return false;
    const header = reading.value as unknown as Header;
    standing = { ...standing, header, headerVersion: reading.version };
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
    header: () => standing.header,
    hasNoted: () => noted.size > 0,
    hasLapsed: () => runtime.now() >= standing.until,
    failures: () => (noted.size > 0 ? 0 : standing.assignment.failures),
    change: (change) => void changes.push(change),
    flush: () => inTurn(() => commit(null)).then((done) => (done === 'lost' ? 'lost' : 'committed')),
    keep: () =>
      inTurn(async () => {
        if (standing.until - runtime.now() >= leaseMs / 2 && changes.length === 0) return 'committed' as const;
        return (await commit(null)) === 'lost' ? ('lost' as const) : ('committed' as const);
      }),
    look: () =>
      inTurn(async () => {
        const { version } = await store.get(assignmentKey(tenant, taskId), runtime.now());
        isLost ||= version !== standing.assignmentVersion;
        return isLost ? ('lost' as const) : ('ours' as const);
      }),
    leave: (change, dueAt) =>
      inTurn(async () => {
        const ending = { assignment: { ...standing.assignment, ...change, holder: null }, dueAt, strict: true };
        const done = await commit(ending);
        return done === 'committed' ? ('left' as const) : done;
      }),
    end: (change) =>
      inTurn(async () => {
        // A large result leaves no room for what was noted before.
        if ((await commit(null)) === 'lost') return 'lost' as const;
        changes.push(change);
        const done = await commit({ assignment: null, dueAt: 0, strict: false });
        return done === 'committed' ? ('ended' as const) : ('lost' as const);
      }),
    giveUp: () =>
      inTurn(async () => {
        try {
          for (const place of giveSlots(standing.slots)) await commitSurely(runtime, store, [place], deadline);
        } catch (thrown) {
          const { code, message } = asTidegateError(thrown);
          runtime.log('warn', 'a place that is not used any more is free when it expires', { taskId, code, message });
        }
      }),
  };
  return journal;
}
