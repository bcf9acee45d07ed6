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
  'given_name',
  'upn',
  'unique_name',
  'uid',
  'user_id',
  'user_name',
  'email',
  'preferred_username',
  'username',
];
/** Where the scopes stand that a client was given. An id token has none. `roles` says what a user may do, also in id tokens. */
const SCOPE_CLAIMS = ['scope', 'scp'];
/** Where issuers say what a token is for: Keycloak, Cognito and Ory Hydra, introspection. */
const KIND_CLAIMS = ['typ', 'token_use', 'token_type'];
const ACCESS_TOKEN = /^(bearer|dpop|access|access_token|at\+jwt)$/i;

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
 * Whether the token says that a client acts for itself: it is its own subject. Entra names the subject by the object that stands for
 * the client in the directory, while a user has a `sub` for each client that is not the user's `oid`.
 */
export function isOfClientItself(claims: Claims): boolean {
  const { sub, oid, idtyp } = claims;
  const client = clientOf(claims);
  return client !== null && (sub === client || idtyp === 'app' || (typeof oid === 'string' && oid === sub));
}

/**
 * Whether a token tells a client who its user is, and opens nothing. Not every issuer says so: without a word for it, a token that
 * names no scopes is one where its audience is a client. No client is named as the URL of this server.
 * @param own those of its audiences that are this server
 */
export function isIdToken(claims: Claims, own: readonly string[]): boolean {
  const kinds = KIND_CLAIMS.map((name) => claims[name]).filter((kind) => kind !== undefined);
  if (kinds.some((kind) => typeof kind !== 'string' || !ACCESS_TOKEN.test(kind))) return true;
  // Keycloak writes a nonce into access tokens too, in some versions.
  if (claims['typ'] !== undefined) return false;
  if (ID_TOKEN_CLAIMS.some((name) => name in claims)) return true;
  if (kinds.length > 0 || SCOPE_CLAIMS.some((name) => name in claims) || isOfClientItself(claims)) return false;
  const client = clientOf(claims);
  return own.every((audience) => (client === null ? !/^https?:/i.test(audience) : audience === client));
}
