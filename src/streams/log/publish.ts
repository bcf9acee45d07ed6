/**
 * Appends events that do not come from a feed: one event of a tool, or the events of a push. After the append it brings
 * the latest events up to date. If that fails, it logs the failure, and the next follower of the stream catches up.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import type { LoggedEvent } from '../../base/event.ts';
import { readSurely } from '../../store/clock-seen.ts';
import { commitSurely } from '../../store/commit.ts';
import type { Operation, Put, Reading, RecordKey } from '../../store/store.ts';
import type { StreamScope } from '../scope.ts';
import { ofEvents } from '../of-event.ts';
import { noteWrite } from '../tenant-work.ts';
import { createAppender, fenceKey } from './append.ts';
import { projectLatest } from './latest.ts';
import { logPlace } from './place.ts';
import { loggedEvent } from './stream-log.ts';
import { logThrown, type RawEvent, validateEvent } from './validate-event.ts';

/** A publisher gives up after this many conflicts with others that publish to the same stream. */
const MOST_CONFLICTS = 20;

interface Published {
  event: LoggedEvent;
  /** The stream already had an event of this id and revision, or it was removed: nothing was appended. */
  duplicate: boolean;
}

/**
 * Resolves when the event is durable.
 * @param deadline epoch ms
 * @throws TidegateError `invalid_input` with the field; `store_unavailable`, `store_unknown`.
 */
export async function publish(
  scope: StreamScope,
  stream: DeclaredStream,
  raw: RawEvent,
  deadline: number,
): Promise<Published> {
  const { runtime } = scope;
  const validated = validateEvent(stream, raw, { receivedAt: runtime.now(), newId: () => runtime.newId() });
  if (!validated.ok) {
    logThrown(runtime, stream, validated);
    const { field, expected, text } = validated;
    throw new TidegateError('invalid_input', text, { field, expected });
  }
  const { event } = validated;
  const place = await ofEvents(scope, stream, [event.data]);
  const { standing, appended } = await appendAll(place, stream, [event], deadline, null);
  return { event: standing ?? event, duplicate: appended === 0 };
}

/** A record that proves that a whole append was made. Where the record exists, nothing is appended again. */
export interface Receipt {
  key: RecordKey;
  /**
   * Returns the counts of the append that was made; null where there is no record. Throws where the record is of
   * another append.
   */
  earlier(reading: Reading): AppendCounts | null;
  put(reading: Reading, counts: AppendCounts): Put;
}

export interface AppendCounts {
  appended: number;
  /** Events whose ids the stream already had, or that came twice among the events. */
  duplicates: number;
}

export interface Appended extends AppendCounts {
  /** Set where a single event was appended and was a duplicate: the event as the stream has it. */
  standing: LoggedEvent | null;
}

/**
 * Appends events to a stream in one commit, together with the receipt. Where the receipt exists, it answers the counts of
 * that append, and does what follows an append once more: the process that made it may have ended before.
 * Errors as `publish`, without `invalid_input`.
 */
export async function appendAll(
  scope: StreamScope,
  stream: DeclaredStream,
  events: readonly LoggedEvent[],
  deadline: number,
  receipt: Receipt | null,
): Promise<Appended> {
  const { store, runtime, tenant } = scope;
  const fence = stream.identified ? [fenceKey(tenant, stream.name)] : [];
  const keys = [...(receipt ? [receipt.key] : []), ...fence];
  const at = logPlace(scope, stream);
  await noteWrite(scope, stream);
  for (let attempt = 0; attempt < MOST_CONFLICTS; attempt += 1) {
    const readings = await readEach(scope, keys);
    const first = receipt && readings[0] ? await readSurely(scope, readings[0]) : null;
    const earlier = (receipt && first && receipt.earlier(first)) ?? null;
    if (earlier !== null) {
      if (earlier.appended > 0) {
        scope.changed?.(tenant, stream.name);
        await projectBehind(scope, stream, deadline);
      }
      return { ...earlier, standing: null };
    }
    const appender = createAppender(scope, null);
    const fenced = fence.length > 0 ? readings.at(-1) : undefined;
    const sought = events.length === 1 ? events[0] : undefined;
    const standing = await appender.loadOne(at, {
      ...(fenced ? { fence: fenced } : {}),
      ...(sought ? { sought } : {}),
    });
    const fresh = stream.identified ? appender.fresh(at, events) : events;
    const counts = { appended: fresh.length, duplicates: events.length - fresh.length };
    const appends = fresh.length === 0 ? [] : [loggedEvent.append(at.log, fresh)];
    const operations: Operation[] = appender.fenced(appends);
    if (receipt && first) operations.push(receipt.put(first, counts));
    const appended = { ...counts, standing };
    if (operations.length === 0) return appended;
    const result = await commitSurely(runtime, store, operations, deadline);
    if (result.status !== 'committed') continue;
    appender.committed(operations, result.version);
    if (fresh.length > 0) await projectBehind(scope, stream, deadline);
    return appended;
  }
  throw new TidegateError('store_unavailable', `too many publish to the stream ${stream.name} at once`, {
    retryAfterMs: 1_000,
  });
}

/** One store call, or none. */
async function readEach({ store, runtime }: StreamScope, keys: readonly RecordKey[]): Promise<Reading[]> {
  const [first] = keys;
  if (first === undefined) return [];
  return keys.length === 1 ? [await store.get(first, runtime.now())] : store.getMany(keys, runtime.now());
}

async function projectBehind(scope: StreamScope, stream: DeclaredStream, deadline: number): Promise<void> {
  try {
    await projectLatest(scope, stream, { deadline });
  } catch (error) {
    const { code, message } = asTidegateError(error);
    scope.runtime.log('warn', 'the latest events of a stream are behind its log', {
      stream: stream.name,
      code,
      message,
    });
  }
}
