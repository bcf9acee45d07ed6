/**
 * Reads latest events. What a removal concerns is left out from the removal's commit on, also where the process that
 * removes ended before it took the latest event away: then another one stands there once the sweep has found it. An event
 * that came after such a removal, and that it would concern, is left out as well until then. The record of removals is
 * read in the same store call.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { paceOf } from '../../base/pace.ts';
import type { LoggedEvent, StreamEvent } from '../../base/event.ts';
import { LIST_LIMIT } from '../../store/limits.ts';
import type { Reading, RecordKey } from '../../store/store.ts';
import type { LogScope } from '../scope.ts';
import { keyOf, latestEvent, latestKey, latestPartition } from './latest.ts';
import { isOf, removals, removalsKey } from './removals.ts';
import { toStreamEvent } from './stream-log.ts';

/** Most keys of `readLatestOf`. */
export const KEYS_AT_ONCE = 50;

/** Reads the latest event of a key (null for a stream without keys); null where there is none. One store call. */
export async function readLatest(scope: LogScope, stream: string, key: string | null): Promise<StreamEvent | null> {
  const { events } = await readLatestOf(scope, stream, [key]);
  return events[0] ? toStreamEvent(stream, events[0]) : null;
}

/**
 * Reads the latest events of keys, without those that have none. One store call.
 * @param keys at most `KEYS_AT_ONCE`
 * @param more other records to read in the same call
 */
export async function readLatestOf(
  { store, runtime, tenant }: LogScope,
  stream: string,
  keys: readonly (string | null)[],
  more: readonly RecordKey[] = [],
): Promise<{ events: LoggedEvent[]; others: Reading[] }> {
  const asked = [...keys.map((key) => latestKey(tenant, stream, key)), removalsKey(tenant, stream), ...more];
  const readings = await store.getMany(asked, runtime.now());
  const isStanding = standing(readings[keys.length]);
  const events = readings.slice(0, keys.length).flatMap((reading) => latestEvent.read(reading) ?? []);
  return { events: events.filter(isStanding), others: readings.slice(keys.length + 1) };
}

/**
 * Reads the latest event of each key, in the order of the keys' UTF-8 bytes. One store call.
 * @param page `after` is the `next` of the page before, null for the first page; `limit` is 1 to 1,000
 */
export async function readLatestByKey(
  scope: LogScope,
  stream: string,
  { after, limit }: { after: string | null; limit: number },
): Promise<{ events: StreamEvent[]; next: string | null }> {
  const { events, next } = await readPage(scope, stream, {
    limit,
    ...(after === null ? {} : { after: latestKey(scope.tenant, stream, after).id }),
  });
  return { events: events.map((event) => toStreamEvent(stream, event)), next: next === null ? null : keyOf(next) };
}

/** Reads the keys that begin with `prefix`, in the order of their UTF-8 bytes. One store call. */
export async function readKeys(
  scope: LogScope,
  stream: string,
  { prefix, limit }: { prefix: string; limit: number },
): Promise<{ values: string[]; hasMore: boolean }> {
  const { id } = latestKey(scope.tenant, stream, prefix);
  const { events, next } = await readPage(scope, stream, { limit, ...(prefix === '' ? {} : { prefix: id }) });
  const values = events.flatMap(({ key }) => (key === undefined || key === '' ? [] : [key]));
  return { values, hasMore: next !== null };
}

/** Yields the latest events of all keys, a page at a time. One store call for each page. */
export async function* eachLatest(scope: LogScope, { name }: DeclaredStream): AsyncGenerator<LoggedEvent[]> {
  const pace = paceOf(scope.runtime);
  for (let after: string | null = ''; after !== null;) {
    const rest = pace();
    if (rest !== null) await rest;
    const more = after === '' ? {} : { after };
    const page: Awaited<ReturnType<typeof readPage>> = await readPage(scope, name, { limit: LIST_LIMIT, ...more });
    yield page.events;
    after = page.next;
  }
}

async function readPage(
  { store, runtime, tenant }: LogScope,
  stream: string,
  options: { limit: number; prefix?: string; after?: string },
): Promise<{ events: LoggedEvent[]; next: string | null }> {
  const beside = removalsKey(tenant, stream);
  const page = await store.list(latestPartition(tenant, stream), { now: runtime.now(), beside, ...options });
  const events = page.records.map(({ value }) => latestEvent.decode(value));
  return { events: events.filter(standing(page.beside)), next: page.next };
}

/** Makes the test whether a latest event stands: a removal that has taken its latest events away concerns no other. */
function standing(reading: Reading | undefined): (event: LoggedEvent) => boolean {
  const active = (reading && removals.read(reading)?.active) ?? [];
  const due = active.filter(({ settled }) => !settled);
  return (event) => !due.some(({ what }) => isOf(event, what));
}
