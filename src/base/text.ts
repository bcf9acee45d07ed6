/** Shortens texts, and splits them into pieces that are small enough to be stored or sent. Pure. */
import { utf8Bytes } from './json.ts';

/** Splits a text into pieces that each have at most `most` bytes as JSON. */
export function inPages(text: string, most: number): string[] {
  const bytes = utf8Bytes(JSON.stringify(text));
  if (bytes <= most) return [text];
  const pieces = Math.ceil(bytes / most);
  return inPieces(text, Math.ceil(utf8Bytes(text) / pieces)).flatMap((piece) => inPages(piece, most));
}

/** Splits a text into pieces of at most `most` bytes of UTF-8, and never within a character. */
export function inPieces(text: string, most: number): string[] {
  const bytes = new TextEncoder().encode(text);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const pieces: string[] = [];
  for (let from = 0; from < bytes.length;) {
    let to = Math.min(bytes.length, from + most);
    while (to < bytes.length && ((bytes[to] ?? 0) & 0xc0) === 0x80) to -= 1;
    pieces.push(decoder.decode(bytes.subarray(from, to)));
    from = to;
  }
  return pieces;
}

/** At most `most` characters, with an ellipsis in place of what is left out. */
export function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}
