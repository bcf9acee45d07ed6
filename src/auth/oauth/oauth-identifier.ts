/**
 * The mode `oauth`: this server as a resource server of any OAuth 2.1 or OpenID Connect issuer. Tokens that are JWTs are checked
 * here by the issuer's keys, others are looked up at the issuer where that is configured. What was found out of a token is
 * kept for 30 s at most, by its hash. What verifies is loaded with the first token.
 */
import { toBase64Url } from '../../base/base64url.ts';
import type { OauthConfig } from '../../base/config/auth.ts';
import { sha256 } from '../../base/digest.ts';
import { TidegateError } from '../../base/errors.ts';
import { fixedPrincipal } from '../../base/principal.ts';
import { EVERY_SCOPE, isScope } from '../../base/scopes.ts';
import { whenKnown } from '../../base/time/when-known.ts';
import type { Identified, Identifier } from '../identify.ts';
import { createRecent } from '../recent.ts';
import type { OauthDeps, TokenCheck } from './token-check.ts';

/** A longer token is refused before anything reads it, in characters. */
const MOST_CHARACTERS = 16_384;
/** How long a token that was found valid is taken without another look, in ms. */
const KEPT_MS = 30_000;
/** The same for one that was refused. */
const REFUSED_MS = 5_000;
const MOST_KEPT = 5_000;

const JWT = /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/;
/** RFC 6750, 2.1. */
const OPAQUE = /^[\w.~+/-]+=*$/;
/** Keys of Tidegate's own, which no issuer has to see. */
const OWN_KEY = 'tg_';

/** @throws TidegateError `invalid_config` where nobody says who this server is, and for a default scope that is none */
export function createOauthIdentifier(config: OauthConfig, deps: OauthDeps): Identifier {
  checkConfig(config, deps);
  const { now } = deps.runtime;
  // A promise for each request would cost more than all the rest of a token that is known.
  const hashOf = deps.runtime.sha256 ?? (async (text: string) => toBase64Url(await sha256(text)));
  const valid = createRecent<{ identified: Identified; expiresAt: number }>(MOST_KEPT, KEPT_MS);
  const invalid = createRecent<Identified>(MOST_KEPT, REFUSED_MS);
  let check: TokenCheck | null = null;

  return {
    mode: 'oauth',

    takes(credential) {
      if (JWT.test(credential)) return true;
      return config.introspection !== null && !credential.startsWith(OWN_KEY) && OPAQUE.test(credential);
    },

    identify(token) {
      if (token.length > MOST_CHARACTERS) return refused('it is longer than 16 KiB');
      return whenKnown(hashOf(token), (hash) => keptOf(hash) ?? look(token, hash));
    },
  };

  /** What was found out of a token a short while ago; null: nothing. */
  function keptOf(hash: string): Identified | null {
    const at = now();
    const kept = valid.get(hash, at);
    if (kept !== undefined && at < kept.expiresAt) return kept.identified;
    return invalid.get(hash, at) ?? null;
  }

  async function look(token: string, hash: string): Promise<Identified> {
    const begunAt = now();
    const { createTokenCheck } = await import('./token-check.ts');
    check ??= createTokenCheck(config, deps);
    const { identified, expiresAt, isLasting } = await check(token, JWT.test(token));
    if (!identified.ok) {
      if (isLasting) invalid.set(hash, identified, begunAt);
      return identified;
    }
    const known: Identified = { ok: true, principal: fixedPrincipal(identified.principal) };
    valid.set(hash, { identified: known, expiresAt }, begunAt);
    return known;
  }
}

/** Further audiences do not do: the metadata has to name this server too, and a request's own name for it may be anybody's. */
function checkConfig({ defaultScopes }: OauthConfig, { resources }: OauthDeps): void {
  if (typeof resources !== 'function' && resources.length === 0) {
    const expected = 'the URL by which clients know this server, because AUTH names oauth';
    const hint = 'tokens and clients are told by it who this server is; a request cannot say that';
    throw new TidegateError('invalid_config', `PUBLIC_URL: expected ${expected}`, {
      field: 'PUBLIC_URL',
      expected,
      hint,
    });
  }
  const wrong = defaultScopes.find((scope) => !isScope(scope) || scope === EVERY_SCOPE);
  if (wrong === undefined) return;
  const expected = 'scopes by name, such as streams:read tasks';
  throw new TidegateError('invalid_config', `OAUTH_DEFAULT_SCOPES: ${JSON.stringify(wrong)} is not taken`, {
    field: 'OAUTH_DEFAULT_SCOPES',
    expected,
  });
}

function refused(reason: string): Identified {
  return { ok: false, error: 'invalid_token', reason };
}
