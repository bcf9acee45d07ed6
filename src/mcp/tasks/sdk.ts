/**
 * Where the SDK has to be told of the extension's methods. It knows two of their names from an earlier revision, and
 * refuses them in this one unless they are registered with a schema of their own; and it takes `inputResponses` out of the
 * parameters of every request, as if it were a retry.
 */
import type { JSONRPCRequest, Result, Server, ServerContext, StandardSchemaV1 } from '@modelcontextprotocol/server';

type Params = Record<string, unknown>;
type Answer = (request: JSONRPCRequest, context: ServerContext) => Promise<Result>;

/** Whoever answers checks the parameters. */
const ANY: StandardSchemaV1<Params, Params> = {
  '~standard': { version: 1, vendor: 'tidegate', validate: (value) => ({ value: value as Params }) },
};

const REFUSED_OTHERWISE = ['tasks/get', 'tasks/cancel'] as const;

export function answerTaskMethods(server: Server, answer: Answer): void {
  for (const method of REFUSED_OTHERWISE) {
    server.setRequestHandler(method, { params: ANY }, (params, context) =>
      answer({ jsonrpc: '2.0', id: context.mcpReq.id, method, params }, context),
    );
  }
}

/** With the responses where they were; those that the SDK dropped are there without a value, so that they are refused. */
export function withResponses(request: JSONRPCRequest, { mcpReq }: ServerContext): JSONRPCRequest {
  const { inputResponses, droppedInputResponseKeys = [] } = mcpReq;
  if (request.method !== 'tasks/update' || inputResponses === undefined) return request;
  const dropped = Object.fromEntries(droppedInputResponseKeys.map((key) => [key, null]));
  return { ...request, params: { ...request.params, inputResponses: { ...inputResponses, ...dropped } } };
}
