/**
 * One request of an HTTP feed: its URL and headers, and what the answer's status and content type mean. The body is
 * left to `http-body.ts`.
 */
import type { BurstContext } from '../core/declaration/feed.ts';
import { TidegateError } from '../core/errors.ts';
import { publicForm } from './fetch-target.ts';
import type { HttpFormat, HttpOptions } from './http-options.ts';
import { conditionalHeaders, fingerprint, type HttpPosition, type Validators } from './http-position.ts';
import { retryAfterMs } from './retry-after.ts';

export interface HttpAnswer {
  /** For errors: no query. */
  source: string;
  format: HttpFormat;
  body: ReadableStream<Uint8Array>;
  /** What makes the next request for this URL conditional; null where the source gives nothing for it. */
  validators: Validators | null;
  /** Identity of this body, where the source has given it one (its ETag at its URL). */
  mark: string | null;
}

const DEFAULT_MAX_BYTES = 10 * 1024 * 1024;
const NDJSON_TYPE = /\b(?:x-)?(?:ndjson|jsonl|jsonlines|json-lines|json-seq|stream\+json)\b/;
const MARKUP_TYPE = /\b(?:html|xml)\b/;

/** @returns null where there is nothing new. Throws TidegateError `upstream` for any other status than 2xx and 304. */
export async function askSource(
  options: HttpOptions,
  position: HttpPosition,
  context: BurstContext,
  signal: AbortSignal,
): Promise<HttpAnswer | null> {
  const url = await requestUrl(options, position.cursor, context.now());
  const urlMark = await fingerprint(url);
  const own = typeof options.headers === 'function' ? await options.headers() : (options.headers ?? {});
  const response = await context.fetch(url, {
    headers: {
      accept:
        options.format === 'ndjson'
          ? 'application/x-ndjson, */*;q=0.1'
          : 'application/json, application/x-ndjson, */*;q=0.1',
      'user-agent': 'tidegate',
      ...conditionalHeaders(position.validators, urlMark),
      ...lowerCased(own),
    },
    signal,
    maxBytes: mostBytes(options, context),
    // The feed itself watches for silence and for the end of the burst; this only ends what escapes both.
    timeoutMs: Math.max(1, context.deadline - context.now()) + 1_000,
    ...(options.allow === undefined ? {} : { allow: options.allow }),
  });
  const source = publicForm(new URL(url));
  if (response.status === 304 || response.status === 204) return null;
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw badStatus(response, source, context.now());
  }
  try {
    const format = formatOf(response.headers.get('content-type') ?? '', url, options.format, source);
    const validators = validatorsOf(response, urlMark);
    const mark = validators?.etag ? `${urlMark} ${validators.etag}` : null;
    return { source, format, body: response.body, validators, mark };
  } catch (error) {
    await response.body.cancel();
    throw error;
  }
}

async function requestUrl(options: HttpOptions, cursor: HttpPosition['cursor'], now: number): Promise<string> {
  const text = typeof options.url === 'function' ? await options.url({ position: cursor, now }) : options.url;
  if (!URL.canParse(text)) {
    throw new TidegateError('invalid_config', 'the feed has no URL to ask', {
      field: 'url',
      expected: 'an absolute https URL',
    });
  }
  const url = new URL(text);
  if (cursor !== null && options.cursor?.param !== undefined)
    url.searchParams.set(options.cursor.param, String(cursor));
  return url.href;
}

function mostBytes({ maxBytes, format }: HttpOptions, { budget }: BurstContext): number {
  if (maxBytes !== undefined) return maxBytes;
  return format === 'json' ? DEFAULT_MAX_BYTES : Math.max(DEFAULT_MAX_BYTES, budget.bytes);
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function validatorsOf({ headers }: Response, url: string): Validators | null {
  const etag = headers.get('etag');
  const lastModified = headers.get('last-modified');
  return etag === null && lastModified === null ? null : { url, etag, lastModified };
}

function formatOf(contentType: string, url: string, declared: HttpFormat | undefined, source: string): HttpFormat {
  const type = contentType.toLowerCase();
  const expected = declared === 'ndjson' ? 'NDJSON' : declared === 'json' ? 'JSON' : 'JSON or NDJSON';
  const unfit = (found: string) =>
    new TidegateError('upstream', `${source} answered ${found} where ${expected} was expected`, {
      field: 'url',
      expected,
      hint: 'ask the URL by hand: a login or an error page may stand there',
    });
  if (MARKUP_TYPE.test(type)) throw unfit(type.split(';', 1)[0] ?? type);
  const charset = /charset="?([^\s;"]+)/.exec(type)?.[1] ?? 'utf-8';
  if (!['utf-8', 'utf8', 'us-ascii'].includes(charset)) throw unfit(`text in ${charset}`);
  if (declared !== undefined) return declared;
  if (NDJSON_TYPE.test(type)) return 'ndjson';
  if (type.includes('json')) return 'json';
  return /\.(?:ndjson|jsonl)$/i.test(new URL(url).pathname) ? 'ndjson' : 'json';
}

function badStatus(response: Response, source: string, now: number): TidegateError {
  const { status, statusText, headers } = response;
  const wait = retryAfterMs(headers.get('retry-after'), now);
  const hint = HINTS[status];
  return new TidegateError('upstream', `${source} answered ${status}${statusText === '' ? '' : ` ${statusText}`}`, {
    expected: 'a status of 2xx or 304',
    ...(hint === undefined ? {} : { hint }),
    ...(wait === null ? {} : { retryAfterMs: wait }),
  });
}

const HINTS: Record<number, string> = {
  401: 'check the credentials in headers',
  403: 'check the credentials in headers',
  404: 'check url',
  410: 'check url',
  429: 'raise everyMs',
};
