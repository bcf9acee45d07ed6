/**
 * Asking by re-entry: a handler that asks an open question stops there, and its request ends with the questions. The
 * client's retry enters the handler again from the start, and the same questions then have their answers. Nothing here
 * knows tools, prompts or resources.
 *
 * A question without an answer is a promise that never settles. An error that keeps a question from being asked ends
 * the request without the handler. So no `catch` in a handler can take a question for a failure and go on without it.
 * The price is that no `finally` behind a question runs; the context's signal aborts instead.
 */
import type { HandlerDeps } from './deps.ts';
import type { Caller } from './caller.ts';
import { type Asked, NOTHING_HEARD } from './request-state.ts';
import {
  type Asking,
  checkAskable,
  defect,
  inputRequired,
  type InputRequired,
  QuestionRound,
} from './question-round.ts';

/**
 * Answers what the handler answers, or the questions that it waits for. Questions that it asks at once (`Promise.all`)
 * are sent together; a question that it asks after waiting for something else is sent in the next round.
 * @throws TidegateError `bad_request_state` and `bad_answer` of a retry; `missing_capability`; `invalid_input` where
 * the protocol version has no way to ask
 */
export async function withAsking<Result>(
  deps: Pick<HandlerDeps, 'runtime' | 'requestStates'>,
  caller: Caller,
  asked: Asked,
  handler: (asking: Asking) => Promise<Result>,
): Promise<Result | InputRequired> {
  const { retry } = caller;
  const heard = retry === null ? NOTHING_HEARD : await deps.requestStates.open(retry, asked, caller);
  if ('again' in heard) {
    checkAskable(heard.again, caller);
    return inputRequired(heard.again, heard.requestState);
  }
  return new Promise((leave, refuse) => {
    const round = new QuestionRound(deps, caller, asked, heard, { leave, refuse });
    void settle(round, handler(round), leave, refuse);
  });
}

async function settle<Result>(
  round: QuestionRound,
  work: Promise<Result>,
  resolve: (result: Result) => void,
  reject: (thrown: unknown) => void,
): Promise<void> {
  try {
    const result = await work;
    round.end();
    resolve(result);
  } catch (thrown) {
    round.end();
    reject(thrown);
  }
}

/** For handlers that may not ask. */
export const ASKS_NOTHING: Asking = {
  ask: () => Promise.reject(defect('ask', 'to be called by a tool, a prompt or the reading of a resource')),
  sample: () => Promise.reject(defect('sample', 'to be called by a tool, a prompt or the reading of a resource')),
  roots: () => Promise.reject(defect('roots', 'to be called by a tool, a prompt or the reading of a resource')),
  canAsk: () => false,
  left: null,
};
