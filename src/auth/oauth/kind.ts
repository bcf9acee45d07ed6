/** What kind of token some claims are of, and whose: the words that issuers use for it. Pure. */
import { isName } from './claim.ts';

type Claims = Readonly<Record<string, unknown>>;

/** Where issuers name the client: OpenID Connect and most, RFC 9068, Okta, Entra's first version. */
const CLIENT_CLAIMS = ['azp', 'client_id', 'cid', 'appid'];
/** Claims that only id tokens have (OpenID Connect Core, 3.1.3.6, 3.3.2.11). */
const ID_TOKEN_CLAIMS = ['nonce', 'at_hash', 'c_hash', 's_hash'];
/** Claims of a login, or of a person. */
const USER_CLAIMS = [
  'sid',
  'session_state',
  'auth_time',
  'acr',
  'amr',
  'name',
  'email',
  'preferred_username',
  'username',
];
/** Where scopes stand. An access token for a client itself has them, and an id token does not. */
const SCOPE_CLAIMS = ['scope', 'scp', 'roles'];

/** The client that asked for the token; null where the token does not say. */
export function clientOf(claims: Claims): string | null {
  for (const name of CLIENT_CLAIMS) {
    const client = claims[name];
    if (typeof client === 'string' && isName(client)) return client;
  }
  return null;
}

/**
 * Whether somebody logged in for this token. One without `sub` is taken for a client's only where nothing says so: else all users
 * of that client would be one.
 */
export function isOfUser(claims: Claims): boolean {
  return USER_CLAIMS.some((name) => name in claims);
}

/**
 * Whether a token tells a client who its user is, and opens nothing. Not every issuer says so.
 * @param own those of its audiences that are this server
 */
export function isIdToken(claims: Claims, own: readonly string[]): boolean {
  // Keycloak's, and Cognito's.
  const { typ, token_use: use } = claims;
  if (typeof typ === 'string') return !/^(bearer|dpop)$/i.test(typ);
  if (typeof use === 'string' && use !== 'access') return true;
  if (ID_TOKEN_CLAIMS.some((name) => name in claims)) return true;
  const client = clientOf(claims);
  const isForClient = client !== null && own.every((audience) => audience === client);
  return isForClient && !SCOPE_CLAIMS.some((name) => name in claims);
}
