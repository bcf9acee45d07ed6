/**
 * From the claims of a token to a principal. Whoever calls it has found out that the claims are the issuer's; it judges what
 * they say. Pure: the time is given.
 */
import type { OauthConfig } from '../../base/config/auth.ts';
import { APP_TENANT, type Principal } from '../../base/principal.ts';
import { audiencesOf, ownAudiences } from './audience.ts';
import { claimAt, isName, soleText } from './claim.ts';
import { clientOf, isIdToken, isOfUser } from './kind.ts';
import { tokenScopes } from './token-scopes.ts';

/** What a name is (`isName`). */
const NAME = 'one text of 1 to 255 characters, none of them for control';

export type Claims = Readonly<Record<string, unknown>>;

interface Expected {
  issuer: string;
  config: OauthConfig;
  /** Audiences that are this server. */
  audiences: readonly string[];
  /** Whether the token says by its header that it is an access token (RFC 9068). */
  saysAccessToken: boolean;
  /**
   * Whether the issuer answered the claims for a token (RFC 7662): some leave `sub` out there of a client that acts for itself. A
   * JWT has it (RFC 9068, 2.2); one without it may as well be of a user, whose `sub` was left out.
   */
  isLookedUp: boolean;
}

type JudgedClaims = { ok: true; principal: Principal } | { ok: false; reason: string };

/** Clocks may differ by this, in seconds: 30 s on either side of a token's time. */
const SKEW_SECONDS = 30;

/**
 * Why a token is not valid now; null where it is.
 * @param needsEnd whether it has to say when it ends
 */
export function timeProblem({ exp, nbf, iat }: Claims, nowMs: number, needsEnd: boolean): string | null {
  const seconds = nowMs / 1_000;
  for (const [name, value] of Object.entries({ exp, nbf, iat })) {
    if (value !== undefined && !Number.isFinite(value)) return `its ${name} is no number`;
  }
  if (needsEnd && exp === undefined) return 'it has no end (exp)';
  if (typeof exp === 'number' && seconds >= exp + SKEW_SECONDS) return 'it has expired';
  if (typeof nbf === 'number' && seconds < nbf - SKEW_SECONDS) return 'it is not valid yet (nbf)';
  if (typeof iat === 'number' && seconds < iat - SKEW_SECONDS) return 'it was issued in the future (iat)';
  return null;
}

export function principalOf(claims: Claims, expected: Expected): JudgedClaims {
  const { config } = expected;
  const own = ownAudiences(audiencesOf(claims['aud']), expected.audiences);
  if (own.length === 0) return refused('its audience is not this server (aud)');
  // A key that only its owner may use cannot be asked for here (RFC 9449, RFC 8705).
  if (claims['cnf'] !== undefined)
    return refused('it is bound to a key of its owner (cnf), and comes as a bearer token');
  if (!expected.saysAccessToken && isIdToken(claims, own)) return refused('it is not an access token');
  const subject = subjectOf(claims, expected);
  if (subject === null) return refused(noSubject(claims, config.subjectClaim));
  const tenant = tenantOf(claims, config.tenantClaim);
  if (tenant === null) return refused(noTenant(claims, config.tenantClaim ?? ''));
  const scopes = tokenScopes(claims, config);
  return { ok: true, principal: { tenant, subject, client: clientOf(claims), scopes } };
}

/**
 * The subject within all issuers: a user, `#` and the issuer; or a client that acts for itself, `?` and the issuer. No issuer
 * that is configured has one of these signs, so the last of them says where it begins, and no user, client or issuer has the
 * subject of another. The name stands first, since long subjects are shown by their beginning.
 */
function subjectOf(claims: Claims, { issuer, isLookedUp, config: { subjectClaim } }: Expected): string | null {
  const { sub } = claims;
  const place = issuer.replace(/^https:\/\//, '');
  const client = clientOf(claims);
  const named = claimAt(claims, subjectClaim);
  const isUnnamed = isLookedUp && sub === undefined && named === undefined && !isOfUser(claims);
  const isClient = sub === client || isUnnamed;
  if (client !== null && isClient) return `${client}?${place}`;
  // Whoever can write any address into their account would be whom it belongs to. Some issuers write `true` as a text.
  if (subjectClaim === 'email' && String(claims['email_verified']) !== 'true') return null;
  const user = soleText(named);
  return isName(user) ? `${user}#${place}` : null;
}

/** Null where it is missing. The name of the tenant that has the app's own data is nobody's to take. */
function tenantOf(claims: Claims, claim: string | null): string | null {
  if (claim === null) return APP_TENANT;
  const tenant = soleText(claimAt(claims, claim));
  return isName(tenant) && tenant !== APP_TENANT ? tenant : null;
}

function noSubject(claims: Claims, claim: string): string {
  const named = claimAt(claims, claim);
  if (claim === 'email' && isName(soleText(named)))
    return 'it has no subject (email): expected email_verified to be true';
  return named === undefined
    ? `it has no subject (${claim})`
    : `it has no subject that is taken (${claim}): expected ${NAME}`;
}

function noTenant(claims: Claims, claim: string): string {
  return claimAt(claims, claim) === undefined
    ? `it has no tenant (${claim})`
    : `it has no tenant that is taken (${claim}): expected ${NAME}, other than ${APP_TENANT}`;
}

function refused(reason: string): JudgedClaims {
  return { ok: false, reason };
}
