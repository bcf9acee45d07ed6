/**
 * A task's beginning: header, input, run, its place in its principal's list and its idempotency key, in one commit. It is
 * durable before anybody is told of it, and either leased to who made it or due: there is no third.
 */
import { policyOf } from '../../declare/spec/task.ts';
import type { Task } from '../../declare/task.ts';
import { canonicalText, hexOf, sha256 } from '../../base/digest.ts';
import { TidegateError } from '../../base/errors.ts';
import { type Json, utf8Bytes } from '../../base/json.ts';
import type { Principal } from '../../base/principal.ts';
import { commitSurely } from '../../store/commit.ts';
import { isPresent, type Operation, type Reading, type RecordKey } from '../../store/store.ts';
import type { Claim } from '../records/claim.ts';
import { findTask, type TaskDeps } from '../records/find-task.ts';
import { expiryOf, type Header, rememberedUntil } from '../records/header.ts';
import { ownKey } from '../records/list.ts';
import { onceKey, retryKey } from '../records/once.ts';
import { inputKey } from '../records/input.ts';
import { assignmentKey } from '../records/assignment.ts';
import { headerKey } from '../records/header.ts';
import { UNASSIGNED, putAssignment } from '../records/assignment.ts';
import { freeSlots, type Slot, takeSlots } from '../records/slots.ts';
import { type Scope, scopeOf } from '../../streams/scope.ts';

export interface NewTask {
  principal: Principal;
  task: string;
  /** As `prepare` left it, after validation. */
  input: Json;
  /** 1 to 512 bytes; null: each call is a task of its own. */
  once?: string | null;
  /** What calls with the same idempotency key are compared by; default: `input`. */
  calledWith?: Json;
  /** Epoch ms by which it has to be stored. */
  deadline: number;
  /** How long it is leased to the caller, ms; null: it is due at once, for whoever comes. */
  leaseMs: number | null;
  /** Default: the newest one. */
  version?: string;
  /** Of a retry: the task that failed, and the first one of the chain. What is remembered of it stands under the new id. */
  retryOf?: string;
  origin?: string;
  taskId?: string;
}

export interface Begun {
  taskId: string;
  header: Header;
}

export interface Created extends Begun {
  /** To be worked on here; null: somebody else does, or it has been begun before. */
  claim: Claim | null;
}

export const INPUT_BYTES = 340_000;
/** What an id of a record holds. */
const ONCE_BYTES = 512;
/** Callers that begin the same task at once, at most so often. */
const MOST_RACES = 5;

/**
 * @throws TidegateError `not_found`; `too_large` for the input; `invalid_input` for an idempotency key that is too long,
 * or stands for a call with another input; `store_unavailable`, `store_unknown`.
 */
export async function createTask(deps: TaskDeps, options: NewTask): Promise<Created> {
  const { runtime, store, catalog } = deps;
  const { principal, input, deadline, leaseMs } = options;
  const { tenant, subject } = principal;
  const task = pinned(findTask(catalog, options.task), options);
  const policy = policyOf(task);
  checkInput(options);
  const taskId = options.taskId ?? runtime.newId();
  const once = keyOf(options);
  const fingerprint = once ? await fingerprintOf(options.calledWith ?? input) : '';

  for (let race = 0; race < MOST_RACES; race += 1) {
    const standing = once ? await store.get(once, runtime.now()) : null;
    const earlier = standing && (await begunUnder(scopeOf(deps, principal), standing, fingerprint));
    if (earlier) return { ...earlier, claim: null };
    const now = runtime.now();
    const header: Header = {
      task: options.task,
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
      origin: options.origin ?? taskId,
    };
    const slots =
      leaseMs === null
        ? null
        : await freeSlots(store, { tenant, subject, task: options.task, policy }, now, runtime.random());
    const until = slots === null || leaseMs === null ? null : now + leaseMs;
    const assignment = until === null ? UNASSIGNED : { ...UNASSIGNED, holder: runtime.newId() };
    const expiresAt = expiryOf(header);
    const keptUntil = rememberedUntil(header);
    const operations: Operation[] = [
      {
        kind: 'put',
        ...headerKey(tenant, taskId),
        value: header as unknown as Exclude<Json, null>,
        expects: null,
        expiresAt,
      },
      { kind: 'put', ...inputKey(tenant, taskId), value: { input }, expects: null, expiresAt: keptUntil },
      putAssignment(tenant, assignmentKey(tenant, taskId), assignment, until ?? now, null),
      {
        kind: 'put',
        ...ownKey(principal, now, taskId),
        value: { taskId, task: options.task },
        expects: null,
        expiresAt: keptUntil,
      },
      ...(once
        ? [
            {
              kind: 'put' as const,
              ...once,
              value: { taskId, fingerprint },
              expects: standing?.version ?? null,
              expiresAt,
            },
          ]
        : []),
      ...(until === null ? [] : takeSlots(slots ?? [], taskId, until)),
    ];
    const result = await commitSurely(runtime, store, operations, deadline);
    if (result.status === 'conflict') continue;
    const { version } = result;
    if (until === null) return { taskId, header, claim: null };
    const taken: Slot[] = (slots ?? []).map((slot) => ({ ...slot, version }));
    const claim: Claim = {
      tenant,
      taskId,
      header,
      input,
      headerVersion: version,
      assignment,
      assignmentVersion: version,
      slots: taken,
      until,
      task,
    };
    return { taskId, header, claim };
  }
  throw new TidegateError('store_unavailable', `too many begin ${options.task} at once`, { retryAfterMs: 1_000 });
}

/**
 * The task that was begun under an idempotency key, if there is one. Two store calls.
 * @throws TidegateError `invalid_input` for a key that is too long, or stands for a call with another input
 */
export async function findBegun(
  deps: Pick<TaskDeps, 'store' | 'runtime'>,
  asked: { principal: Principal; task: string; once: string; calledWith: Json },
): Promise<Begun | null> {
  checkOnce(asked.once);
  const { principal, task, once } = asked;
  const standing = await deps.store.get(onceKey(principal, task, once), deps.runtime.now());
  return begunUnder(scopeOf(deps, principal), standing, await fingerprintOf(asked.calledWith));
}

/** Null: the key is free, or its task is no longer stored. */
async function begunUnder(
  { store, runtime, tenant }: Scope<Pick<TaskDeps, 'store' | 'runtime'>>,
  standing: Reading,
  fingerprint: string,
): Promise<Begun | null> {
  if (!isPresent(standing)) return null;
  const { taskId, fingerprint: other } = standing.value as { taskId: string; fingerprint: string };
  if (other !== fingerprint) throw otherInput();
  const header = await store.get(headerKey(tenant, taskId), runtime.now());
  return isPresent(header) ? { taskId, header: header.value as unknown as Header } : null;
}

/** @throws TidegateError `not_found` */
function pinned(task: Task, { version }: NewTask): Task {
  if (version === undefined) return task;
  const found = [task, ...(task.previous ?? [])].find((declared) => declared.version === version);
  if (found) return found;
  throw new TidegateError('not_found', `this release has no version ${version} of the task`, { field: 'version' });
}

/** Under which it can be begun once only. */
function keyOf({ principal, task, once = null, retryOf }: NewTask): RecordKey | null {
  if (retryOf !== undefined) return retryKey(principal.tenant, retryOf);
  return once === null ? null : onceKey(principal, task, once);
}

function checkInput({ input, once, task }: NewTask): void {
  const bytes = utf8Bytes(JSON.stringify(input));
  if (bytes > INPUT_BYTES) {
    const expected = `at most ${INPUT_BYTES} bytes`;
    throw new TidegateError('too_large', `the arguments of ${task} have ${bytes} bytes`, {
      field: 'arguments',
      expected,
    });
  }
  if (once !== undefined && once !== null) checkOnce(once);
}

function checkOnce(once: string): void {
  if (once.length >= 1 && utf8Bytes(once) <= ONCE_BYTES && once.isWellFormed()) return;
  const expected = `1 to ${ONCE_BYTES} bytes`;
  throw new TidegateError('invalid_input', 'the idempotency key is too long, or empty', {
    field: 'idempotencyKey',
    expected,
  });
}

function otherInput(): TidegateError {
  return new TidegateError('invalid_input', 'the idempotency key stands for a call with other arguments', {
    field: 'idempotencyKey',
    expected: 'the arguments of the call that it was first used with, or another key',
  });
}

/** The same for the same JSON, whatever the order of its fields. */
async function fingerprintOf(input: Json): Promise<string> {
  return hexOf(await sha256(canonicalText(input)));
}
