/**
 * 2025-11-25 and earlier, stateless: each message is served by itself, there is no session and no stream to come back
 * to. A single request is answered as JSON, and as SSE where the handler sends something first, like in the modern era;
 * batches, notifications and responses go through the SDK's own transport.
 */
import {
  isJSONRPCRequest,
  PerRequestHTTPServerTransport,
  SdkError,
  SdkErrorCode,
  SUPPORTED_PROTOCOL_VERSIONS,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { INVALID_REQUEST } from './errors.ts';
import { type AuthInfo, errorResponse } from './message.ts';
import type { Serving } from './modern.ts';
import type { ServerSource } from './server.ts';

export const LEGACY_VERSIONS: readonly string[] = SUPPORTED_PROTOCOL_VERSIONS;

/** How a response to these `Accept` types may look: a client that takes no SSE loses progress and log messages. */
function modeFor(accept: string | null): 'auto' | 'json' {
  return accept === null || accept.includes('text/event-stream') ? 'auto' : 'json';
}

export function createLegacy(source: ServerSource): Serving {
  return {
    async serve(request, body, authInfo) {
      if (!isJSONRPCRequest(body)) return serveOther(source, request, body, authInfo);
      const version = request.headers.get('mcp-protocol-version');
      if (body.method !== 'initialize' && version !== null && !LEGACY_VERSIONS.includes(version)) {
        const expected = `one of ${LEGACY_VERSIONS.join(', ')}`;
        const data = { code: 'invalid_input', field: 'MCP-Protocol-Version', expected };
        return errorResponse(400, INVALID_REQUEST, `Unsupported protocol version: ${version}`, body, data);
      }
      const server = await source.factory({ era: 'legacy', requestInfo: request, ...(authInfo ? { authInfo } : {}) });
      const transport = new PerRequestHTTPServerTransport({
        classification: { era: 'legacy' },
        responseMode: modeFor(request.headers.get('accept')),
      });
      await server.connect(transport);
      try {
        return await transport.handleMessage(body, { request, ...(authInfo ? { authInfo } : {}) });
      } catch (error) {
        if (!(error instanceof SdkError) || error.code !== SdkErrorCode.ConnectionClosed) throw error;
        // The client went away: there is nobody to answer.
        return new Response(null, { status: 499 });
      }
    },
    close: () => Promise.resolve(),
  };
}

async function serveOther(
  source: ServerSource,
  request: Request,
  body: unknown,
  authInfo: AuthInfo | undefined,
): Promise<Response> {
  const server = await source.factory({ era: 'legacy', requestInfo: request, ...(authInfo ? { authInfo } : {}) });
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  try {
    return await transport.handleRequest(request, { parsedBody: body, ...(authInfo ? { authInfo } : {}) });
  } finally {
    await server.close();
  }
}
