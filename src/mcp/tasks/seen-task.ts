/** A task as an answer tells of it: with the names under which the app shows tools. Pure. */
import type { App } from '../../declare/app.ts';
import type { BuiltInName, ToolNames } from '../../declare/built-ins.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Header } from '../../tasks/records/header.ts';

export interface SeenTask {
  taskId: string;
  header: Header;
  now: number;
  /** What was called: the tool of the task, as it is listed. */
  tool: string;
  names: ToolNames;
}

export type See = (taskId: string, header: Header) => SeenTask;

export function createSee({ toolNames, tasks }: Pick<App, 'toolNames' | 'tasks'>, { now }: Pick<Runtime, 'now'>): See {
  return (taskId, header) => {
    // A task of the app's own may have the name of one that is left out.
    const name = tasks.has(header.task) ? null : toolNames[header.task as BuiltInName];
    return { taskId, header, now: now(), tool: name ?? header.task, names: toolNames };
  };
}
