/**
 * Parses newline-delimited JSON, and sequences of JSON (RFC 7464), from chunks of bytes, across their boundaries. A body
 * whose first byte is a record separator is a sequence: its values may take several lines. It holds one unfinished line at most, which is
 * bounded. A line that cannot be read is handed over with the reason, and the parser goes on with the next one.
 */
import { readSourceJson } from '../../base/source-json.ts';

/** The value of a line, or what came in its place and why it is invalid. */
export interface NdjsonItem {
  data: unknown;
  /** Bytes of the line in UTF-8, with its end: exact for ASCII, within a few bytes otherwise. */
  bytes: number;
  invalid?: { reason: string; expected: string };
  /** Which line of the whole it ends on, from 1; where that was asked for. */
  line?: number;
}

export interface NdjsonParser {
  /** Appends the items of the lines that `chunk` completes. The parser may keep the chunk until the next call. */
  push(chunk: Uint8Array, items: NdjsonItem[]): void;
  /** Appends the item of the last line, where it has no line end. */
  end(items: NdjsonItem[]): void;
}

const MAX_LINE_BYTES = 1024 * 1024;

const NEWLINE = 10;
const RECORD_SEPARATOR = 0x1e;
const EXCERPT_CHARS = 500;
const EXPECTED = 'one JSON value a line, in UTF-8';

/** @param numbered items have the number of their line */
export function createNdjsonParser(maxLineBytes = MAX_LINE_BYTES, numbered = false): NdjsonParser {
  const strict = new TextDecoder('utf-8', { fatal: true });
  const lenient = new TextDecoder('utf-8');
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  let skipping = false;
  let line = 0;
  /** The byte between two values. Null: nothing came yet. */
  let separator: number | null = null;

  const place = () => (numbered ? { line } : {});

  const invalid = (text: string, bytes: number, problem: string): NdjsonItem => ({
    data: text.slice(0, EXCERPT_CHARS),
    bytes,
    invalid: { reason: `line ${line} ${problem}`, expected: EXPECTED },
    ...place(),
  });

  const parseLine = (text: string, bytes: number): NdjsonItem => {
    if (bytes > maxLineBytes) return invalid(text, bytes, `is longer than ${maxLineBytes} bytes`);
    try {
      return { data: readSourceJson(text), bytes, ...place() };
    } catch (error) {
      return invalid(text, bytes, `is not JSON: ${error instanceof Error ? error.message : String(error)}`);
    }
  };

  const parseBlock = (block: Uint8Array, items: NdjsonItem[]) => {
    let text: string;
    try {
      text = strict.decode(block);
    } catch {
      parseBroken(block, items);
      return;
    }
    // To count the bytes of each line would cost as much as to parse it.
    const bytesPerChar = block.byteLength / Math.max(1, text.length);
    for (const part of text.split(separator === RECORD_SEPARATOR ? '\u001E' : '\n')) {
      line += 1;
      if (part.trim() !== '') items.push(parseLine(part, Math.ceil((part.length + 1) * bytesPerChar)));
    }
  };

  /** Each line by itself, so that a replacement character that the source wrote is none of ours. */
  const parseBroken = (block: Uint8Array, items: NdjsonItem[]) => {
    const between = separator ?? NEWLINE;
    for (let from = 0; from <= block.length;) {
      const found = block.indexOf(between, from);
      const end = found === -1 ? block.length : found;
      const bytes = block.subarray(from, end);
      from = end + 1;
      line += 1;
      let text: string | null = null;
      try {
        text = strict.decode(bytes);
      } catch {
        items.push(invalid(lenient.decode(bytes), bytes.length + 1, 'is not UTF-8'));
      }
      if (text !== null && text.trim() !== '') items.push(parseLine(text, bytes.length + 1));
    }
  };

  const hold = (piece: Uint8Array, items: NdjsonItem[]) => {
    if (piece.byteLength === 0) return;
    rest.push(piece);
    restBytes += piece.byteLength;
    if (restBytes <= maxLineBytes) return;
    line += 1;
    const start = lenient.decode(join(rest, restBytes).subarray(0, EXCERPT_CHARS));
    items.push(invalid(start, restBytes, `is longer than ${maxLineBytes} bytes`));
    rest = [];
    restBytes = 0;
    skipping = true;
  };

  return {
    push(chunk, items) {
      let from = 0;
      if (chunk.byteLength > 0) separator ??= chunk[0] === RECORD_SEPARATOR ? RECORD_SEPARATOR : NEWLINE;
      const between = separator ?? NEWLINE;
      if (skipping) {
        from = chunk.indexOf(between) + 1;
        if (from === 0) return;
        skipping = false;
      }
      const end = chunk.lastIndexOf(between);
      if (end < from) return hold(chunk.subarray(from), items);
      const head = chunk.subarray(from, end);
      const block = rest.length === 0 ? head : join([...rest, head], restBytes + head.byteLength);
      rest = [];
      restBytes = 0;
      parseBlock(block, items);
      hold(chunk.subarray(end + 1), items);
    },
    end(items) {
      if (restBytes > 0) parseBlock(join(rest, restBytes), items);
      rest = [];
      restBytes = 0;
    },
  };
}

export function join(pieces: readonly Uint8Array[], bytes: number): Uint8Array {
  const only = pieces.length === 1 ? pieces[0] : undefined;
  if (only) return only;
  const joined = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.byteLength;
  }
  return joined;
}
