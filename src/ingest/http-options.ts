/** What an HTTP feed may declare, and the mistakes that can be found in it without any I/O. */
import type { FeedPacing, Problem } from '../core/declaration/feed.ts';
import { type KnownNames, unknownKeys } from '../core/declaration/known-names.ts';
import { checkTarget, publicForm } from './fetch-target.ts';
import { isPath } from './json-path.ts';
import { headerExpected } from './request-headers.ts';

export type HttpFormat = 'json' | 'ndjson';

export interface HttpOptions extends FeedPacing {
  /**
   * What is asked, or a function that answers it before each request. `position` is the source's cursor as it was
   * last committed: null before the first, and where no `cursor` is declared.
   */
  url: string | ((at: { position: string | number | null; now: number }) => string | Promise<string>);
  /** Sent with each request, or a function that answers them; their values are never shown, logged or stored. */
  headers?: Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>);
  /** Default: by the response's content type, then by the URL's ending (`.ndjson`, `.jsonl`), else `json`. */
  format?: HttpFormat;
  /** JSON only: where the items are, such as `features` or `data.items`; default: the body itself. An object there is one item. */
  items?: string;
  /**
   * For sources that go on from a cursor: what is asked next, committed together with the events before it, so that
   * they are exactly once also without ids. Pages are asked for until one is empty or the cursor stays.
   */
  cursor?: HttpCursor;
  /** Hosts (`localhost`, `10.0.0.5:8080`) that may be http or have a private address; default: none. */
  allow?: readonly string[];
  /** Most bytes of a body after decompression. Default: 10 MiB; for NDJSON the budget's bytes where those are more. */
  maxBytes?: number;
  /** How long the source may be silent, before its headers and between two pieces of the body; default 10,000. The burst's own time bounds the whole. */
  timeoutMs?: number;
}

export interface HttpCursor {
  /** Path to the cursor, a text or a number: in the body, or in an item. */
  from: string;
  /** `body`: once a page, JSON only. `item`: of the last item, so the source has to send the oldest first. Default: `body`; for NDJSON `item`. */
  of?: 'body' | 'item';
  /** Query parameter that carries it. Absent: `url` is a function and places it. */
  param?: string;
}

const KNOWN: KnownNames<HttpOptions> = {
  url: true,
  headers: true,
  format: true,
  items: true,
  cursor: true,
  allow: true,
  maxBytes: true,
  timeoutMs: true,
  everyMs: true,
  budget: true,
  overflow: true,
  sample: true,
};
const KNOWN_OF_CURSOR: KnownNames<HttpCursor> = { from: true, of: true, param: true };

export function httpProblems(options: HttpOptions): Problem[] {
  return [
    ...unknownKeys(options, KNOWN),
    ...unknownKeys(options.cursor, KNOWN_OF_CURSOR, 'cursor'),
    ...urlProblems(options),
    ...headerProblems(options),
    ...bodyProblems(options),
    ...cursorProblems(options),
  ];
}

/** The feed's source for people: no query, no user, no headers. */
export function describeSource(url: HttpOptions['url']): string {
  if (typeof url === 'function') return 'http, at a URL that the app makes';
  return URL.canParse(url) ? publicForm(new URL(url)) : 'http, at what is no URL';
}

function urlProblems({ url, allow = [] }: HttpOptions): Problem[] {
  const problems: Problem[] = [];
  for (const [index, host] of allow.entries()) {
    // A URL parser judges hosts better than a pattern; what it changes (case aside) was no bare host.
    const read = URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`) : null;
    if (read === null || read.pathname !== '/' || read.search !== '' || read.username !== '' || host.includes('/')) {
      problems.push({ path: `allow.${index}`, expected: 'a host name or host:port, without a scheme', found: host });
    }
  }
  if (typeof url === 'function') return problems;
  if (!URL.canParse(url)) return [...problems, { path: 'url', expected: 'an absolute https URL' }];
  try {
    checkTarget(url, allow);
  } catch (error) {
    const { hostname, host, protocol, username, password } = new URL(url);
    const known = username !== '' || password !== '' || !['http:', 'https:'].includes(protocol);
    problems.push({
      path: 'url',
      expected: known
        ? 'an https URL without credentials'
        : `an https URL of a public host, or allow: ['${host}'] where ${hostname} is meant`,
      found: error instanceof Error ? error.message : String(error),
    });
  }
  return problems;
}

function headerProblems({ headers = {} }: HttpOptions): Problem[] {
  if (typeof headers === 'function') return [];
  return Object.entries<unknown>(headers).flatMap(([name, value]) => {
    const expected = headerExpected(name, value);
    return expected === null ? [] : [{ path: `headers.${name}`, expected }];
  });
}

function bodyProblems(options: HttpOptions): Problem[] {
  const problems: Problem[] = [];
  const { format, items } = options;
  if (format !== undefined && format !== 'json' && format !== 'ndjson') {
    problems.push({ path: 'format', expected: 'json or ndjson', found: String(format) });
  }
  if (items !== undefined && !isPath(items)) {
    problems.push({ path: 'items', expected: 'a path such as features or data.items', found: items });
  }
  if (items !== undefined && format === 'ndjson') {
    problems.push({ path: 'items', expected: 'no path, because each line of NDJSON is an item', found: items });
  }
  for (const field of ['maxBytes', 'timeoutMs'] as const) {
    const value = options[field];
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      problems.push({ path: field, expected: 'a positive whole number', found: String(value) });
    }
  }
  return problems;
}

function cursorProblems({ cursor, format, url }: HttpOptions): Problem[] {
  if (cursor === undefined) return [];
  const problems: Problem[] = [];
  if (cursor.from === '' || !isPath(cursor.from)) {
    problems.push({ path: 'cursor.from', expected: 'a path such as next or meta.cursor', found: cursor.from });
  }
  if (cursor.of !== undefined && cursor.of !== 'body' && cursor.of !== 'item') {
    problems.push({ path: 'cursor.of', expected: 'body or item', found: String(cursor.of) });
  }
  if (cursor.of === 'body' && format === 'ndjson') {
    problems.push({ path: 'cursor.of', expected: 'item, because NDJSON has no body around its items', found: 'body' });
  }
  if (cursor.param === '' || (cursor.param === undefined && typeof url === 'string')) {
    problems.push({
      path: 'cursor.param',
      expected: 'the query parameter that carries the cursor, or url as a function',
    });
  }
  return problems;
}
