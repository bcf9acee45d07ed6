/**
 * 2026-07-28: the SDK's handler, and before it the checks that need the registry: of `Mcp-Param-*` and of extensions.
 */
import { createMcpHandler, type JSONRPCRequest, PROTOCOL_VERSION_META_KEY } from '@modelcontextprotocol/server';
import type { Log } from '../../base/runtime.ts';
import { withoutHalves } from '../../base/json.ts';
import { HEADER_MISMATCH, rpcErrorResponse } from '../../base/json-rpc.ts';
import { claimOf } from '../wire/message.ts';
import { plainRequest } from '../wire/plain.ts';
import { answersDirectly } from './dispatch.ts';
import { headerMismatch } from '../wire/param-headers.ts';
import type { Registry } from '../registry/registry.ts';
import type { ServerSource } from './server.ts';
import type { Exchange } from './exchange.ts';
import { extensionRefusal } from './extension-check.ts';
import type { Listeners } from '../listen/listeners.ts';
import type { Openings } from '../listen/openings.ts';
import { MODERN_VERSION } from '../wire/versions.ts';

interface EraServing {
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
export function createModern(
  registry: Registry,
  source: ServerSource,
  log: Log,
  streaming: Streaming | null,
): EraServing {
  const handler = createMcpHandler(source.factory, {
    legacy: 'reject',
    onerror: (error) => log('debug', `2026-07-28: ${error.message}`),
  });
  return {
    async serve(request, body, exchange) {
      const mismatch = mismatchOf(registry, request, body);
      if (mismatch !== null) return rpcErrorResponse(400, { code: HEADER_MISMATCH, message: mismatch }, body);
      const refusal = extensionRefusal(registry.extensions, body);
      if (refusal !== null) return refusal;
      const direct = answersDirectly(exchange.registry, body) ? source.direct : null;
      const plain = direct && plainRequest(request.headers, body);
      if (direct && plain) return direct.serve(request, plain, exchange);
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
      source.direct?.close();
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

function mismatchOf(registry: Registry, request: Request, body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null;
  const { method, params } = body as { method?: unknown; params?: { name?: unknown; arguments?: unknown } };
  if (method !== 'tools/call' || typeof params?.name !== 'string') return null;
  const declared = registry.tools.paramHeaders(params.name);
  if (declared.length === 0 || claimOf(body, PROTOCOL_VERSION_META_KEY) !== MODERN_VERSION) return null;
  return headerMismatch(declared, params.arguments, request.headers);
}

/** The SDK's response with texts that every client reads. What it streams is written elsewhere. */
async function whole(response: Response): Promise<Response> {
  if (isStream(response) || response.body === null) return response;
  const { status, headers } = response;
  return new Response(withoutHalves(await response.text()), { status, headers });
}
