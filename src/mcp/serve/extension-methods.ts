/**
 * Registers methods of extensions with the SDK. The SDK knows some of their names from an earlier revision, and refuses
 * them in this one unless they are registered with a schema of their own. It also takes `inputResponses` out of the
 * parameters of every request, as if the request were a retry.
 */
import type { JSONRPCRequest, Result, Server, ServerContext, StandardSchemaV1 } from '@modelcontextprotocol/server';
import type { ExtensionRegistry } from '../registry/extensions.ts';
import type { Params } from '../wire/params.ts';

type Answer = (request: JSONRPCRequest, context: ServerContext) => Promise<Result>;

/** The method itself checks its parameters. */
const ANY: StandardSchemaV1<Params, Params> = {
  '~standard': { version: 1, vendor: 'tidegate', validate: (value) => ({ value: value as Params }) },
};

/** @param only the method of the one request that the server is made for; null: any method may come */
export function answerExtensionMethods(
  server: Server,
  { methods, streams }: ExtensionRegistry,
  only: string | null,
  answer: Answer,
): void {
  const isOne = (name: string) => methods.has(name) || streams.has(name);
  for (const method of only === null ? [...methods.keys(), ...streams.keys()] : [only].filter(isOne)) {
    server.setRequestHandler(method, { params: ANY }, (params, context) =>
      answer({ jsonrpc: '2.0', id: context.mcpReq.id, method, params }, context),
    );
  }
}

/**
 * Puts `inputResponses` back into the parameters. Responses that the SDK dropped become null, so that the method
 * refuses them.
 */
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
