/**
 * The public keys of one issuer, kept in this process. They are asked for again when they are old, and when a token names one
 * that is not among them, so that an issuer can change its keys at any time. It verifies nothing.
 *
 * Requests that meet share one exchange. Each waits for a bounded time, and asks by itself where the first one ended without an
 * answer: on Workers a request may end, and its exchange with it.
 */
import { createLocalJWKSet, type JSONWebKeySet, type JWK, type LocalJWKSet } from 'jose';
import { TidegateError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Runtime } from '../../base/runtime.ts';
import { discover, type IssuerMetadata } from './discovery.ts';
import type { IssuerFetch } from './issuer-fetch.ts';

/** Metadata and keys together take at most this long, in ms. */
export const ISSUER_DEADLINE_MS = 5_000;
/** Keys are asked for again after this time, in ms. A key that the issuer has dropped is gone by then. */
const SOFT_AGE_MS = 300_000;
/** Keys of an issuer that does not answer are used for this long, in ms, and no longer. */
const MOST_AGE_MS = 600_000;
/** A request waits this long for an exchange, in ms: a little longer than one may take. */
const FLIGHT_MS = ISSUER_DEADLINE_MS + 500;
/** Where there are keys that are good enough, a request waits this long for newer ones, in ms. */
const SOFT_WAIT_MS = 1_000;
/** A key that is not known makes the keys be asked for again at most this often, in ms. */
const UNKNOWN_KEY_MS = 30_000;
const METADATA_AGE_MS = 3_600_000;
const FIRST_BACKOFF_MS = 1_000;
const MOST_BACKOFF_MS = 30_000;
const MOST_KEYS = 100;
/** RSA keys of 2,048 to 8,192 bits, as their modulus is written in base64url. */
const MODULUS = /^[\w-]{342,1366}$/;

/** The keys of one answer. */
export interface IssuerKeys {
  pick: LocalJWKSet;
  at: number;
}

export interface KeySet {
  /** @throws TidegateError `upstream` where there are none that are fresh enough, with `retryAfterMs` */
  current(): Promise<IssuerKeys>;
  /**
   * Newer keys than those, in which the one of a token was not; null where there are none, because those are new enough.
   * @throws TidegateError `upstream` where the issuer does not answer, with `retryAfterMs`
   */
  newerThan(keys: IssuerKeys): Promise<IssuerKeys | null>;
}

interface Flight {
  begunAt: number;
  isOver: boolean;
  /** Never rejects. */
  ended: Promise<void>;
}

interface Failure {
  error: TidegateError;
  times: number;
  until: number;
}

export function createKeySet(issuer: string, ask: IssuerFetch, runtime: Pick<Runtime, 'now' | 'sleep'>): KeySet {
  const { now } = runtime;
  let keys: IssuerKeys | null = null;
  let metadata: { found: IssuerMetadata; at: number } | null = null;
  let failure: Failure | null = null;
  let flight: Flight | null = null;

  async function load(): Promise<IssuerKeys> {
    const deadline = now() + ISSUER_DEADLINE_MS;
    const timeLeft = () => deadline - now();
    if (metadata === null || now() - metadata.at > METADATA_AGE_MS) {
      metadata = { found: await discover(issuer, ask, ({ jwksUri }) => jwksUri !== null, timeLeft), at: now() };
    }
    const { status, document } = await ask(metadata.found.jwksUri ?? '', { timeoutMs: timeLeft() });
    const usable = status === 200 ? usableKeys(document) : [];
    if (usable.length === 0) {
      throw new TidegateError('upstream', `the issuer ${issuer} answers ${status} without a key that can be used`);
    }
    return { pick: createLocalJWKSet({ keys: usable }), at: now() };
  }

  async function fly(): Promise<void> {
    try {
      keys = await load();
      failure = null;
    } catch (cause) {
      // The places may have changed.
      metadata = null;
      const times = (failure?.times ?? 0) + 1;
      const waitMs = Math.min(MOST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (times - 1));
      failure = { error: unreachable(issuer, cause), times, until: now() + waitMs };
    }
  }

  /** Waits for the exchange that is under way, or begins one. */
  async function fetched(waitMs: number): Promise<void> {
    const until = now() + waitMs;
    const joined = flight;
    if (joined === null || now() >= joined.begunAt + FLIGHT_MS) return settled(begin(), waitMs);
    await settled(joined, Math.min(until, joined.begunAt + FLIGHT_MS) - now());
    // Whoever began it may have gone. The first to see that begins another one, and the others join that.
    if (!joined.isOver && now() < until) await fetched(until - now());
  }

  function begin(): Flight {
    const own: Flight = { begunAt: now(), isOver: false, ended: fly().then(() => end(own)) };
    flight = own;
    return own;
  }

  function end(own: Flight): void {
    own.isOver = true;
    if (flight === own) flight = null;
  }

  async function settled({ ended }: Flight, waitMs: number): Promise<void> {
    const timer = new AbortController();
    await Promise.race([ended, runtime.sleep(waitMs, timer.signal)]);
    timer.abort();
  }

  const isYounger = (than: number) => keys !== null && now() - keys.at < than && keys.at <= now();
  const isBackingOff = () => failure !== null && now() < failure.until;

  function unavailable(): TidegateError {
    const { error, until } = failure ?? { error: unreachable(issuer, null), until: now() + FIRST_BACKOFF_MS };
    const retryAfterMs = Math.max(FIRST_BACKOFF_MS, until - now());
    return new TidegateError('upstream', error.message, { retryAfterMs, cause: error });
  }

  return {
    async current() {
      if (!isYounger(SOFT_AGE_MS) && !isBackingOff()) {
        await fetched(isYounger(MOST_AGE_MS) ? SOFT_WAIT_MS : FLIGHT_MS);
      }
      if (keys !== null && isYounger(MOST_AGE_MS)) return keys;
      throw unavailable();
    },

    async newerThan(tried) {
      if (keys !== tried) return keys;
      if (failure === null && flight === null && isYounger(UNKNOWN_KEY_MS)) return null;
      if (!isBackingOff()) await fetched(FLIGHT_MS);
      if (keys !== tried) return keys;
      throw unavailable();
    },
  };
}

/** Public keys alone: a symmetric one would let everybody sign who can read it. That a key is for signatures, `jose` looks. */
function usableKeys(document: JsonObject | null): JWK[] {
  const given = document?.['keys'];
  if (!Array.isArray(given)) return [];
  const { keys } = { keys: given.slice(0, MOST_KEYS) } as unknown as JSONWebKeySet;
  return keys.filter((key) => {
    if (typeof key !== 'object' || key === null || 'd' in key || 'k' in key) return false;
    if (key.kty === 'RSA') return typeof key.n === 'string' && MODULUS.test(key.n);
    return key.kty === 'EC' || key.kty === 'OKP';
  });
}

function unreachable(issuer: string, cause: unknown): TidegateError {
  const reason = cause instanceof Error ? cause.message : 'it did not answer in time';
  return new TidegateError('upstream', `the issuer ${issuer} cannot be asked: ${reason}`, { cause });
}
