/**
 * Decodes bytes that come in pieces. A byte order mark decides before all else. Bytes that are no text of the charset come
 * out as `BROKEN`, which no charset has, so that a replacement character which the source wrote itself stays one. Pure.
 */

/** Stands in a line that has bytes which are no text. It is half of a surrogate pair, and no bytes decode to it. */
export const BROKEN = '\uD800';

interface PieceDecoder {
  push(bytes: Uint8Array): string;
  end(): string;
}

const MARK_BYTES = 3;

/** Whether the platform can decode this charset. */
export function isCharset(label: unknown): boolean {
  if (typeof label !== 'string') return false;
  try {
    return new TextDecoder(label).encoding !== '';
  } catch {
    return false;
  }
}

/** The charset of a byte order mark; null where there is none. */
export function markedCharset(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | null {
  const [first, second, third] = bytes;
  if (first === 0xef && second === 0xbb && third === 0xbf) return 'utf-8';
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : null;
}

/** @param charset that `isCharset` knows; for text without a byte order mark */
export function createPieceDecoder(charset: string): PieceDecoder {
  let held: Uint8Array | null = new Uint8Array(0);
  let decoder: PieceDecoder | null = null;
  const begin = (): string => {
    const bytes = held ?? new Uint8Array(0);
    held = null;
    const label = new TextDecoder(markedCharset(bytes) ?? charset).encoding;
    decoder = label === 'utf-8' ? utf8Decoder() : otherDecoder(label);
    return decoder.push(bytes);
  };
  return {
    push(bytes) {
      if (decoder !== null) return decoder.push(bytes);
      held = joined(held ?? new Uint8Array(0), bytes);
      return held.length < MARK_BYTES ? '' : begin();
    },
    end() {
      const text = decoder === null ? begin() : '';
      return text + (decoder?.end() ?? '');
    },
  };
}

function utf8Decoder(): PieceDecoder {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let rest: Uint8Array = new Uint8Array(0);
  let isFirst = true;
  const decode = (bytes: Uint8Array): string => {
    let text: string;
    try {
      text = strict.decode(bytes);
    } catch {
      text = lines(bytes).map(brokenLine).join('');
    }
    if (isFirst && text.startsWith('\uFEFF')) text = text.slice(1);
    isFirst &&= bytes.length === 0;
    return text;
  };
  const brokenLine = (line: Uint8Array): string => {
    try {
      return strict.decode(line);
    } catch {
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(line).replaceAll('\uFFFD', BROKEN);
    }
  };
  return {
    push(bytes) {
      const whole = rest.length === 0 ? bytes : joined(rest, bytes);
      const cut = whole.length - unfinished(whole);
      rest = whole.slice(cut);
      return decode(whole.subarray(0, cut));
    },
    end: () => decode(rest),
  };
}

/** Bytes at the end that begin a character of UTF-8 and do not finish it. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
  }
  return 0;
}

function otherDecoder(label: string): PieceDecoder {
  const decoder = new TextDecoder(label);
  // UTF-16 and GB 18030 can hold a replacement character that the source wrote itself. It stays one.
  const hasReplacement = label.startsWith('utf-16') || label === 'gb18030';
  const told = (text: string) => (hasReplacement ? text : text.replaceAll('\uFFFD', BROKEN));
  return { push: (bytes) => told(decoder.decode(bytes, { stream: true })), end: () => told(decoder.decode()) };
}

/** The lines of bytes, each with its end. */
function lines(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  let from = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at] !== 0x0a && bytes[at] !== 0x0d) continue;
    found.push(bytes.subarray(from, at + 1));
    from = at + 1;
  }
  return [...found, bytes.subarray(from)];
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(left.length + right.length);
  bytes.set(left);
  bytes.set(right, left.length);
  return bytes;
}
