/**
 * Seals values into texts that a client carries for us and can neither read nor change. The cipher is AES-GCM. HKDF
 * derives its key from the operator's secret, one for each purpose, so that a text sealed for one purpose does not open
 * for another. It keeps nothing, so it cannot tell whether a text comes for the second time. It needs WebCrypto alone.
 */
import { fromBase64Url, toBase64Url } from './base64url.ts';
import { TidegateError } from './errors.ts';
import { type Json, parseJson } from './json.ts';

export interface Secrets {
  /** Seals and opens. */
  current: string;
  /** Opens texts that were sealed before the secret was changed. Null: there are none. */
  previous: string | null;
}

export interface Terms {
  /** What the text is for, and whose it is. It opens only for a caller who names the same. It is not in the text. */
  bound: string;
  /** Epoch ms; null: never. */
  expiresAt: number | null;
}

export type Opened<Value = Json> =
  | { ok: true; value: Value; expiresAt: number | null }
  /** `foreign`: not made here, changed on the way, or bound to something else; these cannot be told apart. */
  | { ok: false; reason: 'foreign' | 'expired' };

export interface Sealer {
  /** @throws TidegateError `invalid_config` naming `TIDEGATE_SECRET` where there is none. */
  seal(value: Json, terms: Terms): Promise<string>;
  /** Does not reject, whatever the text is. */
  open(text: string, bound: string, now: number): Promise<Opened>;
}

const FORMAT = '1';
const KEY_BYTES = 32;
const ID_BYTES = 6;
const IV_BYTES = 12;
const FOREIGN: Opened<never> = { ok: false, reason: 'foreign' };

const encoder = new TextEncoder();
/** Reads only what was authenticated, which is UTF-8 of our own. */
const decoder = new TextDecoder();

type CryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

interface Key {
  /** Derived from the secret and the purpose. It says which key opens a text, and reveals nothing of the secret. */
  id: string;
  key: CryptoKey;
}

/**
 * @param secrets null: nothing can be sealed, and nothing opens.
 * @param purpose what the texts are for: a different one for each use and each app.
 */
export function createSealer(secrets: Secrets | null, purpose: string): Sealer {
  // It keeps keys and not promises of them, because on Workers one request must not wait for what another began.
  const derived = new Map<string, Key>();

  async function keyOf(secret: string): Promise<Key> {
    const known = derived.get(secret);
    if (known) return known;
    const key = await derive(secret, purpose);
    derived.set(secret, key);
    return key;
  }

  async function keyNamed(id: string): Promise<CryptoKey | null> {
    for (const secret of [secrets?.current, secrets?.previous]) {
      const found = secret ? await keyOf(secret) : null;
      if (found?.id === id) return found.key;
    }
    return null;
  }

  return {
    async seal(value, { bound, expiresAt }) {
      if (secrets === null) throw noSecret();
      const { id, key } = await keyOf(secrets.current);
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
      const body = encoder.encode(JSON.stringify([expiresAt, value]));
      const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm(iv, id, bound), key, body));
      const whole = new Uint8Array(IV_BYTES + sealed.length);
      whole.set(iv);
      whole.set(sealed, IV_BYTES);
      return [FORMAT, id, toBase64Url(whole)].join('.');
    },

    async open(text, bound, now) {
      const [format, id = '', encoded = '', ...rest] = text.split('.');
      const bytes = fromBase64Url(encoded);
      if (format !== FORMAT || rest.length > 0 || bytes === null || bytes.length <= IV_BYTES) return FOREIGN;
      const key = await keyNamed(id);
      if (key === null) return FOREIGN;
      const iv = bytes.subarray(0, IV_BYTES);
      const body = await crypto.subtle
        .decrypt(algorithm(iv, id, bound), key, bytes.subarray(IV_BYTES))
        .catch(() => null);
      if (body === null) return FOREIGN;
      const content = parseJson(decoder.decode(body));
      if (!Array.isArray(content)) return FOREIGN;
      const [expiresAt, value] = content;
      if ((expiresAt !== null && typeof expiresAt !== 'number') || value === undefined) return FOREIGN;
      return expiresAt !== null && expiresAt <= now ? { ok: false, reason: 'expired' } : { ok: true, value, expiresAt };
    },
  };
}

async function derive(secret: string, purpose: string): Promise<Key> {
  const material = await crypto.subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, ['deriveBits']);
  // No salt: the secret is random and long, and every instance has to come to the same key.
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: encoder.encode(`tidegate/${purpose}`) };
  const bits = new Uint8Array(await crypto.subtle.deriveBits(hkdf, material, (KEY_BYTES + ID_BYTES) * 8));
  const key = await crypto.subtle.importKey('raw', bits.subarray(0, KEY_BYTES), 'AES-GCM', false, [
    'encrypt',
    'decrypt',
  ]);
  return { id: toBase64Url(bits.subarray(KEY_BYTES)), key };
}

function algorithm(iv: Uint8Array<ArrayBuffer>, id: string, bound: string) {
  return { name: 'AES-GCM', iv, additionalData: encoder.encode(`${FORMAT}.${id}.${bound}`) };
}

function noSecret(): TidegateError {
  return new TidegateError('invalid_config', 'TIDEGATE_SECRET is not set, and something has to be sealed', {
    field: 'TIDEGATE_SECRET',
    expected: 'a random text of at least 32 characters, the same on every instance',
  });
}
