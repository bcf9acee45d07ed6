/**
 * Asks the issuer what a token is (RFC 7662): for tokens that are not JWTs. Each question is a request to the issuer, so answers
 * are kept for a while by whoever calls, only some are asked at once, tokens that turn out to be none are rationed, and an issuer
 * that fails is left alone for a time.
 *
 * An answer without `aud` is refused. That an issuer answers `active` to us alone would do as well (RFC 7662, 4), but no answer
 * shows whether it does.
 */
import type { OauthConfig } from '../../base/config/auth.ts';
import { TidegateError } from '../../base/errors.ts';
import { toBase64, toBase64Url } from '../../base/base64url.ts';
import { sha256 } from '../../base/digest.ts';
import type { Runtime } from '../../base/runtime.ts';
import { createStrangers } from '../strangers.ts';
import type { Claims } from './claims.ts';
import { discover } from './discovery.ts';
import { createLane, FAILED_MS, type Lane } from './introspection-lane.ts';
import type { IssuerFetch } from './issuer-fetch.ts';
import { ISSUER_DEADLINE_MS } from './key-set.ts';

/** Of tokens that the issuer does not know. */
const RATION = { most: 100, perSecond: 20 };
const METADATA_AGE_MS = 3_600_000;

/** Null: the token is not active, or of another issuer. @throws TidegateError `upstream` where that cannot be found out now */
type Introspect = (token: string) => Promise<{ issuer: string; claims: Claims } | null>;

export function createIntrospect(
  { issuers, introspection }: OauthConfig,
  ask: IssuerFetch,
  runtime: Pick<Runtime, 'now' | 'sleep'>,
): Introspect {
  const { now } = runtime;
  const lanes = { known: createLane(runtime), new: createLane(runtime) };
  const strangers = createStrangers(RATION);
  const [first = ''] = issuers;
  let place: { url: string; byForm: boolean; at: number } | null = null;

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

  /** Null: the issuer was asked too much. */
  async function claimsOf(token: string): Promise<Claims | null> {
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
    if (status === 429) return null;
    // What it cannot read is no token of its own.
    if (status === 400) return {};
    const reason = status === 401 ? ': OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET are not those of a client of it' : '';
    throw new TidegateError('upstream', `introspection answers ${status} without claims${reason}`);
  }

  async function lookUp(token: string, hash: string, lane: Lane) {
    const claims = await claimsOf(token).catch((cause: unknown) => {
      lane.failed();
      place = null;
      throw unavailable(cause instanceof Error ? cause.message : 'it failed', cause);
    });
    if (claims === null) {
      lane.failed();
      throw unavailable('it was asked too much');
    }
    const { active, iss = first } = claims;
    const issuer = issuers.find((one) => one === iss);
    const found = active === true && issuer !== undefined ? { issuer, claims } : null;
    strangers.answered(hash, found !== null, now());
    return found;
  }

  return async (token) => {
    const hash = toBase64Url(await sha256(token));
    const lane = strangers.isKnown(hash, now()) ? lanes.known : lanes.new;
    const ended = await lane.enter();
    if (ended === null) throw unavailable('it was asked too much, or failed just now');
    try {
      strangers.admit(hash, now());
      return await lookUp(token, hash, lane);
    } finally {
      ended();
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
