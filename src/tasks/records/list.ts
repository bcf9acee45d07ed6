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

interface OwnTask {
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

/** How many owners one page comes to, where those before have no more. */
const MOST_OWNERS = 4;

/**
 * The tasks of several owners, one after the other. Two store calls for each that it comes to, 4 at most; a page may be short or empty
 * and still have a `next`.
 */
export async function listTasksOf(
  deps: Pick<TaskDeps, 'store' | 'runtime'>,
  owners: readonly Owner[],
  { after, limit }: Omit<ListTasksOptions, 'status'>,
): Promise<{ tasks: ListedTask[]; next: string | null }> {
  let [at, from] = placeIn(after, owners);
  for (let looks = 1; ; looks += 1) {
    const owner = owners[at];
    if (owner === undefined) return { tasks: [], next: null };
    const { tasks, next } = await listTasks(deps, owner, { limit, ...(from === undefined ? {} : { after: from }) });
    if (next === null) at += 1;
    from = next ?? undefined;
    const following = at < owners.length ? placeText(owners, at, next) : null;
    if (tasks.length > 0 || following === null || looks >= MOST_OWNERS) return { tasks, next: following };
  }
}

/** Of the first owner, who asks, it is that of its list alone. */
function placeText(owners: readonly Owner[], at: number, after: string | null): string {
  return at === 0 ? (after ?? '') : `@${owners[at]?.subject} ${after ?? ''}`;
}

/** Of an owner who is none of these any more, nothing more is listed. */
function placeIn(after: string | undefined, owners: readonly Owner[]): [at: number, after: string | undefined] {
  const [, subject, own = ''] = /^@(\S+) (.*)$/.exec(after ?? '') ?? [];
  if (subject === undefined) return [0, after];
  const at = owners.findIndex((owner, index) => index > 0 && owner.subject === subject);
  return [at < 0 ? owners.length : at, own === '' ? undefined : own];
}
