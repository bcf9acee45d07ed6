/**
 * How a request is refused for who sends it: 401 without a valid credential, 403 without the scopes that it needs, each with
 * the challenge of RFC 6750, and where tokens of an issuer are taken with the place of their metadata (RFC 9728).
 */
import { jsonDocument } from '../base/plain.ts';

export interface Challenges {
  /** Whether tokens of an issuer are taken, which clients renew by themselves. */
  hasIssuer: boolean;
  /**
   * 401.
   * @param invalid true: a credential came, and is not valid (any more)
   * @param why what the caller may hear of the reason
   */
  unauthorized(request: Request, invalid: boolean, why?: string): Response;
  /** 400: more than one credential came, or what cannot be one. */
  malformed(request: Request): Response;
  /** 403. @param needed every scope that the request needs, those that the caller has among them */
  insufficientScope(request: Request, needed: readonly string[]): Response;
}

interface ChallengeOptions {
  /** The URL of the metadata of the resource that a request is for. Null: no tokens of an issuer are taken. */
  metadataUrl?: ((request: Request) => string) | null;
  /** The scopes with which a client does well to begin. */
  firstScopes?: readonly string[];
  /** What the issuer writes before scopes where a client asks for them. Default: nothing. */
  scopePrefix?: string;
}

export function createChallenges({
  metadataUrl = null,
  firstScopes = [],
  scopePrefix = '',
}: ChallengeOptions = {}): Challenges {
  const named = (scopes: readonly string[]) => scopes.map((scope) => scopePrefix + scope).join(' ');

  function respond(
    request: Request,
    status: 400 | 401 | 403,
    title: string,
    code: string,
    members: Record<string, string>,
    about: { expected: string; hint: string },
  ) {
    const metadata = metadataUrl === null ? {} : { resource_metadata: metadataUrl(request) };
    const challenge = Object.entries({ ...members, ...metadata }).map(([name, value]) => `${name}=${quoted(value)}`);
    const headers = {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      'WWW-Authenticate': `Bearer ${challenge.join(', ')}`.trimEnd(),
    };
    const field = 'Authorization';
    return new Response(jsonDocument({ title, status, code, field, ...about }), { status, headers });
  }
  const expected = 'Bearer, a space, and one key or token';
  const hint =
    metadataUrl === null
      ? 'a key comes from who runs this server: tidegate keys create'
      : 'a token comes from an issuer that the resource_metadata of WWW-Authenticate names';
  const first: Record<string, string> = firstScopes.length === 0 ? {} : { scope: named(firstScopes) };
  return {
    hasIssuer: metadataUrl !== null,
    unauthorized(request, invalid, why) {
      const valid = `The key or token is not valid${why === undefined ? '' : `: ${why}`}`;
      const title = invalid ? valid : 'This needs a key or token: Authorization: Bearer …';
      const error: Record<string, string> = invalid ? { error: 'invalid_token' } : {};
      if (why !== undefined && DESCRIPTION.test(why)) error['error_description'] = why;
      return respond(request, 401, title, 'unauthorized', { ...error, ...first }, { expected, hint });
    },
    malformed(request) {
      const title = 'Authorization: expected one key or token, as Bearer …';
      return respond(request, 400, title, 'invalid_input', { error: 'invalid_request' }, { expected, hint });
    },
    insufficientScope(request, needed) {
      const scope = named(needed);
      const members = {
        error: 'insufficient_scope',
        scope,
        error_description: 'The token has not all scopes that this needs',
      };
      return respond(request, 403, `This needs the scopes ${scope}`, 'insufficient_scope', members, {
        expected: scope,
        hint: 'use a key or token that has all of these',
      });
    },
  };
}

/** RFC 6750, 3: what an `error_description` may have. */
const DESCRIPTION = /^[\x20\x21\x23-\x5B\x5D-\x7E]+$/;

/** RFC 9110, 5.6.4. A `Host` of the request may be part of it, and has no way out of the quotes. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
