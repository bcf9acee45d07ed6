/**
 * A batch (2025-03-26): answered as JSON, each of its messages as if it had come alone. A few are served at a time, and where the
 * answers together become large, the rest are refused.
 */
import { isJSONRPCRequest } from '@modelcontextprotocol/server';
import { RATE_LIMITED, rpcErrorResponse } from '../../base/json-rpc.ts';
import { invalid } from './answers.ts';
import { MOST_BATCHED } from '../wire/message.ts';
import { initializes } from '../wire/legacy-checks.ts';

/** Messages of a batch that are served at a time. */
const MOST_AT_ONCE = 2;
/** The answers of a batch, from which on no further message is served. */
const BATCH_CHARACTERS = 256_000;

/** @param serve answers one message as if it had come alone, but as JSON */
export async function serveBatch(
  messages: readonly unknown[],
  serve: (message: unknown) => Promise<Response>,
): Promise<Response> {
  if (messages.length === 0 || messages.length > MOST_BATCHED) {
    const data = { code: 'invalid_input', expected: `a batch of 1 to ${MOST_BATCHED} messages` };
    return invalid(`A batch of ${messages.length} messages`, null, data);
  }
  const answers = messages.map(() => '');
  const left = messages.keys();
  let characters = 0;
  async function answerTo(message: unknown): Promise<Response> {
    if (initializes(message)) return invalid('initialize cannot be part of a batch', message);
    if (characters > BATCH_CHARACTERS && isJSONRPCRequest(message)) return tooMuch(message);
    return serve(message);
  }
  async function serveRest(): Promise<void> {
    for (const at of left) {
      const text = await (await answerTo(messages[at])).text();
      answers[at] = text;
      characters += text.length;
    }
  }
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, serveRest));
  const present = answers.filter((answer) => answer !== '');
  if (present.length === 0) return new Response(null, { status: 202 });
  return new Response(`[${present.join(',')}]`, { headers: { 'Content-Type': 'application/json' } });
}

function tooMuch(request: unknown): Response {
  const message = 'The answers to this batch are too large together; the message was not served';
  const data = { code: 'overloaded', hint: 'send it by itself' };
  return rpcErrorResponse(200, { code: RATE_LIMITED, message, data }, request);
}
