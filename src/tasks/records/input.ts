/** What a task was called with: stored once, when it is created, and read by each turn. */
import * as z from 'zod';
import type { Json } from '../../base/json.ts';
import { record } from '../../store/record.ts';
import type { RecordKey } from '../../store/store.ts';
import { taskPartition } from './names.ts';

export function inputKey(tenant: string, taskId: string): RecordKey {
  return { partition: taskPartition(tenant, taskId), id: 'input' };
}

interface TaskInput {
  input: Json;
}

export const taskInput = record<TaskInput>('input of a task', () => z.object({ input: z.custom<Json>() }));
