/** Reads the items of a body of rows (NDJSON, CSV) as they come, so memory stays flat however long the body is. */
import { TidegateError } from '../../base/errors.ts';
import { createNdjsonParser } from '../kit/ndjson.ts';
import { createPieceDecoder } from '../kit/text-decoder.ts';
import { bareType } from '../../net/media-type.ts';
import type { FeedAnswer } from './answer.ts';
import type { BodyItem, RowParser } from './format.ts';
import {
  type BodyReading,
  emptyBody,
  isBlank,
  mayBeEmpty,
  type Portion,
  PORTION_AGE_MS,
  PORTION_BYTES,
  PORTION_ITEMS,
} from './portions.ts';

/** Characters of a line that an error shows. */
const QUOTED_LENGTH = 200;
/** Bytes of a body that tell whether it is a page. */
const HEAD_BYTES = 256;
const PAGE = /^(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body)\b/i;
/** The least byte that begins a byte order mark of UTF-16. */
const UTF_16_MARK = 0xfe;

/** The parser of lines of JSON. It reads UTF-8, and lines in another charset, by declaration or by mark, become UTF-8 before. */
export function linesIn(charset: string | undefined): RowParser {
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

export async function* rowPortions(
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
  let head = '';

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
      if (head.length < HEAD_BYTES) {
        head = headOf(head, value);
        if (isPage(head, answer)) throw notThat(expectation, answer.source, 'HTML');
      }
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

/** The beginning of a body, without what may stand before a page, and as far as ASCII tells it. */
function headOf(before: string, piece: Uint8Array): string {
  const text = Array.from(piece.subarray(0, HEAD_BYTES), (byte) => String.fromCharCode(byte)).join('');
  return (before + text.replaceAll(/[^\t\n\r -~]/g, '')).trimStart();
}

/**
 * Whether a body is a page, as a login or an error page stands in the place of rows behind a redirect: its lines would be rows
 * too where no header tells what is expected. A page that comes as CSV is taken at its word.
 */
function isPage(head: string, { headers }: FeedAnswer): boolean {
  const type = bareType(headers.get('content-type') ?? '');
  if (type === 'text/html' || type === 'application/xhtml+xml') return head.startsWith('<');
  return !type.endsWith('csv') && PAGE.test(head);
}

function notRows(expectation: { name: string; expected: string }, source: string, first: BodyItem): TidegateError {
  const markup = typeof first.data === 'string' && first.data.trimStart().startsWith('<');
  const quoted = typeof first.data === 'string' ? `: "${first.data.slice(0, QUOTED_LENGTH).toWellFormed()}"` : '';
  const found = markup ? 'HTML or XML' : `no line that can be read (${first.invalid?.reason ?? 'garbage'}${quoted})`;
  return notThat(expectation, source, found);
}

function notThat({ name, expected }: { name: string; expected: string }, source: string, found: string): TidegateError {
  return new TidegateError('upstream', `${source} answered ${found} where ${name} was expected`, {
    field: 'format',
    expected,
  });
}
