/**
 * Answers a plain `server/discover` without what else answers messages. A client asks it first, often of an instance that has just
 * started, and loading the SDK takes most of a start.
 */
import { sentJsonResponse } from '../../base/json.ts';
import type { About } from '../registry/about.ts';
import { isObject } from '../wire/params.ts';
import { plainRequest } from '../wire/plain.ts';
import { MODERN_VERSION } from '../wire/versions.ts';

export const DISCOVER_MS = 3_600_000;

const METHOD = 'server/discover';

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
    _meta: { 'io.modelcontextprotocol/serverInfo': identity },
  };
  return ({ headers }, body) => {
    if (!isObject(body) || body['method'] !== METHOD) return null;
    const plain = plainRequest(headers, body);
    const others = plain && Object.keys(plain.params).filter((key) => key !== '_meta');
    if (plain === null || others?.length !== 0) return null;
    return sentJsonResponse({ result, jsonrpc: '2.0', id: plain.id });
  };
}
