/** The mistakes in the declaration of an HTTP feed that can be found without any I/O. None shows what may be a secret. */
import type { FeedTarget } from '../../declare/feed.ts';
import type { Problem } from '../../declare/problem.ts';
import { type KnownNames, unknownKeys } from '../../declare/spec/known-names.ts';
import { allowProblems } from '../kit/allow-problems.ts';
import { checkTarget } from '../../net/fetch-target.ts';
import { isDeclared } from './options.ts';
import type { HttpCursor, HttpOptions } from './options.ts';
import { pagingProblems, politenessProblems, sinceProblems, waitProblems } from './problems-of-paging.ts';
import { type PlaceholderName, placeholdersWithin } from '../kit/template.ts';
import { isPath } from '../../base/json-path.ts';
import { headerExpected } from '../../net/request-headers.ts';
import { withoutIds } from '../kit/twice-read.ts';

const KNOWN: KnownNames<HttpOptions> = {
  url: true,
  headers: true,
  body: true,
  format: true,
  items: true,
  pick: true,
  cursor: true,
  pages: true,
  since: true,
  wait: true,
  maxPages: true,
  politeness: true,
  allow: true,
  maxBytes: true,
  timeoutMs: true,
  everyMs: true,
  budget: true,
  overflow: true,
  sample: true,
};
const KNOWN_OF_CURSOR: KnownNames<HttpCursor> = { from: true, of: true, param: true, initial: true };

export function httpProblems(options: HttpOptions, targets: readonly FeedTarget[]): Problem[] {
  const placed = placeholdersOf(options);
  return [
    ...unknownKeys(options, KNOWN),
    ...unknownKeys(options.cursor, KNOWN_OF_CURSOR, 'cursor'),
    ...urlProblems(options),
    ...headerProblems(options),
    ...requestBodyProblems(options),
    ...bodyProblems(options),
    ...cursorProblems(options, placed),
    ...pagingProblems(options, placed),
    ...sinceProblems(options, placed),
    ...waitProblems(options, placed),
    ...politenessProblems(options),
    ...eventProblems(options),
    ...(Number(options.since?.overlapMs) > 0 ? withoutIds('since.overlapMs', targets) : []),
  ];
}

/** The placeholders that the declaration has; null where a function may place any. */
function placeholdersOf({ url, headers, body }: HttpOptions): ReadonlySet<PlaceholderName> | null {
  if (typeof url === 'function' || typeof headers === 'function' || typeof body === 'function') return null;
  return new Set([...placeholdersWithin(url), ...placeholdersWithin(headers), ...placeholdersWithin(body)]);
}

function urlProblems({ url, allow = [] }: HttpOptions): Problem[] {
  const problems = allowProblems(allow);
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

function requestBodyProblems({ body }: HttpOptions): Problem[] {
  if (body === undefined || typeof body === 'function') return [];
  const expected = '{ json: what is sent } or { form: fields with texts }';
  const [[kind, value] = [], ...more] = Object.entries<unknown>(body);
  if (more.length > 0 || (kind !== 'json' && kind !== 'form')) return [{ path: 'body', expected }];
  if (kind === 'json') return isJson(value) ? [] : [{ path: 'body.json', expected: 'what JSON can hold' }];
  const isForm =
    typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');
  return isForm ? [] : [{ path: 'body.form', expected: 'an object whose values are texts' }];
}

function isJson(value: unknown): boolean {
  try {
    return typeof JSON.stringify(value) === 'string';
  } catch {
    return false;
  }
}

function bodyProblems(options: HttpOptions): Problem[] {
  const problems: Problem[] = [];
  const { format, items, pick } = options;
  if (format !== undefined && format !== 'json' && format !== 'ndjson' && !isDeclared(format)) {
    problems.push({ path: 'format', expected: 'json, ndjson, csv(), rss() or sse()', found: String(format) });
  }
  if (isDeclared(format)) {
    problems.push(...format.problems().map((problem) => ({ ...problem, path: `format.${problem.path}` })));
  }
  if (items !== undefined && !isPath(items)) {
    problems.push({ path: 'items', expected: 'a path such as features or data.items', found: items });
  }
  if (items !== undefined && format !== undefined && format !== 'json') {
    const expected = 'no path, because only JSON has one; each row, entry or event of another format is an item';
    problems.push({ path: 'items', expected, found: items });
  }
  if (pick !== undefined && (typeof pick !== 'function' || items !== undefined)) {
    problems.push({ path: 'pick', expected: 'a function of the body, and no items beside it' });
  }
  if (pick !== undefined && format !== undefined && format !== 'json') {
    problems.push({ path: 'pick', expected: 'no function, because only JSON has a body to pick from' });
  }
  for (const field of ['maxBytes', 'timeoutMs', 'maxPages'] as const) {
    const value = options[field];
    if (value !== undefined && !(Number.isInteger(value) && value > 0)) {
      problems.push({ path: field, expected: 'a positive whole number', found: String(value) });
    }
  }
  return problems;
}

function cursorProblems({ cursor, format, url }: HttpOptions, placed: ReadonlySet<PlaceholderName> | null): Problem[] {
  if (cursor === undefined) return [];
  const problems: Problem[] = [];
  const { from, of, param, initial } = cursor;
  if (of === 'header') {
    const expected = headerExpected(from, '');
    if (expected !== null) problems.push({ path: 'cursor.from', expected, found: from });
  } else if (from === '' || !isPath(from)) {
    problems.push({ path: 'cursor.from', expected: 'a path such as next or meta.cursor', found: from });
  }
  if (of !== undefined && !['body', 'item', 'header'].includes(of)) {
    problems.push({ path: 'cursor.of', expected: 'body, item or header', found: of });
  }
  if (of === 'body' && format !== undefined && format !== 'json') {
    const expected = 'item or header, because only JSON has a body around its items';
    problems.push({ path: 'cursor.of', expected, found: 'body' });
  }
  if (param === '' || (param === undefined && typeof url === 'string' && placed?.has('cursor') === false)) {
    problems.push({
      path: 'cursor.param',
      expected: 'the query parameter that carries the cursor, {cursor} where it belongs, or url as a function',
    });
  }
  if (initial !== undefined && initial !== '' && typeof initial !== 'string' && !Number.isFinite(initial)) {
    problems.push({ path: 'cursor.initial', expected: 'a text or a number' });
  }
  return problems;
}

/** What has no meaning where a stream of events is read. */
function eventProblems(options: HttpOptions): Problem[] {
  if (!isDeclared(options.format) || options.format.reads !== 'events') return [];
  return (['cursor', 'pages', 'since', 'wait'] as const)
    .filter((field) => options[field] !== undefined)
    .map((path) => ({ path, expected: 'nothing: a stream of events goes on from its last id' }));
}
