/**
 * Asks an issuer for a JSON document, within a size and a deadline. It judges no status, and caches nothing.
 *
 * The operator names the issuer, so its host may be private. What its documents name may be at that host, or at public ones.
 */
import { TidegateError } from '../../base/errors.ts';
import { parseJson, type JsonObject } from '../../base/json.ts';
import type { GuardedFetch } from '../../net/guarded-fetch.ts';
import { readHostname, isLoopback } from '../../base/config/origins.ts';

/** Key sets of issuers have some KiB. One that has more is refused before it is held. */
const MOST_BYTES = 262_144;
const MOST_REDIRECTS = 2;

export interface IssuerAnswer {
  status: number;
  /** Null: what came is no JSON object. */
  document: JsonObject | null;
}

interface IssuerRequest {
  /** How long the whole exchange may take, in ms. */
  timeoutMs: number;
  /** Sent by POST, as a form. Such a request follows no redirect, since it carries a secret. */
  form?: Record<string, string>;
  headers?: Record<string, string>;
}

/** @throws TidegateError `upstream`, `too_large`, `address_refused` */
export type IssuerFetch = (url: string, request: IssuerRequest) => Promise<IssuerAnswer>;

/** @param hosts those that may be private, and may be http where they are this machine */
export function createIssuerFetch(fetch: GuardedFetch, hosts: readonly string[]): IssuerFetch {
  return async (url, { timeoutMs, form, headers = {} }) => {
    checkScheme(url);
    const response = await fetch(url, {
      allow: hosts,
      maxBytes: MOST_BYTES,
      timeoutMs: Math.max(1, timeoutMs),
      maxRedirects: form === undefined ? MOST_REDIRECTS : 0,
      headers: { ...headers, accept: 'application/json', ...(form === undefined ? {} : FORM) },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form).toString() }),
    });
    return { status: response.status, document: objectOf(await response.text()) };
  };
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** http is for this machine alone. */
function checkScheme(text: string): void {
  const url = URL.parse(text);
  if (url?.protocol === 'https:') return;
  if (url?.protocol === 'http:' && isLoopback(readHostname(url.host) ?? '')) return;
  throw new TidegateError('address_refused', `${url?.origin ?? 'a URL of the issuer'} is refused: it is not https`, {
    field: 'OAUTH_ISSUER',
    expected: 'an issuer whose documents name https URLs',
  });
}

function objectOf(text: string): JsonObject | null {
  try {
    const value = parseJson(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
