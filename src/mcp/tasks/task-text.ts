/** The text that a model reads of a task: its state, and what to do next. Pure. */
import * as z from 'zod';
import type { Json } from '../../base/json.ts';
import { hasEnded, type Header } from '../../tasks/records/header.ts';
import { failureText } from '../wire/errors.ts';
import { failureError, pollIntervalMs } from './view.ts';

export const TaskQuestion = z.object({
  key: z.string().describe('What the answer is given under'),
  message: z.string().describe('For the user'),
  schema: z.unknown().optional().describe('JSON Schema of the content that is asked for'),
  url: z.string().optional().describe('A page for the user to open, instead of content'),
});

/** `after 2 s, not before`; `at once` for a task that has ended. */
export function pauseText(header: Header, now: number): string {
  return hasEnded(header) ? 'at once' : `after ${Math.ceil(pollIntervalMs(header, now) / 1_000)} s, not before`;
}

export function questionsOf({ asks }: Header): z.input<typeof TaskQuestion>[] {
  return Object.entries(asks).map(([key, { params }]) => ({
    key,
    message: textOf(params.message),
    ...(params.mode === 'url' ? { url: textOf(params.url) } : { schema: params.requestedSchema }),
  }));
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The lines that a model reads first. */
export function taskLines(taskId: string, header: Header, now: number): string[] {
  const { status, task, message, result, pages } = header;
  const said = message === null ? [] : [message];
  const argument = JSON.stringify({ task: taskId });
  switch (status) {
    case 'working':
      return [`${task} is working.`, ...said, `Ask again with get_task ${argument}, ${pauseText(header, now)}.`];
    case 'input_required':
      return [
        `${task} waits for an answer.`,
        ...said,
        ...questionsOf(header).flatMap(asked),
        howToAnswer(taskId, header),
      ];
    case 'completed': {
      const wrong = result?.isError ? ' Its result says what went wrong.' : '';
      const more = pages === 0 ? [] : [`The result has ${pages} pages: get_task {"task":"${taskId}","page":1}.`];
      return [`${task} has ended.${wrong}`, ...more];
    }
    case 'failed':
      return [`${task} failed.`, failureText(failureError(header), taskId)];
    case 'cancelled':
      return [`${task} was cancelled.`, ...said];
    default:
      return status satisfies never;
  }
}

function asked({ key, message, schema, url }: z.input<typeof TaskQuestion>): string[] {
  if (url !== undefined) return [`- ${key}: ${message} The user opens ${url}, and says so.`];
  return [`- ${key}: ${message} Content: ${JSON.stringify(schema)}`];
}

function howToAnswer(taskId: string, { asks }: Header): string {
  const [key = 'key'] = Object.keys(asks);
  const answers = [{ key, action: 'accept', content: [] }];
  return `Ask the user, and give the answer with answer_task ${JSON.stringify({ task: taskId, answers })}; content has { field, value } for each field, and the action may be decline or cancel too, without content.`;
}
