/** What becomes of a request whose question got no answer, over HTTP as over a pipe. Pure. */
import { TidegateError } from '../../base/errors.ts';
import { shortened } from '../../base/text.ts';
import type { WireRequest } from '../../declare/ask.ts';
import { refusalResult } from '../wire/errors.ts';

/** Longest reason that is repeated, in characters; a client may write anything. */
const REASON_CHARACTERS = 500;

/** The question in words. */
export function questionText({ method, params }: WireRequest): string {
  return typeof params['message'] === 'string' ? params['message'] : method;
}

/** @param cause what the client answered in place of an answer, or why none came */
export function unansweredQuestion(request: WireRequest, cause: unknown): TidegateError {
  const reason = shortened(cause instanceof Error ? cause.message : String(cause), REASON_CHARACTERS);
  return new TidegateError('cancelled', `The client did not answer: ${questionText(request)} (${reason})`, {
    hint: 'nothing was done; ask the user, and call again',
    cause,
  });
}

/**
 * The result of a tool whose question failed, which its model is told of.
 * @throws for prompts and resources, whose requests fail by it
 */
export function withoutAnswer(method: string, thrown: unknown): object {
  if (method !== 'tools/call') throw thrown;
  if (thrown instanceof TidegateError) return refusalResult(thrown, '');
  return { content: [{ type: 'text', text: String(thrown) }], isError: true };
}
