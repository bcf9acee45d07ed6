/**
 * Taking a task up: its lease and its places in one commit. Of several that try at once one succeeds; the others are
 * told so, and harm nothing. While a release is rolled out there are processes that do not know its version yet: they leave
 * its tasks to others, for as long as that may take; one that nobody knows after that fails.
 */
import { policyOf, type Task } from '../../declare/task.ts';
import type { Json } from '../../base/json.ts';
import { commitSurely } from '../../store/commit.ts';
import { isPresent, type Operation, type Version } from '../../store/store.ts';
import { type TaskDeps, taskInVersion } from './find-task.ts';
import { type Header, KEPT_MS } from './header.ts';
import { headerKey, inputKey, runKey } from './names.ts';
import { deleteRun, isLeased, lostOf, putRun, readRun, type Run } from './run-record.ts';
import { freeSlots, type Slot, takeSlots } from './slots.ts';

/** A task that is ours until `until`, unless its run's version moves on. */
export interface Claim {
  tenant: string;
  taskId: string;
  header: Header;
  input: Json;
  headerVersion: Version;
  run: Run;
  runVersion: Version;
  slots: Slot[];
  until: number;
  /** The declaration of the version that it began with; null: this release has none. */
  task: Task | null;
}

/**
 * `ended`: there is nothing to do any more. `leased`: another is at it. `waiting`: it is not due. `full`: all places are
 * taken; its time was put off. `strange`: this release has not its version; its time was put off, for others. `outrun`:
 * another was faster.
 */
export type NoClaim = 'ended' | 'leased' | 'waiting' | 'full' | 'strange' | 'outrun';

export interface ClaimOptions {
  leaseMs: number;
  deadline: number;
  /** Also before it is due, as something has come that it may wait for; not within the pause after a failure. */
  early?: boolean;
}

/** With no place free, or for another release, it is tried again after so long, ms, and up to as much more. */
const PAUSE_MS = 1_000;
/** For a place it grows with the time that the task has waited, so that many that wait cost little. */
const LONGEST_FULL_PAUSE_MS = 15_000;
/** So long a task of an unknown version is left to other releases, from when the first one without it came to it, ms. */
export const STRANGE_MS = 600_000;

/** Store calls: one read, one commit, and one read for each limit of its policy. Errors as `commitSurely`. */
export async function claimTask(
  { catalog, store, runtime }: TaskDeps,
  tenant: string,
  taskId: string,
  { leaseMs, deadline, early = false }: ClaimOptions,
): Promise<Claim | NoClaim> {
  const keys = [headerKey(tenant, taskId), runKey(tenant, taskId), inputKey(tenant, taskId)];
  const [header, run, input] = await store.getMany(keys, runtime.now());
  if (!header || !run || !input) return 'ended';
  const standing = readRun(run);
  if (standing === null) return 'ended';
  const now = runtime.now();
  const key = runKey(tenant, taskId);
  if (!isPresent(header) || !isPresent(input)) {
    // Nobody came in all the time in which the task's end could have been written. What is newer may be half visible.
    if (standing.dueAt > now - KEPT_MS) return 'ended';
    await commitSurely(runtime, store, [deleteRun(key, standing.version)], deadline);
    return 'ended';
  }
  if (isLeased(standing, now)) return 'leased';
  if (standing.dueAt > now && (!early || standing.run.notBefore > now)) return 'waiting';

  const value = header.value as unknown as Header;
  const task = taskInVersion(catalog, value);
  const { subject } = value.principal;
  const policy = policyOf(task ?? {});
  // One whose time is over needs no place: it is only ended.
  const isOver = now >= value.endsBy;
  const lost = lostOf(standing.run);
  const putOff = async (pauseMs: number, run: Partial<Run>) => {
    const later = Math.round(Math.min(value.endsBy, now + pauseMs * (1 + runtime.random())));
    const put = putRun(tenant, key, { ...standing.run, holder: null, lost, ...run }, later, standing.version);
    const { status } = await commitSurely(runtime, store, [put], deadline);
    return status === 'committed';
  };
  const strangeSince = standing.run.strangeSince ?? now;
  if (task === null && !isOver && now - strangeSince < STRANGE_MS) {
    if (standing.dueAt > now) return 'strange';
    runtime.log('warn', 'a task of a version that is unknown here is left to another release', {
      taskId,
      task: value.task,
      version: value.version,
    });
    // Not for long, or those that know it would seldom find it due.
    return (await putOff(PAUSE_MS, { strangeSince })) ? 'strange' : 'outrun';
  }
  const slots = isOver
    ? []
    : await freeSlots(store, { tenant, subject, task: value.task, policy }, now, runtime.random());
  if (slots === null) {
    const pauseMs = Math.min(LONGEST_FULL_PAUSE_MS, Math.max(PAUSE_MS, (now - value.createdAt) / 4));
    return (await putOff(pauseMs, {})) ? 'full' : 'outrun';
  }
  const taken: Run = { ...standing.run, holder: runtime.newId(), lost, notBefore: 0, strangeSince: null };
  const until = runtime.now() + leaseMs;
  const operations: Operation[] = [
    putRun(tenant, key, taken, until, standing.version),
    ...takeSlots(slots, taskId, until),
  ];
  const result = await commitSurely(runtime, store, operations, deadline);
  if (result.status === 'conflict') return 'outrun';
  const { version } = result;
  return {
    tenant,
    taskId,
    header: value,
    input: (input.value as { input: Json }).input,
    headerVersion: header.version,
    run: taken,
    runVersion: version,
    slots: slots.map((slot) => ({ ...slot, version })),
    until,
    task,
  };
}
