/** Names of what a task is in the store: one partition for each, the tenant first. Nothing else builds one. */
import type { Principal } from '../../base/principal.ts';
import type { RecordKey } from '../../store/store.ts';

/** What an id of a task can look like: whatever else is asked for is unknown, and no name in the store. */
export function isTaskId(text: string): boolean {
  return /^[\w.-]{1,64}$/.test(text);
}

/** All of a task: its header, its run, its steps, answers and pages. */
export function taskPartition(tenant: string, taskId: string): string {
  return `${tenant}/task/${taskId}`;
}

export function headerKey(tenant: string, taskId: string): RecordKey {
  return { partition: taskPartition(tenant, taskId), id: 'header' };
}

/** What it was called with. */
export function inputKey(tenant: string, taskId: string): RecordKey {
  return { partition: taskPartition(tenant, taskId), id: 'input' };
}

export function assignmentKey(tenant: string, taskId: string): RecordKey {
  return { partition: taskPartition(tenant, taskId), id: 'run' };
}

/** What is remembered begins with this; a list by it leaves header and run out. */
export const REMEMBERED = 'm:';

/** A remembered step, sleep, wait, answer or value; `id` tells which. */
export function rememberedKey(tenant: string, taskId: string, id: string): RecordKey {
  return { partition: taskPartition(tenant, taskId), id: `${REMEMBERED}${id}` };
}

/** Page `number` (from 1 on) of a task's result. */
export function pageKey(tenant: string, taskId: string, number: number): RecordKey {
  return { partition: taskPartition(tenant, taskId), id: `p:${String(number).padStart(6, '0')}` };
}

/** The queue of all runs of a tenant that are due. */
export function taskQueue(tenant: string): string {
  return `${tenant}/tasks`;
}

/** A principal's tasks, the newest first. */
export function ownPartition({ tenant, subject }: Pick<Principal, 'tenant' | 'subject'>): string {
  return `${tenant}/tasks-of/${subject}`;
}

const LATEST = 9_999_999_999_999;

export function ownKey(principal: Pick<Principal, 'tenant' | 'subject'>, createdAt: number, taskId: string): RecordKey {
  return { partition: ownPartition(principal), id: `${String(LATEST - createdAt).padStart(13, '0')} ${taskId}` };
}

/** The task that a principal began under an idempotency key. */
export function onceKey({ tenant, subject }: Pick<Principal, 'tenant' | 'subject'>, task: string, key: string) {
  return { partition: `${tenant}/task-once/${task}/${subject}`, id: key };
}

/** The task that a failed one was retried as. */
export function retryKey(tenant: string, taskId: string): RecordKey {
  return { partition: taskPartition(tenant, taskId), id: 'retry' };
}

/** What happened to a principal's tasks: an entry for each that ended. */
export function taskLog({ tenant, subject }: Pick<Principal, 'tenant' | 'subject'>): string {
  return `${tenant}/task-log/${subject}`;
}

/** How often a task was asked for in the window that began then. */
export function pollsKey(tenant: string, taskId: string, start: number): string {
  return `${taskPartition(tenant, taskId)}/polls/${start}`;
}

/** Places of entries that may be under way at once, of all principals or of one. */
export function slotPartition(tenant: string, task: string, subject: string | null): string {
  return `${tenant}/task-slots/${task}${subject === null ? '' : `/${subject}`}`;
}

/** Waits for events of a stream; an id begins with the task's. */
export function waiterPartition(tenant: string, stream: string): string {
  return `${tenant}/waiters/${stream}`;
}

export function waiterKey(tenant: string, stream: string, taskId: string, wait: string): RecordKey {
  return { partition: waiterPartition(tenant, stream), id: `${taskId} ${wait}` };
}

/** Whether a record of the task queue is a wait; else it is a run. */
export function isWaiter({ partition }: Pick<RecordKey, 'partition'>): boolean {
  return partition.split('/')[1] === 'waiters';
}

/** The task that a record of the task queue is of. */
export function taskOfDue({ partition, id }: RecordKey): string {
  return (isWaiter({ partition }) ? id.split(' ')[0] : partition.split('/')[2]) ?? '';
}
