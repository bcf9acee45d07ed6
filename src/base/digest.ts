/**
 * A short mark of a text, by which it is known again without being kept. Two multiplicative hashes side by side: equal
 * texts always have equal marks, and among a few thousand texts different ones do too, unless somebody makes them on
 * purpose. So never for what must not be forged.
 */
import type { Json } from './json.ts';

/** 64 bits, as 16 hexadecimal digits. */
export function digestOf(text: string): string {
  let high = 0x811c9dc5;
  let low = 0x2545f491;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit, 0x5f356495);
    low ^= low >>> 13;
  }
  high = Math.imul(high ^ (low >>> 15), 0x85ebca6b);
  low = Math.imul(low ^ (high >>> 13), 0xc2b2ae35);
  return hex(high ^ (high >>> 16)) + hex(low ^ (low >>> 16));
}

/** The same text for values that differ only in the order of their objects' names. */
export function canonicalText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalText(value[name] ?? null)}`).join(',')}}`;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
