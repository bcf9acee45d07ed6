/**
 * What is kept of a log that is watched, for those who listen: the entries of the last minute, and how far each listener has heard. Pure:
 * it reads no store and knows no time of its own.
 */
import type { Cursor, LogEntry } from '../store.ts';
import type { LogListener } from './listener.ts';

/** For how long it is kept what was appended, and how many entries, for listeners that come. */
export const WATCH_KEPT_MS = 60_000;
const MOST_KEPT = 2_000;
/** A listener that did not stir for so long is gone. */
const GONE_MS = 60_000;

/** In the place of entries that were not read, or of which nothing can be kept. */
export const MISSED = Symbol('missed');

/** A log that is watched, and what is kept of it. */
export interface WatchedLog<Kept> {
  readonly log: string;
  /** Where the next look begins; undefined: nobody has read it yet. */
  cursor: Cursor | null | undefined;
  readonly kept: { at: number; value: Kept | typeof MISSED }[];
  /** How many were kept before the first of `kept`, and are forgotten. */
  forgotten: number;
  /** What was appended from then on is kept, epoch ms. */
  keptSince: number;
  readonly listeners: Set<WatchListener<Kept>>;
  leader: WatchListener<Kept> | null;
  /** When the leader looks next, when the latest look began, and when something was found, epoch ms. */
  nextAt: number;
  lookedAt: number;
  foundAt: number;
  /** Until then the leader is taken to be there, epoch ms. */
  aliveUntil: number;
  failures: number;
}

/** A listener, and how far it has heard. */
export interface WatchListener<Kept> extends LogListener<Kept> {
  /** Of all that was ever kept, how much it has heard. */
  at: number;
  /** It came too late for some that it asked for. */
  missed: boolean;
  /** When it last did something, epoch ms. */
  stirredAt: number;
  woken: boolean;
  wake: () => void;
}

/** What one look found. */
export interface LookFound {
  cursor: Cursor | null;
  entries: readonly LogEntry[];
  missed: boolean;
}

export function newWatchedLog<Kept>(log: string, now: number): WatchedLog<Kept> {
  return {
    log,
    cursor: undefined,
    kept: [],
    forgotten: 0,
    keptSince: Number.POSITIVE_INFINITY,
    listeners: new Set(),
    leader: null,
    nextAt: now,
    lookedAt: Number.NEGATIVE_INFINITY,
    foundAt: now,
    aliveUntil: now,
    failures: 0,
  };
}

/** Where it begins to hear who asks from a time on. */
export function placeInKept<Kept>({ kept, forgotten }: WatchedLog<Kept>, since: number): number {
  const first = kept.findIndex(({ at }) => at >= since);
  return forgotten + (first < 0 ? kept.length : first);
}

/**
 * Keeps what was found, and wakes whoever has not heard of it.
 * @param keptOf what is kept of an entry; null: nothing
 */
export function keepFound<Kept>(
  followed: WatchedLog<Kept>,
  { cursor, entries, missed }: LookFound,
  now: number,
  keptOf: (entry: LogEntry) => Kept | typeof MISSED | null,
): void {
  const { kept } = followed;
  const isFirst = followed.cursor === undefined;
  followed.cursor = cursor;
  const before = followed.forgotten + kept.length;
  for (const entry of entries) {
    const value = keptOf(entry);
    if (value !== null) kept.push({ at: entry.appendedAt, value });
  }
  if (missed) kept.push({ at: now, value: MISSED });
  // The first look reads what later ones may ask for, too.
  if (isFirst) for (const each of followed.listeners) each.at = placeInKept(followed, each.since);
  if (entries.length > 0 || missed) followed.foundAt = now;
  const old = kept.findIndex(({ at }) => at >= now - WATCH_KEPT_MS);
  forget(followed, Math.max(kept.length - MOST_KEPT, old < 0 ? kept.length : old, 0), before);
  for (const listener of followed.listeners) {
    if (listener.stirredAt < now - GONE_MS) followed.listeners.delete(listener);
    else if (followed.forgotten + kept.length > before) listener.wake();
  }
}

/** Forgets the oldest. What listeners have yet to hear stays, up to the number that is kept at most. */
function forget<Kept>(followed: WatchedLog<Kept>, count: number, heard: number): void {
  const { kept } = followed;
  const most = Math.max(kept.length - MOST_KEPT, Math.min(count, heard - followed.forgotten));
  if (most <= 0) return;
  const [newest] = kept.splice(0, most).slice(-1);
  followed.forgotten += most;
  if (newest) followed.keptSince = Math.max(followed.keptSince, newest.at + 1);
}

/** Tells one listener what it has not heard. */
export function deliverKept<Kept>(followed: WatchedLog<Kept>, me: WatchListener<Kept>): void {
  const { kept, forgotten } = followed;
  const end = forgotten + kept.length;
  let missed = me.missed || me.at < forgotten;
  const entries: Kept[] = [];
  for (let at = Math.max(me.at, forgotten); at < end; at += 1) {
    const value = kept[at - forgotten]?.value;
    if (value === MISSED) missed = true;
    else if (value !== undefined) entries.push(value);
  }
  me.at = end;
  me.missed = false;
  if (missed || entries.length > 0) me.heard({ entries, missed });
}
