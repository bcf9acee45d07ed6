/**
 * Names of tenants and subjects as parts of keys in the store. A token may name anybody in any way: with a `/`, in another
 * script, with half a character, in 10 KB. Keys join names with `/`, spaces and the like, so a name is made safe once,
 * where a principal comes about, and everything below sees safe names alone.
 *
 * Two different names never have one safe form, and nothing is normalised: two names that look alike stay two names.
 */
import { toBase64Url } from './base64url.ts';
import { sha256 } from './digest.ts';
import { TidegateError } from './errors.ts';

/** Longest safe name. Two of them, and the name of a task, fit into a partition on every engine. */
export const SAFE_NAME_CHARACTERS = 80;
/** What is shown of a longer one, in characters. */
const SHOWN_CHARACTERS = 32;
/** Stands between what is shown of a long name and its hash. No escape has this form. */
const HASHED = '%~';
/** Characters that stay as they are: all that are visible in ASCII but those that keys are joined and escaped with. */
const KEPT = /^[!-$&-.0-~]$/;
const SAFE = /^(?=.{1,80}$)(?:[!-$&-.0-~]|%[\dA-F]{2}|%u[\dA-F]{4})+(?:%~[\w-]{43})?$/;

/**
 * The safe form of a name: 1 to 80 characters of visible ASCII without `/` and space. Letters, digits and most signs stay
 * as they are (`ada`, `user@example.com`, `auth0|123`). Other characters are escaped as in a URL, byte by byte of
 * UTF-8; half a character as `%u` with its four digits. What becomes longer ends in `%~` and its SHA-256.
 * It is not to be applied twice: the `%` of an escape would be escaped.
 * @param field what the name is of, for the error
 * @throws TidegateError `invalid_input` where it is empty or no text
 */
export async function safeName(name: string, field = 'name'): Promise<string> {
  if (typeof name !== 'string' || name === '') {
    throw new TidegateError('invalid_input', `${field} is empty`, { field, expected: 'a text of 1 character or more' });
  }
  const escaped = Array.from(name, escapedCharacter);
  const whole = escaped.join('');
  if (whole.length <= SAFE_NAME_CHARACTERS) return whole;
  let shown = '';
  for (const one of escaped) {
    if (shown.length + one.length > SHOWN_CHARACTERS) break;
    shown += one;
  }
  return `${shown}${HASHED}${toBase64Url(await sha256(whole))}`;
}

const TENANT_CHARACTERS = 256;
/** What cannot be seen or would be cut off where it is copied: control characters, halves of a character, spaces at an end. */
const ODD = /[\p{Cc}\p{Cs}\u2028\u2029]|^\s|\s$/u;

/** What tenants may be called by whoever names them: in data, and with a key. */
export const TENANT_EXPECTED = `1 to ${TENANT_CHARACTERS} characters, without control characters and without spaces at an end`;

/** Whether a tenant may have this name. */
export function isTenantName(name: unknown): name is string {
  return typeof name === 'string' && name !== '' && name.length <= TENANT_CHARACTERS && !ODD.test(name);
}

/** The name that a safe form is of. Of a longer name it is the safe form itself, since that has its hash. */
export function givenName(safe: string): string {
  if (safe.includes(HASHED)) return safe;
  const halves = safe.replaceAll(/%u([\dA-F]{4})/g, (_, unit: string) =>
    String.fromCharCode(Number.parseInt(unit, 16)),
  );
  return halves.replaceAll(/(?:%[\dA-F]{2})+/g, (bytes) => decodeURIComponent(bytes));
}

/** Whether a text is the safe form of a longer name, which nobody can write otherwise. */
export function isHashedName(text: string): boolean {
  return text.includes(HASHED) && isSafeName(text);
}

/** Whether a text has the form of a safe name. */
export function isSafeName(text: string): boolean {
  return SAFE.test(text);
}

/** @param character one code point, or half of one */
function escapedCharacter(character: string): string {
  if (KEPT.test(character)) return character;
  if (!character.isWellFormed()) return `%u${hex(character.charCodeAt(0))}`;
  return Array.from(new TextEncoder().encode(character), (byte) => `%${hex(byte)}`).join('');
}

/** A byte in two digits, a UTF-16 unit in four. */
function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, '0');
}
