/** The methods of MCP that the registry answers, and the check of their parameters. */
import type { JSONRPCRequest } from '@modelcontextprotocol/server';
import { TidegateError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Caller } from '../../calls/caller.ts';
import { METHOD_NOT_FOUND, MISSING_CLIENT_CAPABILITY } from '../../base/json-rpc.ts';
import { nearestName } from '../../base/known-names.ts';
import type { OpenedStream } from '../extension.ts';
import type { Registry } from '../registry/registry.ts';
import type { CompletionReference } from '../registry/prompts.ts';
import { callerForTask, hasTasks, taskOrError, withTaskSupport } from './core-tasks.ts';
import { chosenIn } from './needs.ts';
import { protocolAnswer, wholeMessage } from '../wire/errors.ts';
import { declares, needsExtension } from '../wire/declared.ts';
import { cursorOf, isObject, objectOf, type Params, textOf, wrongParameter } from '../wire/params.ts';
import { ProtocolError } from '../wire/protocol-error.ts';

type Method = (registry: Registry, params: Params, caller: Caller) => object | Promise<object>;

/**
 * Earlier revisions get `ttlMs` and `cacheScope` too. Their results may have further members, which their clients
 * ignore.
 */
const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  [
    'tools/list',
    (registry, params, caller) =>
      listed(registry, 'tools', withTaskSupport(registry.tools, registry.tools.list(cursorOf(params)), caller)),
  ],
  ['tools/call', callTool],
  ['resources/list', listResources],
  [
    'resources/templates/list',
    (registry, params) => listed(registry, 'resourceTemplates', registry.resources.templates(cursorOf(params))),
  ],
  ['resources/read', readResource],
  ['prompts/list', (registry, params) => listed(registry, 'prompts', registry.prompts.list(cursorOf(params)))],
  ['prompts/get', ({ prompts }, params, caller) => prompts.get(textOf(params, 'name'), params.arguments, caller)],
  ['completion/complete', completeArgument],
]);

/** Every method that is answered here. The SDK answers a few beside them, such as `initialize`. */
export function methodsOf({ extensions }: Registry): string[] {
  const { methods, streams, coreMethods } = extensions;
  return [...new Set([...METHODS.keys(), ...methods.keys(), ...streams.keys(), ...coreMethods.keys()])];
}

/** Whether there is such a method. */
export function serves({ extensions }: Registry, method: string): boolean {
  return METHODS.has(method) || extensions.methods.has(method) || extensions.streams.has(method);
}

/** Whether the answer of a method is one message, which needs nothing of the SDK. */
export function answersDirectly({ extensions }: Registry, body: unknown): boolean {
  const method = isObject(body) ? body['method'] : undefined;
  return typeof method === 'string' && (METHODS.has(method) || extensions.methods.has(method));
}

/**
 * Methods of extensions are for clients that declared them: another protocol version may give the same names another
 * meaning.
 * @param isLegacy the request is of 2025-11-25 or before
 * @throws ProtocolError -32601 for a method that is none of these; TidegateError for the rest.
 */
export function dispatch(
  registry: Registry,
  request: JSONRPCRequest,
  caller: Caller,
  isLegacy: boolean,
): object | Promise<object> {
  const { params = {} } = request;
  const method = METHODS.get(request.method);
  if (method) return method(registry, params, caller);
  const { legacy } = caller;
  const core = legacy && hasTasks(legacy) ? registry.extensions.coreMethods.get(request.method) : undefined;
  if (legacy && core) return core.run(params, caller, legacy);
  const added = registry.extensions.methods.get(request.method);
  if (!added || (isLegacy && !added.isEarlier)) throw notFound(request.method);
  if (!added.isForAll) checkDeclared(request.method, added.extension, caller);
  return added.run(params, caller);
}

/**
 * What the answer to a request is that stays open; null: its method is another kind. Errors as `dispatch`, for what the client
 * has to declare.
 */
export function streamFor(
  { extensions }: Registry,
  { method, params = {} }: JSONRPCRequest,
  caller: Caller,
): (() => Promise<OpenedStream>) | null {
  const found = extensions.streams.get(method);
  if (found === undefined) return null;
  if (!found.isForAll) checkDeclared(method, found.extension, caller);
  return () => found.open(params, caller);
}

function checkDeclared(method: string, extension: string, caller: Caller): void {
  if (!declares(caller, extension)) throw needsExtension(method, extension, caller);
}

function notFound(method: string): ProtocolError {
  const near = nearestName(method, METHODS.keys(), 2);
  const meant = near === null ? '' : ` (did you mean ${near}?)`;
  return new ProtocolError(METHOD_NOT_FOUND, `Method not found: ${method}${meant}`);
}

async function callTool({ tools }: Registry, params: Params, caller: Caller): Promise<object> {
  const name = textOf(params, 'name');
  const required = tools.requires(name);
  if (required !== null) checkCapabilities(required, caller);
  const args = params.arguments ?? undefined;
  // Some clients send the JSON text of an object, which the registry reads.
  if (args !== undefined && typeof args !== 'string' && !isObject(args)) throw wrongParameter('arguments', 'an object');
  const asked = callerForTask(tools, name, params, caller);
  const answer = await tools.call(name, args, asked);
  return asked.asTask ? taskOrError(answer) : answer;
}

function checkCapabilities(required: JsonObject, { clientCapabilities }: Caller): void {
  if (clientCapabilities === null) {
    throw new TidegateError(
      'invalid_input',
      `The tool needs client capabilities: ${Object.keys(required).join(', ')}`,
      {
        hint: 'call it with protocol version 2026-07-28, whose requests say what the client can do',
      },
    );
  }
  const missing = Object.fromEntries(
    Object.entries(required).filter(([capability]) => clientCapabilities[capability] === undefined),
  );
  if (Object.keys(missing).length === 0) return;
  const message = `Missing required client capabilities: ${Object.keys(missing).join(', ')}`;
  throw new ProtocolError(MISSING_CLIENT_CAPABILITY, message, { requiredCapabilities: missing });
}

async function listResources({ resources }: Registry, params: Params, caller: Caller): Promise<object> {
  const { items, ...rest } = await resources.list(cursorOf(params), caller);
  return { resources: items, ...rest };
}

async function readResource({ resources }: Registry, params: Params, caller: Caller): Promise<object> {
  const uri = textOf(params, 'uri');
  try {
    return await resources.read(uri, caller);
  } catch (thrown) {
    if (!(thrown instanceof TidegateError) || thrown.code !== 'not_found') throw thrown;
    const refusal = protocolAnswer(thrown, '');
    throw new ProtocolError(refusal.code, wholeMessage(refusal), { ...refusal.data, uri });
  }
}

async function completeArgument(registry: Registry, params: Params, caller: Caller): Promise<object> {
  const argument = objectOf(params, 'argument');
  const given = objectOf(params, 'ref');
  const reference: CompletionReference =
    given.type === 'ref/prompt'
      ? { type: 'ref/prompt', name: textOf(given, 'name', 'ref.') }
      : given.type === 'ref/resource'
        ? { type: 'ref/resource', uri: textOf(given, 'uri', 'ref.') }
        : refuse('ref.type', 'ref/prompt or ref/resource');
  const name = textOf(argument, 'name', 'argument.');
  const value = textOf(argument, 'value', 'argument.');
  return {
    completion: await registry.complete(reference, { name, value, chosen: chosenIn(params['context']) }, caller),
  };
}

function listed(
  { listHint }: Registry,
  key: string,
  { items, ...rest }: { items: readonly unknown[]; nextCursor?: string },
): object {
  return { [key]: items, ...rest, ...listHint };
}

function refuse(name: string, expected: string): never {
  throw wrongParameter(name, expected);
}
