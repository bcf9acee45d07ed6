/**
 * Names in the store that several kinds of a task's records share. The tenant is the first of every name, in its safe form. The key of each
 * record is made beside its codec.
 */
import { APP_TENANT } from '../../base/principal.ts';
import type { RecordKey } from '../../store/store.ts';

/** Whether a text can be the id of a task. What cannot be one is answered as unknown, and never becomes a name in the store. */
export function isTaskId(text: string): boolean {
  return /^[\w.-]{1,64}$/.test(text);
}

/** All that is a task's own: its header, input, assignment, what it remembers, and its pages. */
export function taskPartition(tenant: string, taskId: string): string {
  return `${tenant}/task/${taskId}`;
}

/**
 * The queue of all tasks that are due, of every tenant: their assignments, and their waiters. Work on it goes by what is
 * due, however many tenants there are.
 */
export const TASK_QUEUE = `${APP_TENANT}/tasks`;

/** Counts how often a task was asked for in the window that began at `start`, epoch ms. */
export function pollsKey(tenant: string, taskId: string, start: number): string {
  return `${taskPartition(tenant, taskId)}/polls/${start}`;
}

/** All waiters on a stream, whose tasks they may be. They stand where the stream's log does. */
export function waiterPartition(tenant: string, stream: string): string {
  return `${tenant}/waiters/${stream}`;
}

/** Which task, of which tenant. */
export interface TaskRef {
  tenant: string;
  taskId: string;
}

/**
 * @param place tenant of the stream's log. A task of another tenant is named with its own.
 * @param wait the id under which the task remembers the wait
 */
export function waiterKey(place: string, stream: string, { tenant, taskId }: TaskRef, wait: string): RecordKey {
  const task = tenant === place ? taskId : `${tenant}/${taskId}`;
  return { partition: waiterPartition(place, stream), id: `${task} ${wait}` };
}

/** The parts of the states of all waiters on a stream. @param part its id, unique within the tenant */
export function waiterPartKey(tenant: string, stream: string, part: string): RecordKey {
  return { partition: `${tenant}/waiter-parts/${stream}`, id: part };
}

/** Whether a record of the task queue is a waiter; if not, it is an assignment. */
export function isWaiter({ partition }: Pick<RecordKey, 'partition'>): boolean {
  return partition.split('/')[1] === 'waiters';
}

/** The task that a record of the task queue belongs to. */
export function taskOfDue({ partition, id }: RecordKey): TaskRef {
  const [place = '', , named = ''] = partition.split('/');
  if (!isWaiter({ partition })) return { tenant: place, taskId: named };
  const [task = ''] = id.split(' ');
  const [first = '', second] = task.split('/');
  return second === undefined ? { tenant: place, taskId: first } : { tenant: first, taskId: second };
}
