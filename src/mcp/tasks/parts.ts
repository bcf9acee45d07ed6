/** What a server with tasks has more than one without: methods, tools for clients that know none, and pages of results. */
import type { Resource } from '../../declare/resource.ts';
import type { Tool } from '../../declare/tool.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import { answerTaskTool } from './answer-task.ts';
import { cancelTaskTool } from './cancel-task.ts';
import { getTaskTool } from './get-task.ts';
import { createTaskMethods, type TaskMethods } from './methods.ts';
import { pageResource } from './pages.ts';
import { createPoll } from './polling.ts';

export interface TaskParts {
  methods: TaskMethods;
  tools: Record<string, Tool>;
  resources: Record<string, Resource>;
}

export function openTaskParts(tasks: Tasks, runtime: Pick<Runtime, 'now'>): TaskParts {
  // Both ways of asking count as one.
  const poll = createPoll(runtime);
  return {
    methods: createTaskMethods(tasks, poll, runtime),
    tools: {
      get_task: getTaskTool(tasks, poll, runtime),
      answer_task: answerTaskTool(tasks, runtime),
      cancel_task: cancelTaskTool(tasks, runtime),
    },
    resources: { task_page: pageResource(tasks) },
  };
}
