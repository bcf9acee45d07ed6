/**
 * The Tasks extension (`io.modelcontextprotocol/tasks`): its methods, tools for clients that do not know it, every task
 * as a tool, and the pages of results as resources.
 */
import type { App } from '../../declare/app.ts';
import type { Task } from '../../declare/task.ts';
import { TASKS_SCOPE } from '../../base/scopes.ts';
import { shownSchema } from '../registry/shown-schema.ts';
import type { Runtime } from '../../base/runtime.ts';
import { type Needs, streamNeeds } from '../../calls/needs.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import type { Extension, SpecialTool } from '../extension.ts';
import { answerTaskTool } from './answer-task.ts';
import { callTask } from './call-task.ts';
import { cancelTaskTool } from './cancel-task.ts';
import { TASKS } from './capability.ts';
import { coreTasks } from './core-methods.ts';
import { getTaskTool } from './get-task.ts';
import { taskOutputSchema } from './handle.ts';
import { taskMethods, taskNotices } from './methods.ts';
import { pageResource } from './pages.ts';
import { createPoll } from './polling.ts';
import { createSee, type See } from './seen-task.ts';

/**
 * @param app its own tasks are listed behind its tools; the others in the catalog come with the server
 * @param catalog the tasks that are listed. Default: all
 */
export function tasksExtension(
  tasks: Tasks,
  { app, runtime }: { app: App; runtime: Pick<Runtime, 'now' | 'sleep' | 'log'> },
  catalog: ReadonlyMap<string, Task> = tasks.catalog,
): Extension {
  // Polls through the method and through the tool count together.
  const poll = createPoll(runtime);
  const see = createSee(app, runtime);
  const { tools: byArguments = {} } = streamNeeds(app);
  const toolOf = ([name, task]: [string, Task]) =>
    [name, taskTool(tasks, see, name, task, app.tasks.has(name), byArguments[name])] as const;
  return {
    capability: TASKS,
    methods: taskMethods(tasks, poll, runtime),
    core: coreTasks(tasks, poll, see, runtime),
    notifications: ['taskIds'],
    taskNotices: taskNotices(tasks, runtime),
    scopes: [TASKS_SCOPE],
    tools: {
      get_task: getTaskTool(tasks, poll, see),
      // The tasks that come with the server ask nothing.
      ...(app.tasks.size > 0 ? { answer_task: answerTaskTool(tasks, see, app.toolNames) } : {}),
      cancel_task: cancelTaskTool(tasks, see),
    },
    unpaged: ['get_task'],
    specialTools: Object.fromEntries([...catalog].map(toolOf)),
    resources: { task_page: pageResource(tasks) },
  };
}

/** @param of answers what a call with these arguments needs beside the scopes of the task */
function taskTool(
  tasks: Tasks,
  see: See,
  name: string,
  task: Task,
  isDeclared: boolean,
  of: NonNullable<Needs['tools']>[string] | undefined,
): SpecialTool {
  const { title, icons, description, scopes = [], input, output, annotations } = task;
  const path = `tasks.${name}`;
  const needed = [TASKS_SCOPE, ...scopes];
  return {
    path,
    isDeclared,
    ...(title === undefined ? {} : { title }),
    ...(icons === undefined ? {} : { icons }),
    description,
    scopes: needed,
    ...(input ? { input } : {}),
    ...(annotations ? { annotations } : {}),
    taskSupport: task.otherwise === 'refuse' ? 'required' : 'optional',
    ...(output
      ? { outputSchema: () => taskOutputSchema(task, shownSchema(output, 'output', `${path}.output`, !isDeclared)) }
      : {}),
    call(given, deps, caller) {
      const needs = [...needed, ...(of?.(given.input as Readonly<Record<string, unknown>>) ?? [])];
      return callTask(
        deps,
        tasks.on(caller.account.store),
        { name, task, ...given, see, needs, mayAsk: isDeclared },
        caller,
      );
    },
  };
}
