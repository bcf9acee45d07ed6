/**
 * What lets pushes in: tokens, and the ways in which senders sign, by the header by which each is known and the key that a secret
 * holds. All is read from the environment once, at the start. `signatures.ts` judges signatures by the keys.
 */
import { invalidConfig } from '../base/errors.ts';
import type { App } from '../declare/app.ts';
import type { ReadVariable } from '../declare/check/open-secrets.ts';
import type { Secret } from '../declare/secret.ts';
import type { PushOptions } from '../declare/stream.ts';
import type { PushTokens } from './push.ts';

export type SignedBy = Exclude<keyof PushOptions, 'token'>;

/** The keys of a sender, the current one first. */
interface SigningKeys {
  by: SignedBy;
  keys: readonly Uint8Array<ArrayBuffer>[];
}

/** The keys of each stream that takes signed pushes, by its name. */
export type PushKeys = ReadonlyMap<string, readonly SigningKeys[]>;

/** The header that has the signature. */
export const SIGNATURE_HEADERS: Readonly<Record<SignedBy, string>> = {
  standardWebhooks: 'Webhook-Signature',
  github: 'X-Hub-Signature-256',
  stripe: 'Stripe-Signature',
  slack: 'X-Slack-Signature',
};

const LEAST_CHARACTERS = 16;
/** Standard Webhooks, "Signature scheme". */
const [LEAST_BYTES, MOST_BYTES] = [24, 64];

/** The ways in which a request says that it is signed. */
export function signedBy(headers: Headers): SignedBy[] {
  const ways = Object.keys(SIGNATURE_HEADERS) as SignedBy[];
  return ways.filter((way) => headers.has(SIGNATURE_HEADERS[way]));
}

/**
 * @param variable reads a variable of the environment; null where it is not set
 * @throws TidegateError `invalid_config` naming a variable that is not set, or holds no secret of its way
 */
export function pushKeys(app: App, variable: ReadVariable): PushKeys {
  const streams = new Map<string, SigningKeys[]>();
  for (const { name, push } of app.streams.values()) {
    if (push === null) continue;
    const { token: _, ...ways } = push;
    const found = Object.entries(ways).map(([way, declared]): SigningKeys => {
      const by = way as SignedBy;
      const secrets = (Array.isArray(declared) ? declared : [declared]) as Secret[];
      return { by, keys: secrets.flatMap((secret) => keyOf(by, secret, name, variable) ?? []) };
    });
    if (found.length > 0) streams.set(name, found);
  }
  return streams;
}

/** Null: the secret is optional and not set. */
function keyOf(by: SignedBy, secret: Secret, stream: string, variable: ReadVariable): Uint8Array<ArrayBuffer> | null {
  const value = variable(secret.name);
  if (value === null && secret.optional) return null;
  const given = value === null ? '' : secret.form === null ? value : secret.form(value);
  const key = by === 'standardWebhooks' ? bytesOfBase64(given.replace(/^whsec_/, '')) : new TextEncoder().encode(given);
  // Of spaces alone everybody can make signatures.
  const isRight = by === 'standardWebhooks' || given.trim().length >= LEAST_CHARACTERS;
  if (key !== null && isRight) return key;
  const form =
    by === 'standardWebhooks'
      ? `a secret of ${LEAST_BYTES} to ${MOST_BYTES} bytes in base64, such as whsec_…`
      : `a secret of at least ${LEAST_CHARACTERS} characters`;
  const expected = `${form}, for pushes to the stream ${stream}`;
  throw invalidConfig(secret.name, expected);
}

/** Null for what is no base64, or of another length than a secret has. */
function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z\d+/]+={0,2}$/.test(text)) return null;
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return bytes.length >= LEAST_BYTES && bytes.length <= MOST_BYTES ? bytes : null;
  } catch {
    return null;
  }
}

/** No others can be sent as a bearer token. */
const VISIBLE = /^[\x21-\x7E]*$/;

/**
 * @param variable reads a variable of the environment; null where it is not set
 * @throws TidegateError `invalid_config` naming a variable that is not set, too short to keep anyone out, or that no client can send.
 */
export function pushTokens(app: App, variable: ReadVariable): PushTokens {
  const tokens = new Map<string, string>();
  for (const { name, push } of app.streams.values()) {
    const token = push?.token;
    if (token === undefined) continue;
    const value = variable(token.name);
    if (value === null || value.length < LEAST_CHARACTERS || !VISIBLE.test(value)) {
      const expected = `a token of at least ${LEAST_CHARACTERS} visible ASCII characters without spaces, for pushes to the stream ${name}`;
      throw invalidConfig(token.name, expected);
    }
    tokens.set(name, token.form === null ? value : token.form(value));
  }
  return tokens;
}
