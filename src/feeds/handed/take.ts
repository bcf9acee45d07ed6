/**
 * Takes in what an event source hands over, without a lease: any number of invocations may do so at once, and the fence of a stream
 * keeps out what came before. Events and dead letters of a chunk are one commit, in order. It knows no kind of source.
 */
import type { DeclaredFeed, FeedItem } from '../../declare/feed.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import { jsonBytes } from '../../base/json.ts';
import { commitSurely } from '../../store/commit.ts';
import type { Append } from '../../store/store.ts';
import { createAppender } from '../../streams/log/append.ts';
import { projectLatest } from '../../streams/log/latest.ts';
import type { Place } from '../../streams/log/place.ts';
import { loggedEvent } from '../../streams/log/stream-log.ts';
import type { StreamScope } from '../../streams/scope.ts';
import { noteWrites } from '../../streams/tenant-work.ts';
import { type FeedCounts, NO_COUNTS } from '../records/counts.ts';
import { deadLetter, deadLetterLog, type Reason, toDeadLetter } from '../records/dead-letters.ts';
import { createLetterBound } from '../records/letter-bound.ts';
import type { RejectedWhy } from '../records/rejected.ts';
import { createChunk } from '../run/chunk.ts';
import { createJudge } from '../run/judge-items.ts';

/** The items of a record. A record is taken when all of them are. */
export type Handed = readonly FeedItem[];

export interface HandedTaken {
  /** How many of the records, from the first on, are durable. */
  records: number;
  counts: FeedCounts;
  /** Latest time of an event, epoch ms; null: there was none. */
  newestTime: number | null;
  /** Why the last item was rejected; null: none was. */
  rejected: RejectedWhy | null;
  /** Why the others are not. Null: all are. */
  error: TidegateError | null;
}

/** Others that append to the same streams meanwhile make it read again, so often at most. */
const MOST_CONFLICTS = 20;
/** Items that are judged together. */
const JUDGED_ITEMS = 500;
const TIME_UP = 'the time was over before all was taken';

/** Never rejects. @param deadline epoch ms */
export async function takeHanded(
  scope: StreamScope,
  feed: DeclaredFeed,
  handed: readonly Handed[],
  deadline: number,
): Promise<HandedTaken> {
  const { runtime, store } = scope;
  const taken: HandedTaken = { records: 0, counts: { ...NO_COUNTS }, newestTime: null, rejected: null, error: null };
  const items = handed.flatMap((record) => [...record]);
  /** Behind how many items each record ends. */
  const ends: number[] = [];
  for (const record of handed) ends.push((ends.at(-1) ?? 0) + record.length);
  const judge = createJudge(scope, feed);
  const appender = createAppender(scope, feed.name);
  const chunk = createChunk(store.limits);
  const bound = createLetterBound(feed);
  const touched = new Map<string, Place>();
  let gathered = 0;
  let done = 0;

  async function commit(): Promise<void> {
    const appends = chunk.drain();
    const letters = appends.filter(({ log }) => !touched.has(log));
    let events = appends.filter(({ log }) => touched.has(log));
    for (let conflicts = 0; events.length + letters.length > 0; conflicts += 1) {
      if (conflicts > MOST_CONFLICTS) {
        const hint = { retryAfterMs: 1_000 };
        throw new TidegateError('store_unavailable', 'too many append to the same streams at once', hint);
      }
      if (runtime.now() >= deadline) throw new TidegateError('cancelled', TIME_UP);
      const operations = [...letters, ...appender.fenced(events)];
      const result = await commitSurely(runtime, store, operations, deadline);
      if (result.status === 'committed') {
        appender.committed(operations, result.version);
        break;
      }
      const before = entriesOf(events);
      events = await appender.again(events);
      count('duplicates', before - entriesOf(events));
    }
    count('events', entriesOf(events));
    count('deadLetters', entriesOf(letters));
    done += gathered;
    gathered = 0;
  }

  const count = (what: keyof FeedCounts, by: number) => void (taken.counts[what] += by);

  /** False: it fits in no chunk at all. */
  async function add(log: string, value: Append['entries'][number], puts: number): Promise<boolean> {
    const entry = { log, value, bytes: jsonBytes(value), puts };
    if (chunk.add([entry])) return true;
    await commit();
    return chunk.add([entry]);
  }

  async function bury(item: FeedItem, why: Reason): Promise<void> {
    const log = deadLetterLog(judge.tenantOf(item) ?? scope.tenant, feed.name);
    // Beyond the bound it is only counted, as in a burst.
    if (!bound.isFull(log)) {
      bound.count(log);
      await add(log, deadLetter.encode(toDeadLetter(item, why, runtime.now())), 0);
    }
    count('rejected', 1);
    const stream = feed.targets.length > 1 ? { stream: item.stream } : {};
    taken.rejected = { field: why.field ?? item.stream, expected: why.expected ?? why.reason, ...stream };
  }

  async function takeItem(item: FeedItem): Promise<void> {
    count('bytes', item.bytes);
    const judged = judge.judge(item);
    if (judged.kind === 'refused') return bury(item, judged.why);
    if (judged.kind === 'gap') return;
    const { place, event } = judged;
    // What was appended by a commit of this call is known to the appender, which counts it as come before.
    const [fresh] = place.stream.identified ? appender.fresh(place, [event]) : [event];
    if (fresh === undefined) return count('duplicates', 1);
    touched.set(place.log, place);
    const [value] = loggedEvent.append(place.log, [fresh]).entries;
    if (value === undefined || !(await add(place.log, value, place.stream.identified ? 1 : 0))) {
      return bury(item, { reason: 'too_large', expected: 'an event that the store takes in one commit' });
    }
    taken.newestTime = Math.max(taken.newestTime ?? 0, fresh.time);
  }

  try {
    for (let from = 0; from < items.length; from += JUDGED_ITEMS) {
      const some = items.slice(from, from + JUDGED_ITEMS);
      const { tenants } = await judge.ahead(some);
      await noteWrites(scope, tenants);
      const places = some.flatMap((item) => judge.placeOf(item) ?? []);
      await appender.load(places);
      for (const item of some) {
        await takeItem(item);
        gathered += 1;
      }
    }
    await commit();
  } catch (thrown) {
    taken.error = asTidegateError(thrown);
  }
  taken.records = taken.error === null ? handed.length : ends.filter((end) => end <= done).length;
  for (const { stream, tenant } of touched.values()) await projectBehind({ ...scope, tenant }, stream, deadline);
  return taken;
}

function entriesOf(appends: readonly Append[]): number {
  return appends.reduce((sum, { entries }) => sum + entries.length, 0);
}

async function projectBehind(scope: StreamScope, stream: Place['stream'], deadline: number): Promise<void> {
  try {
    await projectLatest(scope, stream, { deadline });
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    const told = { stream: stream.name, code, message };
    scope.runtime.log('warn', 'the latest events of a stream are behind its log', told);
  }
}
