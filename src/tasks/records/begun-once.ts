/**
 * What makes a task begin only once: a record under the idempotency key of its principal, or under the failed task that it
 * is a retry of.
 */
import * as z from 'zod';
import type { Owner } from '../../base/principal.ts';
import { record } from '../../store/record.ts';
import type { RecordKey } from '../../store/store.ts';
import { taskPartition } from './names.ts';

/** Of a task that a principal began under an idempotency key. */
export function onceKey({ tenant, subject }: Owner, task: string, idempotencyKey: string): RecordKey {
  return { partition: `${tenant}/task-once/${task}/${subject}`, id: idempotencyKey };
}

/** Of the task that a failed one was retried as. */
export function retryKey(tenant: string, taskId: string): RecordKey {
  return { partition: taskPartition(tenant, taskId), id: 'retry' };
}

interface BegunOnce {
  taskId: string;
  /** Digest of what the task was called with. */
  fingerprint: string;
}

export const begunOnce = record<BegunOnce>('idempotency key of a task', () =>
  z.object({ taskId: z.string(), fingerprint: z.string() }),
);
