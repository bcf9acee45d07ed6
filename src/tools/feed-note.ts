/**
 * The state of a stream's feed, beside what was read of the stream, so that a reader knows when data are stale and why.
 */
import type { DeclaredStream } from '../declare/stream.ts';
import type { Rejected } from '../feeds/records/rejected.ts';
import { type FeedCondition, type FeedStatus, judgeRecord } from '../feeds/records/status.ts';
import type { Reading, RecordKey } from '../store/store.ts';
import { feedKey } from '../feeds/records/state.ts';
import { conditionForTenant, isOfOthers } from '../feeds/records/tenant-view.ts';
import { isoTime } from '../base/time/time-text.ts';
import { ageText } from '../calls/short-lines.ts';
import { ofFeed, type Scope } from '../streams/scope.ts';
import { saidText } from '../base/plain.ts';

export interface FeedNote {
  name: string;
  /**
   * `unread`: it was not read, because that would have cost another call to the store. Where there is a last error, it
   * could not be read, because a newer release wrote it.
   */
  state: FeedCondition;
  /** Age of the newest event that the feed brought, ms. */
  lagMs: number | null;
  /** How far that event is dated ahead of the clock, ms. Absent: it is not. */
  aheadMs?: number;
  /** Since when an operator stopped it, ISO 8601, and why. Absent: it runs. */
  paused?: { since: string; reason: string | null };
  /** Its times are ISO 8601. */
  lastError: { code: string; message: string; at: string } | null;
  /** What the last burst brought that could be no event, and why. Null: all of it was taken. */
  rejected: (Omit<Rejected, 'at'> & { at: string }) | null;
}

export function unreadNote({ feed }: DeclaredStream): FeedNote | null {
  return feed === null ? null : { name: feed, state: 'unread', lagMs: null, lastError: null, rejected: null };
}

/** The key of the record of a stream's feed. Null: no feed fills it. */
export function noteKey(scope: Scope, { feed: name }: DeclaredStream): RecordKey | null {
  const feed = name === null ? undefined : scope.app.feeds.get(name);
  return feed === undefined ? null : feedKey(ofFeed(scope, feed).tenant, feed.name);
}

/** @param reading of that record */
export function noteOf(scope: Scope, { feed }: DeclaredStream, reading: Reading, now: number): FeedNote | null {
  if (feed === null) return null;
  const condition = judgeRecord(reading, now);
  return noteFrom(feed, isOfOthers(scope, scope.app.feeds.get(feed)) ? conditionForTenant(condition) : condition);
}

export function noteFrom(
  name: string,
  {
    state,
    lagMs,
    aheadMs,
    paused,
    lastError,
    rejected,
  }: Pick<FeedStatus, 'state' | 'lagMs' | 'aheadMs' | 'paused' | 'lastError' | 'rejected'>,
): FeedNote {
  return {
    name,
    state,
    lagMs,
    ...(aheadMs === undefined ? {} : { aheadMs }),
    ...(paused === undefined ? {} : { paused: { since: isoTime(paused.since), reason: paused.reason } }),
    lastError: lastError && { ...lastError, at: isoTime(lastError.at) },
    rejected: rejected && { ...rejected, at: isoTime(rejected.at) },
  };
}

/** One call to the store; none for a stream without a feed. */
export async function readNote(scope: Scope, stream: DeclaredStream) {
  const key = noteKey(scope, stream);
  if (key === null) return null;
  const now = scope.runtime.now();
  return noteOf(scope, stream, await scope.store.get(key, now), now);
}

/** One line, or none where there is nothing to say. */
export function feedText(note: FeedNote | null, now: number): string[] {
  if (note === null || (note.state === 'unread' && note.lastError === null)) return [];
  const { lagMs, aheadMs } = note;
  const age = lagMs === null ? '' : `, newest event ${ageText(lagMs)} old`;
  const lag = aheadMs === undefined ? age : `, newest event dated ${ageText(aheadMs)} ahead of the clock`;
  const error = note.lastError;
  const why =
    error === null ? '' : `; last error ${ageText(now - Date.parse(error.at))} ago: ${saidText(error.message)}`;
  // The state of a circuit breaker reads like that of a connection.
  const paused = note.state === 'open' ? ' (failed often, and is tried again after a pause)' : pausedText(note.paused);
  return [`Feed ${note.name}: ${note.state}${paused}${lag}${why}${rejectedText(note, now)}`];
}

/** Nothing comes until somebody resumes it. */
function pausedText(paused: FeedNote['paused']): string {
  if (paused === undefined) return '';
  const { since, reason } = paused;
  return ` by an operator since ${since}${reason === null ? '' : ` (${saidText(reason)})`}`;
}

function rejectedText({ name, rejected }: FeedNote, now: number): string {
  if (rejected === null) return '';
  const { count, items, field, stream, expected, at } = rejected;
  const where = stream === undefined ? field : `${field} of ${stream}`;
  const what = `${count} of the last ${items} items were no events of their stream (${ageText(now - Date.parse(at))} ago)`;
  return `; ${what}: ${saidText(where)}: ${saidText(expected)}; more in feed://${name}`;
}
