/** What a client without the extension gets at once: a handle, and what to do with it. Pure. */
import * as z from 'zod';
import type { Task } from '../../declare/task.ts';
import type { ToolResult } from '../../declare/check/tool-result.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import { isoTime } from '../../base/time/time-text.ts';
import { callLine, NextCalls } from '../../calls/next-call.ts';
import { hasEnded, type Header } from '../../tasks/records/header.ts';
import { objectSchema } from '../../base/schema/json-schema.ts';
import { mergedSchema } from '../../base/schema/merged-schema.ts';
import { callsToSee } from './next-calls.ts';
import type { SeenTask } from './seen-task.ts';
import { pollIntervalMs } from './view.ts';
import { inLines } from '../../base/plain.ts';

const Status = z.enum(['working', 'input_required', 'completed', 'failed', 'cancelled']);

export const Handle = z.object({
  task: z.string().describe('Handle of the task: the argument `task` of further calls'),
  status: Status,
  checkAfterMs: z.int().nullable().describe('Ask again after so many ms, not before; null: it has ended'),
});

const HANDLE_SCHEMA = objectSchema(
  Handle.extend({
    message: z.string().optional().describe('What became of the call'),
    keptUntil: z.string().optional().describe('How long the handle is good, ISO 8601'),
    pages: z.int().optional().describe('Pages that the result has'),
    nextCalls: NextCalls,
  }),
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

/** What every answer about a task begins with. */
export function handleOf({ taskId, header, now }: SeenTask): z.input<typeof Handle> {
  return {
    task: taskId,
    status: header.status,
    checkAfterMs: hasEnded(header) ? null : pollIntervalMs(header, now),
  };
}

/**
 * Both halves say the same.
 * @param mayAsk false: a task that comes with the server, which asks nothing
 */
export function handleResult(seen: SeenTask, mayAsk: boolean): ToolResult {
  const { header, tool, names } = seen;
  const { createdAt, ttlMs } = header;
  const keptUntil = isoTime(createdAt + ttlMs);
  const asking = mayAsk && names.answer_task !== null ? ` Should it ask something: ${names.answer_task}.` : '';
  const ending = names.cancel_task === null ? '' : ` To end it: ${names.cancel_task}, with the same task.`;
  const message = `${tool} takes longer than a call. ${BEGUN[header.status]}${asking}${ending}`;
  const calls = callsToSee(seen);
  const lines = [message, `The handle is good until ${keptUntil}.`, ...calls.map(callLine)];
  return {
    content: [{ type: 'text', text: inLines(lines) }],
    structuredContent: { ...handleOf(seen), message, keptUntil, nextCalls: calls as unknown as Json },
  };
}

/** A call with an idempotency key may find a task that has come further. */
const BEGUN: Readonly<Record<Header['status'], string>> = {
  working: 'It has begun as a task, and goes on by itself.',
  input_required: 'It has begun as a task, and waits for an answer.',
  completed: 'It was begun as a task before, and has ended.',
  failed: 'It was begun as a task before, and has failed.',
  cancelled: 'It was begun as a task before, and was cancelled.',
};
