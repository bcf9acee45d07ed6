/** The calls that go on from a task, as both halves of an answer print them. Pure. */
import { callsTo, type NextCall } from '../../calls/next-call.ts';
import { hasEnded } from '../../tasks/records/header.ts';
import { answerCalls } from './questions.ts';
import type { SeenTask } from './seen-task.ts';
import { pollIntervalMs } from './view.ts';

/** What to do while the task goes on; none once it has ended. */
export function callsMeanwhile(seen: SeenTask): NextCall[] {
  const { taskId, header, names } = seen;
  if (hasEnded(header)) return [];
  return header.status === 'input_required'
    ? answerCalls(seen)
    : callsTo('Ask again', names.get_task, { task: taskId }).map((call) => afterPause(call, seen));
}

/** The same for who has heard neither questions nor a result. */
export function callsToSee(seen: SeenTask): NextCall[] {
  const { taskId, header, names } = seen;
  if (header.status === 'working') return callsMeanwhile(seen);
  const forWhat = header.status === 'input_required' ? 'What it asks' : 'How it ended';
  return callsTo(forWhat, names.get_task, { task: taskId });
}

/** Of a task that goes on not at once, but when it may have come so far. @param part of the page, where not from its start */
export function pageCalls(
  forWhat: string,
  seen: SeenTask,
  page: number,
  part: { from?: number; limit?: number } = {},
): NextCall[] {
  const { taskId, header, names } = seen;
  const isThere = hasEnded(header) || part.from !== undefined;
  const calls = callsTo(forWhat, names.get_task, { task: taskId, page, ...part });
  return isThere ? calls : calls.map((call) => afterPause(call, seen));
}

function afterPause(call: NextCall, { header, now }: SeenTask): NextCall {
  return { ...call, afterMs: pollIntervalMs(header, now) };
}
