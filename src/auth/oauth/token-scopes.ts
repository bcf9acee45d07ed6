/** The scopes of a token. Pure. */
import type { OauthConfig } from '../../base/config/auth.ts';
import { EVERY_SCOPE, isScope } from '../../base/scopes.ts';
import { isOfClientItself } from './kind.ts';

/** More is no token's. */
const MOST_SCOPES = 100;

/**
 * The scopes that claims bring, and those that every token has, each once and in one order.
 *
 * `roles` is read only of a client that acts for itself, in a token with neither `scope` nor `scp`: Entra writes there what that client
 * may do. In any other, `roles` says what the user may do, and not what the client may.
 */
export function tokenScopes(
  claims: Readonly<Record<string, unknown>>,
  { scopePrefix, defaultScopes }: Pick<OauthConfig, 'scopePrefix' | 'defaultScopes'>,
): string[] {
  const { scope, scp, roles } = claims;
  const isByRoles = scope === undefined && scp === undefined && isOfClientItself(claims);
  const written = [...namesIn(scope), ...namesIn(scp), ...(isByRoles ? namesIn(roles) : [])].slice(0, MOST_SCOPES);
  const given = written.map((name) => (name.startsWith(scopePrefix) ? name.slice(scopePrefix.length) : name));
  const kept = given.filter((name) => isScope(name) && name !== EVERY_SCOPE);
  return [...new Set([...kept, ...defaultScopes])].toSorted();
}

/** A text with spaces between the names (RFC 8693, RFC 9068), or a list of names. */
function namesIn(claim: unknown): string[] {
  const given: unknown[] = Array.isArray(claim) ? claim : typeof claim === 'string' ? claim.split(' ') : [];
  return given.filter((name): name is string => typeof name === 'string');
}
