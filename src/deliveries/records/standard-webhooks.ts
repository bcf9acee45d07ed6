/**
 * Signatures of Standard Webhooks, version 1: HMAC-SHA256 over id, time and body, byte for byte as the `standardwebhooks` package
 * makes them. It needs WebCrypto alone, which every platform has.
 */
const PREFIX = 'whsec_';
const LEAST_BYTES = 24;
const MOST_BYTES = 64;
const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/;

/** The bytes of a secret; null for a text that is none: `whsec_` and base64 of 24 to 64 bytes. */
export function secretBytes(secret: string): Uint8Array<ArrayBuffer> | null {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : null;
  if (encoded === null || encoded === '' || encoded.length > 4 * MOST_BYTES || !BASE64.test(encoded)) return null;
  const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  return bytes.length >= LEAST_BYTES && bytes.length <= MOST_BYTES ? bytes : null;
}

/**
 * The three headers of a message. @param secrets each signs it; while a secret is replaced there are two
 * @param atMs epoch ms
 */
export async function signedHeaders(
  id: string,
  atMs: number,
  body: string,
  secrets: readonly Uint8Array<ArrayBuffer>[],
): Promise<Record<string, string>> {
  const seconds = Math.floor(atMs / 1_000);
  const content = new TextEncoder().encode(`${id}.${seconds}.${body}`);
  const signatures = await Promise.all(
    secrets.map(async (secret) => {
      const key = await crypto.subtle.importKey('raw', secret, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
      const made = new Uint8Array(await crypto.subtle.sign('HMAC', key, content));
      return `v1,${btoa(String.fromCharCode(...made))}`;
    }),
  );
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatures.join(' '),
  };
}
