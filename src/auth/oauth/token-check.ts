/** Checks one token, of either kind, from its text to the principal. It remembers no tokens. */
import type { OauthConfig } from '../../base/config/auth.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { GuardedFetch } from '../../net/guarded-fetch.ts';
import type { Identified } from '../identify.ts';
import { type Claims, principalOf, timeProblem } from './claims.ts';
import { createIntrospect } from './introspection.ts';
import { createIssuerFetch } from './issuer-fetch.ts';
import { checkJwt } from './jwt.ts';
import { createKeySet } from './key-set.ts';

export interface OauthDeps {
  runtime: Pick<Runtime, 'now' | 'sleep' | 'sha256'>;
  /** The guarded fetch: the issuer's own host may be private, and no other may. */
  fetch: GuardedFetch;
  /** The URLs by which this server is known (`resourcesAt`). A function is asked with every token. */
  resources: readonly string[] | (() => readonly string[]);
}

interface TokenChecked {
  identified: Identified;
  /** When the token ends, epoch ms. Infinity: it does not say. */
  expiresAt: number;
  /** Whether a refusal would be the same in some seconds. */
  isLasting: boolean;
}

/** @throws TidegateError `upstream` where the issuer would have to be asked, and cannot be */
export type TokenCheck = (token: string, isJwt: boolean) => Promise<TokenChecked>;

export function createTokenCheck(config: OauthConfig, { fetch, runtime, ...deps }: OauthDeps): TokenCheck {
  const ask = createIssuerFetch(fetch, hostsOf(config));
  const keySets = new Map(config.issuers.map((issuer) => [issuer, createKeySet(issuer, ask, runtime)]));
  const introspect = createIntrospect(config, ask, runtime);

  function judge(issuer: string, claims: Claims, saysAccessToken: boolean, isLookedUp: boolean): TokenChecked {
    const problem = timeProblem(claims, runtime.now(), !isLookedUp);
    if (problem !== null) return refusedGenuine(problem);
    const resources = typeof deps.resources === 'function' ? deps.resources() : deps.resources;
    const audiences = [...resources, ...config.audiences];
    const judged = principalOf(claims, { issuer, config, audiences, saysAccessToken, isLookedUp });
    if (!judged.ok) return refusedGenuine(judged.reason);
    const { exp } = claims;
    return { identified: judged, expiresAt: typeof exp === 'number' ? exp * 1_000 : Infinity, isLasting: true };
  }

  return async (token, isJwt) => {
    if (isJwt) {
      const checked = await checkJwt(token, keySets);
      if (!checked.ok) return refused(checked.reason, checked.isLasting);
      return judge(checked.issuer, checked.claims, checked.saysAccessToken, false);
    }
    const found = await introspect(token);
    // That it has not ended, the issuer says by `active`.
    return found === null ? refused('its issuer does not know it') : judge(found.issuer, found.claims, false, true);
  };
}

/** Hosts that the operator names. */
function hostsOf({ issuers, introspection }: OauthConfig): string[] {
  const urls = introspection?.url == null ? issuers : [...issuers, introspection.url];
  return urls.map((url) => new URL(url).hostname);
}

/** Its issuer stands behind what it says, and whoever brings it can read that. */
function refusedGenuine(reason: string): TokenChecked {
  const identified: Identified = { ok: false, error: 'invalid_token', reason, told: reason };
  return { identified, expiresAt: 0, isLasting: true };
}

function refused(reason: string, isLasting = true): TokenChecked {
  return { identified: { ok: false, error: 'invalid_token', reason }, expiresAt: 0, isLasting };
}
