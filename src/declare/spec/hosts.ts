/** The option `allow`, wherever it stands: hosts that may be reached beside public ones. A URL is none of them. */
import * as z from 'zod';

/** Names and `host:port`, as `isNamed` of `net/fetch-target.ts` compares them. */
export const allowOption = z
  .array(z.custom<string>(isHost, { error: ({ input }) => hostExpected(input) }), { error: 'a list of host names' })
  .readonly()
  .default([]);

function isHost(host: unknown): boolean {
  if (typeof host !== 'string') return false;
  // A URL parser judges hosts better than a pattern does. What it changes, beside case, was no bare host.
  const read = urlOf(`http://${inBrackets(host)}/`);
  return read?.pathname === '/' && read.search === '' && read.username === '' && !/[/\\#?@]/.test(host);
}

/** Who writes a URL is told the part of it that is meant. */
function hostExpected(given: unknown): string {
  const url = typeof given === 'string' && given.includes('://') ? urlOf(given) : null;
  const example = url === null || url.host === '' ? '' : `: ${url.host}`;
  return `a host name or host:port, without a scheme${example}`;
}

/** An IPv6 address may stand without its brackets. */
function inBrackets(host: string): string {
  return /^[\da-f.]*:[\da-f.]*:[\da-f:.]*$/i.test(host) ? `[${host}]` : host;
}

function urlOf(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
