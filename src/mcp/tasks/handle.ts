/** What a client without the extension gets at once: a handle, and words that say what to do with it. Pure. */
import * as z from 'zod';
import type { Task } from '../../declare/task.ts';
import type { ToolResult } from '../../declare/check/tool-result.ts';
import type { JsonObject } from '../../base/json.ts';
import { hasEnded, type Header } from '../../tasks/records/header.ts';
import { objectSchema } from '../../base/schema/json-schema.ts';
import { mergedSchema } from '../../base/schema/merged-schema.ts';
import { pollIntervalMs } from './view.ts';
import { pauseText } from './task-text.ts';

export const Status = z.enum(['working', 'input_required', 'completed', 'failed', 'cancelled']);

/** `task` goes into get_task, answer_task and cancel_task. */
export const Handle = z.object({
  task: z.string().describe('Handle of the task, for get_task, answer_task and cancel_task'),
  status: Status,
  checkAfterMs: z.int().nullable().describe('Ask again after so many ms, not before; null: it has ended'),
});

const HANDLE_SCHEMA = objectSchema(
  Handle.extend({ pages: z.int().optional().describe('Pages that the result has') }),
  'output',
  'Handle',
);

/**
 * The output schema that a task's tool lists: of a handle or of what the task itself answers, in one. A task whose calls
 * answer no handle, and whose result is never replaced by pages, lists its own schema alone.
 */
export function taskOutputSchema({ otherwise, pages }: Task, output: JsonObject): JsonObject {
  if (otherwise !== 'handle' && pages !== true) return output;
  const { $defs, ...own } = output;
  return { ...mergedSchema([HANDLE_SCHEMA, own]), ...($defs === undefined ? {} : { $defs }) };
}

/** What `get_task`, `cancel_task` and a call that began a task answer. */
export function handleOf(taskId: string, header: Header, now: number): z.input<typeof Handle> {
  return {
    task: taskId,
    status: header.status,
    checkAfterMs: hasEnded(header) ? null : pollIntervalMs(header, now),
  };
}

export function handleResult(taskId: string, header: Header, now: number): ToolResult {
  const { task, createdAt, ttlMs } = header;
  const argument = JSON.stringify({ task: taskId });
  const lines = [
    `${task} takes longer than a call. It has begun as a task, and goes on by itself.`,
    `How it is, and its result: get_task ${argument}. Ask ${pauseText(header, now)}.`,
    'Should it ask something: answer_task. To end it: cancel_task.',
    `The handle is good until ${new Date(createdAt + ttlMs).toISOString()}.`,
  ];
  return { content: [{ type: 'text', text: lines.join('\n') }], structuredContent: handleOf(taskId, header, now) };
}
