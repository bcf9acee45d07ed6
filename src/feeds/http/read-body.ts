/**
 * Reads the items of a response's body, in portions. A document (JSON, RSS) is read whole, within its limit, and divided.
 * Rows (NDJSON, CSV) are parsed as they come, so memory stays flat however long the body is.
 */
import { TidegateError } from '../../base/errors.ts';
import type { FeedAnswer } from './answer.ts';
import { asksForNew } from './exchange.ts';
import { type BodyItem, type RowParser } from './format.ts';
import { isDeclared } from './options.ts';
import type { HttpSettings } from './spec.ts';
import { fingerprint, type HttpPosition } from './position.ts';
import { describeShape, readPath } from '../../base/json-path.ts';
import { readSourceJson } from '../../base/source-json.ts';
import { createNdjsonParser, join } from '../kit/ndjson.ts';
import { createPieceDecoder, isCharset, markedCharset } from '../kit/text-decoder.ts';
import type { IdleTimeout } from '../../net/idle-timeout.ts';

/**
 * Most items of a portion. A portion this large makes the records of its commit weigh little, and stays within the store's
 * limits for one commit: as segments it takes 80 of the 90 operations.
 */
export const PORTION_ITEMS = 8_000;
export const PORTION_BYTES = 1024 * 1024;
/** The longest time that an item of a slow body waits for others. */
export const PORTION_AGE_MS = 1_000;
/** Characters of a line that an error shows. */
const QUOTED_LENGTH = 200;
/** The least byte that begins a byte order mark of UTF-16. */
const UTF_16_MARK = 0xfe;
/** Bytes of byte order marks, and the record separator of a sequence of JSON. */
const MARKS = new Set([0xef, 0xbb, 0xbf, 0xfe, 0xff, 0x1e]);

export interface Portion {
  items: BodyItem[];
  /** The body around the items, JSON only. */
  body?: unknown;
  /** Identity of the body that the items are from; null where it has none. */
  mark: string | null;
  /** True on the one portion that ends the body. */
  end: boolean;
}

export interface BodyReading {
  answer: FeedAnswer;
  options: Pick<HttpSettings, 'url' | 'items' | 'pick' | 'wait' | 'cursor' | 'since' | 'charset'>;
  /** The page that is read; null for the first. */
  position: Pick<HttpPosition, 'page'>;
  /** For each stream, the fields without which its schema refuses every row; empty where that is not known. */
  required: readonly (readonly string[])[];
  /** For each stream, all fields that its schema names; empty where that is not known. */
  fields: readonly (readonly string[])[];
  now: () => number;
  /** Waits for a piece of the body, but not longer than the source may be silent. */
  withinTimeout: IdleTimeout;
}

export async function* readPortions(reading: BodyReading): AsyncGenerator<Portion, void, undefined> {
  const { format, charset } = reading.answer;
  if (format === 'ndjson') {
    const expectation = { name: 'NDJSON', expected: 'one JSON value a line, in UTF-8' };
    yield* rowPortions(reading, linesIn(reading.options.charset), expectation);
  } else if (isDeclared(format) && format.reads === 'rows') {
    const { required, fields } = reading;
    const make = await format.load();
    yield* rowPortions(reading, make({ charset: knownCharset(charset), required, fields }), format);
  } else {
    yield* documentPortions(reading);
  }
}

async function* documentPortions(reading: BodyReading): AsyncGenerator<Portion, void, undefined> {
  const { answer, withinTimeout } = reading;
  const reader = answer.body.getReader();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const { done, value } = await withinTimeout(reader.read());
    if (done) break;
    pieces.push(value);
    bytes += value.byteLength;
  }
  const whole = join(pieces, bytes);
  const { items, body } = await readDocument(reading, whole);
  // The budget needs only the sum of bytes. The bytes of each item would cost another pass over the body.
  const itemBytes = Math.ceil(bytes / Math.max(1, items.length));
  const step = Math.max(1, Math.min(PORTION_ITEMS, Math.floor(PORTION_BYTES / itemBytes)));
  const mark = answer.mark ?? (items.length > step ? await fingerprint(new Uint8Array(whole)) : null);
  for (let at = 0; at === 0 || at < items.length; at += step) {
    const portion = items.slice(at, at + step).map((data) => ({ data, bytes: itemBytes }));
    yield { items: portion, body, mark, end: at + step >= items.length };
  }
}

async function readDocument(
  reading: BodyReading,
  bytes: Uint8Array,
): Promise<{ items: readonly unknown[]; body?: unknown }> {
  const { answer, options } = reading;
  const { format, source, location, charset } = answer;
  if (isBlank(bytes)) {
    if (mayBeEmpty(reading)) return { items: [] };
    throw emptyBody(isDeclared(format) ? format.name : 'JSON', source);
  }
  if (isDeclared(format)) {
    if (format.reads !== 'document') throw new TidegateError('internal', `${format.name} is no document`);
    const parse = await format.load();
    return { items: parse(bytes, { url: location, charset }) };
  }
  let text: string;
  try {
    // JSON is UTF-8 whatever its type says (RFC 8259, section 8.1), unless its first bytes or the app say otherwise.
    text = new TextDecoder(markedCharset(bytes) ?? options.charset ?? 'utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw notThat('JSON', source, `bytes that are not ${options.charset ?? 'UTF-8'}`, cause);
  }
  const body = parseJson(text, source);
  return {
    items: options.pick ? picked(options.pick, body, source) : itemsAt(body, options.items ?? '', source),
    body,
  };
}

function mayBeEmpty({ options, position }: BodyReading): boolean {
  return asksForNew(options) || position.page !== null;
}

function emptyBody(name: string, source: string): TidegateError {
  return new TidegateError('upstream', `${source} answered an empty body where ${name} was expected`, {
    field: 'format',
    expected: `${name}; where there is nothing, a header, an empty list or the status 204`,
  });
}

/** The parser of lines of JSON. It reads UTF-8, and lines in another charset, by declaration or by mark, become UTF-8 before. */
function linesIn(charset: string | undefined): RowParser {
  const parser = createNdjsonParser();
  let lines = charset === undefined ? null : lineDecoder(parser, charset);
  return {
    push(chunk, items) {
      // No text in UTF-8 begins with a byte of a mark of UTF-16.
      lines ??= (chunk[0] ?? 0) >= UTF_16_MARK ? lineDecoder(parser, 'utf-8') : chunk.length > 0 ? parser : null;
      lines?.push(chunk, items);
    },
    end: (items) => (lines ?? parser).end(items),
  };
}

function lineDecoder(parser: RowParser, charset: string): RowParser {
  const decoder = createPieceDecoder(charset);
  const encoder = new TextEncoder();
  return {
    push: (chunk, items) => parser.push(encoder.encode(decoder.push(chunk)), items),
    end(items) {
      parser.push(encoder.encode(decoder.end()), items);
      parser.end(items);
    },
  };
}

/** The charset of an answer as a format of rows gets it. ASCII is UTF-8, and a name that nobody knows says nothing. */
function knownCharset(charset: string | null): string | null {
  return charset === null || /ascii|^ansi/.test(charset) || !isCharset(charset) ? null : charset;
}

/** Whether there are only spaces, ends of lines, separators of records and byte order marks. */
function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || MARKS.has(byte));
}

function parseJson(text: string, source: string): unknown {
  try {
    return readSourceJson(text);
  } catch (cause) {
    if (text.trimStart().startsWith('<')) throw notThat('JSON', source, 'HTML or XML', cause);
    const found = cause instanceof Error ? `a body that cannot be read (${cause.message})` : 'garbage';
    throw notThat('JSON', source, found, cause);
  }
}

function picked(pick: (body: unknown) => readonly unknown[], body: unknown, source: string): readonly unknown[] {
  const expected = 'a function that answers a list of items for each body';
  let items: unknown;
  try {
    items = pick(body);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TidegateError('upstream', `${source}: pick broke: ${reason}; the body is ${describeShape(body)}`, {
      field: 'pick',
      expected,
      cause,
    });
  }
  if (Array.isArray(items)) return items as unknown[];
  throw new TidegateError('upstream', `${source}: pick answered ${describeShape(items)}`, { field: 'pick', expected });
}

function itemsAt(body: unknown, path: string, source: string): unknown[] {
  const found = readPath(body, path);
  if (Array.isArray(found)) return found;
  if (typeof found === 'object' && found !== null) return [found];
  const where = path === '' ? 'the body' : `items: ${path}`;
  throw new TidegateError(
    'upstream',
    `${source}: ${where} is ${found === undefined ? 'missing' : describeShape(found)}; the body is ${describeShape(body)}`,
    { field: 'items', expected: 'a path to an array or an object' },
  );
}

async function* rowPortions(
  reading: BodyReading,
  parser: RowParser,
  expectation: { name: string; expected: string },
): AsyncGenerator<Portion, void, undefined> {
  const { answer, now, withinTimeout } = reading;
  const reader = answer.body.getReader();
  const { mark } = answer;
  let pending: BodyItem[] = [];
  let pendingBytes = 0;
  let pendingSince = now();
  let broken: { reason: unknown } | null = null;
  let sound = false;
  let blank = true;

  const take = (count: number): BodyItem[] => {
    const items = pending.slice(0, count);
    pending = pending.slice(count);
    pendingBytes = sumOfBytes(pending);
    pendingSince = now();
    // If no line at all can be read, the source is wrong, and not some of its lines.
    sound ||= items.some(({ invalid }) => invalid === undefined);
    if (!sound && items[0]?.invalid) throw notRows(expectation, answer.source, items[0]);
    return items;
  };

  const isDue = () =>
    pending.length > 0 &&
    (pending.length >= PORTION_ITEMS || pendingBytes >= PORTION_BYTES || now() - pendingSince >= PORTION_AGE_MS);

  for (;;) {
    const before = pending.length;
    try {
      const { done, value } = await withinTimeout(reader.read());
      if (done) {
        if (blank && !mayBeEmpty(reading)) throw emptyBody(expectation.name, answer.source);
        if (!blank) parser.end(pending);
        break;
      }
      blank &&= isBlank(value);
      parser.push(value, pending);
    } catch (reason) {
      broken = { reason };
      break;
    }
    if (before === 0) pendingSince = now();
    for (let at = before; at < pending.length; at += 1) pendingBytes += pending[at]?.bytes ?? 0;
    while (isDue()) yield { items: take(PORTION_ITEMS), mark, end: false };
  }
  // The rows that came before the body broke are whole.
  if (broken === null) yield { items: take(pending.length), mark, end: true };
  else if (pending.length > 0) yield { items: take(pending.length), mark, end: false };
  if (broken !== null) throw broken.reason;
}

function sumOfBytes(items: readonly BodyItem[]): number {
  let sum = 0;
  for (const { bytes } of items) sum += bytes;
  return sum;
}

function notThat(name: string, source: string, found: string, cause?: unknown): TidegateError {
  return new TidegateError('upstream', `${source} answered ${found} where ${name} was expected`, {
    field: 'format',
    expected: name === 'JSON' ? 'JSON in UTF-8; set format to ndjson where each line is a value' : `${name} in UTF-8`,
    cause,
  });
}

function notRows(
  { name, expected }: { name: string; expected: string },
  source: string,
  first: BodyItem,
): TidegateError {
  const markup = typeof first.data === 'string' && first.data.trimStart().startsWith('<');
  const quoted = typeof first.data === 'string' ? `: "${first.data.slice(0, QUOTED_LENGTH).toWellFormed()}"` : '';
  const found = markup ? 'HTML or XML' : `no line that can be read (${first.invalid?.reason ?? 'garbage'}${quoted})`;
  return new TidegateError('upstream', `${source} answered ${found} where ${name} was expected`, {
    field: 'format',
    expected,
  });
}
