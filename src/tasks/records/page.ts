/** Pages of a task's result: texts beside its header, numbered from 1 on. */
import * as z from 'zod';
import { record } from '../../store/record.ts';
import type { RecordKey } from '../../store/store.ts';
import { taskPartition } from './names.ts';

/** @param number from 1 on */
export function pageKey(tenant: string, taskId: string, number: number): RecordKey {
  return { partition: taskPartition(tenant, taskId), id: `p:${String(number).padStart(6, '0')}` };
}

export interface TaskPage {
  text: string;
  mimeType: string;
}

export const taskPage = record<TaskPage>('page of a task', () => z.object({ text: z.string(), mimeType: z.string() }));
