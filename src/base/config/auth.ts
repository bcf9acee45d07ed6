/** The variables that say how callers are known. */
import * as z from 'zod';
import { TidegateError } from '../errors.ts';

export type AuthMode = 'keys' | 'oauth';

export interface AuthConfig {
  /** The ways by which callers are known, as `AUTH` names them. Empty: none, and everyone is the public principal. */
  modes: readonly AuthMode[];
  /** Whether `AUTH=none` was said, rather than nothing. */
  saidNone: boolean;
  /** The one key of the environment, for the simplest start. Null: there is none. */
  key: string | null;
  /** Null: `AUTH` does not name `oauth`. */
  oauth: OauthConfig | null;
}

/** What tokens of an issuer have to be, and what is read from them. */
export interface OauthConfig {
  /** Issuers whose tokens are taken, as they write themselves in `iss`. At least one. */
  issuers: readonly string[];
  /** Audiences beside the server's own URLs, such as `api://tidegate`. */
  audiences: readonly string[];
  /** The claim that names the tenant. Null: everyone is of the public tenant. */
  tenantClaim: string | null;
  subjectClaim: string;
  /**
   * What the issuer writes before scopes of ours where a client asks for them, such as `api://tidegate/`. Empty: nothing.
   * Tokens may have it too.
   */
  scopePrefix: string;
  /** Scopes that every valid token has, for issuers that know no scopes of ours. */
  defaultScopes: readonly string[];
  /** What opaque tokens are looked up with. Null: only tokens that are JWTs are taken. */
  introspection: { clientId: string; clientSecret: string; url: string | null } | null;
}

const list = (text: string) => text.split(/[\s,]+/).filter((one) => one !== '');
/** What no header, claim or form of a client can hold is a slip. */
const text = z.string().regex(/^\P{Cc}*$/u, 'expected a text without control characters');
const claim = text.regex(/\S/, 'expected the name of a claim, or not to be set');
const modes = z.enum(['none', 'keys', 'oauth']);

export const AUTH_VARIABLES = {
  AUTH: z
    .string()
    .refine((text) => {
      const named = list(text);
      const areKnown = named.length > 0 && named.every((one) => modes.safeParse(one).success);
      return areKnown && !(named.length > 1 && named.includes('none'));
    }, 'expected none, keys, oauth, or keys,oauth')
    .optional(),
  TIDEGATE_KEY: z
    .string()
    .regex(/^[\x21-\x7E]{32,256}$/, 'expected 32 to 256 visible ASCII characters without spaces, made at random')
    .optional(),
  OAUTH_ISSUER: z
    .string()
    .refine(
      (text) => list(text).length > 0 && list(text).every((one) => isOfIssuer(one) && !/[?#]/.test(one)),
      'expected URLs of issuers that begin with https://, with commas between them',
    )
    .optional(),
  OAUTH_AUDIENCE: text.optional(),
  OAUTH_TENANT_CLAIM: claim.optional(),
  OAUTH_SUBJECT_CLAIM: claim.default('sub'),
  OAUTH_SCOPE_PREFIX: z
    .string()
    .regex(/^[\x21\x23-\x5B\x5D-\x7E]{0,256}$/, 'expected what stands before a scope, such as api://tidegate/')
    .default(''),
  OAUTH_DEFAULT_SCOPES: text.default(''),
  OAUTH_INTROSPECTION_URL: z.string().refine(isOfIssuer, 'expected a URL that begins with https://').optional(),
  OAUTH_CLIENT_ID: text.optional(),
  OAUTH_CLIENT_SECRET: text.optional(),
};

/**
 * What says who calls and of which tenant is a mistake where it is set to nothing, such as by a deployment whose own variable is
 * missing: to take it as not set would let everyone in, or make all of one tenant.
 */
export const NEVER_EMPTY: ReadonlySet<string> = new Set([
  'AUTH',
  'TIDEGATE_KEY',
  'OAUTH_ISSUER',
  'OAUTH_TENANT_CLAIM',
  'OAUTH_SUBJECT_CLAIM',
]);

/** http is for an issuer on this machine alone. */
function isOfIssuer(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || `${url.username}${url.password}` !== '') return false;
  return (
    url.protocol === 'https:' ||
    (url.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname))
  );
}

/**
 * @param doubts what is told of variables that were probably meant to be others
 * @throws TidegateError `invalid_config` for a way that misses its variables
 */
export function authOf(env: z.output<z.ZodObject<typeof AUTH_VARIABLES>>, doubts: readonly string[] = []): AuthConfig {
  const named = list(env.AUTH ?? '');
  const chosen = named.filter((one): one is AuthMode => one === 'keys' || one === 'oauth');
  // A key that is set and does not count would leave open what its owner believes closed.
  if (env.TIDEGATE_KEY !== undefined && named.length === 0) chosen.push('keys');
  if (env.OAUTH_ISSUER !== undefined && named.length === 0) chosen.push('oauth');
  const unread = (['TIDEGATE_KEY', 'OAUTH_ISSUER'] as const).find((name) => env[name] !== undefined);
  if (named.includes('none') && unread !== undefined) {
    throw missing('AUTH', `to say how callers are known, because ${unread} is set; none lets everyone call`);
  }
  // It would open nothing, and an issuer that is asked for opaque tokens would be sent it.
  if (env.TIDEGATE_KEY !== undefined && !chosen.includes('keys')) {
    throw missing('AUTH', 'to name keys too, such as keys,oauth, because TIDEGATE_KEY is set');
  }
  // Its tokens would be refused, one by one, as what nobody knows.
  if (env.OAUTH_ISSUER !== undefined && !chosen.includes('oauth')) {
    throw missing('AUTH', 'to name oauth too, such as keys,oauth, because OAUTH_ISSUER is set');
  }
  return {
    modes: chosen,
    saidNone: named.includes('none'),
    key: env.TIDEGATE_KEY ?? null,
    oauth: chosen.includes('oauth') ? oauthOf(env, doubts) : null,
  };
}

function oauthOf(env: z.output<z.ZodObject<typeof AUTH_VARIABLES>>, doubts: readonly string[]): OauthConfig {
  const issuers = list(env.OAUTH_ISSUER ?? '');
  if (issuers.length === 0) throw missing('OAUTH_ISSUER', 'the URL of the issuer, because AUTH names oauth', doubts);
  const { OAUTH_CLIENT_ID: clientId, OAUTH_CLIENT_SECRET: clientSecret } = env;
  if ((clientId === undefined) !== (clientSecret === undefined)) {
    const field = clientId === undefined ? 'OAUTH_CLIENT_ID' : 'OAUTH_CLIENT_SECRET';
    throw missing(field, 'to be set beside the other of the two', doubts);
  }
  return {
    issuers,
    audiences: list(env.OAUTH_AUDIENCE ?? ''),
    tenantClaim: env.OAUTH_TENANT_CLAIM ?? null,
    subjectClaim: env.OAUTH_SUBJECT_CLAIM,
    scopePrefix: env.OAUTH_SCOPE_PREFIX,
    defaultScopes: list(env.OAUTH_DEFAULT_SCOPES),
    introspection:
      clientId === undefined || clientSecret === undefined
        ? null
        : { clientId, clientSecret, url: env.OAUTH_INTROSPECTION_URL ?? null },
  };
}

function missing(field: string, expected: string, doubts: readonly string[] = []): TidegateError {
  const hint = doubts.length === 0 ? {} : { hint: doubts.join('\n') };
  return new TidegateError('invalid_config', `${field}: expected ${expected}`, { field, expected, ...hint });
}
