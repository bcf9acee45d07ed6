/**
 * Names in the store that several kinds of a task's records share. The tenant is the first of every name. The key of each
 * record is made beside its codec.
 */
import type { RecordKey } from '../../store/store.ts';

/** Whether a text can be the id of a task. What cannot be one is answered as unknown, and never becomes a name in the store. */
export function isTaskId(text: string): boolean {
  return /^[\w.-]{1,64}$/.test(text);
}

/** All that is a task's own: its header, input, assignment, what it remembers, and its pages. */
export function taskPartition(tenant: string, taskId: string): string {
  return `${tenant}/task/${taskId}`;
}

/** The queue of a tenant's tasks that are due: their assignments, and their waiters. */
export function taskQueue(tenant: string): string {
  return `${tenant}/tasks`;
}

/** Counts how often a task was asked for in the window that began at `start`, epoch ms. */
export function pollsKey(tenant: string, taskId: string, start: number): string {
  return `${taskPartition(tenant, taskId)}/polls/${start}`;
}

/** All waiters on a stream. */
export function waiterPartition(tenant: string, stream: string): string {
  return `${tenant}/waiters/${stream}`;
}

/** @param wait the id under which the task remembers the wait */
export function waiterKey(tenant: string, stream: string, taskId: string, wait: string): RecordKey {
  return { partition: waiterPartition(tenant, stream), id: `${taskId} ${wait}` };
}

/** The parts of the states of all waiters on a stream. @param part its id, unique within the tenant */
export function waiterPartKey(tenant: string, stream: string, part: string): RecordKey {
  return { partition: `${tenant}/waiter-parts/${stream}`, id: part };
}

/** Whether a record of the task queue is a waiter; if not, it is an assignment. */
export function isWaiter({ partition }: Pick<RecordKey, 'partition'>): boolean {
  return partition.split('/')[1] === 'waiters';
}

/** The id of the task that a record of the task queue belongs to. */
export function taskOfDue({ partition, id }: RecordKey): string {
  return (isWaiter({ partition }) ? id.split(' ')[0] : partition.split('/')[2]) ?? '';
}
