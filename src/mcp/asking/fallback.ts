/** What is said where answers do not come in time, and how questions are taken back. Pure. */
import type { JSONRPCNotification } from '@modelcontextprotocol/server';
import type { JsonObject } from '../../base/json.ts';
import { inLines } from '../../base/plain.ts';
import { RESULT_META } from '../../calls/result-answer.ts';
import { STATE_MS } from '../../calls/request-state.ts';
import type { ToolResult } from '../../declare/check/tool-result.ts';
import type { WireRequest } from '../../declare/ask.ts';
import { refusedCall } from '../wire/errors.ts';
import { questionId, type WaitingRequest } from './records.ts';
import { questionText } from './unanswered.ts';

/** What a tool is answered with in place of its result, and what its handle reads as until the result is there. */
interface Words {
  pending: string;
  answer(handle: string, readLine: string | null): ToolResult;
}

const MINUTES = STATE_MS / 60_000;

export function questionWords(requests: readonly WireRequest[]): string {
  return requests.map(questionText).join(' | ');
}

/** The questions are still open. */
export function laterWords(open: readonly WireRequest[]): Words {
  const asked = questionWords(open);
  return {
    pending: inLines([
      `Not answered yet: ${asked}`,
      `The user can answer within ${MINUTES} minutes of the question; what comes of it is read here then.`,
    ]),
    answer: (handle, readLine) =>
      answered(handle, [
        `Nobody has answered yet: ${asked}`,
        `Nothing was done so far. The question stays open for ${MINUTES} minutes: the user may still answer it in the client.`,
        'Do not repeat the call while it is open, or the user is asked twice.',
        readLine ?? '',
        'If the client shows no question, find out the answer in another way.',
      ]),
  };
}

/** All questions are answered, and the work with the answers is under way elsewhere. */
export function workedOnWords(): Words {
  return {
    pending: 'The answers came, and the work with them is not done yet.',
    answer: (handle, readLine) =>
      answered(handle, [
        'The questions were answered, and the work with the answers takes longer than this call may.',
        'Do not repeat the call: it may be done already.',
        readLine ?? '',
      ]),
  };
}

/** The result itself has no room in the answer. */
export function largeWords(): Words {
  return {
    pending: 'The call was done, and its result is not here yet.',
    answer: (handle, readLine) =>
      answered(
        handle,
        [
          'The call was done. Its result is too large for the answer to a call that asked the user.',
          'Do not repeat the call for the sake of its result.',
          readLine ?? '',
        ],
        'too_large',
      ),
  };
}

function answered(handle: string, lines: readonly string[], code = 'cancelled'): ToolResult {
  const data: JsonObject & { code: string } = { code, handle };
  const { _meta: meta, ...refused } = refusedCall(inLines(lines.filter((line) => line !== '')), data);
  return { ...refused, _meta: { ...meta, [RESULT_META]: { handle, pages: 1 } } };
}

/** Messages that take back the questions of a round which have no answer. */
export function cancelledQuestions(
  stream: string,
  { round, questions }: WaitingRequest,
  reason: string,
): JSONRPCNotification[] {
  return questions.flatMap(({ given }, index) => {
    if (given !== undefined) return [];
    const params = { requestId: questionId(stream, round, index), reason };
    return [{ jsonrpc: '2.0' as const, method: 'notifications/cancelled', params }];
  });
}
