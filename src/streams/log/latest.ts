/**
 * The latest event of each key, as a projection of the stream's log. The latest event is the one with the greatest
 * event time, so an event that arrives late does not replace a newer one. Of equal times the later arrival wins.
 * Another revision of the stored event replaces it whatever its time, unless it is known to be the older
 * (revision-order.ts). An event that lies further ahead of the clock than its stream allows, which only earlier releases stored, gives
 * way to any that does not. Of forecasts the latest is the one furthest ahead.
 *
 * The same follower keeps the index of times (times.ts), in the same commits.
 *
 * A latest event is kept for the age that its stream declares, so that data are gone when they should be. Where no age is
 * declared, that of a stream without keys stays until another one comes, and that of a key for 30 days after it arrived, so
 * that a sensor that is gone for good disappears. Accepted weakness: where a revision moves an event back
 * in time, an event in between that was passed over before does not come back.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { isGap, type LoggedEvent } from '../../base/event.ts';
import { GET_MANY_LIMIT } from '../../store/limits.ts';
import { record } from '../../store/record.ts';
import type { Cursor, LogEntry, Operation, RecordKey } from '../../store/store.ts';
import { follow, type FollowOptions, type FollowReport, type Round } from './follower.ts';
import { removalsKey } from './removals.ts';
import { compareRevisions } from './revision-order.ts';
import type { OpenTimes } from './times.ts';
import { foldAt, timeOf, timesEffects } from './times-keep.ts';
import { loggedEvent, loggedEventSchema, streamLog } from './stream-log.ts';
import type { LogScope } from '../scope.ts';

/** The partition that holds the latest event of each key of a stream. */
export function latestPartition(tenant: string, stream: string): string {
  return `${tenant}/latest/${stream}`;
}

/** Key of the record with the latest event of a key. A stream without keys has one such record. */
export function latestKey(tenant: string, stream: string, key: string | null): RecordKey {
  return { partition: latestPartition(tenant, stream), id: `k:${key ?? ''}` };
}

export const latestEvent = record('latest event', loggedEventSchema);

export const LATEST_FOLLOWER = 'latest';
export const LATEST_AGE_MS = 30 * 86_400_000;

/** How long a stream keeps a latest event after it arrived, ms; null: until another one takes its place. */
export function latestAgeMs({ keyed, retention }: Pick<DeclaredStream, 'keyed' | 'retention'>): number | null {
  return retention.ageMs ?? (keyed ? LATEST_AGE_MS : null);
}

/** When a latest event expires, epoch ms; null: never. */
export function latestUntil(stream: DeclaredStream, appendedAt: number): number | null {
  const ageMs = latestAgeMs(stream);
  return ageMs === null ? null : appendedAt + ageMs;
}

/** Entries that one round folds together. When keys repeat, more entries a round mean fewer commits. */
const ROUND_ENTRIES = 10_000;

interface ProjectReport extends FollowReport {
  /** The index of times does not reach the position: `buildTimes` builds it. */
  unindexed: boolean;
}

/** Brings the latest events of a stream, and the index of its times, up to date with its log. Errors as `follow`. */
export async function projectLatest(
  scope: LogScope,
  stream: DeclaredStream,
  options: Pick<FollowOptions, 'deadline' | 'alongside'>,
): Promise<ProjectReport> {
  let unindexed = false;
  const report = await follow({
    ...options,
    scope,
    log: streamLog(scope.tenant, stream.name),
    follower: LATEST_FOLLOWER,
    removals: removalsKey(scope.tenant, stream.name),
    begin(at) {
      unindexed = at.cursor !== null && at.open === null;
      return beginRound(scope, stream, at);
    },
    repeatable: true,
    limit: ROUND_ENTRIES,
  });
  return { ...report, unindexed };
}

/**
 * Whether `event` replaces `standing`. `event` comes after `standing` in the log.
 * @param furthest the latest time that is taken for right, epoch ms. An event beyond it gives way to one that is not.
 */
export function replaces(event: LoggedEvent, standing: LoggedEvent, furthest = Infinity): boolean {
  if (event.id !== standing.id) return isAsLate(event, standing, furthest);
  if (event.revision === standing.revision) return event.time > standing.time;
  if (event.revision === undefined || standing.revision === undefined) return true;
  return (compareRevisions(event.revision, standing.revision) ?? 1) > 0;
}

/**
 * Whether an event's time is at least as late as that of another one.
 * @param furthest the latest time that is taken for right, epoch ms. Whatever is beyond it comes before what is not.
 */
export function isAsLate(event: { time: number }, other: { time: number }, furthest: number): boolean {
  const isFar = other.time > furthest;
  return event.time > furthest === isFar ? event.time >= other.time : isFar;
}

/** The key of a latest event, by the id of its record. */
export function keyOf(recordId: string): string {
  return recordId.slice(latestKey('', '', '').id.length);
}

function beginRound(
  scope: LogScope,
  stream: DeclaredStream,
  at: { cursor: Cursor | null; open: OpenTimes | null },
): Round {
  const { store, runtime, tenant } = scope;
  const fold = foldAt(at);
  const furthest = runtime.now() + stream.aheadMs;
  let oldest: Cursor | null = null;
  let extended = true;
  const newest = new Map<string, { event: LoggedEvent; appendedAt: number }>();
  return {
    take(entries: readonly LogEntry[], _truncated, floor) {
      fold?.take(entries, timeOf);
      oldest = floor;
      for (const entry of entries) {
        const event = loggedEvent.read(entry);
        if (isGap(event)) continue;
        const key = stream.keyed ? (event.key ?? '') : '';
        const standing = newest.get(key);
        if (!standing || replaces(event, standing.event, furthest))
          newest.set(key, { event, appendedAt: entry.appendedAt });
      }
    },
    async effects() {
      const operations: Operation[] = [];
      const keys = [...newest.keys()];
      for (let from = 0; from < keys.length; from += GET_MANY_LIMIT) {
        const records = keys.slice(from, from + GET_MANY_LIMIT).map((key) => latestKey(tenant, stream.name, key));
        for (const reading of await store.getMany(records, runtime.now())) {
          const candidate = newest.get(keyOf(reading.id));
          if (!candidate) continue;
          const standing = latestEvent.read(reading);
          if (standing && !replaces(candidate.event, standing, furthest)) continue;
          const expiresAt = latestUntil(stream, candidate.appendedAt);
          operations.push(latestEvent.replace(reading, candidate.event, { expiresAt }));
        }
      }
      const folded = fold?.result() ?? null;
      // Last, so that they are in the commit that moves the position, where one commit does not hold all.
      const ofTimes = folded === null ? [] : await timesEffects(scope, stream, folded, oldest);
      extended = ofTimes !== null;
      return [...operations, ...(ofTimes ?? [])];
    },
    open: () => (extended ? (fold?.result()?.open ?? null) : null),
  };
}
