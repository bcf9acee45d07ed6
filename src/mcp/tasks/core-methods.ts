/**
 * The methods that 2025-11-25 has for tasks in its core. The dispatch has seen that the request is of that revision; the
 * tasks room checks whose a task is.
 */
import { digestOf } from '../../base/digest.ts';
import { TidegateError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Principal } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';
import { accountedTasks } from '../../calls/context.ts';
import type { ToolContext } from '../../declare/context.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import type { CorePart } from '../extension.ts';
import { cursorOf, type Params, textOf } from '../wire/params.ts';
import { IN_METHODS, naming } from './argument-names.ts';
import { coreResult, readAskedKey } from './core-result.ts';
import { legacyTask } from './legacy-view.ts';
import type { Poll } from './polling.ts';
import type { See } from './seen-task.ts';

/** `list` is left out where nobody knows who calls. */
const CAPABILITIES: Readonly<Record<string, JsonObject>> = {
  tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } },
};

/** Tasks on a page of `tasks/list`. Their headers are read, with their results. */
const PAGE_SIZE = 25;

/**
 * `tasks/get`: one store call; also throws `rate_limited`. `tasks/cancel`: throws `invalid_input` for a task that has ended.
 * `tasks/list`: two store calls; throws `not_supported` where nobody knows who calls, and `bad_cursor`. `tasks/result`: as
 * `coreResult`. All but `tasks/list` throw `not_found` for a task that is not there, or that is somebody else's.
 */
export function coreTasks(
  tasks: Tasks,
  poll: Poll,
  see: See,
  runtime: Pick<Runtime, 'now' | 'sleep' | 'log'>,
): CorePart {
  const { now } = runtime;

  type Work = (kept: Tasks, taskId: string, context: ToolContext) => Promise<object>;
  const onTask = (work: Work) => ({
    run(params: Params, context: ToolContext) {
      const taskId = textOf(params, 'taskId');
      return naming(IN_METHODS, () => work(accountedTasks(tasks, context), taskId, context));
    },
  });

  const methods: CorePart['methods'] = {
    'tasks/get': onTask(async (kept, taskId, { principal }) =>
      legacyTask(taskId, await poll(kept, principal, taskId), now()),
    ),
    'tasks/result': {
      run: (params, context, client) =>
        coreResult(
          { tasks: accountedTasks(tasks, context), poll, see, runtime },
          textOf(params, 'taskId'),
          context,
          client,
        ),
    },
    'tasks/cancel': onTask(async (kept, taskId, { principal, deadline }) => {
      const isCancelledHere = await kept.cancel(principal, taskId, deadline);
      const task = legacyTask(taskId, await kept.get(principal, taskId), now());
      if (isCancelledHere) return task;
      throw new TidegateError('invalid_input', `The task has ended before, and is ${task.status}`, {
        field: 'taskId',
        expected: 'a task that has not ended',
      });
    }),
    'tasks/list': {
      async run(params, context, client) {
        const { principal } = context;
        if (!client.isKnown) throw unlisted();
        const cursor = cursorOf(params);
        const after = cursor === undefined ? {} : { after: readCursor(cursor, principal) };
        const page = await accountedTasks(tasks, context).list(principal, { limit: PAGE_SIZE, ...after });
        return {
          tasks: page.tasks.map(({ taskId, header }) => legacyTask(taskId, header, now())),
          ...(page.next === null ? {} : { nextCursor: cursorText(page.next, principal) }),
        };
      },
    },
  };

  return {
    capabilities: CAPABILITIES,
    methods,
    async answer(key, given, context) {
      const asked = readAskedKey(key);
      if (asked === null) return;
      const { principal, deadline } = context;
      await accountedTasks(tasks, context).answer(principal, asked.taskId, { [asked.question]: given }, deadline);
    },
  };
}

function unlisted(): TidegateError {
  return new TidegateError('not_supported', 'Tasks are not listed to callers whom nobody knows', {
    expected: 'a server with authentication',
    hint: 'ask for a task by its id',
  });
}

/** Where a page ends in the caller's own list, with a check sum that shows whether the text was made here. It holds no secret. */
function cursorText(place: string, principal: Principal): string {
  return btoa(`${place} ${checkSum(place, principal)}`);
}

function readCursor(text: string, principal: Principal): string {
  const [, place = ''] = /^(.+) [\da-f]{8}$/.exec(decoded(text)) ?? [];
  if (place !== '' && cursorText(place, principal) === text) return place;
  throw new TidegateError('bad_cursor', 'The cursor is not one of tasks', {
    field: 'params.cursor',
    expected: 'the nextCursor of a page of tasks, unchanged',
    hint: 'list again without a cursor',
  });
}

function checkSum(place: string, { tenant, subject }: Principal): string {
  return digestOf(JSON.stringify(['tasks', tenant, subject, place])).slice(0, 8);
}

function decoded(text: string): string {
  try {
    return atob(text);
  } catch {
    return '';
  }
}
