/** The mistakes in what an HTTP feed declares of pages, ranges of time, long polling and politeness. Pure. */
import type { Problem } from '../../declare/problem.ts';
import { type KnownNames, unknownKeys } from '../../declare/spec/known-names.ts';
import { DEFAULT_LOOKBACK_MS, type HttpOptions, type HttpPages, type HttpSince, type HttpWait } from './options.ts';
import { MOST_PER_SECOND, type Politeness } from '../../net/politeness.ts';
import type { PlaceholderName } from '../kit/template.ts';
import { isPath } from '../../base/json-path.ts';
import { TIME_FORMATS } from '../../base/source-time.ts';

/** Null: a function may place any. */
type Placed = ReadonlySet<PlaceholderName> | null;

const KNOWN_OF_PAGES: { [By in HttpPages['by']]: KnownNames<Extract<HttpPages, { by: By }>> } = {
  link: { by: true, from: true },
  cursor: { by: true, from: true, param: true },
  offset: { by: true, size: true, param: true },
  number: { by: true, first: true, size: true, param: true },
  time: { by: true, size: true },
};
const KNOWN_OF_SINCE: KnownNames<HttpSince> = {
  format: true,
  from: true,
  initialMs: true,
  lookbackMs: true,
  overlapMs: true,
  delayMs: true,
  rangeMs: true,
  alignMs: true,
};
const KNOWN_OF_WAIT: KnownNames<HttpWait> = { ms: true, unit: true, param: true };
const KNOWN_OF_POLITENESS: KnownNames<Politeness> = { concurrency: true, perSecond: true };
/** A range of time is no longer than this, so that what is counted in nanoseconds stays a time. */
const MOST_MS = 100 * 365 * 86_400_000;

export function pagingProblems(options: HttpOptions, placed: Placed): Problem[] {
  const { pages, cursor, since, format, body } = options;
  if (pages === undefined) return [];
  const kinds = Object.keys(KNOWN_OF_PAGES);
  if (!kinds.includes(pages.by)) {
    return [{ path: 'pages.by', expected: `one of ${kinds.join(', ')}`, found: pages.by }];
  }
  const problems = unknownKeys(pages, KNOWN_OF_PAGES[pages.by], 'pages');
  if (cursor !== undefined) {
    problems.push({ path: 'pages', expected: 'cursor or pages, and not both: a cursor is followed page by page' });
  }
  if (pages.by === 'cursor' || (pages.by === 'link' && pages.from !== undefined)) {
    const from: unknown = pages.from;
    if (typeof from !== 'string' || from === '' || !isPath(from)) {
      problems.push({ path: 'pages.from', expected: 'a path such as next or meta.cursor', found: String(from) });
    }
    if (format !== undefined && format !== 'json') {
      problems.push({ path: 'pages.from', expected: 'JSON: no other format has a body around its items' });
    }
  }
  if (pages.by === 'link' && body !== undefined) {
    problems.push({ path: 'pages.by', expected: 'cursor, offset or number: a link is not asked with a body' });
  }
  if ((pages.by === 'cursor' || pages.by === 'offset' || pages.by === 'number') && !isCarried(pages.param, placed)) {
    problems.push({
      path: 'pages.param',
      expected: 'the query parameter that carries it, or {cursor} where it belongs',
    });
  }
  if ('size' in pages && !isWhole(pages.size, 1)) {
    problems.push({ path: 'pages.size', expected: 'how many items a full page has', found: String(pages.size) });
  }
  if ((pages.by === 'offset' || pages.by === 'time') && !('size' in pages)) {
    problems.push({ path: 'pages.size', expected: 'how many items a full page has' });
  }
  if (pages.by === 'number' && pages.first !== undefined && !isWhole(pages.first, 0)) {
    problems.push({ path: 'pages.first', expected: 'a whole number from 0 on', found: String(pages.first) });
  }
  if (pages.by === 'time' && since?.from === undefined) {
    problems.push({ path: 'since.from', expected: 'the path to the time in an item, where pages are by time' });
  }
  return problems;
}

export function sinceProblems({ since, url, cursor }: HttpOptions, placed: Placed): Problem[] {
  if (since === undefined) {
    const needed = (['since', 'until'] as const).filter((name) => placed?.has(name));
    return needed.slice(0, 1).map((name) => ({ path: 'since', expected: `a declaration, because {${name}} stands` }));
  }
  const problems = unknownKeys(since, KNOWN_OF_SINCE, 'since');
  if (since.format !== undefined && !TIME_FORMATS.includes(since.format)) {
    problems.push({ path: 'since.format', expected: `one of ${TIME_FORMATS.join(', ')}`, found: since.format });
  }
  if (cursor !== undefined) {
    problems.push({ path: 'since', expected: 'cursor or since, and not both: each says where the feed goes on' });
  }
  if (since.from !== undefined && (since.from === '' || !isPath(since.from))) {
    problems.push({ path: 'since.from', expected: 'a path such as at or properties.time', found: since.from });
  }
  for (const [name, least] of [
    ['initialMs', 0],
    ['lookbackMs', 0],
    ['overlapMs', 0],
    ['delayMs', 0],
    ['rangeMs', 1],
    ['alignMs', 1],
  ] as const) {
    const value = since[name];
    if (value !== undefined && !(isWhole(value, least) && value <= MOST_MS)) {
      problems.push({ path: `since.${name}`, expected: `milliseconds, from ${least} on`, found: String(value) });
    }
  }
  const { rangeMs, alignMs = 1, delayMs = 0, lookbackMs = DEFAULT_LOOKBACK_MS } = since;
  if (since.initialMs === undefined && lookbackMs < delayMs + alignMs) {
    problems.push({
      path: 'since.lookbackMs',
      expected: 'no less than delayMs and alignMs',
      found: String(lookbackMs),
    });
  }
  if (rangeMs !== undefined && rangeMs < alignMs) {
    problems.push({ path: 'since.rangeMs', expected: 'no less than alignMs', found: String(rangeMs) });
  }
  if (typeof url === 'string' && placed?.has('since') === false) {
    problems.push({ path: 'since', expected: '{since} in url, headers or body' });
  }
  return problems;
}

export function waitProblems({ wait, format }: HttpOptions, placed: Placed): Problem[] {
  if (wait === undefined) {
    return placed?.has('wait') ? [{ path: 'wait', expected: 'a declaration, because {wait} stands' }] : [];
  }
  const problems = unknownKeys(wait, KNOWN_OF_WAIT, 'wait');
  if (!isWhole(wait.ms, 1_000)) {
    problems.push({ path: 'wait.ms', expected: 'milliseconds, from 1,000 on', found: String(wait.ms) });
  }
  if (wait.unit !== undefined && wait.unit !== 's' && wait.unit !== 'ms') {
    problems.push({ path: 'wait.unit', expected: 's or ms', found: String(wait.unit) });
  }
  if (wait.param === '') problems.push({ path: 'wait.param', expected: 'the query parameter that carries it' });
  if (typeof format === 'object' && format.reads === 'document') {
    problems.push({ path: 'wait', expected: 'JSON or rows: a document is not waited for' });
  }
  return problems;
}

export function politenessProblems({ politeness }: HttpOptions): Problem[] {
  if (politeness === undefined) return [];
  const problems = unknownKeys(politeness, KNOWN_OF_POLITENESS, 'politeness');
  const { concurrency = 1, perSecond = 1 } = politeness;
  if (!isWhole(concurrency, 1)) {
    problems.push({ path: 'politeness.concurrency', expected: 'a whole number from 1 on', found: String(concurrency) });
  }
  if (!(perSecond >= 0.001 && perSecond <= MOST_PER_SECOND)) {
    const expected = `a number from 0.001 to ${MOST_PER_SECOND}`;
    problems.push({ path: 'politeness.perSecond', expected, found: String(perSecond) });
  }
  return problems;
}

function isCarried(param: unknown, placed: Placed): boolean {
  return param === undefined ? (placed?.has('cursor') ?? true) : typeof param === 'string' && param !== '';
}

function isWhole(value: unknown, least: number): value is number {
  return Number.isInteger(value) && (value as number) >= least;
}
