/**
 * Hashes of texts. `sha256` is for what must not be forged. `digestOf` and `fnv1a` are fast and synchronous, and anybody
 * can make two texts with one hash on purpose, so they protect nothing.
 */
import type { Json } from './json.ts';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/**
 * FNV-1a over the UTF-16 units of a text: 32 bits, unsigned.
 * @param hash of the text before this one, where several texts are hashed as one
 */
export function fnv1a(text: string, hash = FNV_OFFSET, prime = FNV_PRIME): number {
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), prime);
  return hash >>> 0;
}

/** The same over bytes, which hashes other values than the text that they encode. */
export function fnv1aOfBytes(bytes: Uint8Array, hash = FNV_OFFSET): number {
  for (let i = 0; i < bytes.length; i += 1) hash = Math.imul(hash ^ (bytes[i] as number), FNV_PRIME);
  return hash >>> 0;
}

/** SHA-256 of bytes, or of a text in UTF-8. */
export async function sha256(content: string | Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** Whether the bytes are the same. It takes as long wherever they differ; how many there are is no secret. */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length;
  for (let at = 0; at < left.length; at += 1) difference |= (left[at] ?? 0) ^ (right[at] ?? 0);
  return difference === 0;
}

/** The same for texts, such as hashes. It looks at every character of the second. */
export function sameText(given: string, expected: string): boolean {
  let difference = given.length ^ expected.length;
  for (let at = 0; at < expected.length; at += 1) difference |= given.charCodeAt(at) ^ expected.charCodeAt(at);
  return difference === 0;
}

/** Two hexadecimal digits for each byte. */
export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * A digest of 64 bits, as 16 hexadecimal digits, to recognise a text without keeping it. It is two multiplicative hashes
 * side by side. Equal texts have equal digests, and a few thousand different texts have different ones.
 */
export function digestOf(text: string): string {
  const [high, low] = digestWords(text);
  return hex(high) + hex(low);
}

/** The digest of a text as two words of 32 bits, signed. */
export function digestWords(text: string): [high: number, low: number] {
  let high = FNV_OFFSET;
  let low = 0x2545f491;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, FNV_PRIME);
    low = Math.imul(low ^ unit, 0x5f356495);
    low ^= low >>> 13;
  }
  high = Math.imul(high ^ (low >>> 15), 0x85ebca6b);
  low = Math.imul(low ^ (high >>> 13), 0xc2b2ae35);
  return [high ^ (high >>> 16), low ^ (low >>> 16)];
}

/** JSON with the members of every object in one order, so that equal values have equal texts. */
export function canonicalText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalText(value[name] ?? null)}`).join(',')}}`;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
