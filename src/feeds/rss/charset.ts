/**
 * The text of a document of XML, in whatever charset it is. What knows best is tried first: the app, the bytes' own mark,
 * the answer's `Content-Type`, the declaration in the document, UTF-8. A charset in which the bytes make no sense is passed
 * over, because sources name wrong ones. The app's word is final.
 */
import { TidegateError } from '../../base/errors.ts';

interface CharsetClues {
  /** What the app declares; null where it leaves it to the document. */
  declared: string | null;
  /** What `Content-Type` says, or null. */
  answered: string | null;
}

/** First bytes that say in which charset a document is. `<` in two bytes is as sure as a mark. */
const MARKS: readonly (readonly [bytes: readonly number[], charset: string])[] = [
  [[0x00, 0x00, 0xfe, 0xff], 'utf-32'],
  [[0xff, 0xfe, 0x00, 0x00], 'utf-32'],
  [[0x00, 0x00, 0x00, 0x3c], 'utf-32'],
  [[0x3c, 0x00, 0x00, 0x00], 'utf-32'],
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xfe, 0xff], 'utf-16be'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0x00, 0x3c], 'utf-16be'],
  [[0x3c, 0x00], 'utf-16le'],
];
/** The declaration of XML stands at the very start, in letters that all charsets of one byte share. */
const DECLARATION = /^\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']\s*([\w.:-]+)/;
const LONGEST_DECLARATION = 1_024;

/** @throws TidegateError `upstream` where the bytes make sense in none of the charsets */
export function decodeXml(bytes: Uint8Array, { declared, answered }: CharsetClues): string {
  const marked = MARKS.find(([mark]) => mark.every((byte, at) => bytes[at] === byte))?.[1] ?? null;
  const candidates = declared === null ? [marked, answered, declaredIn(bytes, marked), 'utf-8'] : [declared];
  const named = candidates.filter((charset) => charset !== null);
  for (const charset of named) {
    const text = decoded(bytes, charset);
    if (text !== null) return text;
  }
  throw new TidegateError('upstream', `the document has bytes that are not ${[...new Set(named)].join(', nor ')}`, {
    field: 'format',
    expected: 'a document in the charset that it declares; else say the charset',
  });
}

/** Null where the document declares nothing, or a charset of two bytes although its declaration could be read. */
function declaredIn(bytes: Uint8Array, marked: string | null): string | null {
  if (marked !== null) return null;
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, LONGEST_DECLARATION));
  const charset = DECLARATION.exec(start)?.[1]?.toLowerCase() ?? null;
  return charset !== null && /^(?:utf-?16|utf-?32|ucs-?[24]|iso-10646)/.test(charset) ? null : charset;
}

function decoded(bytes: Uint8Array, charset: string): string | null {
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
