/**
 * 2026-07-28 over the SDK's handler: requests that are not plain, and those that stay open.
 */
import { createMcpHandler, type JSONRPCRequest } from '@modelcontextprotocol/server';
import type { Log } from '../../base/runtime.ts';
import { withoutHalves } from '../../base/json.ts';
import { rpcErrorResponse } from '../../base/json-rpc.ts';
import type { ServerSource } from './server.ts';
import type { Exchange } from './exchange.ts';
import type { Listeners } from '../listen/listeners.ts';
import type { Openings } from '../listen/openings.ts';

export interface EraServing {
  serve(request: Request, body: unknown, exchange: Exchange): Promise<Response>;
  close(): Promise<void>;
}

/** What answers requests that stay open. */
export interface Streaming {
  listeners: Listeners;
  openings: Openings;
  /** Ends all of them. */
  close(): void;
}

/** @param streaming null: no request stays open */
export function createModern(source: ServerSource, log: Log, streaming: Streaming | null): EraServing {
  const handler = createMcpHandler(source.factory, {
    legacy: 'reject',
    onerror: (error) => log('debug', `2026-07-28: ${error.message}`),
  });
  return {
    async serve(request, body, exchange) {
      const response = await whole(await handler.fetch(request, { parsedBody: body }));
      const open = opening(request, body, response, exchange);
      if (open === null) return response;
      // The SDK has checked the message; its own stream has no bound, knows no tasks and hears of nothing.
      void response.body?.cancel().catch(() => {});
      try {
        return await open();
      } catch (thrown) {
        return rpcErrorResponse(200, source.failure((body as JSONRPCRequest).method, thrown, exchange), body);
      }
    },
    async close() {
      streaming?.close();
      await handler.close();
    },
  };

  /** What stays open in place of the SDK's response; null: nothing. */
  function opening(
    request: Request,
    body: unknown,
    response: Response,
    { principal, now, registry: own, isOpening }: Exchange,
  ) {
    if (streaming === null) return null;
    const { listeners, openings } = streaming;
    if (isListening(body)) {
      return isStream(response) ? () => listeners.open(body, { principal, now }, own, request.signal) : null;
    }
    const asked = body as JSONRPCRequest;
    const found = isOpening ? own.extensions.streams.get(asked.method) : undefined;
    return found ? () => openings.open(asked, found, { principal, now }, request.signal) : null;
  }
}

function isListening(body: unknown): body is JSONRPCRequest {
  return (body as { method?: unknown } | null)?.method === 'subscriptions/listen';
}

function isStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true;
}

/** The SDK's response with texts that every client reads. What it streams is written elsewhere. */
async function whole(response: Response): Promise<Response> {
  if (isStream(response) || response.body === null) return response;
  const { status, headers } = response;
  return new Response(withoutHalves(await response.text()), { status, headers });
}
