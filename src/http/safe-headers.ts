/**
 * What every answer says to browsers: that it is what its type says, that it is no page, that nobody embeds it, and that
 * nobody keeps it. A route that answers a page, or what everybody may keep, sets its own, which stay.
 */
import type { Context, Next } from 'hono';
import type { LoggedEnv } from './request-log.ts';

/** Of an answer that is data. `Cross-Origin-Resource-Policy` does not concern pages of allowed origins, which ask by CORS. */
const SAFE_HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

const CACHE = 'Cache-Control';
const UNCACHED = 'no-store';
const SAFE = Object.entries(SAFE_HEADERS).map(([name, value]) => ({ name, key: name.toLowerCase(), value }));
/** A year, for this host alone. */
const SECURE = { name: 'Strict-Transport-Security', key: 'strict-transport-security', value: 'max-age=31536000' };

/** Names of these lengths may be among those that are added, however they are written. Most answers have none of them. */
const LENGTHS = new Set([...SAFE.map(({ key }) => key), SECURE.key, CACHE].map(({ length }) => length));

/** The headers as plain names and values, with what they do not have. @param isSecure whether the server is reached by https alone */
export function withSafeHeaders(given: Readonly<Record<string, string>>, isSecure: boolean): Record<string, string> {
  const headers: Record<string, string> = { ...given };
  for (const name in given) if (LENGTHS.has(name.length)) return besideOwn(headers, isSecure);
  for (const { name, value } of SAFE) headers[name] = value;
  headers[CACHE] = UNCACHED;
  if (isSecure) headers[SECURE.name] = SECURE.value;
  return headers;
}

function besideOwn(headers: Record<string, string>, isSecure: boolean): Record<string, string> {
  const keys = new Map(Object.keys(headers).map((name) => [name.toLowerCase(), name]));
  for (const { name, key, value } of SAFE) if (!keys.has(key)) headers[name] = value;
  const cache = keys.get('cache-control');
  headers[cache ?? CACHE] = cacheControl(cache === undefined ? null : String(headers[cache]));
  if (isSecure && !keys.has(SECURE.key)) headers[SECURE.name] = SECURE.value;
  return headers;
}

/**
 * The same for platforms that hand answers on as they are. One that writes headers itself does it there (`Edge.safeHeaders`),
 * because reading the headers of an answer costs Node more than writing them.
 * @param publicUrl null: whether a request came by https tells its own URL.
 */
export function createSafeHeaders(
  publicUrl: string | null,
): (context: Context<LoggedEnv>, next: Next) => Promise<void> {
  return (context, next) => (context.env?.edge?.safeHeaders ? next() : addTo(context, next));

  async function addTo(context: Context<LoggedEnv>, next: Next): Promise<void> {
    await next();
    const { headers } = context.res;
    for (const { name, value } of SAFE) if (!headers.has(name)) headers.set(name, value);
    headers.set(CACHE, cacheControl(headers.get(CACHE)));
    if (isSecureUrl(publicUrl ?? context.req.url)) headers.set(SECURE.name, SECURE.value);
  }
}

export function isSecureUrl(url: string): boolean {
  return url.startsWith('https:');
}

/** The SDK's streams say `no-cache`, by which a cache may still keep them. */
function cacheControl(said: string | null): string {
  if (said === null) return UNCACHED;
  return /\b(?:public|private|no-store)\b/.test(said) ? said : `${UNCACHED}, ${said}`;
}
