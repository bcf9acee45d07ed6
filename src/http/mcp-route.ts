/** The route `/mcp`: it refuses in JSON-RPC's form what cannot be a message. */
import type { JsonObject } from '../base/json.ts';
import type { Principal } from '../base/principal.ts';
import { INVALID_REQUEST, PARSE_ERROR, rpcErrorResponse } from '../base/json-rpc.ts';
import type { ServedAnswer } from '../calls/served-answer.ts';
import type { Authenticate } from './authenticate.ts';
import { readJson } from './body.ts';
import type { OriginGuard, OriginRefusal } from './origin.ts';

/** What serves MCP behind this route; `mcp/serve/endpoint.ts` makes it. */
export interface McpServing {
  /** Answers one POST. `body` is its parsed JSON. Never rejects for what a client sent. */
  serve(request: Request, body: unknown, principal: Principal): Promise<ServedAnswer>;
}

export interface McpRoute {
  /** @param report is called with what the log says of a message that was served */
  post(request: Request, report: (answer: ServedAnswer) => void): Promise<Response>;
  /** OPTIONS of a page that may not send, and of what is no page. Preflights of others are answered before. */
  options(request: Request): Response;
  /** GET and DELETE belong to sessions, which this server does not have. */
  otherMethod(): Response;
}

const ALLOWED = 'POST, OPTIONS';

const TITLES = {
  text: 'Parse error',
  id: 'The id cannot be repeated',
  size: 'The body is too large',
  headers: 'Unsupported media type',
} as const;

export function createMcpRoute(
  mcp: McpServing,
  guard: OriginGuard,
  authenticate: Authenticate,
  limitBytes: number,
): McpRoute {
  return {
    async post(request, report) {
      const refusal = guard.refusal(request);
      if (refusal !== null) return refused(refusal);
      const principal = await authenticate(request);
      if (principal instanceof Response) return principal;
      const body = await readJson(request, limitBytes);
      if (!body.ok) {
        const code = body.fault === 'text' ? PARSE_ERROR : INVALID_REQUEST;
        return rpcError(body.status, code, TITLES[body.fault], { expected: body.expected });
      }
      const answer = await mcp.serve(request, body.value, principal);
      report(answer);
      return answer.response;
    },
    options(request) {
      const refusal = guard.refusal(request);
      return refusal === null ? new Response(null, { status: 204, headers: { Allow: ALLOWED } }) : refused(refusal);
    },
    otherMethod() {
      const response = rpcError(405, INVALID_REQUEST, 'Method not allowed', { expected: 'POST' });
      response.headers.set('Allow', ALLOWED);
      return response;
    },
  };
}

function refused({ message, ...data }: OriginRefusal): Response {
  return rpcError(403, INVALID_REQUEST, message, data);
}

function rpcError(status: number, code: number, message: string, data: JsonObject): Response {
  return rpcErrorResponse(status, { code, message, data });
}
