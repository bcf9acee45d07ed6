/** Finds the declaration of a task by its name, and by the version that a running task began with. */
import type { Principal } from '../../base/principal.ts';
import type { AppStreams } from '../../declare/app-streams.ts';
import type { Task } from '../../declare/task.ts';
import { TidegateError } from '../../base/errors.ts';
import { knownName } from '../../base/known-names.ts';
import type { Deps } from '../../streams/deps.ts';
import type { Header } from './header.ts';
import type { ActsFor } from './task-id.ts';

export type Catalog = ReadonlyMap<string, Task>;

/** What all code about tasks needs. */
export interface TaskDeps extends Deps {
  catalog: Catalog;
  /** The streams as a task's `run` reaches them, for its principal and until its deadline; `calls/streams.ts` makes them. */
  streamsFor: (deps: Deps, principal: Principal, deadline: number) => AppStreams;
  /** For whom else a caller may see to tasks. Absent: for nobody. */
  actsFor?: ActsFor | undefined;
  /** Called when a task that is worked on here begins to wait on a stream. A hint, as `changed` is. */
  waiting?: (tenant: string, stream: string) => void;
  /** Called when a task was begun here for which no caller asked, such as by an occurrence: somebody should look at it soon. A hint. */
  begun?: (tenant: string, taskId: string) => void;
}

/** @throws TidegateError `not_found` */
export function findTask(catalog: Catalog, name: string): Task {
  const task = catalog.get(name);
  if (task) return task;
  throw new TidegateError('not_found', `there is no task named ${name}`, {
    field: 'name',
    expected: knownName(name, [...catalog.keys()], 'tasks'),
  });
}

/** Null: this release does not have that version of the task. */
export function taskInVersion(
  catalog: Catalog,
  { task: name, version }: Pick<Header, 'task' | 'version'>,
): Task | null {
  const task = catalog.get(name);
  if (!task) return null;
  return [task, ...(task.previous ?? [])].find((declared) => declared.version === version) ?? null;
}
