/**
 * Tasks as callers see them: begun, asked for, answered, cancelled. Who works on them is told through `Dispatch`. What a
 * task is on the wire is not known here.
 */
import type { Json } from '../core/json.ts';
import type { Principal } from '../core/principal.ts';
import { createTask } from './create.ts';
import type { Dispatch } from './dispatch.ts';
import type { Catalog, TaskDeps } from './find-task.ts';
import type { Header } from './header.ts';
import { answerTask, cancelTask, getPage, getTask } from './requests.ts';

export interface Tasks {
  catalog: Catalog;
  /** Stores a task, and has it worked on. Errors as `createTask`. */
  begin(
    principal: Principal,
    task: string,
    input: Json,
    options: { once?: string | null; deadline: number },
  ): Promise<{ taskId: string; header: Header }>;
  /** One store call. @throws TidegateError `not_found` */
  get(principal: Principal, taskId: string): Promise<Header>;
  page(principal: Principal, taskId: string, number: number): Promise<{ text: string; mimeType: string }>;
  /** Errors as `answerTask`. */
  answer(
    principal: Principal,
    taskId: string,
    responses: Readonly<Record<string, unknown>>,
    deadline: number,
  ): Promise<void>;
  cancel(principal: Principal, taskId: string, deadline: number): Promise<void>;
}

export function createTasks(deps: TaskDeps, dispatch: Dispatch): Tasks {
  return {
    catalog: deps.catalog,
    async begin(principal, task, input, { once = null, deadline }) {
      const leaseMs = dispatch.leaseMs();
      const { taskId, header, claim } = await createTask(deps, { principal, task, input, once, deadline, leaseMs });
      if (claim !== null || leaseMs === null) dispatch.wake(principal.tenant, taskId, claim);
      return { taskId, header };
    },
    get: (principal, taskId) => getTask(deps, principal, taskId),
    page: (principal, taskId, number) => getPage(deps, principal, taskId, number),
    async answer(principal, taskId, responses, deadline) {
      if (await answerTask(deps, principal, taskId, responses, deadline)) {
        dispatch.wake(principal.tenant, taskId, null);
      }
    },
    async cancel(principal, taskId, deadline) {
      await cancelTask(deps, principal, taskId, deadline);
    },
  };
}
