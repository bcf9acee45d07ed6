/**
 * What a turn writes: its notes, the changes of its task's header, its lease and its end. Commits follow each other, one at a
 * time. What is noted while a commit is on its way goes with the next one, so steps side by side share commits. Every commit
 * checks the version of the assignment: a turn that lost its lease writes nothing more.
 */
import { asTidegateError } from '../../base/errors.ts';
import { isToCome, LONGEST_LEASE_MS } from '../../base/time/stored-time.ts';
import { commitSurely } from '../../store/commit.ts';
import { PASS_OVER_MS } from '../../store/due.ts';
import { isPresent, type Operation } from '../../store/store.ts';
import { type Assignment, assignmentKey, putAssignment } from '../records/assignment.ts';
import type { HeaderChange } from '../records/changes.ts';
import type { Claim } from '../records/claim.ts';
import type { TaskDeps } from '../records/find-task.ts';
import { hasEnded, type Header, headerKey, taskHeader } from '../records/header.ts';
import { rememberedKey } from '../records/remembered.ts';
import { giveSlots } from '../records/slots.ts';
import { trimTaskLog } from '../records/task-log.ts';
import { type Closing, lastsOn, nextCommit, type Standing } from './commit.ts';
import { meetConflicts } from './conflicts.ts';
import type { JournaledMemory } from './memory.ts';

export interface Journal {
  /** As the last commit left it, or as it was read since. */
  header(): Header;
  /** Whether the lease is over by this clock: the next commit renews it, unless another has the task by now. */
  hasLapsed(): boolean;
  /** Failures of `run` itself since something was last remembered or noted. */
  failures(): number;
  /** Changes the header with the next commit, and again where somebody else changed it meanwhile. */
  change(change: HeaderChange): void;
  /** Commits all that was noted. `lost`: somebody else has the task, or it has ended. */
  flush(): Promise<'committed' | 'lost'>;
  /** Renews the lease, where less than half of it is left, and commits what was changed. */
  keep(): Promise<'committed' | 'lost'>;
  /** Looks whether the task is still ours: it may have been cancelled. One read. */
  look(): Promise<'ours' | 'lost'>;
  /**
   * Commits all, and gives the lease back: the task goes on at `dueAt`. `outdated`: nothing was given back, as something came
   * meanwhile that the task may wait for; it has to go on at once.
   */
  leave(change: Partial<Assignment>, dueAt: number): Promise<'left' | 'outdated' | 'lost'>;
  /** Commits all, with a change that ends the task: its header and its assignment in one commit. */
  end(change: HeaderChange): Promise<'ended' | 'lost'>;
  /**
   * Gives the lease back and writes nothing else, because a newer release has written what this one cannot read. The task
   * is left alone for `PASS_OVER_MS`, and no hint that comes before takes it up early.
   */
  passOver(): Promise<void>;
  /** Gives back the places of a turn whose task was lost, as far as they are still its own. What fails is logged. */
  giveUp(): Promise<void>;
}

/** @param deadline epoch ms of the last commit. Errors as `commitSurely`. */
export function createJournal(
  deps: Pick<TaskDeps, 'store' | 'runtime'>,
  claim: Claim,
  memory: JournaledMemory,
  leaseMs: number,
  deadline: number,
): Journal {
  const { store, runtime } = deps;
  const { tenant, taskId } = claim;
  const changes: HeaderChange[] = [];
  let standing: Standing = claim;
  let last: Promise<unknown> = Promise.resolve();
  let isLost = false;
  /** Whether somebody else changed the header since this turn last tried to leave. */
  let cameMeanwhile = false;

  /** One at a time, in order. */
  function inOrder<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = last.then(work, work);
    last = done;
    return done;
  }

  const write = (operations: readonly Operation[]) => commitSurely(runtime, store, operations, deadline);

  /** Commits in as many commits as it takes, and closes the turn with the last of them. */
  async function commit(closing: Closing | null): Promise<'committed' | 'outdated' | 'lost'> {
    for (;;) {
      if (isLost) return 'lost';
      if (cameMeanwhile && closing?.strict) {
        cameMeanwhile = false;
        return 'outdated';
      }
      const now = runtime.now();
      // More may be changed and noted while this is on its way.
      const taken = changes.length;
      const next = changes.reduce((header, change) => change(header, now), standing.header);
      const made = nextCommit(store.limits, standing, { next, noted: memory.noted(), closing, now, leaseMs });
      const { operations, notes, isLast } = made;
      if (operations.length === 1 && operations[0]?.kind === 'check') return 'committed';
      const result = await write(operations);
      if (result.status === 'conflict') {
        const met = meetConflicts(result.conflicts, made, standing);
        isLost = met === 'lost' || (met === 'header' && !(await readHeader()));
        continue;
      }
      standing = made.afterwards(result.version);
      changes.splice(0, taken);
      memory.stored(notes, result.version);
      if (made.isChanged) await trimTaskLog(deps, claim.header.principal);
      if (isLast) return 'committed';
    }
  }

  /**
   * Reads the header anew, and the answers to questions that are gone from it. False: the task has ended. A turn that wants to
   * leave after that goes on at once instead, because what came may be what the task waits for.
   */
  async function readHeader(): Promise<boolean> {
    const before = standing.header;
    const reading = await store.get(headerKey(tenant, taskId), runtime.now());
    const header = taskHeader.read(reading);
    if (header === null || reading.version === null) return false;
    standing = { ...standing, header, headerVersion: reading.version };
    const answered = Object.keys(before.asks).filter((key) => !Object.hasOwn(header.asks, key));
    if (answered.length > 0) {
      const keys = answered.map((key) => rememberedKey(tenant, taskId, `ask ${key}`));
      memory.learn((await store.getMany(keys, runtime.now())).filter(isPresent));
    }
    cameMeanwhile = true;
    return !hasEnded(header);
  }

  return {
    header: () => standing.header,
    hasLapsed: () => !isToCome(standing.until, runtime.now(), LONGEST_LEASE_MS),
    failures: () => (memory.hasNoted() ? 0 : standing.assignment.failures),
    change: (change) => void changes.push(change),
    flush: () => inOrder(async () => ((await commit(null)) === 'lost' ? 'lost' : 'committed')),
    keep: () =>
      inOrder(async () => {
        if (lastsOn(standing.until, runtime.now(), leaseMs) && changes.length === 0) return 'committed';
        return (await commit(null)) === 'lost' ? 'lost' : 'committed';
      }),
    look: () =>
      inOrder(async () => {
        const { version } = await store.get(assignmentKey(tenant, taskId), runtime.now());
        isLost ||= version !== standing.assignmentVersion;
        return isLost ? 'lost' : 'ours';
      }),
    leave: (change, dueAt) =>
      inOrder(async () => {
        const assignment = { ...standing.assignment, ...change, holder: null };
        const done = await commit({ assignment, dueAt, strict: true });
        return done === 'committed' ? 'left' : done;
      }),
    end: (change) =>
      inOrder(async () => {
        // A large result leaves no room for what was noted before.
        if ((await commit(null)) === 'lost') return 'lost';
        changes.push(change);
        const done = await commit({ assignment: null, dueAt: 0, strict: false });
        return done === 'committed' ? 'ended' : 'lost';
      }),
    passOver: () =>
      inOrder(async () => {
        const { assignment, assignmentVersion, slots } = standing;
        const key = assignmentKey(tenant, taskId);
        const at = runtime.now() + PASS_OVER_MS;
        const passed = { ...assignment, holder: null, notBefore: at };
        const put = putAssignment(key, passed, at, assignmentVersion);
        await write([put, ...giveSlots(slots)]);
      }),
    giveUp: () =>
      inOrder(async () => {
        try {
          for (const place of giveSlots(standing.slots)) await write([place]);
        } catch (thrown) {
          const { code, message } = asTidegateError(thrown);
          runtime.log('warn', 'a place that is not used any more is free when it expires', { taskId, code, message });
        }
      }),
  };
}
