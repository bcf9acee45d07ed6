/** A principal's tasks, the newest first. The list says only which tasks there are; how they are is in their headers. */
import * as z from 'zod';
import type { Owner } from '../../base/principal.ts';
import { GET_MANY_LIMIT } from '../../store/limits.ts';
import { record } from '../../store/record.ts';
import type { RecordKey } from '../../store/store.ts';
import type { TaskDeps } from './find-task.ts';
import { type Header, headerKey, taskHeader, type TaskStatus } from './header.ts';

export function ownPartition({ tenant, subject }: Owner): string {
  return `${tenant}/tasks-of/${subject}`;
}

/** Ids are counted down from this time, epoch ms, so that the newest is the first in their order. */
const LATEST = 9_999_999_999_999;

export function ownKey(principal: Owner, createdAt: number, taskId: string): RecordKey {
  return { partition: ownPartition(principal), id: `${String(LATEST - createdAt).padStart(13, '0')} ${taskId}` };
}

export interface OwnTask {
  taskId: string;
  /** Its declared name. */
  task: string;
}

export const ownTask = record<OwnTask>('item of a list of tasks', () =>
  z.object({ taskId: z.string(), task: z.string() }),
);

export interface ListedTask {
  taskId: string;
  header: Header;
}

export interface ListTasksOptions {
  /** Only tasks of this status. They are picked from a page of the list, so a page may be short or empty and still have a `next`. */
  status?: TaskStatus;
  /** `next` of the page before. */
  after?: string;
  /** 1 to 100. */
  limit: number;
}

/**
 * Two store calls. A task whose header has expired is left out.
 * @returns `next`: where the next page begins; null: this is the last one
 */
export async function listTasks(
  { store, runtime }: Pick<TaskDeps, 'store' | 'runtime'>,
  principal: Owner,
  { status, after, limit }: ListTasksOptions,
): Promise<{ tasks: ListedTask[]; next: string | null }> {
  const page = await store.list(ownPartition(principal), {
    now: runtime.now(),
    limit: Math.min(limit, GET_MANY_LIMIT),
    ...(after === undefined ? {} : { after }),
  });
  const ids = page.records.map(({ value }) => ownTask.decode(value).taskId);
  if (ids.length === 0) return { tasks: [], next: page.next };
  const keys = ids.map((taskId) => headerKey(principal.tenant, taskId));
  const readings = await store.getMany(keys, runtime.now());
  const tasks = readings.flatMap((reading, index) => {
    const header = taskHeader.read(reading);
    if (header === null || (status !== undefined && header.status !== status)) return [];
    return [{ taskId: ids[index] ?? '', header }];
  });
  return { tasks, next: page.next };
}
