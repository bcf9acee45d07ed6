/**
 * Removals: which events of a stream are removed, and the one function that makes every reader obey.
 *
 * A removal takes effect with one commit (`remove.ts`). The commit holds
 *
 * - an entry at the end of the stream's log: a gap whose `meta.removal` says what was removed. Followers and tails see it.
 *   A release that knows no removals reads it as a gap, and passes over it;
 * - the stream's record of removals, below. A removal stands there until its events are erased from the log.
 *
 * A removal concerns the entries before its place `until`. What arrives later is not removed: a key may come back. An id
 * may not, within `dedupe` (`dedupe.ts`).
 *
 * A reader asks for the record beside each page of the log (`besides`), which costs no call of its own, and hands the page
 * to `obey`. `obey` puts a tombstone in the place of each removed event. A tombstone is a gap with `meta.erased`: it counts
 * as no event, moves no cursor, and readers leave it out. Pages that are under way obey from their next read on.
 *
 * Within an hour the sweep erases the events (`erase-removed.ts`): the same tombstones then stand in the log itself. A
 * removal that is done stays in the record for another minute, because a page and the record beside it may be of two
 * moments.
 *
 * Latest events obey by themselves: their follower reads the log as any reader, and a removal takes away the latest
 * events that it concerns before it is acknowledged. Until it has (`settled`), whoever reads latest events leaves these
 * out (`read-latest.ts`), so a process that ends in between changes nothing. Its commit moves the version of the follower's position, so a round
 * of the follower that began before cannot bring them back.
 */
import * as z from 'zod';
import { digestOf } from '../../base/digest.ts';
import { isGap, type LoggedEvent, type StreamEvent } from '../../base/event.ts';
import type { JsonObject } from '../../base/json.ts';
import { entriesBetween } from '../../store/cursor.ts';
import { record } from '../../store/record.ts';
import {
  type Beside,
  type Cursor,
  isPresent,
  type LogEntry,
  type LogPage,
  type RecordKey,
  type StoredRecord,
} from '../../store/store.ts';
import type { LogScope } from '../scope.ts';
import { loggedEvent } from './stream-log.ts';

/** What is removed: an event by its id with all of its revisions, a key, or a range of event time (of one key). */
export type Removed =
  | { id: string }
  | { key: string }
  /** Epoch ms; `from` is inclusive, `to` exclusive; null: no bound. */
  | { from: number | null; to: number | null; key?: string };

export interface Removal {
  /** Removals of a stream are numbered in their order. */
  number: number;
  what: Removed;
  /** The id of its entry. */
  entry: string;
  /** It concerns the entries before this. */
  until: Cursor;
  /** Events that were erased up to now. */
  erased: number;
  /** Whether it has taken away the latest events that it concerns. */
  settled: boolean;
  /** When all its events were erased, epoch ms; null: not yet. */
  doneAt: number | null;
}

export interface Removals {
  /** The number of the next removal. */
  next: number;
  active: Removal[];
  /**
   * How far the log is erased for the removals with numbers below `through`: from its end down to `cursor`. Null: this has
   * not begun.
   */
  pass: { through: number; cursor: Cursor | null } | null;
  /** Keys whose latest event was taken away, with the number of the removal. Another one is still searched for. */
  orphans: { key: string; number: number }[];
  /** More orphans than there is room for here wait in records of their own (`orphans.ts`). */
  spilled?: true;
}

export const removals = record<Removals>('removals of a stream', () =>
  z.strictObject({
    next: z.number(),
    active: z.array(
      z.strictObject({
        number: z.number(),
        what: z.union([
          z.strictObject({ id: z.string() }),
          z.strictObject({ key: z.string() }),
          z.strictObject({
            from: z.number().nullable(),
            to: z.number().nullable(),
            key: z.exactOptional(z.string()),
          }),
        ]),
        entry: z.string(),
        until: z.string(),
        erased: z.number(),
        settled: z.boolean(),
        doneAt: z.number().nullable(),
      }),
    ),
    pass: z.strictObject({ through: z.number(), cursor: z.string().nullable() }).nullable(),
    orphans: z.array(z.strictObject({ key: z.string(), number: z.number() })),
    spilled: z.exactOptional(z.literal(true)),
  }),
);

/** Key of the record with a stream's removals. There is none where nothing is being removed. */
export function removalsKey(tenant: string, stream: string): RecordKey {
  return { partition: `${tenant}/removals`, id: stream };
}

export interface StandingRemovals {
  record: StoredRecord;
  value: Removals;
}

/** Reads the removals of a stream; null: there are none. One store call. */
export async function readRemovals(
  { store, runtime, tenant }: LogScope,
  stream: string,
): Promise<StandingRemovals | null> {
  const record = await store.get(removalsKey(tenant, stream), runtime.now());
  const value = removals.read(record);
  return isPresent(record) && value !== null ? { record, value } : null;
}

/** What a reader of a stream's log asks for beside each page. */
export function besides({ runtime, tenant }: Pick<LogScope, 'runtime' | 'tenant'>, stream: string): Beside {
  return { record: removalsKey(tenant, stream), now: runtime.now() };
}

/** A page as its reader may see it: with tombstones in the place of removed events. */
export function obey(page: LogPage): LogPage {
  const standing = page.beside ? removals.read(page.beside) : null;
  if (standing === null || standing.active.length === 0) return page;
  const removalOf = finder(standing.active);
  const entries = page.entries.map((entry): LogEntry => {
    const event = loggedEvent.read(entry);
    return removalOf(event, entry.cursor) === null ? entry : { ...entry, value: tombstoneOf(event, entry.appendedAt) };
  });
  return { ...page, entries };
}

/** Makes the function that finds the removal of an event; null: it is not removed. */
export function finder(active: readonly Removal[]): (event: LoggedEvent, cursor: Cursor) => Removal | null {
  const [ids, keys] = [new Map<string, Removal[]>(), new Map<string, Removal[]>()];
  const ranges: Removal[] = [];
  for (const removal of active) {
    if ('id' in removal.what) ids.set(removal.what.id, [...(ids.get(removal.what.id) ?? []), removal]);
    else if ('from' in removal.what) ranges.push(removal);
    else keys.set(removal.what.key, [...(keys.get(removal.what.key) ?? []), removal]);
  }
  const isBefore = (cursor: Cursor, { until }: Removal) => (entriesBetween(cursor, until) ?? -1) >= 0;
  return (event, cursor) => {
    if (isErased(event) || isRemoval(event)) return null;
    const named = [ids.get(event.id), event.key === undefined ? undefined : keys.get(event.key)];
    const candidates = [...named.flatMap((each) => each ?? []), ...ranges.filter(({ what }) => isOf(event, what))];
    return candidates.find((removal) => isBefore(cursor, removal)) ?? null;
  };
}

/** Whether an event is one of those that are removed, wherever it stands. A gap is never in a range. */
export function isOf(event: LoggedEvent, what: Removed): boolean {
  if ('id' in what) return event.id === what.id;
  if (what.key !== undefined && event.key !== what.key) return false;
  if (!('from' in what)) return true;
  return !isGap(event) && event.time >= (what.from ?? -Infinity) && event.time < (what.to ?? Infinity);
}

const REMOVED = 'removed';

/** What stands in the place of a removed event: nothing of it but a digest of its name, by which it does not come back. */
export function tombstoneOf(event: LoggedEvent, appendedAt: number) {
  return loggedEvent.encode({
    id: digestOf(nameOf(event)),
    time: appendedAt,
    data: null,
    meta: { gap: { reason: REMOVED }, erased: true },
  });
}

/** Whether it stands in the place of a removed event. */
export function isErased({ meta }: LoggedEvent): boolean {
  return meta?.gap !== undefined && meta['erased'] === true;
}

/** The entry of a removal. @param detail what was removed, in words */
export function removalEvent(id: string, time: number, what: Removed, detail: string): LoggedEvent {
  return { id, time, data: null, meta: { gap: { reason: REMOVED, detail }, removal: { ...what } } };
}

/** The entry of a removal once it is done: it no longer says what was removed, but for a digest of an id. */
export function doneRemovalOf(event: LoggedEvent) {
  const { id, time } = event;
  const digest = removedIdOf(event);
  const removal: JsonObject = digest === null ? {} : { digest };
  return loggedEvent.encode({ id, time, data: null, meta: { gap: { reason: REMOVED }, removal } });
}

/** Whether it is the entry of a removal. */
export function isRemoval({ meta }: LoggedEvent): boolean {
  return meta?.gap !== undefined && meta['removal'] !== undefined;
}

/** The digest of the id that the entry of a removal removed; null: it removed no id. */
export function removedIdOf({ meta }: LoggedEvent): string | null {
  const removal = meta?.['removal'];
  if (typeof removal !== 'object' || removal === null || Array.isArray(removal)) return null;
  if (typeof removal['digest'] === 'string') return removal['digest'];
  return typeof removal['id'] === 'string' ? digestOf(removal['id']) : null;
}

/**
 * The name of an event: its id with its revision. Two events have the same only if they have both in common. Digests of
 * names are stored, so a name has to stay what it is.
 */
export function nameOf({ id, revision }: Pick<StreamEvent, 'id' | 'revision'>): string {
  if (id.includes('\u0000')) return `\u0000${JSON.stringify([id, revision ?? null])}`;
  return revision === undefined ? id : `${id}\u0000${revision}`;
}
