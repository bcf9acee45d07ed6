/** Makes the next request of an HTTP feed from its declaration and its position. It sends nothing; it calls only the app's own functions. */
import { TidegateError } from '../../base/errors.ts';
import { type HttpAt, isDeclared } from './options.ts';
import type { HttpSettings } from './spec.ts';
import type { HttpBody } from '../kit/template.ts';
import { cursorOfPage } from './next-page.ts';
import { conditionalHeaders, fingerprint, type HttpPosition, type TimeRange } from './position.ts';
import { fillBody, fillHeader, fillUrl, type Placeholders } from '../kit/template.ts';
import { restoreLink } from './next-link.ts';
import { nsFromMs, writeSourceTime } from '../../base/time/source-time.ts';
import type { FeedTarget } from '../../declare/feed.ts';
import type { FeedRequest } from './answer.ts';

interface RequestInput {
  options: HttpSettings;
  position: HttpPosition;
  /** Null where none is declared. */
  range: TimeRange | null;
  /** Epoch ms. */
  now: number;
  /** How long the source may keep the request open; null where it may not. */
  waitMs: number | null;
  /** Where the items go. */
  targets: readonly FeedTarget[];
}

/** The only headers that go to an origin other than the feed's. */
const PORTABLE_HEADERS = new Set(['accept', 'user-agent']);
const ACCEPT_JSON = 'application/json, application/x-ndjson, */*;q=0.1';
const ACCEPT_NDJSON = 'application/x-ndjson, */*;q=0.1';

export async function makeRequest(asking: RequestInput): Promise<FeedRequest> {
  const { options, position } = asking;
  const { pages, wait, format: bodyFormat } = options;
  const format = options.since?.format ?? 'iso';
  const values = placeholders(asking);
  const at = placeOf(asking);
  const base = parseUrl(typeof options.url === 'function' ? await options.url(at) : options.url, (text) =>
    fillUrl(text, values, format),
  );
  const carried = pages ?? options.cursor;
  const param = carried !== undefined && 'param' in carried ? carried.param : undefined;
  if (param !== undefined && values.cursor !== null) base.searchParams.set(param, String(values.cursor));
  if (wait?.param !== undefined && values.wait !== null) base.searchParams.set(wait.param, String(values.wait));

  const url = pages?.by === 'link' && position.page !== null ? restoreLink(position.page.at, base) : base;
  const declared = typeof options.headers === 'function' ? await options.headers(at) : (options.headers ?? {});
  const own = Object.entries(declared).map(([name, value]): [string, string] => [
    name.toLowerCase(),
    fillHeader(value, values, format),
  ]);
  const given = typeof options.body === 'function' ? await options.body(at) : (options.body ?? null);
  const body = given === null ? null : fillBody(checkBody(given), values, format);
  const asked = body === null ? url.href : `${url.href}\n${body.text}`;
  const [mark, readingMark] = await Promise.all([fingerprint(asked), fingerprint(`${asked}\n${readingOf(asking)}`)]);
  const headers: Record<string, string> = {
    accept: isDeclared(bodyFormat) ? bodyFormat.accept : bodyFormat === 'ndjson' ? ACCEPT_NDJSON : ACCEPT_JSON,
    'user-agent': 'tidegate',
    ...(body === null ? conditionalHeaders(position.validators, readingMark) : { 'content-type': body.type }),
    ...Object.fromEntries(own),
  };
  const isForeign = url.origin !== base.origin;
  return {
    url,
    base,
    method: body === null ? 'GET' : 'POST',
    headers: isForeign
      ? Object.fromEntries(Object.entries(headers).filter(([name]) => PORTABLE_HEADERS.has(name)))
      : headers,
    body: body?.text ?? null,
    mark,
    readingMark,
  };
}

/**
 * What the declaration says of an answer, and of who asks for it. Where that is another than before, a source must not be told that its
 * answer is known. Headers that a function makes are not in it: they may differ each time.
 */
function readingOf({ options: { items, pick, format, headers = {} }, targets }: RequestInput): string {
  const read = isDeclared(format) ? [format.name, format.options] : format;
  const sent = typeof headers === 'function' ? headers : Object.entries(headers);
  const declared = [items, pick, read, sent, targets.map(({ stream, route }) => [stream, route])];
  return JSON.stringify(declared, (_name, value: unknown) => (isText(value) ? String(value) : value));
}

/** Of what JSON has no form for, its text tells whether it is another one. */
function isText(value: unknown): boolean {
  return typeof value === 'function' || value instanceof RegExp;
}

function placeholders({ options, position, range, now, waitMs }: RequestInput): Placeholders {
  const { pages, cursor, wait } = options;
  return {
    since: range?.since ?? null,
    until: range?.until ?? null,
    now: nsFromMs(now),
    cursor: pages === undefined ? (position.cursor ?? cursor?.initial ?? null) : cursorOfPage(pages, position.page),
    wait: waitMs === null ? null : wait?.unit === 'ms' ? Math.floor(waitMs) : Math.floor(waitMs / 1_000),
  };
}

function placeOf({ options: { since, pages }, position, range, now }: RequestInput): HttpAt {
  const format = since?.format ?? 'iso';
  return {
    position: position.cursor,
    now,
    since: range === null ? null : writeSourceTime(range.since, format),
    until: range === null ? null : writeSourceTime(range.until, format),
    page: cursorOfPage(pages, position.page),
  };
}

function parseUrl(text: string, fill: (text: string) => string): URL {
  const filled = fill(text);
  if (URL.canParse(filled)) {
    const url = new URL(filled);
    // Dots cannot be percent-encoded, so a cursor of nothing but dots would lead to another path, with the feed's headers.
    if (!URL.canParse(text) || segmentsOf(url) === segmentsOf(new URL(text))) return url;
    throw new TidegateError('upstream', 'a cursor of the source leads to another path', {
      field: 'cursor',
      expected: 'a text that is no . or ..',
    });
  }
  throw new TidegateError('invalid_config', 'the feed has no URL to ask', {
    field: 'url',
    expected: 'an absolute https URL',
  });
}

function segmentsOf({ pathname }: URL): number {
  return pathname.split('/').length;
}

function checkBody(body: HttpBody): HttpBody {
  if (typeof body === 'object' && body !== null && ('json' in body || 'form' in body)) return body;
  throw new TidegateError('invalid_config', 'the feed has no body to send', {
    field: 'body',
    expected: '{ json: what is sent } or { form: fields with texts }',
  });
}
