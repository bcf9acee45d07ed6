/** Packs sets of whole numbers of 32 bits into a short text, for positions. Pure. */
import { toBase64 } from '../../base/base64url.ts';

/** The numbers in ascending order, four bytes each, in Base64. */
export function packNumbers(numbers: Iterable<number>): string {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const bytes = new DataView(new ArrayBuffer(sorted.length * 4));
  for (const [index, number] of sorted.entries()) bytes.setUint32(index * 4, number);
  return toBase64(new Uint8Array(bytes.buffer));
}

/** Nothing for a text that `packNumbers` did not write. */
export function unpackNumbers(text: string): number[] {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    return [];
  }
  const bytes = new DataView(Uint8Array.from(binary, (character) => character.charCodeAt(0)).buffer);
  return Array.from({ length: Math.floor(bytes.byteLength / 4) }, (_, index) => bytes.getUint32(index * 4));
}
