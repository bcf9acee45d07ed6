/**
 * How a host finds out who calls: by the app's own `authenticate`, or by the ways that `AUTH` names. Whether it may be open to
 * everyone is for each platform to decide; this file only says that it is.
 */
import type { Identifier } from '../auth/identify.ts';
import { AUTH_VARIABLES, type OauthConfig } from '../base/config/auth.ts';
import type { Config } from '../base/config/config.ts';
import { TidegateError } from '../base/errors.ts';
import type { Log } from '../base/runtime.ts';
import { createAuthenticate } from '../http/authenticate.ts';
import { type Challenges, createChallenges } from '../http/challenge.ts';
import { baseOf } from '../http/origin.ts';
import { firstScopes, metadataUrlOf } from '../http/documents/protected-resource.ts';
import type { Deps } from '../streams/deps.ts';
import type { CallerOptions, HostOptions } from './http-host.ts';

export type KnownCallers = Pick<
  HostOptions,
  'authenticate' | 'tenants' | 'pushNeeds' | 'challenges' | 'protectedResource'
>;

/**
 * What `createHost` is given for the callers, each way loaded where it is named. Nothing where everyone may call.
 * @param bases URLs by which this server is known where `PUBLIC_URL` does not say so: those of loopback. Asked with each token.
 * @throws TidegateError `invalid_config` where `AUTH` and the app's own `authenticate` are both there, and where no token could
 * be for this server
 */
export async function callersOf(
  { auth, publicUrl }: Pick<Config, 'auth' | 'publicUrl'>,
  { store, runtime }: Pick<Deps, 'store' | 'runtime'>,
  { authenticate, tenants }: CallerOptions,
  bases: (() => readonly string[]) | null = null,
): Promise<KnownCallers> {
  const own = { ...(authenticate ? { authenticate } : {}), ...(tenants ? { tenants } : {}) };
  if (auth.modes.length === 0) return own;
  if (authenticate) {
    const expected = 'not to be set, since the app brings an authenticate of its own';
    throw new TidegateError('invalid_config', `AUTH: expected ${expected}`, { field: 'AUTH', expected });
  }
  const identifiers: Identifier[] = [];
  if (auth.modes.includes('keys')) {
    const { createKeyIdentifier } = await import('../auth/keys/identifier.ts');
    identifiers.push(createKeyIdentifier({ store, runtime }, { environmentKey: auth.key }));
  }
  if (auth.oauth !== null) {
    const [{ createOauthIdentifier }, { resourcesAt }, { createGuardedFetch }] = await Promise.all([
      import('../auth/oauth/oauth-identifier.ts'),
      import('../auth/oauth/audience.ts'),
      import('../net/guarded-fetch.ts'),
    ]);
    const known = publicUrl === null ? [] : resourcesAt(publicUrl);
    const resources = publicUrl === null && bases !== null ? () => bases().flatMap(resourcesAt) : known;
    const fetch = createGuardedFetch(runtime);
    tellShared(auth.oauth, runtime.log);
    identifiers.push(createOauthIdentifier(auth.oauth, { runtime, fetch, resources }));
  }
  const challenges = challengesOf({ auth, publicUrl });
  return {
    pushNeeds: 'either',
    challenges,
    protectedResource: auth.oauth,
    authenticate: createAuthenticate(identifiers, challenges, runtime),
    ...(tenants ? { tenants } : {}),
  };
}

export interface KeyCallersOptions {
  /** One key that may do everything, beside those that `tidegate keys` makes: 32 to 256 random characters. Default: none. */
  key?: string;
}

/**
 * What `createHost` is given where keys say who calls: `createHost({ app, store, runtime, ...(await keyCallers({ store, runtime })) })`.
 * The scope to publish to a stream lets a key push to it too.
 * @throws TidegateError `invalid_config` naming `key` where it is none
 */
export async function keyCallers(
  deps: Pick<Deps, 'store' | 'runtime'>,
  { key }: KeyCallersOptions = {},
): Promise<KnownCallers> {
  if (!AUTH_VARIABLES.TIDEGATE_KEY.safeParse(key).success) {
    const expected = '32 to 256 visible ASCII characters without spaces, made at random';
    throw new TidegateError('invalid_config', `key: expected ${expected}`, { field: 'key', expected });
  }
  const auth = { modes: ['keys' as const], saidNone: false, key: key ?? null, oauth: null };
  return callersOf({ auth, publicUrl: null }, deps, {});
}

/** Those who bring tokens of an issuer are told with a refusal where to get one. */
function challengesOf({ auth, publicUrl }: Pick<Config, 'auth' | 'publicUrl'>): Challenges {
  if (auth.oauth === null) return createChallenges();
  return createChallenges({
    metadataUrl: (request) => metadataUrlOf(request, publicUrl ?? baseOf(request)),
    firstScopes: firstScopes(auth.oauth),
    scopePrefix: auth.oauth.scopePrefix,
  });
}

/** Subjects have their issuer in their name, and tenants have not: a claim of any issuer opens what all of them have of that tenant. */
function tellShared({ issuers, tenantClaim }: OauthConfig, log: Log): void {
  if (issuers.length < 2 || tenantClaim === null) return;
  const expected = 'issuers of which each may name every tenant';
  log('warn', 'tenants of several issuers are not told apart', { field: 'OAUTH_ISSUER', expected });
}

/** Whether nothing asks who calls. */
export function isOpen({ auth }: Pick<Config, 'auth'>, { authenticate }: CallerOptions): boolean {
  return auth.modes.length === 0 && !authenticate;
}

/** For platforms that everyone reaches: said once for each instance, louder where nobody said that it is meant. */
export function tellOpen(config: Pick<Config, 'auth'>, own: CallerOptions, log: Log): void {
  if (!isOpen(config, own)) return;
  const expected = 'keys or oauth, or none to say that this is meant';
  if (config.auth.saidNone) log('info', 'everyone may call this server: AUTH is none');
  else log('warn', 'everyone may call this server: AUTH is not set', { field: 'AUTH', expected });
}
