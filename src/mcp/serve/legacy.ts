/**
 * 2025-11-25 and earlier, without state: each message is served by itself, and there is no session and no stream to
 * resume. A request is answered as JSON, or as SSE where the handler sends something before its answer. A batch
 * (2025-03-26) is answered as JSON, each of its messages as if it had come alone.
 */
import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  isJSONRPCResponse,
  PerRequestHTTPServerTransport,
  type PerRequestResponseMode,
  SdkError,
  SdkErrorCode,
  specTypeSchemas,
  type StandardSchemaV1,
} from '@modelcontextprotocol/server';
import type { JsonObject } from '../../base/json.ts';
import { INVALID_PARAMS, INVALID_REQUEST, rpcErrorResponse } from '../../base/json-rpc.ts';
import type { EraServing } from './modern.ts';
import type { ServerSource } from './server.ts';
import { createUnderWay, type UnderWay } from './under-way.ts';
import { MOST_BATCHED } from '../wire/message.ts';
import { LEGACY_VERSIONS, MODERN_VERSION } from '../wire/versions.ts';

export function createLegacy(source: ServerSource, outlivesClients: boolean): EraServing {
  const underWay = createUnderWay(outlivesClients);
  return {
    serve(request, body) {
      if (Array.isArray(body)) return serveBatch(source, underWay, request, body);
      return serveOne(source, underWay, request, body, modeFor(request.headers.get('accept')));
    },
    close: () => underWay.close(),
  };
}

/** The form of a response to this `Accept` header. A client that takes no SSE gets no progress and no log messages. */
function modeFor(accept: string | null): PerRequestResponseMode {
  return accept === null || accept.includes('text/event-stream') ? 'auto' : 'json';
}

async function serveOne(
  source: ServerSource,
  underWay: UnderWay,
  request: Request,
  body: unknown,
  responseMode: PerRequestResponseMode,
): Promise<Response> {
  // Without a session a notification or a response can change nothing.
  if (isJSONRPCNotification(body) || isJSONRPCResponse(body)) return new Response(null, { status: 202 });
  if (!isJSONRPCRequest(body)) return invalid('Not a JSON-RPC message', body);
  const version = request.headers.get('mcp-protocol-version');
  if (body.method !== 'initialize' && version !== null && !LEGACY_VERSIONS.includes(version)) {
    const expected = `one of ${[MODERN_VERSION, ...LEGACY_VERSIONS].join(', ')}`;
    const data = { code: 'invalid_input', field: 'MCP-Protocol-Version', expected };
    return invalid(`Unsupported protocol version: ${version}`, body, data);
  }
  const issue = CHECKED.get(body.method)?.(body);
  if (issue) {
    const data = { code: 'invalid_input', ...issue };
    return rpcErrorResponse(200, { code: INVALID_PARAMS, message: `${issue.field} is missing or wrong`, data }, body);
  }
  // The client went away before anything began.
  if (request.signal.aborted) return new Response(null, { status: 499 });
  const server = await source.factory({ era: 'legacy', requestInfo: request });
  const transport = new PerRequestHTTPServerTransport({ classification: { era: 'legacy' }, responseMode });
  underWay.begin(transport);
  await server.connect(transport);
  try {
    return await transport.handleMessage(body, { request });
  } catch (error) {
    if (!(error instanceof SdkError) || error.code !== SdkErrorCode.ConnectionClosed) throw error;
    // The host ends, or the client went away where nothing outlives it.
    return new Response(null, { status: 499 });
  }
}

async function serveBatch(
  source: ServerSource,
  underWay: UnderWay,
  request: Request,
  messages: readonly unknown[],
): Promise<Response> {
  if (messages.length === 0 || messages.length > MOST_BATCHED) {
    const data = { code: 'invalid_input', expected: `a batch of 1 to ${MOST_BATCHED} messages` };
    return invalid(`A batch of ${messages.length} messages`, null, data);
  }
  const answers = await Promise.all(
    messages.map(async (message) => {
      const initializes = (message as { method?: unknown } | null)?.method === 'initialize';
      const response = initializes
        ? invalid('initialize cannot be part of a batch', message)
        : await serveOne(source, underWay, request, message, 'json');
      return response.body === null ? null : response.json();
    }),
  );
  const present = answers.filter((answer) => answer !== null);
  return present.length === 0 ? new Response(null, { status: 202 }) : Response.json(present);
}

function invalid(message: string, request: unknown, data?: JsonObject): Response {
  return rpcErrorResponse(400, { code: INVALID_REQUEST, message, ...(data ? { data } : {}) }, request);
}

interface Issue {
  field: string;
  expected: string;
}

/**
 * Requests that the SDK answers by itself. For wrong parameters it would answer -32603, as if they were the server's
 * fault.
 */
const CHECKED = new Map<string, (body: unknown) => Issue | null>([
  ['initialize', (body) => firstIssue(specTypeSchemas.InitializeRequest['~standard'].validate(body))],
  ['logging/setLevel', (body) => firstIssue(specTypeSchemas.SetLevelRequest['~standard'].validate(body))],
]);

function firstIssue(result: StandardSchemaV1.Result<unknown>): Issue | null {
  const issue = result.issues?.[0];
  if (!issue) return null;
  const field = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
  return { field, expected: issue.message };
}
