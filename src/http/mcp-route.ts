/**
 * The route `/mcp`: it refuses in JSON-RPC's form what cannot be a message, and adds the headers that browsers need.
 */
import type { Principal } from '../base/principal.ts';
import { INVALID_REQUEST, PARSE_ERROR, rpcErrorResponse } from '../base/json-rpc.ts';
import type { ServedAnswer } from '../calls/served-answer.ts';
import type { Authenticate } from './authenticate.ts';
import { readJson } from './body.ts';
import type { OriginGuard } from './origin.ts';

/** What serves MCP behind this route; `mcp/serve/endpoint.ts` makes it. */
export interface McpServing {
  /** Answers one POST. `body` is its parsed JSON. Never rejects for what a client sent. */
  serve(request: Request, body: unknown, principal: Principal): Promise<ServedAnswer>;
}

export interface McpRoute {
  /** @param report is called with what the log says of a message that was served */
  post(request: Request, report: (answer: ServedAnswer) => void): Promise<Response>;
  preflight(request: Request): Response;
  /** GET and DELETE belong to sessions, which this server does not have. */
  otherMethod(): Response;
}

const TITLES = {
  400: 'Parse error',
  413: 'The body is too large',
  415: 'Unsupported media type',
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
      if (refusal !== null) return rpcError(403, INVALID_REQUEST, refusal);
      const origin = request.headers.get('origin');
      const principal = await authenticate(request);
      if (principal instanceof Response) return withOrigin(principal, origin);
      const body = await readJson(request, limitBytes);
      if (!body.ok) {
        const code = body.status === 400 ? PARSE_ERROR : INVALID_REQUEST;
        return withOrigin(rpcError(body.status, code, TITLES[body.status], body.expected), origin);
      }
      const answer = await mcp.serve(request, body.value, principal);
      report(answer);
      return withOrigin(answer.response, origin);
    },
    preflight(request) {
      const refusal = guard.refusal(request);
      if (refusal !== null) return rpcError(403, INVALID_REQUEST, refusal);
      const asked = request.headers.get('access-control-request-headers');
      const headers = new Headers({ 'Access-Control-Allow-Methods': 'POST', 'Access-Control-Max-Age': '3600' });
      if (asked !== null) headers.set('Access-Control-Allow-Headers', asked);
      return withOrigin(new Response(null, { status: 204, headers }), request.headers.get('origin'));
    },
    otherMethod() {
      const response = rpcError(405, INVALID_REQUEST, 'Method not allowed', 'POST');
      response.headers.set('Allow', 'POST, OPTIONS');
      return response;
    },
  };
}

/** Lets the page of an allowed origin read the answer. A request without an origin does not come from a browser. */
function withOrigin(response: Response, origin: string | null): Response {
  if (origin === null) return response;
  response.headers.set('Access-Control-Allow-Origin', origin);
  response.headers.set('Access-Control-Expose-Headers', 'Retry-After');
  response.headers.append('Vary', 'Origin');
  return response;
}

function rpcError(status: number, code: number, message: string, expected?: string): Response {
  return rpcErrorResponse(status, { code, message, ...(expected === undefined ? {} : { data: { expected } }) });
}
