/**
 * Answers `server/discover` without the SDK. A client asks it first, often of an instance that has just started, and
 * loading the SDK takes most of a start. Only a request without anything wrong or unusual is answered here; every other
 * one is left to the SDK, which alone judges what is wrong.
 */
import type { About } from '../registry/about.ts';
import { MODERN_VERSION } from '../wire/versions.ts';

export const DISCOVER_MS = 3_600_000;

const METHOD = 'server/discover';
const JSON_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i;
const PREFIX = 'io.modelcontextprotocol/';
const TRACING = new Set(['traceparent', 'tracestate', 'baggage']);
const CLIENT_TEXTS = new Set(['name', 'version', 'title', 'description', 'websiteUrl']);

type Members = Record<string, unknown>;

/**
 * Answers a plain `server/discover`. Null: the SDK has to see the request.
 * @param cacheScope `private`: others are told something else
 */
export function createDiscover(
  about: About,
  cacheScope: 'public' | 'private' = 'public',
): (request: Request, body: unknown) => Response | null {
  const { identity, instructions, capabilities } = about;
  const result = {
    supportedVersions: [MODERN_VERSION],
    capabilities,
    instructions,
    resultType: 'complete',
    ttlMs: DISCOVER_MS,
    cacheScope,
    _meta: { [`${PREFIX}serverInfo`]: identity },
  };
  return ({ headers }, body) => {
    const id = idOfPlain(body);
    return id !== null && arePlainHeaders(headers) ? Response.json({ result, jsonrpc: '2.0', id }) : null;
  };
}

function arePlainHeaders(headers: Headers): boolean {
  return (
    headers.get('mcp-method') === METHOD &&
    headers.get('mcp-protocol-version') === MODERN_VERSION &&
    JSON_TYPE.test(headers.get('content-type') ?? '')
  );
}

/** The id of a `server/discover` whose body has nothing wrong or unusual. Null for any other body. */
function idOfPlain(body: unknown): string | number | null {
  if (!isObject(body) || body.method !== METHOD || body.jsonrpc !== '2.0') return null;
  const { id, params } = body;
  const isId = typeof id === 'string' || Number.isSafeInteger(id);
  if (!isId || Object.keys(body).length !== 4 || !isObject(params)) return null;
  const { _meta: meta, ...rest } = params;
  return isPlainMeta(meta) && Object.keys(rest).length === 0 ? (id as string | number) : null;
}

function isPlainMeta(meta: unknown): boolean {
  if (!isObject(meta)) return false;
  const {
    [`${PREFIX}protocolVersion`]: version,
    [`${PREFIX}clientCapabilities`]: capabilities,
    [`${PREFIX}clientInfo`]: client,
    ...rest
  } = meta;
  return (
    version === MODERN_VERSION &&
    arePlainCapabilities(capabilities) &&
    (client === undefined || isPlainClient(client)) &&
    Object.keys(rest).every((key) => TRACING.has(key))
  );
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
  if (!isObject(client) || client.name === undefined || client.version === undefined) return false;
  return Object.entries(client).every(([key, value]) => CLIENT_TEXTS.has(key) && typeof value === 'string');
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
