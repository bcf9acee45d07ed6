/**
 * One page of what a source tells, read with one call to the store. Whoever polls, listens or delivers reads through here, so that
 * all of them agree on what comes next, what is missing and whether there is more.
 */
import { decodeCursor, wentBack } from '../../store/cursor.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { Cursor, LogEntry, LogPage } from '../../store/store.ts';
import { besides, obey } from '../log/removals.ts';
import { loggedEvent, streamLog } from '../log/stream-log.ts';
import { ofStream, type Scope } from '../scope.ts';
import type { EventOccurrence, Selection } from './sources.ts';

/** An occurrence with its place in the log. */
export interface PlacedOccurrence {
  occurrence: EventOccurrence;
  /** Behind it. */
  position: Cursor;
  /** Epoch ms. */
  appendedAt: number;
}

export interface OccurrencePage {
  /** Oldest first. */
  occurrences: readonly PlacedOccurrence[];
  /** Before the first entry that was read; null: the log never had an entry. */
  start: Cursor | null;
  /** The next page begins there: all up to it has been judged. */
  position: Cursor | null;
  /** Events that may have been selected are missing before that: by retention, by age, or as the stream itself knows. */
  truncated: boolean;
  /** The log went back to an earlier state, such as by a restore: the page begins at its oldest entry. */
  anew: boolean;
  /** More entries stand behind it. */
  hasMore: boolean;
  /** Append time of the newest entry that was read, epoch ms; null: there was none. */
  newestAt: number | null;
}

export interface PageOptions {
  /** Null: before the first entry that the log will ever have. */
  after: Cursor | null;
  /** Occurrences at most, 1 to `READ_LIMIT`. */
  most: number;
  /** JSON characters of the occurrences together, at most; the first one is taken whatever its size. */
  characters: number;
  /** Occurrences that happened earlier are passed over, which makes the page `truncated`, epoch ms. Default: none are. */
  notBefore?: number | null;
}

/** Where the log of a selection stands for a caller. */
export function logOf(scope: { tenant: string }, { source: { stream } }: Selection): string {
  return streamLog(ofStream(scope, stream).tenant, stream.name);
}

/** One store call. */
export async function readOccurrences(
  scope: Scope,
  selection: Selection,
  { after, most, characters, notBefore = null }: PageOptions,
): Promise<OccurrencePage> {
  const { stream } = selection.source;
  const place = ofStream(scope, stream);
  // What is filtered is looked for as far as one call reaches.
  const limit = isWhole(selection) ? most : READ_LIMIT;
  const page = obey(await scope.store.read(logOf(scope, selection), after, limit, besides(place, stream.name)));
  const taken = takeFrom(selection, page.entries, { position: page.start, most, characters, notBefore });
  return {
    ...taken,
    start: page.start,
    position: taken.isWhole ? page.cursor : taken.position,
    truncated: isTruncated(page, after) || taken.truncated,
    anew: wentBack(page, after),
    hasMore: !taken.isWhole || (page.entries.length >= limit && page.cursor !== page.end),
    newestAt: page.entries.at(-1)?.appendedAt ?? null,
  };
}

interface Taken {
  occurrences: PlacedOccurrence[];
  position: Cursor | null;
  truncated: boolean;
  /** Whether all entries were judged. */
  isWhole: boolean;
}

/** Judges entries in their order, as far as there is room. Pure. */
export function takeFrom(
  selection: Selection,
  entries: readonly Pick<LogEntry, 'value' | 'cursor' | 'appendedAt'>[],
  { position: before, most, characters, notBefore }: Omit<Required<PageOptions>, 'after'> & { position: Cursor | null },
): Taken {
  const occurrences: PlacedOccurrence[] = [];
  let position = before;
  let truncated = false;
  let room = characters;
  for (const entry of entries) {
    const event = loggedEvent.read(entry);
    const occurrence = selection.occurrenceOf(event);
    if (occurrence !== null && notBefore !== null && event.time < notBefore) truncated = true;
    else if (occurrence !== null) {
      room -= JSON.stringify(occurrence).length;
      if (occurrences.length >= most || (room < 0 && occurrences.length > 0)) {
        return { occurrences, position, truncated, isWhole: false };
      }
      occurrences.push({ occurrence, position: entry.cursor, appendedAt: entry.appendedAt });
    } else if (selection.tellsOfGap(event)) truncated = true;
    position = entry.cursor;
  }
  return { occurrences, position, truncated, isWhole: true };
}

function isWhole({ canonical }: Selection): boolean {
  return canonical === '{}';
}

/** Before the first entry nothing is known of a log: what was trimmed since then came later. */
function isTruncated({ truncated, floor }: LogPage, after: Cursor | null): boolean {
  return truncated || (after === null && floor !== null && decodeCursor(floor).place > 0);
}
