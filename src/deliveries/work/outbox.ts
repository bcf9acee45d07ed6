/**
 * The follower of a source's log: one read of the log for all who subscribed to it. Whoever selects one of the new events is woken;
 * its turn reads the events itself (`turn.ts`). Nothing is fanned out but a record that says "look".
 *
 * It reads the events first and lists the subscribers after that, which loses nothing: a subscriber that the list does not show was
 * stored after the events were read, together with a wake of its own, and its turn reads them. Wakes are stored before the position
 * moves. A wake that stands already does for new events too, since its record is deleted before the log is read.
 */
import { commitSurely } from '../../store/commit.ts';
import { entriesBetween } from '../../store/cursor.ts';
import { GET_MANY_LIMIT } from '../../store/limits.ts';
import { listAll } from '../../store/list-all.ts';
import { type Cursor, isPresent, type LogEntry, type Operation, type StoredRecord } from '../../store/store.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import { canonicalText } from '../../base/digest.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { follow } from '../../streams/log/follower.ts';
import { removalsKey } from '../../streams/log/removals.ts';
import { loggedEvent, streamLog } from '../../streams/log/stream-log.ts';
import type { LogScope, StreamScope } from '../../streams/scope.ts';
import type { DeliveryDeps } from '../records/deps.ts';
import {
  DELIVERY_QUEUE,
  nameOfSubscriber,
  subscriberPartition,
  type SubscriptionName,
  wakeKey,
} from '../records/names.ts';
import { listSubscribers } from './listed.ts';
import { deliveryWake, type Subscriber, subscriber } from '../records/subscribed.ts';
import { sourcesIn } from './rights.ts';

const OUTBOX_FOLLOWER = 'deliveries';
const ROUND_ENTRIES = 1_000;
const MOST_WOKEN = 1_000;
/** How often in a row a commit may meet wakes that somebody else has written. */
const MOST_RACES = 20;

export interface OutboxReport {
  /** Whether anybody had subscribed when it was first looked at. */
  subscribed: boolean;
  entries: number;
  /** Subscriptions that were woken, or were awake already: the first 1,000 of them. A look at what is due may not show them yet. */
  woken: SubscriptionName[];
  caughtUp: boolean;
}

/** Whether anybody has subscribed to a log. One list call. */
export async function hasSubscribers(scope: LogScope, stream: string): Promise<boolean> {
  return (await firstSubscriber(scope, subscriberPartition(scope.tenant, stream))) !== 'nobody';
}

/** Of those that the list has first. Null: it has one, but no page came with it. */
async function firstSubscriber(
  { store, runtime }: LogScope,
  partition: string,
): Promise<StoredRecord | null | 'nobody'> {
  const { records, next } = await store.list(partition, { now: runtime.now(), limit: 1 });
  return records[0] ?? (next === null ? 'nobody' : null);
}

/** One list call where nobody has subscribed. Errors as `follow`. */
export async function followOutbox(
  scope: StreamScope<DeliveryDeps>,
  stream: DeclaredStream,
  deadline: number,
): Promise<OutboxReport> {
  const report: OutboxReport = { subscribed: false, entries: 0, woken: [], caughtUp: true };
  const partition = subscriberPartition(scope.tenant, stream.name);
  const first = await firstSubscriber(scope, partition);
  if (first === 'nobody') return report;
  const { entries, caughtUp } = await follow({
    scope,
    log: streamLog(scope.tenant, stream.name),
    follower: OUTBOX_FOLLOWER,
    removals: removalsKey(scope.tenant, stream.name),
    start: (position) => startOf(scope, partition, position, first),
    // Whoever comes next need not look for the start among all who subscribed.
    keepsStart: true,
    begin() {
      const round: LogEntry[] = [];
      return {
        take: (taken) => void round.push(...taken),
        async effects() {
          const isSelected = createJudge(scope, round);
          for await (const records of listSubscribers(scope, partition, keysIn(round))) {
            const selected = records.filter(isSelected).map(nameOfSubscriber);
            await wakeAll(scope, selected, deadline);
            report.woken.push(...selected.slice(0, MOST_WOKEN - report.woken.length));
          }
          return [];
        },
      };
    },
    repeatable: true,
    limit: ROUND_ENTRIES,
    deadline,
  });
  return { ...report, subscribed: true, entries, caughtUp };
}

/** After a time in which nobody subscribed its position is far behind, and it begins where the earliest subscriber did. */
async function startOf(
  scope: StreamScope<DeliveryDeps>,
  partition: string,
  position: Cursor | null,
  first: StoredRecord | null,
): Promise<Cursor | null> {
  // Most of the time somebody subscribed before the position, and the first such one ends the search.
  const isBefore = (from: Cursor | null) =>
    from === null || (position !== null && (entriesBetween(from, position) ?? 0) >= 0);
  if (first !== null && isBefore(readSubscriber(first)?.from ?? null)) return position;
  let earliest: Cursor | null | undefined;
  for await (const records of listAll(scope, partition)) {
    for (const record of records) {
      const from = readSubscriber(record)?.from ?? null;
      if (from === null || isBefore(from)) return position;
      if (earliest === undefined || (earliest !== null && (entriesBetween(from, earliest) ?? 0) > 0)) earliest = from;
    }
  }
  return earliest ?? position;
}

/** The keys that a round's events are about. */
function keysIn(round: readonly LogEntry[]): Set<string> {
  return new Set(round.flatMap((entry) => loggedEvent.read(entry).key ?? []));
}

/** Whether a subscriber has to look at these entries. What cannot be judged here has to. */
function createJudge({ app }: DeliveryDeps, round: readonly LogEntry[]): (record: StoredRecord) => boolean {
  const sources = sourcesIn(app);
  const events = round.map((entry) => loggedEvent.read(entry));
  const known = new Map<string, boolean>();
  function judge({ source, arguments: given }: Subscriber): boolean {
    try {
      const selection = sources.get(source)?.select(given);
      return selection === undefined || events.some((event) => selection.occurrenceOf(event) !== null);
    } catch {
      return true;
    }
  }
  return (record) => {
    const standing = readSubscriber(record);
    if (standing === null) return true;
    const key = `${standing.source} ${canonicalText(standing.arguments)}`;
    const judged = known.get(key) ?? judge(standing);
    known.set(key, judged);
    return judged;
  };
}

/** Null: a newer release wrote it. */
function readSubscriber(record: StoredRecord): Subscriber | null {
  try {
    return subscriber.read(record);
  } catch (thrown) {
    if (asTidegateError(thrown).code === 'newer_version') return null;
    throw thrown;
  }
}

/** Makes sure that each is looked at. Two store calls for as many as one commit takes, and none for nobody. */
async function wakeAll(deps: DeliveryDeps, names: readonly SubscriptionName[], deadline: number): Promise<void> {
  const most = Math.min(GET_MANY_LIMIT, deps.store.limits.commitOperations);
  for (let from = 0; from < names.length; from += most) await wakeSome(deps, names.slice(from, from + most), deadline);
}

async function wakeSome(deps: DeliveryDeps, names: readonly SubscriptionName[], deadline: number): Promise<void> {
  const { store, runtime } = deps;
  for (let races = 0; races < MOST_RACES; races += 1) {
    const now = runtime.now();
    const readings = await store.getMany(names.map(wakeKey), now);
    const puts = readings
      .filter((reading) => !isPresent(reading))
      .map((reading): Operation => {
        const due = { queue: DELIVERY_QUEUE, at: now };
        return deliveryWake.put(reading, 1, { expects: reading.version, due });
      });
    const result = puts.length === 0 ? null : await commitSurely(runtime, store, puts, deadline);
    if (result === null || result.status === 'committed') return;
  }
  throw new TidegateError('store_unavailable', 'deliveries change too often at once', { retryAfterMs: 1_000 });
}
