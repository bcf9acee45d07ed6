/** Checks answers against stored questions, where the handler's own schema is not at hand. This file is pure. */
import { answerIn, parseAnswer, withoutBlanks } from './ask-wire.ts';
import type { Answer, WireRequest } from '../ask.ts';
import type { JsonObject } from '../../base/json.ts';
import { formSchemaOf } from './stored-form.ts';

/**
 * Checks a client's answer against the request that was sent, and returns it.
 * @throws TidegateError `invalid_input` naming the field below `path`, with what was expected
 */
export function checkAnswer({ method, params }: WireRequest, response: unknown, path: string): Answer<JsonObject> {
  const answer = answerIn(method, response, path);
  const { requestedSchema } = params;
  if (answer.action !== 'accept' || method !== 'elicitation/create') return answer;
  if (requestedSchema === undefined) return { action: 'accept', content: {} };
  const schema = formSchemaOf(requestedSchema as JsonObject);
  const content = parseAnswer(schema, withoutBlanks(schema, answer.content), `${path}.content`);
  return { action: 'accept', content: content as JsonObject };
}
