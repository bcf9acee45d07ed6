/**
 * Where the SDK has to be told of extensions' methods. It knows some of their names from an earlier revision, and refuses
 * them in this one unless they are registered with a schema of their own. And it takes `inputResponses` out of the
 * parameters of every request, as if each were a retry.
 */
import type { JSONRPCRequest, Result, Server, ServerContext, StandardSchemaV1 } from '@modelcontextprotocol/server';
import type { ExtensionRegistry } from '../registry/extensions.ts';
import type { Params } from '../wire/params.ts';

type Answer = (request: JSONRPCRequest, context: ServerContext) => Promise<Result>;

/** Whoever answers checks the parameters. */
const ANY: StandardSchemaV1<Params, Params> = {
  '~standard': { version: 1, vendor: 'tidegate', validate: (value) => ({ value: value as Params }) },
};

/** @param only the one method that the server is made for; null: any of them may come */
export function answerExtensionMethods(
  server: Server,
  { methods }: ExtensionRegistry,
  only: string | null,
  answer: Answer,
): void {
  for (const method of only === null ? methods.keys() : [only].filter((name) => methods.has(name))) {
    server.setRequestHandler(method, { params: ANY }, (params, context) =>
      answer({ jsonrpc: '2.0', id: context.mcpReq.id, method, params }, context),
    );
  }
}

/** With the responses where they were; those that the SDK dropped are there without a value, so that they are refused. */
export function withResponses(
  request: JSONRPCRequest,
  { mcpReq }: ServerContext,
  { methods }: ExtensionRegistry,
): JSONRPCRequest {
  const { inputResponses, droppedInputResponseKeys = [] } = mcpReq;
  if (inputResponses === undefined || !methods.get(request.method)?.takesResponses) return request;
  const dropped = Object.fromEntries(droppedInputResponseKeys.map((key) => [key, null]));
  return { ...request, params: { ...request.params, inputResponses: { ...inputResponses, ...dropped } } };
}
