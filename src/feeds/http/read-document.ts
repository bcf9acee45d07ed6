/** Reads the items of a document (JSON, RSS): the whole body, within its limit, which is then divided into portions. */
import { TidegateError } from '../../base/errors.ts';
import { isJsonObject } from '../../base/json.ts';
import { describeShape, readPath } from '../../base/json-path.ts';
import { readSourceJson } from '../../base/source-json.ts';
import { join } from '../kit/ndjson.ts';
import { markedCharset } from '../kit/text-decoder.ts';
import { isDeclared } from './options.ts';
import {
  type BodyReading,
  emptyBody,
  isBlank,
  isPromised,
  mayBeEmpty,
  type Portion,
  PORTION_BYTES,
  PORTION_ITEMS,
} from './portions.ts';
import { fingerprint } from './position.ts';
import { tellsOfPages, toldPages } from './told-pages.ts';

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
    items: options.pick ? picked(options.pick, body, source) : itemsAt(body, reading),
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

function itemsAt(body: unknown, { answer, options, position, required }: BodyReading): unknown[] {
  const path = options.items ?? '';
  const found = readPath(body, path);
  if (Array.isArray(found)) return found;
  const isPage = options.pages !== undefined;
  const isFailed = isFailure(body);
  if (isJsonObject(found)) {
    const lacks = lacksFields(found, required);
    // Beside a failure one object may still be whole, such as the state of a device, or what GraphQL could answer.
    if (isPage ? isFailed || lacks : isFailed && lacks && path !== '') throw noList(body, answer.source);
    return [found];
  }
  // A list that is missing because something failed is not an empty one: what it had would be lost.
  if (isFailed && (found === null || path !== '' || isPage)) throw noList(body, answer.source);
  // How several languages write an empty list.
  if (found === null && path !== '') {
    if (!isPromised(position) || tellsOfPages(toldPages({ body, headers: answer.headers }))) return [];
    throw noList(body, answer.source);
  }
  const there = path === '' ? '' : `items: ${path} is ${found === undefined ? 'missing' : describeShape(found)}; `;
  throw new TidegateError('upstream', `${answer.source}: ${there}the body is ${describeShape(body)}`, {
    field: 'items',
    expected: 'a path to an array or an object',
  });
}

/** Whether a body says by itself that something failed. */
function isFailure(body: unknown): boolean {
  if (!isJsonObject(body)) return false;
  const says = (name: string) =>
    ![undefined, null, false, '', 0].some((one) => body[name] === one) && !isEmpty(body[name]);
  return ['error', 'errors', 'fault', 'exception'].some(says) || body['ok'] === false || body['success'] === false;
}

const isEmpty = (value: unknown) => typeof value === 'object' && value !== null && Object.keys(value).length === 0;

/** Whether every stream would refuse it, because it lacks what none of its items lacks. */
function lacksFields(item: object, required: BodyReading['required']): boolean {
  return required.length > 0 && required.every((names) => names.some((name) => !Object.hasOwn(item, name)));
}

function noList(body: unknown, source: string): TidegateError {
  return new TidegateError('upstream', `${source} answered no list of items; the body is ${describeShape(body)}`, {
    field: 'items',
    expected: 'a list, which may be empty, and no error in its place',
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
