/**
 * Finds requests of 2026-07-28 in which nothing is wrong or unusual: they can be answered without the SDK. What is not plain is
 * left to the SDK, which alone judges what is wrong with it, and with which words. Pure.
 */
import type { McpLogLevel } from '../../declare/context.ts';
import { LOG_LEVELS } from './log-levels.ts';
import { MODERN_VERSION } from './versions.ts';
import { isObject, type Params } from './params.ts';
import { CLIENT_CAPABILITIES_META_KEY, PROTOCOL_VERSION_META_KEY } from './meta-keys.ts';

const PREFIX = 'io.modelcontextprotocol/';
const CLIENT_KEY = `${PREFIX}clientInfo`;
const LEVEL_KEY = `${PREFIX}logLevel`;
const ENVELOPE: ReadonlySet<string> = new Set([
  PROTOCOL_VERSION_META_KEY,
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_KEY,
  LEVEL_KEY,
]);

const JSON_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i;
const CLIENT_TEXTS: ReadonlySet<string> = new Set(['name', 'version', 'title', 'description', 'websiteUrl']);

/** The parameter that `Mcp-Name` repeats, of each method that has one. */
const NAMED_BY: ReadonlyMap<string, string> = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
  ['tasks/get', 'taskId'],
  ['tasks/update', 'taskId'],
  ['tasks/cancel', 'taskId'],
]);
/** A name that stands in the header as it is. Others are Base64 there, or have spaces that a proxy may take away. */
const HEADER_TEXT = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

export interface PlainRequest {
  id: string | number;
  method: string;
  /** Without the members of the protocol in `_meta`, and without `_meta` where it has no others. */
  params: Params;
  capabilities: Params;
  /** The least level of log messages that the client wants; null: it wants none. */
  level: McpLogLevel | null;
  /** `_meta` without the members of the protocol. Undefined: it has no others. */
  meta: Params | undefined;
}

/** Null: the SDK has to see the request. */
export function plainRequest(headers: Headers, body: unknown): PlainRequest | null {
  if (!isObject(body)) return null;
  const { jsonrpc, id, method, params } = body;
  if (jsonrpc !== '2.0' || typeof method !== 'string' || !isObject(params)) return null;
  if ((typeof id !== 'string' && !Number.isSafeInteger(id)) || Object.keys(body).length !== 4) return null;
  const { _meta: given, ...own } = params;
  if (!isObject(given) || 'inputResponses' in own || 'requestState' in own) return null;
  if (!isPlainMeta(given) || !arePlainHeaders(headers, method, own)) return null;
  const rest = Object.entries(given).filter(([key]) => !ENVELOPE.has(key));
  const meta = rest.length === 0 ? undefined : Object.fromEntries(rest);
  return {
    id: id as string | number,
    method,
    params: meta === undefined ? own : { ...own, _meta: meta },
    capabilities: given[CLIENT_CAPABILITIES_META_KEY] as Params,
    level: (given[LEVEL_KEY] as PlainRequest['level'] | undefined) ?? null,
    meta,
  };
}

function arePlainHeaders(headers: Headers, method: string, params: Params): boolean {
  if (headers.get('mcp-method') !== method || headers.get('mcp-protocol-version') !== MODERN_VERSION) return false;
  const type = headers.get('content-type') ?? '';
  if (type !== 'application/json' && !JSON_TYPE.test(type)) return false;
  const named = NAMED_BY.get(method);
  if (named === undefined) return true;
  const name = params[named];
  return (
    typeof name === 'string' &&
    headers.get('mcp-name') === name &&
    HEADER_TEXT.test(name) &&
    !name.toLowerCase().startsWith('=?base64?')
  );
}

function isPlainMeta(meta: Params): boolean {
  const {
    [PROTOCOL_VERSION_META_KEY]: version,
    [CLIENT_CAPABILITIES_META_KEY]: capabilities,
    [CLIENT_KEY]: client,
    [LEVEL_KEY]: level,
  } = meta;
  if (version !== MODERN_VERSION || !arePlainCapabilities(capabilities)) return false;
  if (client !== undefined && !isPlainClient(client)) return false;
  if (level !== undefined && !(LOG_LEVELS as readonly unknown[]).includes(level)) return false;
  return Object.entries(meta).every(([key, value]) => ENVELOPE.has(key) || isPlainMember(key, value));
}

/** A member of `_meta` that is none of the envelope's. Names that the protocol keeps for itself may mean something one day. */
function isPlainMember(key: string, value: unknown): boolean {
  if (key === 'progressToken') return typeof value === 'string' || Number.isSafeInteger(value);
  return !key.startsWith(PREFIX) && key !== '__proto__';
}

/** As `sampling: { tools: {} }`, `roots: { listChanged: true }` or `extensions: { 'a/b': { … } }`. */
function arePlainCapabilities(capabilities: unknown): boolean {
  if (!isObject(capabilities)) return false;
  return Object.entries(capabilities).every(
    ([name, members]) =>
      isObject(members) && Object.entries(members).every(([key, value]) => isPlain(name, key, value)),
  );
}

function isPlain(capability: string, key: string, value: unknown): boolean {
  if (capability === 'roots' && key === 'listChanged') return typeof value === 'boolean';
  // The modes of elicitation have settings with types of their own, which the SDK checks.
  return isObject(value) && (capability !== 'elicitation' || Object.keys(value).length === 0);
}

function isPlainClient(client: unknown): boolean {
  if (!isObject(client) || client['name'] === undefined || client['version'] === undefined) return false;
  return Object.entries(client).every(([key, value]) => CLIENT_TEXTS.has(key) && typeof value === 'string');
}
