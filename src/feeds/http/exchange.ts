/**
 * One exchange of an HTTP feed: waits for a place at the host, sends the request, and judges the status and the content type
 * of the answer. It does not read the body: read-body.ts does.
 */
import type { BurstContext } from '../../declare/feed.ts';
import { TidegateError } from '../../base/errors.ts';
import { linkBase, publicForm } from '../../net/fetch-target.ts';
import { partOnly } from '../../net/partial-content.ts';
import { bareType, charsetOf, jsonFormOf } from '../../net/media-type.ts';
import { type DeclaredFormat, describeHttpSource, type HttpFormat, isDeclared } from './options.ts';
import type { HttpSettings } from './spec.ts';
import { hostLimiter } from '../../net/politeness.ts';
import { type Follows, isBeyondLast } from './page-end.ts';
import { badStatus, missingPage, notAsked } from './page-troubles.ts';
import { NO_POSITION, type Validators } from './position.ts';
import type { FeedRequest } from './answer.ts';
import { createIdleTimeout, type IdleTimeout } from '../../net/idle-timeout.ts';
import { makeRequest } from './request.ts';
import type { FeedAnswer } from './answer.ts';

interface SourceExchange {
  options: HttpSettings;
  context: BurstContext;
  request: FeedRequest;
  signal: AbortSignal;
  /** Waits for the headers, but not longer than the source may be silent. */
  withinTimeout: IdleTimeout;
  /** Whether an earlier burst stored the page, so that the source may have forgotten it since. */
  mayBeStale: boolean;
  /** Given for a page by offset or number that is not the first, which may lie beyond the last: what is known of the one before. */
  follows?: Follows | null;
}

interface NoAnswer {
  /** `nothing`: there is nothing new. `stale`: the source does not know the page any more. */
  none: 'nothing' | 'stale';
  /** Those of a 304; null where it has none, and of every other answer. */
  validators: Validators | null;
}

const NOTHING: NoAnswer = { none: 'nothing', validators: null };

const DEFAULT_MAX_BYTES = 10 * 1024 * 1024;
/** Types of other formats than JSON. */
const FOREIGN_TYPE = /\b(?:html|xml|csv|event-stream)\b/;
const STALE = new Set([400, 404, 410, 416, 422]);

/** @throws TidegateError `upstream` for any other status than 2xx and 304, and where the burst is over before the host has a place. */
export async function askSource(exchange: SourceExchange): Promise<FeedAnswer | NoAnswer> {
  const { options, context, request } = exchange;
  const place = await hostLimiter.enter(request.url.host, options.politeness ?? {}, context.deadline, context);
  if (place === null) throw noPlace(request.url);
  let answer: FeedAnswer | NoAnswer = NOTHING;
  try {
    answer = await exchange.withinTimeout(ask(exchange, place));
    return answer;
  } finally {
    if ('none' in answer) place();
  }
}

/** Opens a stream of events behind the event with this id; null for a stream from its beginning. Errors as `askSource`. */
export async function openEvents(
  settings: HttpSettings,
  lastId: string | number | null,
  context: BurstContext,
  signal: AbortSignal,
): Promise<FeedAnswer | NoAnswer> {
  const { timeoutMs } = settings;
  const withinTimeout = createIdleTimeout(context, timeoutMs, describeHttpSource(settings.url));
  const position = { ...NO_POSITION, cursor: lastId };
  const now = context.now();
  const request = await withinTimeout(
    makeRequest({ options: settings, position, range: null, now, waitMs: null, targets: context.targets }),
  );
  const headers = lastId === null ? request.headers : { ...request.headers, 'last-event-id': asBytes(String(lastId)) };
  return askSource({
    options: settings,
    context,
    request: { ...request, headers },
    signal,
    withinTimeout,
    mayBeStale: false,
  });
}

/** A text in UTF-8 as a header carries it, with one character for each byte. */
function asBytes(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
}

async function ask(
  { options, context, request, signal, mayBeStale, follows = null }: SourceExchange,
  release: () => void,
): Promise<FeedAnswer | NoAnswer> {
  const { url, base, mark: requestMark, readingMark } = request;
  const response = await context.fetch(url.href, {
    method: request.method,
    headers: request.headers,
    signal,
    allow: options.allow,
    maxBytes: mostBytes(options, context),
    // The feed itself watches for silence and for the end of the burst. This timeout ends only what escapes both.
    timeoutMs: Math.max(1, context.deadline - context.now()) + 1_000,
    ...(request.body === null ? {} : { body: request.body }),
  });
  const source = publicForm(url);
  const { headers } = response;
  const isPromised = follows?.promised === true;
  if (response.status === 204 && !isPromised) return NOTHING;
  if (response.status === 304) {
    if (isConditional(request) || asksForNew(options)) {
      return { ...NOTHING, validators: validatorsOf(response, readingMark) };
    }
    throw notAsked(source);
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    if (follows !== null && isBeyondLast(response.status, follows)) return NOTHING;
    if (mayBeStale && (STALE.has(response.status) || (isPromised && response.ok))) return { ...NOTHING, none: 'stale' };
    if (isPromised && (response.ok || STALE.has(response.status))) throw missingPage(response.status, source);
    throw badStatus(response, source, context, options);
  }
  // An app that asks for a range by a header of its own wants a part.
  const part = asksForPart(request) ? null : partOnly(response, source);
  if (part !== null) {
    await response.body.cancel();
    throw part;
  }
  try {
    const type = headers.get('content-type') ?? '';
    const format = formatOf(type, url, options, source);
    const validators = validatorsOf(response, readingMark);
    const mark = validators?.etag ? `${requestMark} ${validators.etag}` : null;
    return {
      source,
      url,
      location: response.url || linkBase(url),
      base,
      headers,
      format,
      charset: charsetOf(type),
      body: response.body,
      validators,
      mark,
      release,
    };
  } catch (error) {
    await response.body.cancel();
    throw error;
  }
}

/** Whether a feed asks for what is new, and may find nothing. One that asks for the whole finds something each time. */
export function asksForNew({
  url,
  wait,
  cursor,
  since,
}: Pick<HttpSettings, 'url' | 'wait' | 'cursor' | 'since'>): boolean {
  return typeof url === 'function' || [wait, cursor, since].some((one) => one !== undefined);
}

function isConditional({ headers }: FeedRequest): boolean {
  return Object.keys(headers).some((name) => /^if-(?:none-match|modified-since)$/i.test(name));
}

function asksForPart({ headers }: FeedRequest): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'range');
}

function mostBytes({ maxBytes, format }: HttpSettings, { budget, hold }: BurstContext): number {
  if (maxBytes !== undefined) return maxBytes;
  // A connection that is held has no end. What is read of it is bounded by what waits for a commit.
  if (hold && isDeclared(format) && format.reads === 'events') return Number.MAX_SAFE_INTEGER;
  if (isDeclared(format) && format.maxBytes !== null) return format.maxBytes;
  return format === 'json' ? DEFAULT_MAX_BYTES : Math.max(DEFAULT_MAX_BYTES, budget.bytes);
}

function validatorsOf({ headers }: Response, url: string): Validators | null {
  const etag = headers.get('etag');
  const lastModified = headers.get('last-modified');
  return etag === null && lastModified === null ? null : { url, etag, lastModified };
}

/** A declared format is taken at the app's word. Formats that refuse some types do so because nothing in a body tells them. */
function formatOf(contentType: string, url: URL, { format: declared, pick }: HttpSettings, source: string): HttpFormat {
  const type = bareType(contentType);
  const expected = nameOf(declared);
  const unfit = (found: string, hint = 'ask the URL by hand: a login or an error page may stand there') =>
    new TidegateError('upstream', `${source} answered ${found} where ${expected} was expected`, {
      field: 'url',
      expected,
      hint,
    });
  if (declared !== undefined) {
    const refused = isDeclared(declared) && declared.refuses?.test(type) === true;
    if (refused) throw unfit(type === '' ? 'no content type' : type);
    return declared;
  }
  if (FOREIGN_TYPE.test(type)) throw unfit(type, hintFor(type));
  if (pick !== undefined) return 'json';
  const form = jsonFormOf(type);
  if (form !== null) return form === 'lines' ? 'ndjson' : 'json';
  return /\.(?:ndjson|jsonl)$/i.test(url.pathname) ? 'ndjson' : 'json';
}

function nameOf(format: HttpFormat | undefined): string {
  if (isDeclared(format)) return (format satisfies DeclaredFormat).name;
  return format === 'ndjson' ? 'NDJSON' : format === 'json' ? 'JSON' : 'JSON or NDJSON';
}

/** Tells which format to declare. Formats are not guessed, so that an app carries only the parsers that it declares. */
function hintFor(type: string): string {
  if (type.includes('csv')) return 'declare format: csv()';
  if (type.includes('event-stream')) return 'declare format: sse()';
  if (/\b(?:rss|atom|xml|rdf)\b/.test(type)) return 'if that is RSS or Atom, declare format: rss()';
  return "a login or an error page may stand there; if that is JSON, declare format: 'json'";
}

function noPlace(url: URL): TidegateError {
  return new TidegateError('upstream', `the burst was over before its turn at ${url.host}`, {
    field: 'politeness',
    expected: 'fewer requests to the host at a time, of all feeds together',
    hint: 'a stream of events and a long poll are open requests for as long as their bursts last',
  });
}
