/** What is told of pages that do not come, or cannot be read as they are declared: errors, and warnings in the log. */
import { TidegateError } from '../../base/errors.ts';
import { readPath } from '../../base/json-path.ts';
import { likelyUnit } from '../../base/time/source-time.ts';
import { retryAfterMs } from '../../net/retry-after.ts';
import type { BurstContext } from '../../declare/feed.ts';
import { MOST_EMPTY_IN_A_ROW } from './next-page.ts';
import { MOST_AHEAD } from './position.ts';
import type { HttpSettings } from './spec.ts';
import { MOST_OF_LAST_PAGE } from './way-onward.ts';

/** Items with an id are known by it. @returns what the position remembers */
export function tellLong({ targets, log }: BurstContext): [] {
  const streams = targets.filter(({ identified }) => identified === false).map(({ stream }) => stream);
  const words =
    'no cursor leads beyond a page of more items than are remembered, so they come twice: give the items an id';
  if (streams.length > 0) log('warn', words, { streams, remembered: MOST_OF_LAST_PAGE });
  return [];
}

export function tellEmpty({ log }: BurstContext, source: string): void {
  const words = `${source} says behind ${MOST_EMPTY_IN_A_ROW} empty pages in a row that more follow: the rest is not asked for`;
  log('warn', words, { field: 'pages' });
}

export function tellAhead({ targets, log }: BurstContext): void {
  const streams = targets.filter(({ identified }) => identified === false).map(({ stream }) => stream);
  if (streams.length === 0) return;
  log('warn', 'more items lie ahead of the clock than are remembered, so some come twice: give the items an id', {
    streams,
    remembered: MOST_AHEAD,
  });
}

export function noTime(
  { from = '', format }: NonNullable<HttpSettings['since']>,
  item: unknown,
  source: string,
): TidegateError {
  const value = readPath(item, from);
  const count = typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
  const likely = likelyUnit(count);
  const fix = likely === null ? '' : `: ${count} looks like format: '${likely}'`;
  return new TidegateError('upstream', `${source}: no item has a time at ${from} that is written as ${format}`, {
    field: 'since.from',
    expected: `a path to a time in each item, written as since.format says${fix}`,
  });
}

export function fullInstant(source: string): TidegateError {
  return new TidegateError('upstream', `${source}: a full page has no time that is later than where it began`, {
    field: 'pages.size',
    expected: 'a size above the number of items that have one time, and a time in each item at since.from',
  });
}

/** Items that share one cursor are more than a page holds. */
export function standingCursor(source: string): TidegateError {
  return new TidegateError('upstream', `${source} says that more follows, and its cursor stays the same`, {
    field: 'cursor',
    expected:
      'a cursor that each page leads beyond: larger pages, pages beside the cursor, or a value that fewer items share',
  });
}

export function notAsked(source: string): TidegateError {
  return new TidegateError('upstream', `${source} answered 304 to a request that knows of nothing before`, {
    field: 'url',
    expected: 'a body: what has not changed was never sent',
    hint: 'a cache in between may be wrong',
  });
}

export function badStatus(
  response: Response,
  source: string,
  { feed, now }: Pick<BurstContext, 'feed' | 'now'>,
  { cursor }: HttpSettings,
): TidegateError {
  const { status, statusText, headers } = response;
  const wait = retryAfterMs(headers.get('retry-after'), now());
  const hint = status === 410 && cursor !== undefined ? expiredHint(feed) : HINTS[status];
  return new TidegateError('upstream', `${source} answered ${status}${statusText === '' ? '' : ` ${statusText}`}`, {
    expected: 'a status of 2xx or 304',
    ...(hint === undefined ? {} : { hint }),
    ...(wait === null ? {} : { retryAfterMs: wait }),
  });
}

/** Each burst fails in the same way until somebody does one of the two. */
function expiredHint(feed: string): string {
  return `if the stored cursor has expired at the source, run: tidegate feeds reset ${feed}. The next burst then reads from the beginning that the feed declares; what the source has dropped since the cursor is lost. If url has moved, change url`;
}

export function missingPage(status: number, source: string): TidegateError {
  return new TidegateError('upstream', `${source} answered ${status} for a page that it said there is`, {
    field: 'pages',
    expected: 'the page that the one before it tells of, by a total or by has_more',
  });
}

const HINTS: Record<number, string> = {
  401: 'check the credentials in headers',
  403: 'check the credentials in headers',
  404: 'check url',
  410: 'the source says that nothing is at url any more: ask whoever runs it for the new one, and change url',
  429: 'raise everyMs',
};
