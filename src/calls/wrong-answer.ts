/** Tells an answer that a person got wrong, which is asked for again, from one that a client got wrong. Pure. */
import { checkAnswer } from '../declare/check/ask-answers.ts';
import type { WireRequest } from '../declare/ask.ts';
import { TidegateError } from '../base/errors.ts';

/**
 * What is wrong with the content of a form, in words; null: nothing is.
 * @throws TidegateError `bad_answer` for what is no answer in its form
 */
export function mistakeIn(request: WireRequest, response: unknown, key: string): string | null {
  const path = `inputResponses.${key}`;
  try {
    checkAnswer(request, response, path);
    return null;
  } catch (thrown) {
    return mistakeOf(request, thrown, path);
  }
}

/**
 * The same of an answer that was refused.
 * @throws TidegateError `bad_answer`; what was thrown, where it is of something else
 */
export function mistakeOf({ method }: Pick<WireRequest, 'method'>, thrown: unknown, path: string): string {
  if (!(thrown instanceof TidegateError) || thrown.field === null) throw thrown;
  const { message, field, expected } = thrown;
  const content = `${path}.content`;
  if (method === 'elicitation/create' && (field === content || field.startsWith(`${content}.`))) {
    return `${field.slice(content.length + 1) || 'the answer'}: ${expected ?? message}`;
  }
  throw new TidegateError('bad_answer', message, {
    field: `params.${field}`,
    expected: expected ?? 'an answer',
    hint: 'send the same request again with an answer in its form, or without requestState and inputResponses, to be asked anew',
  });
}

/** The question, with what was wrong with the answer. */
export function askedAgain(request: WireRequest, mistake: string): WireRequest {
  const { message } = request.params;
  if (typeof message !== 'string') return request;
  return { ...request, params: { ...request.params, message: `${message}\n(Asked again: ${mistake})` } };
}
