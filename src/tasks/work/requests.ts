/**
 * What a principal does with its tasks, and with those of whom it may act for: it reads them, answers their questions and cancels
 * them. A task of another principal is answered exactly as one that does not exist.
 */
import { checkAnswer } from '../../declare/check/ask-answers.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import { utf8Bytes } from '../../base/json.ts';
import { isOwner, type Owner, type Principal } from '../../base/principal.ts';
import { missingScopes } from '../../base/scopes.ts';
import { commitSurely } from '../../store/commit.ts';
import type { Operation, Version } from '../../store/store.ts';
import { type Scope, scopeOf } from '../../streams/scope.ts';
import {
  assignmentKey,
  deleteAssignment,
  isLeased,
  lostOf,
  putAssignment,
  readAssignment,
} from '../records/assignment.ts';
import { cancelled, type HeaderChange, settled } from '../records/changes.ts';
import type { TaskDeps } from '../records/find-task.ts';
import { expiryOf, hasEnded, type Header, headerKey, rememberedUntil, taskHeader } from '../records/header.ts';
import { inputKey, taskInput } from '../records/input.ts';
import { runningQuota, TASK_BYTES, taskQuota } from '../records/quotas.ts';
import { pageKey, type TaskPage, taskPage } from '../records/page.ts';
import { rememberedAnswer, rememberedKey } from '../records/remembered.ts';
import { askedAs, idToRead } from '../records/task-id.ts';
import { changeEntry, trimTaskLog } from '../records/task-log.ts';
import { dropWaits } from '../waits/left.ts';

/** How often a call tries again when others change the same task at once. */
const MOST_RACES = 20;

/** One store call. @throws TidegateError `not_found` */
export async function getTask(
  { store, runtime, actsFor }: TaskDeps,
  principal: Principal,
  taskId: string,
): Promise<Header> {
  const owner = askedAs(taskId, principal, actsFor);
  const key = headerKey(owner.tenant, idToRead(taskId, owner));
  return granted(ownHeader(await store.get(key, runtime.now()), owner, taskId).header, principal);
}

/** Page `number` of a task's result, from 1 on. Two store calls. @throws TidegateError `not_found` */
export async function getPage(
  { store, runtime, actsFor }: TaskDeps,
  principal: Principal,
  taskId: string,
  number: number,
): Promise<TaskPage> {
  const owner = askedAs(taskId, principal, actsFor);
  const read = idToRead(taskId, owner);
  const keys = [headerKey(owner.tenant, read), pageKey(owner.tenant, read, number)];
  const [reading, page] = await store.getMany(keys, runtime.now());
  const header = granted(ownHeader(reading, owner, taskId).header, principal);
  const found = page ? taskPage.read(page) : null;
  if (found !== null) return found;
  throw new TidegateError('not_found', `the task has no page ${number}`, {
    field: 'page',
    expected: header.pages > 0 ? `1 to ${header.pages}` : 'a task whose result has pages',
  });
}

/**
 * Stores answers to questions that wait, all of them or none. Answers to other keys are ignored. An answer that comes twice, or
 * late, or to a task that has ended, changes nothing.
 * @returns the keys whose answers were stored; where there are some, the task goes on
 * @throws TidegateError `not_found`; `invalid_input` naming the answer's field, and nothing is stored then
 */
export async function answerTask(
  deps: TaskDeps,
  principal: Principal,
  taskId: string,
  responses: Readonly<Record<string, unknown>>,
  deadline: number,
): Promise<readonly string[]> {
  const { runtime } = deps;
  const { tenant } = principal;
  let stored: readonly string[] = [];
  const changed = await change(deps, principal, taskId, deadline, ({ header }, run) => {
    const keys = Object.keys(responses).filter((key) => Object.hasOwn(header.asks, key));
    stored = keys;
    if (keys.length === 0 || hasEnded(header)) return null;
    const now = runtime.now();
    const records = keys.map((key): Operation => {
      const request = header.asks[key];
      if (!request) throw new TidegateError('internal', `the question ${key} is gone`);
      const answer = checkAnswer(request, responses[key], `inputResponses.${key}`);
      const at = rememberedKey(tenant, taskId, `ask ${key}`);
      return rememberedAnswer.put(at, { answer }, { expects: null, expiresAt: rememberedUntil(header) });
    });
    if (run === null) return { change: settled(keys), operations: records };
    const key = assignmentKey(tenant, taskId);
    // A turn under way finds the answers when it comes to wait. It must not have ended meanwhile, so its lease is checked.
    const wake: Operation = isLeased(run, now)
      ? { kind: 'check', ...key, expects: run.version }
      : putAssignment(
          key,
          { ...run.assignment, holder: null, lost: lostOf(run.assignment) },
          Math.max(now, run.assignment.notBefore),
          run.version,
        );
    return { change: settled(keys), operations: [...records, wake] };
  });
  return changed ? stored : [];
}

/**
 * Ends a task that has not ended, whatever it does. A turn under way can write nothing more, and notices within seconds.
 * @returns whether it was this call that ended it
 * @throws TidegateError `not_found`
 */
export async function cancelTask(
  deps: TaskDeps,
  principal: Principal,
  taskId: string,
  deadline: number,
): Promise<boolean> {
  const key = assignmentKey(principal.tenant, taskId);
  let ended: Header | null = null;
  const cancelledHere = await change(deps, principal, taskId, deadline, ({ header }, run) => {
    if (hasEnded(header)) return null;
    ended = header;
    const end = cancelled('cancelled on request');
    return { change: end, operations: run ? [deleteAssignment(key, run.version)] : [] };
  });
  if (cancelledHere && ended !== null) {
    const { principal: owner, createdAt }: Header = ended;
    const scope = scopeOf(deps, owner);
    await deps.quotas?.give(deps.store, runningQuota(deps), owner, 1, createdAt);
    await dropWaits(scope, owner, taskId, createdAt, deadline);
    await dropInput(scope, owner, taskId, createdAt, deadline);
  }
  return cancelledHere;
}

/** What a cancelled task was called with is needed no more. What is missed here expires; a failure is logged. */
async function dropInput(
  { store, runtime, app, quotas, tenant }: Scope<TaskDeps>,
  principal: Principal,
  taskId: string,
  createdAt: number,
  deadline: number,
): Promise<void> {
  try {
    const key = inputKey(tenant, taskId);
    const reading = await store.get(key, runtime.now());
    const given = taskInput.read(reading);
    if (given === null || reading.version === null) return;
    await commitSurely(runtime, store, [{ kind: 'delete', ...key, expects: reading.version }], deadline);
    const bytes = utf8Bytes(JSON.stringify(given.input)) + TASK_BYTES;
    await quotas?.give(store, taskQuota(app), principal, bytes, createdAt);
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    runtime.log('warn', 'what a cancelled task was called with stays until it expires', { taskId, code, message });
  }
}

interface Standing {
  header: Header;
  version: Version;
}

/** Changes a header together with other records and the log of changes, and tries again where somebody was faster. */
async function change(
  deps: TaskDeps,
  principal: Principal,
  taskId: string,
  deadline: number,
  decide: (
    standing: Standing,
    run: ReturnType<typeof readAssignment>,
  ) => { change: HeaderChange; operations: Operation[] } | null,
): Promise<boolean> {
  const { store, runtime } = deps;
  const owner = askedAs(taskId, principal, deps.actsFor);
  const { tenant } = owner;
  const read = idToRead(taskId, owner);
  const key = headerKey(tenant, read);
  for (let race = 0; race < MOST_RACES; race += 1) {
    const [reading, run] = await store.getMany([key, assignmentKey(tenant, read)], runtime.now());
    const standing = ownHeader(reading, owner, taskId);
    const decided = decide(standing, run ? readAssignment(run) : null);
    if (decided === null) return false;
    const next = decided.change(standing.header, runtime.now());
    const put = taskHeader.put(key, next, { expects: standing.version, expiresAt: expiryOf(next) });
    const operations = [put, ...decided.operations, changeEntry(taskId, next)];
    const result = await commitSurely(runtime, store, operations, deadline);
    if (result.status !== 'committed') continue;
    await trimTaskLog(deps, next.principal);
    return true;
  }
  throw new TidegateError('store_unavailable', 'the task is changed too often at once', { retryAfterMs: 1_000 });
}

export function mayReadTask({ needs = [] }: Pick<Header, 'needs'>, { scopes }: Pick<Principal, 'scopes'>): boolean {
  return missingScopes(scopes, needs).length === 0;
}

/**
 * What came of a call is for who may make the call: a key with fewer scopes of the same subject does not read it.
 * @throws TidegateError `not_supported` naming the scopes
 */
function granted(header: Header, principal: Principal): Header {
  const { needs = [] } = header;
  if (mayReadTask(header, principal)) return header;
  const expected = needs.join(' ');
  throw new TidegateError('not_supported', `What this task answers needs the scopes ${expected}`, {
    field: 'Authorization',
    expected,
    hint: 'read it with a key or token that may call what began it',
  });
}

function ownHeader(
  reading: Awaited<ReturnType<TaskDeps['store']['get']>> | undefined,
  owner: Owner,
  taskId: string,
): Standing {
  const header = reading ? taskHeader.read(reading) : null;
  if (header !== null && reading?.version && isOwner(header.principal, owner)) {
    return { header, version: reading.version };
  }
  throw unknownTask(taskId);
}

/** The same error for a task that never was, for one that has expired, and for another principal's. */
export function unknownTask(taskId: string): TidegateError {
  return new TidegateError('not_found', 'there is no such task, or no longer', {
    field: 'taskId',
    expected: 'the id of a task that you began, before its time to live is over',
    hint: `asked for ${taskId.slice(0, 64)}`,
  });
}
