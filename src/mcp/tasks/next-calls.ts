/** The calls that go on from a task, as both halves of an answer print them. Pure. */
import { callOf, type NextCall } from '../../calls/next-call.ts';
import { hasEnded, type Header } from '../../tasks/records/header.ts';
import { answerCalls } from './questions.ts';
import { pollIntervalMs } from './view.ts';

/** What to do while the task goes on; none once it has ended. */
export function callsMeanwhile(taskId: string, header: Header, now: number): NextCall[] {
  if (hasEnded(header)) return [];
  return header.status === 'input_required'
    ? answerCalls(taskId, header)
    : [{ ...callOf('Ask again', 'get_task', { task: taskId }), afterMs: pollIntervalMs(header, now) }];
}

/** The same for who has heard neither questions nor a result. */
export function callsToSee(taskId: string, header: Header, now: number): NextCall[] {
  if (header.status === 'working') return callsMeanwhile(taskId, header, now);
  return [callOf(header.status === 'input_required' ? 'What it asks' : 'How it ended', 'get_task', { task: taskId })];
}

/** Of a task that goes on not at once, but when it may have come so far. @param part of the page, where not from its start */
export function pageCall(
  forWhat: string,
  taskId: string,
  page: number,
  header: Header,
  now: number,
  part: { from?: number; limit?: number } = {},
): NextCall {
  const call = callOf(forWhat, 'get_task', { task: taskId, page, ...part });
  return hasEnded(header) || part.from !== undefined ? call : { ...call, afterMs: pollIntervalMs(header, now) };
}
