/** A principal's tasks, the newest first. What a task is at stands in its header; the list only says which there are. */
import type { Principal } from '../../base/principal.ts';
import { GET_MANY_LIMIT } from '../../store/limits.ts';
import { isPresent } from '../../store/store.ts';
import type { TaskDeps } from './find-task.ts';
import type { Header, TaskStatus } from './header.ts';
import { headerKey, ownPartition } from './names.ts';

export interface ListedTask {
  taskId: string;
  header: Header;
}

export interface ListTasksOptions {
  /** Only those; the list is looked through for them, so a page may be short, or empty, and have a `next`. */
  status?: TaskStatus;
  /** `next` of the page before. */
  after?: string;
  /** 1 to 100. */
  limit: number;
}

/**
 * Two store calls. A task whose time to live is over is left out.
 * @returns `next`: where the next page begins; null for the last one
 */
export async function listTasks(
  { store, runtime }: Pick<TaskDeps, 'store' | 'runtime'>,
  principal: Pick<Principal, 'tenant' | 'subject'>,
  { status, after, limit }: ListTasksOptions,
): Promise<{ tasks: ListedTask[]; next: string | null }> {
  const page = await store.list(ownPartition(principal), {
    now: runtime.now(),
    limit: Math.min(limit, GET_MANY_LIMIT),
    ...(after === undefined ? {} : { after }),
  });
  const ids = page.records.map(({ value }) => (value as { taskId: string }).taskId);
  if (ids.length === 0) return { tasks: [], next: page.next };
  const keys = ids.map((taskId) => headerKey(principal.tenant, taskId));
  const readings = await store.getMany(keys, runtime.now());
  const tasks = readings.flatMap((reading, index) => {
    if (!isPresent(reading)) return [];
    const header = reading.value as unknown as Header;
    return status === undefined || header.status === status ? [{ taskId: ids[index] ?? '', header }] : [];
  });
  return { tasks, next: page.next };
}
