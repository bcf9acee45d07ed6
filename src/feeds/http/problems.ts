/**
 * The mistakes in the declaration of an HTTP feed, found without I/O: those of single options by the specification, and
 * here those that several options make together. No message shows what may be a secret.
 */
import type { FeedTarget } from '../../declare/feed.ts';
import type { Problem } from '../../declare/problem.ts';
import { optionProblems } from '../../declare/spec/option-problems.ts';
import { isBroken } from '../../declare/spec/problems.ts';
import { defaultOf } from '../../declare/spec/options.ts';
import { isPath } from '../../base/json-path.ts';
import { headerExpected } from '../../net/request-headers.ts';
import { soundOptions, targetProblems } from '../kit/source-options.ts';
import { type PlaceholderName, placeholdersWithin } from '../kit/template.ts';
import { withoutIds } from '../kit/twice-read.ts';
import { type HttpOptions, isDeclared } from './options.ts';
import { httpSpec, sinceSpec } from './spec.ts';

/** The options that are right by themselves. */
type Sound = Partial<HttpOptions>;
/** The placeholders that the declaration has; null where a function may place any, or nobody knows. */
type Placed = ReadonlySet<PlaceholderName> | null;

export function httpProblems(options: HttpOptions, targets: readonly FeedTarget[]): Problem[] {
  const problems = optionProblems(httpSpec, options);
  const sound = soundOptions(options, problems);
  const placed = ['url', 'headers', 'body'].some((name) => isBroken(problems, name)) ? null : placeholdersOf(options);
  const rules = [
    ...urlProblems(sound),
    ...formatProblems(sound),
    ...cursorProblems(sound, placed),
    ...pagesProblems(sound, placed),
    ...sinceProblems(sound, placed),
    ...waitProblems(sound, placed),
    ...eventProblems(sound),
    ...((sound.since?.overlapMs ?? 0) > 0 ? withoutIds('since.overlapMs', targets) : []),
  ];
  return [...problems, ...rules.filter(({ path }) => !isBroken(problems, path))];
}

function placeholdersOf({ url, headers, body }: HttpOptions): Placed {
  if (typeof url !== 'string' || typeof headers === 'function' || typeof body === 'function') return null;
  return new Set([...placeholdersWithin(url), ...placeholdersWithin(headers), ...placeholdersWithin(body)]);
}

function urlProblems({ url, allow = [] }: Sound): Problem[] {
  return typeof url === 'string' ? targetProblems('url', url, allow) : [];
}

function formatProblems({ format, items, pick, charset }: Sound): Problem[] {
  const problems: Problem[] = [];
  if (isDeclared(format)) {
    problems.push(...format.problems().map((problem) => ({ ...problem, path: `format.${problem.path}` })));
  }
  if (items !== undefined && !isJson(format)) {
    const expected = 'no path, because only JSON has one; each row, entry or event of another format is an item';
    problems.push({ path: 'items', expected, found: items });
  }
  if (charset !== undefined && isDeclared(format)) {
    problems.push({
      path: 'charset',
      expected: 'nothing: csv() and rss() have a charset of their own, and sse() is UTF-8',
    });
  }
  if (pick !== undefined && items !== undefined) {
    problems.push({ path: 'pick', expected: 'a function of the body, and no items beside it' });
  }
  if (pick !== undefined && !isJson(format)) {
    problems.push({ path: 'pick', expected: 'no function, because only JSON has a body to pick from' });
  }
  return problems;
}

function isJson(format: HttpOptions['format']): boolean {
  return format === undefined || format === 'json';
}

function cursorProblems({ cursor, format, url }: Sound, placed: Placed): Problem[] {
  if (cursor === undefined) return [];
  const problems: Problem[] = [];
  const { from, of, param } = cursor;
  const expected =
    of === 'header' ? headerExpected(from, '') : isPath(from) ? null : 'a path such as next or meta.cursor';
  if (expected !== null) problems.push({ path: 'cursor.from', expected, found: from });
  if (of === 'body' && !isJson(format)) {
    const other = 'item or header, because only JSON has a body around its items';
    problems.push({ path: 'cursor.of', expected: other, found: 'body' });
  }
  if (param === undefined && typeof url === 'string' && placed?.has('cursor') === false) {
    problems.push({
      path: 'cursor.param',
      expected: 'the query parameter that carries the cursor, {cursor} where it belongs, or url as a function',
    });
  }
  return problems;
}

function pagesProblems({ pages, cursor, since, format, body }: Sound, placed: Placed): Problem[] {
  if (pages === undefined) return [];
  const problems: Problem[] = [];
  if (cursor !== undefined) {
    problems.push({ path: 'pages', expected: 'cursor or pages, and not both: a cursor is followed page by page' });
  }
  if ('from' in pages && pages.from !== undefined && !isJson(format)) {
    problems.push({ path: 'pages.from', expected: 'JSON: no other format has a body around its items' });
  }
  if (pages.by === 'link' && /^link$/i.test(pages.from ?? '')) {
    const expected = 'a path to the URL in the body, such as next; without from it is the header Link that is followed';
    problems.push({ path: 'pages.from', expected });
  }
  if (pages.by === 'link' && body !== undefined) {
    problems.push({ path: 'pages.by', expected: 'cursor, offset or number: a link is not asked with a body' });
  }
  const isSent = pages.by === 'cursor' || pages.by === 'offset' || pages.by === 'number';
  if (isSent && pages.param === undefined && placed?.has('cursor') === false) {
    const expected = 'the query parameter that carries it, or {cursor} where it belongs';
    problems.push({ path: 'pages.param', expected });
  }
  if (pages.by === 'time' && since?.from === undefined) {
    problems.push({ path: 'since.from', expected: 'the path to the time in an item, where pages are by time' });
  }
  return problems;
}

function sinceProblems({ since, url, cursor }: Sound, placed: Placed): Problem[] {
  if (since === undefined) {
    const needed = (['since', 'until'] as const).filter((name) => placed?.has(name));
    return needed.slice(0, 1).map((name) => ({ path: 'since', expected: `a declaration, because {${name}} stands` }));
  }
  const problems: Problem[] = [];
  if (cursor !== undefined) {
    problems.push({ path: 'since', expected: 'cursor or since, and not both: each says where the feed goes on' });
  }
  const { rangeMs, alignMs = 1, delayMs = 0, lookbackMs = defaultOf(sinceSpec.shape.lookbackMs) } = since;
  if (since.initialMs === undefined && lookbackMs < delayMs + alignMs) {
    const expected = 'no less than delayMs and alignMs';
    problems.push({ path: 'since.lookbackMs', expected, found: String(lookbackMs) });
  }
  if (rangeMs !== undefined && rangeMs < alignMs) {
    problems.push({ path: 'since.rangeMs', expected: 'no less than alignMs', found: String(rangeMs) });
  }
  if (typeof url === 'string' && placed?.has('since') === false) {
    problems.push({ path: 'since', expected: '{since} in url, headers or body' });
  }
  return problems;
}

function waitProblems({ wait, format }: Sound, placed: Placed): Problem[] {
  if (wait === undefined) {
    return placed?.has('wait') ? [{ path: 'wait', expected: 'a declaration, because {wait} stands' }] : [];
  }
  return isDeclared(format) && format.reads === 'document'
    ? [{ path: 'wait', expected: 'JSON or rows: a document is not waited for' }]
    : [];
}

/** What has no meaning where a stream of events is read. */
function eventProblems(options: Sound): Problem[] {
  if (!isDeclared(options.format) || options.format.reads !== 'events') return [];
  return (['cursor', 'pages', 'since', 'wait'] as const)
    .filter((field) => options[field] !== undefined)
    .map((path) => ({ path, expected: 'nothing: a stream of events goes on from its last id' }));
}
