/**
 * `tasks/result` of 2025-11-25: the call stays open until the task has ended, or its time is over. Meanwhile it tells of
 * changes and shows the client what the task asks; an answer is given to the task like one of `tasks/update`.
 */
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import { REQUEST_TIMED_OUT } from '../../base/json-rpc.ts';
import { inLines } from '../../base/plain.ts';
import type { Runtime } from '../../base/runtime.ts';
import { timeLeft } from '../../base/time/time-left.ts';
import { missingFor } from '../../calls/ask-capabilities.ts';
import type { LegacyClient } from '../../calls/caller.ts';
import { callLine } from '../../calls/next-call.ts';
import type { WireRequest } from '../../declare/ask.ts';
import type { ToolResult } from '../../declare/check/tool-result.ts';
import type { ToolContext } from '../../declare/context.ts';
import { hasEnded, type Header } from '../../tasks/records/header.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import { isForModel, refusalResult } from '../wire/errors.ts';
import { questionFor } from '../wire/older-questions.ts';
import { IN_METHODS, naming } from './argument-names.ts';
import { relatedTask } from './legacy-view.ts';
import { callsMeanwhile } from './next-calls.ts';
import { taskStatusNotification } from './notification.ts';
import type { Poll } from './polling.ts';
import type { See } from './seen-task.ts';
import { failureError, pollIntervalMs, resultOf } from './view.ts';
import { ProtocolError } from '../wire/protocol-error.ts';

const FIRST_PAUSE_MS = 50;
const GROWTH = 1.5;
const LONGEST_PAUSE_MS = 2_000;
/** Left of the caller's time to answer. */
const CLOSING_MS = 2_000;

interface ResultDeps {
  /** Counts its store calls on the account of the call. */
  tasks: Tasks;
  poll: Poll;
  see: See;
  runtime: Pick<Runtime, 'now' | 'sleep' | 'log'>;
}

/**
 * Answers what the call itself would have answered, with the task's id in `_meta`.
 * @throws TidegateError `not_found`, `rate_limited`; `not_supported` where the task asks and this client cannot be asked here;
 * what the call would have thrown. ProtocolError -32001 where the time is over and the task goes on.
 */
export async function coreResult(
  { tasks, poll, see, runtime }: ResultDeps,
  taskId: string,
  { principal, deadline, signal }: ToolContext,
  client: LegacyClient,
): Promise<object> {
  const over = new AbortController();
  const wake = AbortSignal.any([signal, client.gone, over.signal]);
  const now = () => runtime.now();
  const left = timeLeft(now, deadline - CLOSING_MS - now());
  const questions = createQuestions({ tasks, principal, deadline, client, runtime }, taskId, over.signal);
  try {
    let header = await naming(IN_METHODS, () => poll(tasks, principal, taskId));
    for (let pause = FIRST_PAUSE_MS; !hasEnded(header); pause = Math.min(LONGEST_PAUSE_MS, pause * GROWTH)) {
      const asked = askedOf(header, client);
      if (header.status === 'input_required' && asked.length === 0) throw cannotAsk(see, taskId, header);
      questions.show(asked);
      if (left() <= 0 || wake.aborted) throw goesOn(see, taskId, header, now());
      await runtime.sleep(Math.min(pause, left()), AbortSignal.any([wake, questions.answered()]));
      const next = await tasks.get(principal, taskId);
      if (next.updatedAt !== header.updatedAt || next.status !== header.status) {
        const { method, params } = taskStatusNotification(taskId, next, now());
        client.notify(method, params);
        pause = FIRST_PAUSE_MS;
      }
      header = next;
    }
    return withTask(taskId, answerOf(taskId, header));
  } finally {
    over.abort();
  }
}

/** @throws TidegateError that the call would have been answered with as a JSON-RPC error */
function answerOf(taskId: string, header: Header): ToolResult {
  if (header.status === 'completed') return resultOf(taskId, header);
  const error =
    header.status === 'failed' ? failureError(header) : new TidegateError('cancelled', 'The task was cancelled');
  if (!isForModel(error)) throw error;
  return refusalResult(error, taskId);
}

type Asked = readonly (readonly [key: string, request: WireRequest])[];

/** What the task asks, without what this client cannot be asked: who declared forms alone gets no page to open. */
function askedOf({ asks }: Header, { ask, askable }: LegacyClient): Asked {
  if (ask === null || askable === null) return [];
  return Object.entries(asks).filter(([, request]) => missingFor([request], askable) === null);
}

function withTask(taskId: string, result: ToolResult): object {
  const { _meta: meta } = result;
  return { ...result, _meta: { ...meta, ...relatedTask(taskId) } };
}

/** What is answered, as the client repeats it. The keys of questions have no slash. */
function askedKey(taskId: string, question: string): string {
  return `${taskId}/${question}`;
}

export function readAskedKey(key: string): { taskId: string; question: string } | null {
  const [, taskId, question] = /^([^/]+)\/([^/]+)$/.exec(key) ?? [];
  return taskId === undefined || question === undefined ? null : { taskId, question };
}

interface Questions {
  /** Shows the client what it has not been shown yet by this call, and takes back what is asked no more. */
  show(asked: Asked): void;
  /** Aborts when an answer was given to the task since it was last called. */
  answered(): AbortSignal;
}

interface Asking {
  tasks: Tasks;
  principal: ToolContext['principal'];
  deadline: number;
  client: LegacyClient;
  runtime: Pick<Runtime, 'log'>;
}

function createQuestions(
  { tasks, principal, deadline, client, runtime }: Asking,
  taskId: string,
  over: AbortSignal,
): Questions {
  const shown = new Map<string, AbortController>();
  let answer = new AbortController();

  async function ask(question: string, request: WireRequest, taken: AbortSignal): Promise<void> {
    const { method, params } = questionFor(request, client.version, [taskId, question]);
    const related = { method, params: { ...params, _meta: relatedTask(taskId) } } as unknown as WireRequest;
    try {
      const given = await client.ask?.(related, askedKey(taskId, question), AbortSignal.any([taken, over]));
      if (given === null || given === undefined) return;
      await tasks.answer(principal, taskId, { [question]: given }, deadline);
      answer.abort();
    } catch (thrown) {
      // The question stands: another client may answer it, or this one by a tool.
      if (taken.aborted || over.aborted) return;
      const { code, message } = asTidegateError(thrown);
      runtime.log('debug', `a question of a task got no answer: ${message}`, { taskId, question, code });
    }
  }

  return {
    show(asked) {
      for (const [key, request] of asked) {
        if (shown.has(key)) continue;
        const taken = new AbortController();
        shown.set(key, taken);
        void ask(key, request, taken.signal);
      }
      const standing = new Set(asked.map(([key]) => key));
      for (const [key, taken] of shown) if (!standing.has(key)) taken.abort();
    },
    answered() {
      if (answer.signal.aborted) answer = new AbortController();
      return answer.signal;
    },
  };
}

function cannotAsk(see: See, taskId: string, header: Header): TidegateError {
  const calls = callsMeanwhile(see(taskId, header)).map(callLine);
  return new TidegateError(
    'not_supported',
    inLines(['The task asks something, and this client cannot be asked here.', ...calls]),
    {
      expected: `a client with a session that declares ${neededBy(header)}`,
      hint: 'ask the user, and answer by the tool',
    },
  );
}

function neededBy({ asks }: Header): string {
  const isPage = Object.values(asks).every(({ params }) => params.mode === 'url');
  return isPage ? 'elicitation with url' : 'elicitation';
}

/** The code that official clients give a request which took too long. */
function goesOn(see: See, taskId: string, header: Header, now: number): ProtocolError {
  const retryAfterMs = pollIntervalMs(header, now);
  const calls = callsMeanwhile(see(taskId, header)).map(callLine);
  const message = inLines([
    'The task goes on, and a call cannot stay open longer. Ask again for its result.',
    ...calls,
  ]);
  return new ProtocolError(REQUEST_TIMED_OUT, message, { code: 'task_goes_on', retryAfterMs, ...relatedTask(taskId) });
}
