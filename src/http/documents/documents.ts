/**
 * Public documents: open to every origin, cached for an hour, and answered with 304 to a client that has the same one.
 */
import { hexOf, sha256 } from '../../base/digest.ts';
import type { JsonObject } from '../../base/json.ts';

const HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD',
  'Access-Control-Allow-Headers': 'Content-Type, Accept, If-None-Match',
  'Access-Control-Expose-Headers': 'ETag',
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Cache-Control': 'public, max-age=3600',
};

interface Prepared {
  text: string;
  etag: string;
}

/**
 * Answers requests for a document that `make` builds from the server's base URL. The document of the last base URL is
 * kept.
 */
export function createDocument(type: string, make: (baseUrl: string) => JsonObject) {
  let kept: { baseUrl: string; prepared: Prepared } | null = null;
  return async (request: Request, baseUrl: string): Promise<Response> => {
    if (kept?.baseUrl !== baseUrl) kept = { baseUrl, prepared: await prepare(make(baseUrl)) };
    const { text, etag } = kept.prepared;
    const headers = { ...HEADERS, ETag: etag, 'Content-Type': type };
    if (matches(request.headers.get('if-none-match'), etag)) return new Response(null, { status: 304, headers });
    return new Response(text, { headers });
  };
}

export function documentPreflight(): Response {
  return new Response(null, { status: 204, headers: HEADERS });
}

async function prepare(document: JsonObject): Promise<Prepared> {
  const text = JSON.stringify(document);
  return { text, etag: `"${hexOf((await sha256(text)).slice(0, 16))}"` };
}

function matches(header: string | null, etag: string): boolean {
  if (header === null) return false;
  return header.split(',').some((candidate) => ['*', etag, `W/${etag}`].includes(candidate.trim()));
}
