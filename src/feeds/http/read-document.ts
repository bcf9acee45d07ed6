/** Reads the items of a document (JSON, RSS): the whole body, within its limit, which is then divided into portions. */
import { TidegateError } from '../../base/errors.ts';
import { describeShape, readPath } from '../../base/json-path.ts';
import { readSourceJson } from '../../base/source-json.ts';
import { join } from '../kit/ndjson.ts';
import { markedCharset } from '../kit/text-decoder.ts';
import { isDeclared } from './options.ts';
import {
  type BodyReading,
  emptyBody,
  isBlank,
  mayBeEmpty,
  type Portion,
  PORTION_BYTES,
  PORTION_ITEMS,
} from './portions.ts';
import { fingerprint } from './position.ts';

export async function* documentPortions(reading: BodyReading): AsyncGenerator<Portion, void, undefined> {
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

function parseJson(text: string, source: string): unknown {
  try {
    return readSourceJson(text);
  } catch (cause) {
    if (cause instanceof TidegateError) throw tooMuch(source, cause);
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
    throw new TidegateError(
      'upstream',
      `${source}: pick broke, and the log has why; the body is ${describeShape(body)}`,
      {
        field: 'pick',
        expected,
        cause,
      },
    );
  }
  if (Array.isArray(items)) return items as unknown[];
  throw new TidegateError('upstream', `${source}: pick answered ${describeShape(items)}`, { field: 'pick', expected });
}

function itemsAt(body: unknown, path: string, source: string): unknown[] {
  const found = readPath(body, path);
  if (Array.isArray(found)) return found;
  if (typeof found === 'object' && found !== null) return [found];
  // How several languages write an empty list.
  if (found === null && path !== '') return [];
  const there = path === '' ? '' : `items: ${path} is ${found === undefined ? 'missing' : describeShape(found)}; `;
  throw new TidegateError('upstream', `${source}: ${there}the body is ${describeShape(body)}`, {
    field: 'items',
    expected: 'a path to an array or an object',
  });
}

/** The body is within the limit of bytes, and would keep the process from everything else for seconds. */
function tooMuch(source: string, cause: TidegateError): TidegateError {
  const expected = cause.expected ?? 'less';
  const hint = 'ask for less at once (pages, range), or for NDJSON or CSV, which are read line by line';
  return new TidegateError('too_large', `${source}: ${cause.message}`, { field: 'body', expected, hint, cause });
}

function notThat(name: string, source: string, found: string, cause?: unknown): TidegateError {
  return new TidegateError('upstream', `${source} answered ${found} where ${name} was expected`, {
    field: 'format',
    expected: name === 'JSON' ? 'JSON in UTF-8; set format to ndjson where each line is a value' : `${name} in UTF-8`,
    cause,
  });
}
