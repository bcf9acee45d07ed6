/**
 * Taking a task up: its lease and its places in one commit. Of several that try at once one succeeds; the others learn that
 * they did not, and change nothing. While a release is rolled out some processes do not know its version of a task yet: they
 * leave the task to others for a while. A task whose version no process knows after that time is failed by its next turn.
 */
import { policyOf } from '../../declare/spec/task.ts';
import type { Task } from '../../declare/task.ts';
import type { Json } from '../../base/json.ts';
import { liesBeyond } from '../../base/time/stored-time.ts';
import { isSurelyOver } from '../../store/clock-seen.ts';
import { commitSurely } from '../../store/commit.ts';
import type { Operation, Version } from '../../store/store.ts';
import {
  type Assignment,
  assignmentKey,
  deleteAssignment,
  isLeased,
  lostOf,
  putAssignment,
  readAssignment,
  type StoredAssignment,
} from './assignment.ts';
import { type TaskDeps, taskInVersion } from './find-task.ts';
import { type Header, headerKey, KEPT_MS, taskHeader } from './header.ts';
import { inputKey, taskInput } from './input.ts';
import { freeSlots, type Slot, takeSlots } from './slots.ts';
import type { Scope } from '../../streams/scope.ts';

/** A task that is ours until `until`, unless the version of its assignment moves on. */
export interface Claim {
  tenant: string;
  taskId: string;
  header: Header;
  input: Json;
  headerVersion: Version;
  inputVersion: Version;
  assignment: Assignment;
  assignmentVersion: Version;
  slots: Slot[];
  /** Epoch ms */
  until: number;
  /** The declaration of the version that the task began with; null: this release has none. */
  task: Task | null;
}

/**
 * Why a task was not taken up. `ended`: nothing is left to do. `leased`: another works on it. `waiting`: it is not due.
 * `full`: all places are taken, and its time was put off. `strange`: this release has not its version, and its time was put
 * off for other releases. `outrun`: another was faster.
 */
export type NoClaim = 'ended' | 'leased' | 'waiting' | 'full' | 'strange' | 'outrun';

interface ClaimOptions {
  leaseMs: number;
  /** Epoch ms by which the lease is stored. */
  deadline: number;
  /** Take it up before it is due too, as something came that it may wait for; but not within the pause after a failure. */
  early?: boolean;
}

/** A task without a free place, or of an unknown version, is tried again after this time and up to as much more, ms. */
const PAUSE_MS = 1_000;
/** The pause for a place grows with the time that the task has waited, up to this, so that many that wait cost little. */
const LONGEST_FULL_PAUSE_MS = 15_000;
/** A task whose time a clock that leapt ahead says to be over is looked at again after this time and up to as much more, ms. */
const DOUBT_PAUSE_MS = 60_000;
/** How long a task of an unknown version is left to other releases, counted from the first look without it, ms. */
const STRANGE_MS = 600_000;

/** A task that may be taken up: it is due, or something came early, and nobody holds a lease on it. */
interface Candidate {
  tenant: string;
  taskId: string;
  header: Header;
  standing: StoredAssignment;
}

/** Store calls: one read, one commit, and one read for each limit of its policy. Errors as `commitSurely`. */
export async function claimTask(
  scope: Scope<TaskDeps>,
  taskId: string,
  { leaseMs, deadline, early = false }: ClaimOptions,
): Promise<Claim | NoClaim> {
  const { catalog, store, runtime, tenant } = scope;
  const key = assignmentKey(tenant, taskId);
  const keys = [headerKey(tenant, taskId), key, inputKey(tenant, taskId)];
  const [stored, reading, input] = await store.getMany(keys, runtime.now());
  const standing = reading ? readAssignment(reading) : null;
  if (!stored || !input || standing === null) return 'ended';
  const now = runtime.now();
  const header = taskHeader.read(stored);
  const inputVersion = input.version;
  const given = taskInput.read(input);
  if (header === null || given === null || stored.version === null || inputVersion === null) {
    // Nobody came in all the time in which the task's end could have been written. What is newer may be half visible.
    if (!(await isSurelyOver(scope, standing.dueAt + KEPT_MS))) return 'ended';
    await commitSurely(runtime, store, [deleteAssignment(key, standing.version)], deadline);
    return 'ended';
  }
  if (isLeased(standing, now)) return 'leased';
  // A lease of a clock that was ahead is over, and its task is due.
  const isLeftOver = standing.assignment.holder !== null;
  if (!isLeftOver && standing.dueAt > now && (!early || standing.assignment.notBefore > now)) return 'waiting';

  const candidate: Candidate = { tenant, taskId, header, standing };
  const task = taskInVersion(catalog, header);
  // A task whose time is over needs no place and no declaration: its turn only ends it.
  const isOver = now >= header.endsBy;
  if (isOver && !(await isSurelyOver(scope, header.endsBy))) {
    return (await putOff(scope, candidate, {}, DOUBT_PAUSE_MS, now, deadline)) ? 'waiting' : 'outrun';
  }
  const since = standing.assignment.strangeSince ?? now;
  const strangeSince = liesBeyond(since, now, 0) ? now : since;
  if (task === null && !isOver && now - strangeSince < STRANGE_MS) {
    return leaveToOthers(scope, candidate, strangeSince, now, deadline);
  }
  const { subject } = header.principal;
  const limited = { tenant, subject, task: header.task, policy: policyOf(task ?? {}) };
  const slots = isOver ? [] : await freeSlots(store, limited, now, runtime.random());
  if (slots === null) {
    const pauseMs = Math.min(LONGEST_FULL_PAUSE_MS, Math.max(PAUSE_MS, (now - header.createdAt) / 4));
    return (await putOff(scope, candidate, {}, pauseMs, now, deadline)) ? 'full' : 'outrun';
  }
  const assignment: Assignment = {
    ...standing.assignment,
    holder: runtime.newId(),
    lost: lostOf(standing.assignment),
    notBefore: 0,
    strangeSince: null,
  };
  const until = runtime.now() + leaseMs;
  const operations: Operation[] = [
    putAssignment(key, assignment, until, standing.version),
    ...takeSlots(slots, taskId, until),
  ];
  const result = await commitSurely(runtime, store, operations, deadline);
  if (result.status === 'conflict') return 'outrun';
  const { version } = result;
  return {
    tenant,
    taskId,
    header,
    input: given.input,
    headerVersion: stored.version,
    inputVersion,
    assignment,
    assignmentVersion: version,
    slots: slots.map((slot) => ({ ...slot, version })),
    until,
    task,
  };
}

/** Leaves a task of a version that this release has not to a release that has it. */
async function leaveToOthers(
  deps: TaskDeps,
  candidate: Candidate,
  strangeSince: number,
  now: number,
  deadline: number,
): Promise<NoClaim> {
  const { taskId, header, standing } = candidate;
  if (standing.dueAt > now) return 'strange';
  deps.runtime.log('warn', 'a task of a version that is unknown here is left to another release', {
    taskId,
    task: header.task,
    version: header.version,
  });
  // After a longer pause a process that knows the version would seldom find the task due.
  return (await putOff(deps, candidate, { strangeSince }, PAUSE_MS, now, deadline)) ? 'strange' : 'outrun';
}

/** Makes a task due again after a pause. False: another was faster. */
async function putOff(
  { store, runtime }: TaskDeps,
  { tenant, taskId, header, standing }: Candidate,
  change: Partial<Assignment>,
  pauseMs: number,
  now: number,
  deadline: number,
): Promise<boolean> {
  const { assignment, version } = standing;
  const latest = header.endsBy > now ? header.endsBy : Infinity;
  const later = Math.round(Math.min(latest, now + pauseMs * (1 + runtime.random())));
  const next: Assignment = { ...assignment, holder: null, lost: lostOf(assignment), ...change };
  const put = putAssignment(assignmentKey(tenant, taskId), next, later, version);
  return (await commitSurely(runtime, store, [put], deadline)).status === 'committed';
}
