/**
 * What every answer about a task says of it: its state, its times, why it failed, what it asks. As data, and as the lines of
 * the text, because some clients give a model the one, some the other. Pure.
 */
import * as z from 'zod';
import { isoTime } from '../../base/time/time-text.ts';
import type { TidegateError } from '../../base/errors.ts';
import { callLine, type NextCall, NextCalls } from '../../calls/next-call.ts';
import { hasEnded, type Header } from '../../tasks/records/header.ts';
import { failureText, protocolAnswer } from '../wire/errors.ts';
import { Handle, handleOf } from './handle.ts';
import { questionLines, questionsOf, TaskQuestion } from './questions.ts';
import type { SeenTask } from './seen-task.ts';
import { failureError } from './view.ts';
import { inLines } from '../../base/plain.ts';

const TaskError = z.object({
  code: z.string(),
  message: z.string(),
  field: z.string().optional(),
  expected: z.string().optional(),
  hint: z.string().optional(),
  reference: z.string().optional().describe('Of a fault in the server: what its log has it under'),
});

export const TaskState = Handle.extend({
  tool: z.string().describe('What was called'),
  message: z.string().nullable().describe('What it is at, or why it ended'),
  begunAt: z.string().describe('ISO 8601, like the other times'),
  changedAt: z.string(),
  keptUntil: z.string().describe('How long the handle is good'),
  error: TaskError.optional().describe('Why the task failed, or why nothing came of this call'),
  questions: z.array(TaskQuestion).describe('What it waits for: ask the user, and do not invent an answer'),
  nextCalls: NextCalls,
});

export function stateOf(seen: SeenTask): z.input<typeof TaskState> {
  const { taskId, header, tool } = seen;
  const hasFailed = header.status === 'failed';
  return {
    ...handleOf(seen),
    ...timesOf(header),
    tool,
    message: hasFailed ? failureText(failureError(header), taskId) : header.message,
    ...(hasFailed ? { error: errorOf(failureError(header), taskId) } : {}),
    questions: questionsOf(header),
  };
}

/** The same in lines, but for the calls that go on from it. */
export function stateLines({ taskId, header, tool }: SeenTask): string[] {
  const { status, message, result } = header;
  const said = message === null ? [] : [message];
  const { begunAt, changedAt, keptUntil } = timesOf(header);
  const times = `Begun ${begunAt}, ${hasEnded(header) ? 'ended' : 'changed'} ${changedAt}, kept until ${keptUntil}.`;
  switch (status) {
    case 'working':
      return [`${tool} is working.`, ...said, times];
    case 'input_required':
      return [
        `${tool} waits for an answer.`,
        ...said,
        ...questionLines(questionsOf(header)),
        'Ask the user, and do not invent an answer.',
        times,
      ];
    case 'completed':
      return [`${tool} has ended.${result?.isError ? ' Its result says what went wrong.' : ''}`, times];
    case 'failed': {
      const failure = failureError(header);
      return [`${tool} failed (${errorOf(failure, taskId).code}).`, ...failureText(failure, taskId).split('\n'), times];
    }
    case 'cancelled':
      return [`${tool} was cancelled.`, ...said, times];
    default:
      return status satisfies never;
  }
}

/** An error as data: what its text says. */
export function errorOf(error: TidegateError, reference: string): z.input<typeof TaskError> {
  const { message, data } = protocolAnswer(error, reference);
  return { message, ...data };
}

/** Both halves of an answer, which end with the same calls. */
export function inBothHalves<Answer>(lines: readonly string[], calls: readonly NextCall[], structured: Answer) {
  return {
    text: inLines([...lines, ...calls.map(callLine)]),
    structured: { ...structured, ...(calls.length === 0 ? {} : { nextCalls: [...calls] }) },
  };
}

function timesOf({ createdAt, updatedAt, ttlMs }: Header) {
  return { begunAt: isoTime(createdAt), changedAt: isoTime(updatedAt), keptUntil: isoTime(createdAt + ttlMs) };
}
