/**
 * The beginning of a task: its header, input and assignment, its place in its principal's list and its idempotency key, in one
 * commit. It is durable before anybody hears of it. It is then either leased to who created it, or due.
 */
import { policyOf, type Policy } from '../../declare/spec/task.ts';
import type { Task } from '../../declare/task.ts';
import { TidegateError } from '../../base/errors.ts';
import { type Json, utf8Bytes } from '../../base/json.ts';
import type { Principal } from '../../base/principal.ts';
import { readSurely } from '../../store/clock-seen.ts';
import { commitSurely } from '../../store/commit.ts';
import type { Operation, RecordKey, Version } from '../../store/store.ts';
import { scopeOf } from '../../streams/scope.ts';
import { type Assignment, assignmentKey, putAssignment, UNASSIGNED } from '../records/assignment.ts';
import type { Claim } from '../records/claim.ts';
import { findTask, type TaskDeps } from '../records/find-task.ts';
import { expiryOf, type Header, headerKey, rememberedUntil, taskHeader } from '../records/header.ts';
import { inputKey, taskInput } from '../records/input.ts';
import { ownKey, ownTask } from '../records/list.ts';
import { begunOnce, onceKey, retryKey } from '../records/begun-once.ts';
import { TASK_BYTES } from '../records/quotas.ts';
import { freeSlots, type Slot, takeSlots } from '../records/slots.ts';
import { newTaskId } from '../records/task-id.ts';
import { type Begun, begunUnder, checkOnce, fingerprintOf } from './begun.ts';
import { type CountedTask, countTask, giveTaskBack, giveBackUnlessStored } from './counted.ts';

export interface NewTask {
  principal: Principal;
  task: string;
  /** Validated, and as `prepare` left it. */
  input: Json;
  /** The idempotency key, 1 to 512 bytes; null: each call is a task of its own. */
  once?: string | null;
  /** What calls with the same idempotency key are compared by; default: `input`. */
  calledWith?: Json;
  /** The scopes that the call needed. Default: none. */
  needs?: readonly string[] | undefined;
  /** The session of 2025-11-25 in which it is begun, whose streams tell of it. Default: none. */
  session?: string | null | undefined;
  /** Epoch ms by which it has to be stored. */
  deadline: number;
  /** How long it is leased to the caller, ms; null: it is due at once, for anybody. */
  leaseMs: number | null;
  /** Default: the newest one. */
  version?: string;
  /** Of a retry: the task that failed. What is remembered of that is stored under the new id already. */
  retryOf?: string;
  /** Of a retry: the first task of the chain. */
  origin?: string;
  /** Default: a new id. */
  taskId?: string;
}

export interface Created extends Begun {
  /** The caller works on it. Null: somebody else does, or it was begun before. */
  claim: Claim | null;
}

/** Largest input, as JSON. */
const INPUT_BYTES = 340_000;
/** How often a call tries again when others begin the same task at once. */
const MOST_RACES = 5;

/**
 * @throws TidegateError `not_found`; `too_large` for the input; `rate_limited` for a quota; `invalid_input` for an idempotency key that is empty or too
 * long, or stands for a call with another input; `store_unavailable`, `store_unknown`
 */
export async function createTask(deps: TaskDeps, options: NewTask): Promise<Created> {
  const { runtime, store, catalog } = deps;
  const { principal, input, deadline, leaseMs } = options;
  const { tenant } = principal;
  const task = pinned(findTask(catalog, options.task), options);
  const policy = policyOf(task);
  const bytes = checkInput(options) + TASK_BYTES;
  const taskId = options.taskId ?? newTaskId(runtime, principal);
  const key = onceKeyOf(options);
  const fingerprint = key ? await fingerprintOf(options.calledWith ?? input) : '';

  let counted: CountedTask | null = null;
  /** Of the commit that is under way. */
  let sent: Header | null = null;
  try {
    for (let race = 0; race < MOST_RACES; race += 1) {
      sent = null;
      const standing = key ? await readSurely(deps, await store.get(key, runtime.now())) : null;
      const earlier = standing && (await begunUnder(scopeOf(deps, principal), standing, fingerprint));
      if (earlier) {
        // Another call, which counted it, began it meanwhile.
        if (counted) await giveTaskBack(deps, counted);
        return { ...earlier, claim: null };
      }
      counted ??= await countTask(deps, { principal, taskId, bytes }, deadline);
      const once = key && { key, fingerprint, expects: standing?.version ?? null };
      const now = runtime.now();
      const header = newHeader(options, task, policy, taskId, now);
      const lease = leaseMs === null ? null : await leaseOf(deps, header, policy, now, leaseMs);
      sent = header;
      const result = await commitSurely(runtime, store, operationsOf(taskId, header, input, once, lease), deadline);
      if (result.status === 'conflict') continue;
      const { version } = result;
      if (lease === null) return { taskId, header, claim: null };
      const { assignment, until } = lease;
      const slots = lease.slots.map((slot) => ({ ...slot, version }));
      const versions = { headerVersion: version, assignmentVersion: version, inputVersion: version };
      const claim = { tenant, taskId, header, input, assignment, ...versions, slots, until, task };
      return { taskId, header, claim };
    }
    sent = null;
    const message = `too many begin ${options.task} at once`;
    throw new TidegateError('store_unavailable', message, { retryAfterMs: 1_000 });
  } catch (thrown) {
    if (counted && sent) await giveBackUnlessStored(deps, counted, sent, thrown);
    else if (counted) await giveTaskBack(deps, counted);
    throw thrown;
  }
}

function newHeader(
  { task: name, principal, origin, needs = [], session = null }: NewTask,
  task: Task,
  policy: Policy,
  taskId: string,
  now: number,
) {
  const header: Header = {
    task: name,
    version: task.version,
    principal,
    status: 'working',
    message: null,
    createdAt: now,
    updatedAt: now,
    ttlMs: policy.ttlMs,
    endsBy: now + policy.totalMs,
    asks: {},
    result: null,
    pages: 0,
    failure: null,
    origin: origin ?? taskId,
    ...(needs.length === 0 ? {} : { needs: [...needs] }),
    ...(session === null ? {} : { session }),
  };
  return header;
}

interface NewLease {
  assignment: Assignment;
  slots: readonly Slot[];
  /** Epoch ms */
  until: number;
}

/** A lease for the caller; null: there is no place for the task yet. */
async function leaseOf(
  { store, runtime }: TaskDeps,
  { task, principal: { tenant, subject } }: Header,
  policy: Policy,
  now: number,
  leaseMs: number,
): Promise<NewLease | null> {
  const slots = await freeSlots(store, { tenant, subject, task, policy }, now, runtime.random());
  if (slots === null) return null;
  return { assignment: { ...UNASSIGNED, holder: runtime.newId() }, slots, until: now + leaseMs };
}

function operationsOf(
  taskId: string,
  header: Header,
  input: Json,
  once: { key: RecordKey; fingerprint: string; expects: Version | null } | null,
  lease: NewLease | null,
): Operation[] {
  const { principal, createdAt, task } = header;
  const { tenant } = principal;
  const expiresAt = expiryOf(header);
  const keptUntil = rememberedUntil(header);
  const key = assignmentKey(tenant, taskId);
  return [
    taskHeader.put(headerKey(tenant, taskId), header, { expects: null, expiresAt }),
    taskInput.put(inputKey(tenant, taskId), { input }, { expects: null, expiresAt: keptUntil }),
    putAssignment(key, lease?.assignment ?? UNASSIGNED, lease?.until ?? createdAt, null),
    ownTask.put(ownKey(principal, createdAt, taskId), { taskId, task }, { expects: null, expiresAt: keptUntil }),
    ...(once
      ? [begunOnce.put(once.key, { taskId, fingerprint: once.fingerprint }, { expects: once.expects, expiresAt })]
      : []),
    ...(lease === null ? [] : takeSlots(lease.slots, taskId, lease.until)),
  ];
}

/** The version of the task that was asked for. @throws TidegateError `not_found` */
function pinned(task: Task, { version }: NewTask): Task {
  if (version === undefined) return task;
  const found = [task, ...(task.previous ?? [])].find((declared) => declared.version === version);
  if (found) return found;
  throw new TidegateError('not_found', `this release has no version ${version} of the task`, { field: 'version' });
}

/** The key under which it can be begun only once; null: there is none. */
function onceKeyOf({ principal, task, once = null, retryOf }: NewTask): RecordKey | null {
  if (retryOf !== undefined) return retryKey(principal.tenant, retryOf);
  return once === null ? null : onceKey(principal, task, once);
}

/** Answers how many bytes the input has. */
function checkInput({ input, once, task }: NewTask): number {
  const bytes = utf8Bytes(JSON.stringify(input));
  if (bytes > INPUT_BYTES) {
    const expected = `at most ${INPUT_BYTES} bytes`;
    throw new TidegateError('too_large', `the arguments of ${task} have ${bytes} bytes`, {
      field: 'arguments',
      expected,
    });
  }
  if (once !== undefined && once !== null) checkOnce(once);
  return bytes;
}
