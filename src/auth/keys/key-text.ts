/**
 * Keys as texts: `tg_<id>_<secret>`, in letters and digits alone, so that one double click selects a key and no shell, URL or header
 * changes it. Behind the secret stand six characters that are made of all the others: a key with a slip is refused without a call
 * to the store, and a scanner for secrets knows a key from a text that only looks like one.
 */
import { fnv1a } from '../../base/digest.ts';

interface KeyText {
  /** 16 characters, 95 bits. It names the key, and is no secret. */
  id: string;
  /** 43 characters, 256 bits. */
  secret: string;
}

/** Every key begins with it. */
export const KEY_PREFIX = 'tg_';

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_CHARACTERS = 16;
const SECRET_CHARACTERS = 43;
const CHECK_CHARACTERS = 6;
const KEY = /^tg_([\dA-Za-z]{16})_([\dA-Za-z]{43})([\dA-Za-z]{6})$/;
const ID = /^(?:tg_)?([\dA-Za-z]{16})$/;

/** A key that was never given out, from the platform's cryptographic source. */
export function newKey(): KeyText & { text: string } {
  const id = randomCharacters(ID_CHARACTERS);
  const secret = randomCharacters(SECRET_CHARACTERS);
  return { id, secret, text: `${KEY_PREFIX}${id}_${secret}${checkOf(id, secret)}` };
}

/** Null for what is no key. Capitals count. */
export function readKey(text: string): KeyText | null {
  const [, id, secret, check] = KEY.exec(text) ?? [];
  if (id === undefined || secret === undefined) return null;
  return check === checkOf(id, secret) ? { id, secret } : null;
}

/** The id that a person means, who writes the id, `tg_<id>`, or the whole key. Null: it is none of them. */
export function idIn(text: string): string | null {
  return ID.exec(text)?.[1] ?? KEY.exec(text)?.[1] ?? null;
}

/** FNV-1a of all that stands before it, in base 62. */
function checkOf(id: string, secret: string): string {
  let rest = fnv1a(`${KEY_PREFIX}${id}_${secret}`);
  let text = '';
  for (let at = 0; at < CHECK_CHARACTERS; at += 1) {
    text = (DIGITS[rest % DIGITS.length] ?? '') + text;
    rest = Math.floor(rest / DIGITS.length);
  }
  return text;
}

/** Each character is as likely as any other: bytes beyond the last whole run of digits are passed over. */
function randomCharacters(count: number): string {
  const whole = 256 - (256 % DIGITS.length);
  let text = '';
  while (text.length < count) {
    for (const byte of crypto.getRandomValues(new Uint8Array(count))) {
      if (byte < whole && text.length < count) text += DIGITS[byte % DIGITS.length] ?? '';
    }
  }
  return text;
}
