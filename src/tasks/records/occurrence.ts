/** The schema of an occurrence, as waiters and tasks hold it. */
import * as z from 'zod';
import type { Json } from '../../base/json.ts';
import type { Occurrence } from '../../declare/task.ts';

export function occurrence(): z.ZodType<Occurrence> {
  const event = z.object({
    id: z.string(),
    revision: z.string().optional(),
    stream: z.string(),
    key: z.string().optional(),
    time: z.number(),
    data: z.custom<Json>(),
    meta: z.record(z.string(), z.custom<Json>()).optional(),
  });
  return z.object({
    key: z.string().nullable(),
    at: z.number(),
    event: event.nullable(),
    value: z.number().nullable(),
  });
}
