/**
 * Whether a token was issued for this server. Scheme and host of a URL may be written in capitals (RFC 3986, 6.2.2.1); all else
 * is compared letter by letter. What a request says of the server's name is never looked at: whoever holds a token for
 * another server would send that one's name along. Pure.
 */

/** What a token for this server may name as its audience, for a server at this base URL (without a slash at its end). */
export function resourcesAt(baseUrl: string): string[] {
  return ['', '/', '/mcp', '/mcp/'].map((form) => `${baseUrl}${form}`);
}

/** The audiences of a token, from its `aud`: a text or a list of texts. Empty: it has none. */
export function audiencesOf(aud: unknown): string[] {
  const given: unknown[] = Array.isArray(aud) ? aud : [aud];
  return given.filter((one): one is string => typeof one === 'string' && one !== '');
}

/** Those of a token's audiences that are this server. */
export function ownAudiences(audiences: readonly string[], own: readonly string[]): string[] {
  const known = new Set(own.map(inOneSpelling));
  return audiences.filter((audience) => known.has(inOneSpelling(audience)));
}

function inOneSpelling(audience: string): string {
  return audience.replace(/^https?:\/\/[^/?#]*/i, (start) => start.toLowerCase());
}
