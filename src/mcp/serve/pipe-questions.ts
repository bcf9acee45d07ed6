/**
 * Questions to a client of 2025-11-25 or before over a pipe: what a request ends with for a client of today is asked by
 * requests of the server here, and the request goes on with the answers. Over HTTP `asking` does the like, across instances.
 */
import type { Server, ServerContext, StandardSchemaV1 } from '@modelcontextprotocol/server';
import type { LegacyClient } from '../../calls/caller.ts';
import type { JsonObject } from '../../base/json.ts';
import { type InputRequired, isInputRequired } from '../../calls/question-round.ts';
import type { Retry } from '../../calls/request-state.ts';
import { questionFor } from '../wire/older-questions.ts';
import { unansweredQuestion, withoutAnswer } from '../asking/unanswered.ts';

/**
 * Longest wait for an answer, ms. Some clients declare that they can be asked and show nothing; most give up on the whole
 * request after 60 s.
 */
const ANSWER_MS = 50_000;

/** Longer than any request takes. */
const LONGEST_MS = 600_000;

interface PipeClient {
  /** The protocol version that was agreed on. */
  version: string;
  /** The id of its connection; null: it has none. */
  connection: string | null;
}

/** The answer is checked where its question is asked again. */
const ANY: StandardSchemaV1<unknown, JsonObject> = {
  '~standard': { version: 1, vendor: 'tidegate', validate: (value) => ({ value: value as JsonObject }) },
};

/**
 * Runs a request, asks what it ends with, and runs it again with the answers, until it ends with a result. A question
 * without an answer is a failure that the model is told of, and for prompts and resources an error.
 * @throws TidegateError `cancelled`, and what `run` throws
 */
export async function withPipeAnswers(
  server: Server,
  { mcpReq }: ServerContext,
  client: PipeClient,
  run: (retry: Retry | null) => Promise<object>,
): Promise<object> {
  let result = await run(null);
  while (isInputRequired(result)) {
    let responses: Retry['responses'];
    try {
      responses = await askAll(server, mcpReq, client, result);
    } catch (thrown) {
      if (mcpReq.signal.aborted) throw thrown;
      return withoutAnswer(mcpReq.method, thrown);
    }
    result = await run({ responses, state: result.requestState });
  }
  return result;
}

/** A question of a task, which waits as long as the request that shows it. */
export function askOverPipe(server: Server, { mcpReq: { id } }: ServerContext): NonNullable<LegacyClient['ask']> {
  return (request, _key, signal) =>
    server.request({ ...request }, ANY, { relatedRequestId: id, timeout: LONGEST_MS, signal });
}

async function askAll(
  server: Server,
  { id, signal }: ServerContext['mcpReq'],
  { version, connection }: PipeClient,
  { inputRequests }: InputRequired,
): Promise<Retry['responses']> {
  // A question that fails takes those beside it back.
  const ending = new AbortController();
  const options = { relatedRequestId: id, timeout: ANSWER_MS, signal: AbortSignal.any([signal, ending.signal]) };
  const answers = Object.entries(inputRequests).map(async ([key, request]) => {
    const asked = questionFor(request, version, [connection ?? '', JSON.stringify(id), key]);
    try {
      return [key, await server.request({ ...asked }, ANY, options)] as const;
    } catch (cause) {
      ending.abort(cause);
      throw unansweredQuestion(request, cause);
    }
  });
  return Object.fromEntries(await Promise.all(answers));
}
