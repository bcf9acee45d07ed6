/** Dead letters by the number that an operator gives: their place in the log of their feed, which never changes. */
import * as z from 'zod';
import { TidegateError } from '../../base/errors.ts';
import { knownName } from '../../base/known-names.ts';
import { isoTime } from '../../base/time/time-text.ts';
import type { Json } from '../../base/json.ts';
import { type DeadLetter, deadLetter, deadLetterLog } from '../../feeds/records/dead-letters.ts';
import { findFeed } from '../../feeds/records/find-feed.ts';
import { decodeCursor, encodeCursor } from '../../store/cursor.ts';
import type { Cursor, LogEntry, Store } from '../../store/store.ts';
import { ofLetters, scopeOf, type StreamScope } from '../../streams/scope.ts';
import type { WorkDeps } from '../../calls/events/delivery-deps.ts';
import type { OperateContext } from '../action.ts';

export const LetterNumber = z.number().int().min(0);
export const FeedOfLetters = z.string().min(1).max(64).describe('Name of a feed');

export const LetterRow = z.object({
  feed: z.string(),
  number: LetterNumber,
  at: z.string(),
  stream: z.string(),
  reason: z.string(),
  field: z.string().nullable(),
  expected: z.string().nullable(),
  cut: z.boolean().describe('Kept only in part'),
});

export interface Letter {
  number: number;
  cursor: Cursor;
  letter: DeadLetter;
}

interface Letters {
  log: string;
  own: StreamScope<WorkDeps>;
}

/** @throws TidegateError `not_found` */
export function lettersOf({ deps, tenant }: OperateContext, feed: string): Letters {
  return {
    log: deadLetterLog(ofLetters({ tenant }, findFeed(deps.app, feed)).tenant, feed),
    own: ofLetters(scopeOf(deps, { tenant }), findFeed(deps.app, feed)),
  };
}

/** @throws TidegateError `not_found` */
export async function letterNumbered({ log, own: { store } }: Letters, number: number): Promise<Letter> {
  const { start, end } = await store.extent(log);
  const from = start === null ? 0 : decodeCursor(start).place;
  const to = end === null ? 0 : decodeCursor(end).place;
  if (end !== null && number >= from && number < to) {
    const page = await store.read(log, encodeCursor(decodeCursor(end).epoch, number), 1);
    const [entry] = page.entries;
    if (entry !== undefined && !page.truncated) return letterIn(entry);
  }
  const expected = to > from ? `a number from ${from} to ${to - 1}` : knownName(String(number), [], 'dead letters');
  throw new TidegateError('not_found', `there is no dead letter ${number}`, { field: 'number', expected });
}

/** The newest, oldest first. */
export async function newestLetters({ log, own: { store } }: Letters, limit: number): Promise<Letter[]> {
  const found: Letter[] = [];
  for (let before: Cursor | null = null; found.length < limit;) {
    const page: Awaited<ReturnType<Store['last']>> = await store.last(
      log,
      Math.min(limit - found.length, 1_000),
      before,
    );
    found.unshift(...page.entries.map(letterIn));
    if (page.entries.length === 0 || page.start === page.floor) break;
    before = page.start;
  }
  return found;
}

export function rowOf(feed: string, { number, letter: { at, stream, reason, field, expected, cut } }: Letter) {
  return { feed, number, at: isoTime(at), stream, reason, field, expected, cut };
}

export function itemText(item: Json): string {
  return typeof item === 'string' ? item : JSON.stringify(item);
}

function letterIn(entry: LogEntry): Letter {
  return { number: decodeCursor(entry.cursor).place - 1, cursor: entry.cursor, letter: deadLetter.read(entry) };
}
