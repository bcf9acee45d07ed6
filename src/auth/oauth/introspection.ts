/**
 * Asks the issuer what a token is (RFC 7662): for tokens that are not JWTs. Each question is a request to the issuer, so answers
 * are kept for a while by whoever calls, only some are asked at once, and an issuer that fails is left alone for a time.
 *
 * An answer without `aud` is refused. That an issuer answers `active` to us alone would do as well (RFC 7662, 4), but no answer
 * shows whether it does.
 */
import type { OauthConfig } from '../../base/config/auth.ts';
import { TidegateError } from '../../base/errors.ts';
import { toBase64 } from '../../base/base64url.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Claims } from './claims.ts';
import { discover } from './discovery.ts';
import type { IssuerFetch } from './issuer-fetch.ts';
import { ISSUER_DEADLINE_MS } from './key-set.ts';

/** Questions that are open at once. What is over is refused for now: it comes of tokens that nobody has seen. */
const MOST_OPEN = 32;
const FAILED_MS = 2_000;
const METADATA_AGE_MS = 3_600_000;

/** Null: the token is not active, or of another issuer. @throws TidegateError `upstream` where that cannot be found out now */
export type Introspect = (token: string) => Promise<{ issuer: string; claims: Claims } | null>;

export function createIntrospect(
  { issuers, introspection }: OauthConfig,
  ask: IssuerFetch,
  { now }: Pick<Runtime, 'now'>,
): Introspect {
  /** When each of the open questions is over at the latest, so that one whose request ended blocks nobody for ever. */
  const open = new Set<{ until: number }>();
  const [first = ''] = issuers;
  let place: { url: string; byForm: boolean; at: number } | null = null;
  let failedUntil = 0;

  async function placeOf(timeLeft: () => number): Promise<{ url: string; byForm: boolean }> {
    if (introspection?.url != null) return { url: introspection.url, byForm: false };
    if (place === null || now() - place.at > METADATA_AGE_MS) {
      const found = await discover(first, ask, ({ introspectionEndpoint }) => introspectionEndpoint !== null, timeLeft);
      const ways = found.introspectionAuth ?? ['client_secret_basic'];
      const byForm = !ways.includes('client_secret_basic') && ways.includes('client_secret_post');
      place = { url: found.introspectionEndpoint ?? '', byForm, at: now() };
    }
    return place;
  }

  async function claimsOf(token: string): Promise<Claims> {
    const deadline = now() + ISSUER_DEADLINE_MS;
    const timeLeft = () => deadline - now();
    const { clientId = '', clientSecret = '' } = introspection ?? {};
    const { url, byForm } = await placeOf(timeLeft);
    const question = { token, token_type_hint: 'access_token' };
    const { status, document } = await ask(url, {
      timeoutMs: timeLeft(),
      form: byForm ? { ...question, client_id: clientId, client_secret: clientSecret } : question,
      headers: byForm ? {} : { authorization: basic(clientId, clientSecret) },
    });
    if (status === 200 && document !== null) return document;
    // What it cannot read is no token of its own.
    if (status === 400) return {};
    const reason = status === 401 ? ': OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET are not those of a client of it' : '';
    throw new TidegateError('upstream', `introspection answers ${status} without claims${reason}`);
  }

  return async (token) => {
    for (const question of open) if (question.until <= now()) open.delete(question);
    if (now() < failedUntil || open.size >= MOST_OPEN) throw unavailable('it was asked too much, or failed just now');
    const question = { until: now() + ISSUER_DEADLINE_MS };
    open.add(question);
    try {
      const claims = await claimsOf(token);
      const { active, iss = first } = claims;
      const issuer = issuers.find((one) => one === iss);
      return active === true && issuer !== undefined ? { issuer, claims } : null;
    } catch (cause) {
      failedUntil = now() + FAILED_MS;
      place = null;
      throw unavailable(cause instanceof Error ? cause.message : 'it failed', cause);
    } finally {
      open.delete(question);
    }
  };
}

/** RFC 6749, 2.3.1: both parts are encoded as in a form. */
function basic(clientId: string, clientSecret: string): string {
  return `Basic ${toBase64(new TextEncoder().encode(`${encoded(clientId)}:${encoded(clientSecret)}`))}`;
}

function encoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

function unavailable(reason: string, cause?: unknown): TidegateError {
  return new TidegateError('upstream', `the issuer cannot be asked for a token: ${reason}`, {
    retryAfterMs: FAILED_MS,
    cause,
  });
}
