/**
 * How a request goes on when its questions are answered: its handler is entered again, and what comes out is kept for the
 * stream of the request, or under the handle that its client was told meanwhile.
 */
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { asTidegateError } from '../../base/errors.ts';
import { type Json, jsonBytes } from '../../base/json.ts';
import { INTERNAL_ERROR, type RpcError } from '../../base/json-rpc.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { LateResults } from './late-results.ts';
import { type InputRequired, isInputRequired } from '../../calls/question-round.ts';
import type { Retry } from '../../calls/request-state.ts';
import type { ToolResult } from '../../declare/check/tool-result.ts';
import { commitSurely } from '../../store/commit.ts';
import { cancelledQuestions, largeWords, questionWords } from './fallback.ts';
import type { AskedRequest, WaitingRequest } from './records.ts';
import { CLIENT_ANSWER_MS, type FoundRequest, isRefusal, type Rounds, soon } from './rounds.ts';
import type { AskingCall, StreamMessages } from './stream.ts';
import { unansweredQuestion, withoutAnswer } from './unanswered.ts';

/** Largest response that can be kept for a stream, as JSON. */
const RESPONSE_BYTES = 340_000;

/** How a request goes on at the instance that its last answer came to. */
export interface GoesOn {
  /** Enters the handler. @param signal aborts when the client gives the request up @throws what it throws */
  enter(request: AskedRequest, params: Json, retry: Retry, signal?: AbortSignal): Promise<object>;
  /** What the client is told of an error. */
  failure(method: string, thrown: unknown): RpcError;
}

interface GoingOnDeps {
  runtime: Runtime;
  rounds: Rounds;
  messages: StreamMessages;
  /** Null: an answer that comes too late is lost. */
  late: LateResults | null;
}

/** Answers what goes on with a request all of whose questions are answered. It does not reject. */
export function createGoingOn({
  runtime,
  rounds,
  messages,
  late,
}: GoingOnDeps): (found: FoundRequest, call: AskingCall, goesOn: GoesOn) => Promise<void> {
  async function goOn(found: FoundRequest, call: AskingCall, goesOn: GoesOn): Promise<void> {
    const { request } = found.waiting;
    const outcome = await outcomeOf(found, call, goesOn).catch((thrown: unknown) => ({
      error: goesOn.failure(request.method, thrown),
    }));
    try {
      await conclude(found, outcome, soon(runtime, call));
    } catch (thrown) {
      const { code, message } = asTidegateError(thrown);
      // Whoever waits is told that the work with the answers takes longer than the call may.
      runtime.log('error', `what came of an answer is not kept: ${message}`, { code, method: request.method });
    }
  }

  async function outcomeOf(found: FoundRequest, call: AskingCall, goesOn: GoesOn): Promise<Outcome> {
    const { request, questions } = found.waiting;
    const failed = questions.find(({ given }) => isRefusal(given));
    if (failed && isRefusal(failed.given)) {
      return { result: withoutAnswer(request.method, unansweredQuestion(failed.request, failed.given.refused)) };
    }
    const { params, state } = await rounds.entering(found, call);
    const responses = Object.fromEntries(
      questions.flatMap(({ key, given }) => (given && 'result' in given ? [[key, given.result]] : [])),
    );
    const result = await goesOn.enter(request, params, { responses, state });
    return isInputRequired(result) ? { required: result, params } : { result };
  }

  /** Keeps what came out for whoever waits for it. */
  async function conclude(found: FoundRequest, outcome: Outcome, call: AskingCall): Promise<void> {
    const { place, waiting } = found;
    if (waiting.handle !== null) return settle(found, waiting.handle, outcome, call);
    const { session, stream } = place;
    let kept: JSONRPCMessage[];
    let operations;
    if ('required' in outcome) {
      const { required, params } = outcome;
      const round = { request: waiting.request, params, required, until: runtime.now() + CLIENT_ANSWER_MS };
      const prepared = await rounds.prepare(place, round, found.reading, call);
      kept = prepared.requests;
      ({ operations } = prepared);
    } else {
      const open = cancelledQuestions(stream, waiting, 'the request has ended');
      const sent = jsonBytes(outcome) <= RESPONSE_BYTES ? outcome : await inPlaceOfLarge(waiting, outcome, call);
      kept = [...open, { jsonrpc: '2.0', id: waiting.request.id, ...sent } as JSONRPCMessage];
      operations = [rounds.remove(found)];
    }
    if (await messages.keep(session, stream, kept, call, operations)) return;
    // The client was answered in words meanwhile, or does not wait any more.
    const now = await rounds.find(place, call);
    if (now !== null && now.waiting.handle !== null) await conclude(now, outcome, call);
  }

  /** What is too large to be kept for the stream is kept as late results are. */
  async function inPlaceOfLarge({ request }: WaitingRequest, outcome: Ended, call: AskingCall): Promise<Ended> {
    if (late === null || request.method !== 'tools/call') {
      return {
        error: { code: INTERNAL_ERROR, message: 'The answer is too large for a request that asked its client' },
      };
    }
    const words = largeWords();
    const handle = await late.promise(words.pending, call);
    await late.settle(handle, lateResult(outcome), call);
    return { result: words.answer(handle, late.readLine(handle)) };
  }

  async function settle(found: FoundRequest, handle: string, outcome: Outcome, call: AskingCall): Promise<void> {
    if (late === null) return;
    await late.settle(handle, lateResult(outcome), call);
    await commitSurely(runtime, call.account.store, [rounds.remove(found)], call.deadline);
  }

  return goOn;
}

type Ended = { result: object } | { error: RpcError };
type Outcome = Ended | { required: InputRequired; params: Json };

/** What is kept for a client that was answered in words. */
function lateResult(outcome: Outcome): ToolResult {
  if ('result' in outcome) return outcome.result as ToolResult;
  const text =
    'error' in outcome
      ? outcome.error.message
      : `More is asked: ${questionWords(Object.values(outcome.required.inputRequests))}. Call the tool again, to be asked anew.`;
  return { content: [{ type: 'text', text }], isError: true };
}
