/**
 * Bytes as text: base64url without padding (RFC 4648, section 5), for cursors, ids and sealed texts, and base64 with
 * padding (section 4), for data. Pure.
 */

/** The most code units that one call of a function takes as arguments on every engine. */
const PIECE = 0x8000;

export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += PIECE) binary += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  return btoa(binary);
}

const NO_BASE64 = /[^A-Za-z0-9+/]/;

/**
 * Base64 with its padding, of base64 as others write it: in lines, without padding, or as base64url. Null for what is none.
 * What is written with padding, as most is, is looked through once and stays as it is.
 */
export function asBase64(text: string): string | null {
  if (isPadded(text)) return text;
  const bare = text.replace(/\s+/g, '').replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/');
  const padded = bare + '='.repeat((4 - (bare.length % 4)) % 4);
  return isPadded(padded) ? padded : null;
}

function isPadded(text: string): boolean {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return text.length % 4 === 0 && !NO_BASE64.test(text.slice(0, text.length - padding));
}

export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** Null for what `toBase64Url` does not write, so that no second text stands for the same bytes. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return null;
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  return toBase64Url(bytes) === text ? bytes : null;
}
