/**
 * The SDK's transport for one request of 2025-11-25 or before, over the stream of its answer. The SDK's own would answer a
 * request that nobody can come back to. A connection that ends is no cancellation: the handler goes on where it may, and
 * its response is kept.
 */
import type { JSONRPCMessage, JSONRPCRequest, Transport } from '@modelcontextprotocol/server';
import type { GivenUp, OpenAnswer } from './answer-stream.ts';

interface AnswerTransport extends Transport {
  /** Hands the request to the server that is connected. */
  receive(message: JSONRPCRequest, request: Request): void;
  /** Ends the handler, and the answer without a response. */
  giveUp(why: GivenUp): Promise<void>;
}

/** @param done is called once, when the request is answered or given up */
export function createAnswerTransport(answer: OpenAnswer, done: () => void): AnswerTransport {
  let isClosed = false;
  let requestId: JSONRPCRequest['id'] | null = null;

  function giveUp(why: GivenUp): Promise<void> {
    if (isClosed) return Promise.resolve();
    isClosed = true;
    answer.drop(why);
    done();
    transport.onclose?.();
    return Promise.resolve();
  }

  const transport: AnswerTransport = {
    start: () => Promise.resolve(),
    close: () => giveUp('ending'),
    giveUp,
    receive(message, request) {
      requestId = message.id;
      const extra = { classification: { era: 'legacy' as const }, request, closeSSEStream: () => answer.leave() };
      transport.onmessage?.(message, extra);
    },
    async send(message: JSONRPCMessage, options) {
      if (isClosed) return;
      if ('method' in message) {
        const isOurs = options?.relatedRequestId === requestId;
        if (isOurs && !('id' in message)) answer.notify(message);
        return;
      }
      if (message.id !== requestId) return;
      await answer.end(message);
      // After the SDK is done with the response.
      queueMicrotask(() => void giveUp('gone'));
    },
  };
  return transport;
}
