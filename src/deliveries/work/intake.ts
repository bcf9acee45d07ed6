/**
 * Reads on in the log of a source: what a subscription selects becomes pending, as much as there is room for, and its head moves
 * on. An event that is tried again is read again, so that nothing of it stands anywhere but in its log.
 */
import type { Json } from '../../base/json.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import { decodeCursor } from '../../store/cursor.ts';
import type { Cursor, LogEntry, LogPage } from '../../store/store.ts';
import { besides, obey } from '../../streams/log/removals.ts';
import { loggedEvent, streamLog } from '../../streams/log/stream-log.ts';
import type { StreamScope } from '../../streams/scope.ts';
import { wasToldAs } from '../../streams/sources/event-id.ts';
import type { EventOccurrence, Selection } from '../../streams/sources/sources.ts';
import { messageId } from '../send/bodies.ts';
import type { DeliveryState, Pending } from '../records/state.ts';

/** Most events that wait to be sent or acknowledged. While there are so many nothing more is read. */
export const MOST_PENDING = 100;
const FIRST_READ = 100;
const MOST_READS = 4;

/** An event as it is sent, with the position behind it. */
export interface FoundEvent {
  occurrence: EventOccurrence;
  cursor: Cursor;
}

interface DeliveryIntake {
  state: DeliveryState;
  /** What was read just now, by the ids of what is pending. */
  found: Map<string, FoundEvent>;
  /** The end of the log was reached. */
  isWhole: boolean;
}

/** One store call for each 1,000 events, 4 at most. */
export async function takeInEvents(
  scope: StreamScope,
  given: DeliveryState,
  selection: Selection,
): Promise<DeliveryIntake> {
  const { store, runtime, tenant } = scope;
  const { stream } = selection.source;
  const log = streamLog(tenant, stream.name);
  const found = new Map<string, FoundEvent>();
  const known = new Set(given.pending.map(({ id }) => id));
  let state = given;
  for (let reads = 0; reads < MOST_READS; reads += 1) {
    if (state.pending.length >= MOST_PENDING) return { state, found, isWhole: false };
    const limit = reads === 0 ? FIRST_READ : READ_LIMIT;
    const page = obey(await store.read(log, state.head, limit, besides(scope, stream.name)));
    const now = runtime.now();
    const pending = [...state.pending];
    let before = page.start;
    if (isCut(state.head, page)) pending.push(newPending('gap', messageId('gap', runtime.newId()), before, now));
    let taken = 0;
    for (const entry of page.entries) {
      if (pending.length >= MOST_PENDING) break;
      const occurrence = occurrenceIn(entry, selection);
      if (occurrence !== null && !known.has(occurrence.eventId)) {
        known.add(occurrence.eventId);
        found.set(occurrence.eventId, { occurrence, cursor: entry.cursor });
        pending.push(newPending('event', occurrence.eventId, before, now));
      }
      before = entry.cursor;
      taken += 1;
    }
    state = { ...state, pending, head: taken === page.entries.length ? page.cursor : before };
    if (taken < page.entries.length) return { state, found, isWhole: false };
    if (page.entries.length < limit) return { state, found, isWhole: true };
  }
  return { state, found, isWhole: false };
}

/** Whether entries behind a position are gone. Before the first one, of a log that had none, all of them count. */
export function isCut(position: Cursor | null, { truncated, floor }: Pick<LogPage, 'truncated' | 'floor'>): boolean {
  return truncated || (position === null && floor !== null && decodeCursor(floor).place > 0);
}

/**
 * Reads one event again. `removed`: somebody has removed it. `trimmed`: the log no longer holds it.
 * One store call.
 */
export async function readAgain(
  scope: StreamScope,
  { before, id }: Pick<Pending, 'before' | 'id'>,
  selection: Selection,
): Promise<FoundEvent | 'removed' | 'trimmed'> {
  const { name } = selection.source.stream;
  const page = obey(await scope.store.read(streamLog(scope.tenant, name), before, 1, besides(scope, name)));
  const [entry] = page.entries;
  if (entry === undefined || isCut(before, page)) return 'trimmed';
  const event = loggedEvent.read(entry);
  const occurrence = selection.occurrenceOf(event);
  return occurrence && wasToldAs(event, id) ? { occurrence, cursor: entry.cursor } : 'removed';
}

function occurrenceIn(entry: LogEntry & { value: Json }, selection: Selection): EventOccurrence | null {
  return selection.occurrenceOf(loggedEvent.read(entry));
}

function newPending(kind: Pending['kind'], id: string, before: Cursor | null, now: number): Pending {
  return { kind, id, before, attempts: 0, dueAt: now, since: now };
}
