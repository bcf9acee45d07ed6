/**
 * Tasks as callers see them: begun, read, answered, cancelled. `Dispatch` gets them worked on. How a task looks on the wire is
 * not known here.
 */
import type { Json } from '../../base/json.ts';
import type { Principal } from '../../base/principal.ts';
import type { Store } from '../../store/store.ts';
import { type Begun, findBegun } from './begun.ts';
import { createTask } from './create.ts';
import type { Dispatch } from '../records/dispatch.ts';
import type { Catalog, TaskDeps } from '../records/find-task.ts';
import type { Header } from '../records/header.ts';
import { type listTasks, listTasksOf, type ListTasksOptions } from '../records/list.ts';
import { isTaskId, pollsKey } from '../records/names.ts';
import { answerTask, cancelTask, getPage, getTask, mayReadTask, unknownTask } from './requests.ts';

export interface Tasks {
  catalog: Catalog;
  /** The same tasks, with another view of the store for the calls. */
  on(store: Store): Tasks;
  /**
   * Stores a task, and gets it worked on. Errors as `createTask`.
   * @param options `needs`: the scopes that the call needed, without which nobody reads what comes of it; `session`: of
   * 2025-11-25, whose streams tell of the task
   */
  begin(
    principal: Principal,
    task: string,
    input: Json,
    options: {
      once?: string | null;
      calledWith?: Json;
      needs?: readonly string[];
      session?: string | null;
      deadline: number;
    },
  ): Promise<Begun>;
  /** The task that was begun under an idempotency key; null: none was, or it is no longer stored. Errors as `findBegun`. */
  begun(principal: Principal, task: string, once: string, calledWith: Json): Promise<Begun | null>;
  /**
   * This and all below: @throws TidegateError `not_found`. One store call. This and `page`: `not_supported` for who lacks a scope
   * that the call needed which began the task.
   */
  get(principal: Principal, taskId: string): Promise<Header>;
  page(principal: Principal, taskId: string, number: number): Promise<{ text: string; mimeType: string }>;
  /** Answers the keys whose answers were stored. Errors as `answerTask`. */
  answer(
    principal: Principal,
    taskId: string,
    responses: Readonly<Record<string, unknown>>,
    deadline: number,
  ): Promise<readonly string[]>;
  /** Answers whether it was this call that ended the task. */
  cancel(principal: Principal, taskId: string, deadline: number): Promise<boolean>;
  /**
   * The principal's tasks, the newest first, then those of whom it may act for; without those whose results are not for it. Calls
   * to the store as `listTasksOf`.
   */
  list(principal: Principal, options: Omit<ListTasksOptions, 'status'>): ReturnType<typeof listTasks>;
  /** Counts how often a task was asked for in a window, by all processes. One store call; may count twice. */
  countPolls(
    principal: Principal,
    taskId: string,
    polls: number,
    window: { start: number; end: number },
  ): Promise<number>;
}

export function createTasks(deps: TaskDeps, dispatch: Dispatch): Tasks {
  return {
    catalog: deps.catalog,
    on: (store) => createTasks({ ...deps, store }, dispatch),
    async begin(principal, task, input, { once = null, calledWith = input, needs, session, deadline }) {
      const leaseMs = dispatch.leaseMs();
      try {
        const asked = { principal, task, input, calledWith, needs, session, once, deadline, leaseMs };
        const { taskId, header, claim } = await createTask(deps, asked);
        if (claim !== null || leaseMs === null) dispatch.wake(principal.tenant, taskId, claim);
        return { taskId, header };
      } finally {
        if (leaseMs !== null) dispatch.settle?.();
      }
    },
    begun: (principal, task, once, calledWith) => findBegun(deps, { principal, task, once, calledWith }),
    async get(principal, taskId) {
      check(taskId);
      return getTask(deps, principal, taskId);
    },
    async page(principal, taskId, number) {
      check(taskId);
      return getPage(deps, principal, taskId, number);
    },
    async answer(principal, taskId, responses, deadline) {
      check(taskId);
      const stored = await answerTask(deps, principal, taskId, responses, deadline);
      if (stored.length > 0) dispatch.wake(principal.tenant, taskId, null);
      return stored;
    },
    async cancel(principal, taskId, deadline) {
      check(taskId);
      return cancelTask(deps, principal, taskId, deadline);
    },
    async list(principal, options) {
      const owners = [principal, ...(deps.actsFor?.(principal) ?? [])];
      const { tasks, next } = await listTasksOf(deps, owners, options);
      return { tasks: tasks.filter(({ header }) => mayReadTask(header, principal)), next };
    },
    countPolls: ({ tenant }, taskId, polls, { start, end }) =>
      deps.store.add(pollsKey(tenant, taskId, start), polls, { now: deps.runtime.now(), expiresAt: end }),
  };
}

function check(taskId: string): void {
  if (!isTaskId(taskId)) throw unknownTask(taskId);
}
