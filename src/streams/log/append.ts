/**
 * Prepares appends to streams so that each event is appended once. Every writer uses it: tools that publish, pushes,
 * feeds, and the replay of dead letters.
 *
 * A stream whose events have ids also has a fence. The fence is a record that every commit to the stream writes, on the
 * condition that it still has the version that the writer read. A writer reads the fence, then the ids (with revisions)
 * of the stream's newest `dedupe` events. It leaves out the events that are already there and commits the others. If
 * another writer appended in between, the version of the fence has changed, the commit conflicts, and the writer reads
 * both again. Therefore only one of several writers that bring the same event at once appends it. A stream whose events
 * have no ids has no fence and takes every event.
 *
 * This file reads and builds operations. It does not commit: the caller commits the operations together with what must
 * become true at the same time, such as a feed's position.
 */
import * as z from 'zod';
import { isGap, type LoggedEvent } from '../../base/event.ts';
import { GET_MANY_LIMIT } from '../../store/limits.ts';
import { record } from '../../store/record.ts';
import type { Append, Operation, Reading, RecordKey, Version } from '../../store/store.ts';
import type { Deps } from '../deps.ts';
import { createWindow, type DedupeWindow, loadWindow } from './dedupe.ts';
import type { Place } from './place.ts';
import { besides } from './removals.ts';
import { loggedEvent } from './stream-log.ts';

/** Key of the fence: the record that each append to a stream of identified events writes anew. */
export function fenceKey(tenant: string, stream: string): RecordKey {
  return { partition: `${tenant}/publisher`, id: stream };
}

/**
 * Who appended last: a feed, or the publisher of the event with this id. People may read it; the code uses only the
 * version.
 */
const fence = record('fence of a stream', () =>
  z.union([z.strictObject({ feed: z.string() }), z.strictObject({ id: z.string() })]),
);

/**
 * The put of the fence, for an append that is not made by an `Appender`.
 * @throws TidegateError `newer_version` where a newer release wrote the fence
 */
export function fencePut(reading: Reading, by: { feed: string } | { id: string }): Operation {
  return fence.replace(reading, by);
}

export interface Appender {
  /**
   * Reads the fence and the newest ids of each place that has identified events and was not read yet. Places have to be loaded
   * before anything else is asked of them.
   * @throws TidegateError `newer_version` for a fence of a newer release
   */
  load(places: Iterable<Place>): Promise<void>;
  /**
   * Reads the newest ids of one place.
   * @param known `fence`: the fence, where the caller has read it already. `sought`: an event at which reading ends,
   * once one with its id and revision is found.
   * @returns the sought event as the stream has it; null where the stream does not have it
   */
  loadOne(place: Place, known: { fence?: Reading; sought?: LoggedEvent }): Promise<LoggedEvent | null>;
  /** Forgets what was read where that is much, so that as many places as there are take no more memory. Call it while nothing waits for a commit. */
  bound(): void;
  /** How far back a known event is, as `DedupeWindow.depthOf` says; null for one that is not known. A gap is never known, because each is a separate event. */
  depthOf(place: Place, event: LoggedEvent): number | null;
  remember(place: Place, event: LoggedEvent): void;
  /** Returns the events that are not known and do not stand earlier among them, and remembers them. */
  fresh(place: Place, events: readonly LoggedEvent[]): LoggedEvent[];
  /** Returns the appends, followed by a put of the fence for each stream of identified events among them. */
  fenced(appends: readonly Append[]): Operation[];
  /**
   * Repairs appends after a conflict: reads again and leaves out what the streams have by now. Empty appends are
   * dropped.
   */
  again(appends: readonly Append[]): Promise<Append[]>;
  /**
   * Call it when the operations were committed. It notifies those that follow the streams.
   * @param version the version that the commit gave; null where the caller appends nothing more with this appender
   */
  committed(operations: readonly Operation[], version: Version | null): void;
}

function keyOf({ tenant, stream }: Place): RecordKey {
  return fenceKey(tenant, stream.name);
}

/** Names of events that are kept in memory before all are forgotten, some 30 MB. */
const MOST_NAMES = 300_000;
/** Logs that are read at once. */
const AT_ONCE = 8;

/**
 * @param feed name of the feed that the events come from; null for a publisher
 * @param windowOf how many of a stream's newest events are read; default: its `dedupe`
 */
export function createAppender(
  deps: Pick<Deps, 'store' | 'runtime' | 'changed'>,
  feed: string | null,
  windowOf: (stream: Place['stream']) => number = ({ dedupe }) => dedupe,
): Appender {
  const { store, runtime } = deps;
  /** All by log. */
  const known = new Map<string, Place>();
  /** Of the places with identified events that were read. */
  const windows = new Map<string, DedupeWindow>();
  const fences = new Map<string, Version | null>();

  async function loadOne(
    place: Place,
    { fence: read, sought }: { fence?: Reading; sought?: LoggedEvent } = {},
  ): Promise<LoggedEvent | null> {
    const { log, stream, tenant } = place;
    known.set(log, place);
    if (!stream.identified) return null;
    // The fence is read first: a writer that appends after this read changes its version.
    const reading = read ?? (await store.get(keyOf(place), runtime.now()));
    // A fence of a newer release throws here, so that no put of this release replaces it.
    fence.read(reading);
    fences.set(log, reading.version);
    const beside = besides({ runtime, tenant }, stream.name);
    const { window, found } = await loadWindow(store, log, windowOf(stream), {
      beside,
      ...(sought ? { sought } : {}),
    });
    windows.set(log, window);
    return found;
  }

  /** Reads the fences of several places together, and some of their logs at once. */
  async function loadSome(places: readonly Place[]): Promise<void> {
    const readings = places.length < 2 ? [] : await store.getMany(places.map(keyOf), runtime.now());
    const left = places.entries();
    async function work(): Promise<void> {
      for (const [index, place] of left) {
        const reading = readings[index];
        await loadOne(place, reading ? { fence: reading } : {});
      }
    }
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, places.length) }, work));
  }

  const depthOf = ({ log }: Place, event: LoggedEvent) =>
    isGap(event) ? null : (windows.get(log)?.depthOf(event) ?? null);

  function remember({ log }: Place, event: LoggedEvent): void {
    if (!isGap(event)) windows.get(log)?.add(event);
  }

  function fresh(place: Place, events: readonly LoggedEvent[]): LoggedEvent[] {
    // The window forgets its oldest names as it takes in new ones. So all are judged before any is remembered.
    const among = createWindow(events.length);
    const left = events.filter((event) => {
      if (isGap(event)) return true;
      if (depthOf(place, event) !== null || among.has(event)) return false;
      among.add(event);
      return true;
    });
    for (const event of left) remember(place, event);
    return left;
  }

  function fenceOf({ log, entries }: Append): Operation[] {
    const place = known.get(log);
    const expects = fences.get(log);
    const last = entries.at(-1);
    if (place === undefined || expects === undefined || last === undefined) return [];
    const value = feed === null ? { id: loggedEvent.decode(last).id } : { feed };
    return [fence.put(keyOf(place), value, { expects })];
  }

  async function leftOf(append: Append): Promise<Append[]> {
    const place = known.get(append.log);
    if (!place?.stream.identified) return [append];
    await loadOne(place);
    const events = append.entries.map((value) => loggedEvent.decode(value));
    const left = fresh(place, events);
    return left.length === 0 ? [] : [loggedEvent.append(append.log, left)];
  }

  return {
    async load(wanted) {
      const missing = new Map<string, Place>();
      for (const place of wanted) {
        if (!known.has(place.log) || (place.stream.identified && !windows.has(place.log)))
          missing.set(place.log, place);
      }
      const all = [...missing.values()];
      for (const place of all) known.set(place.log, place);
      const read = all.filter(({ stream }) => stream.identified);
      for (let from = 0; from < read.length; from += GET_MANY_LIMIT)
        await loadSome(read.slice(from, from + GET_MANY_LIMIT));
    },
    loadOne,
    bound() {
      let names = 0;
      for (const window of windows.values()) names += window.size();
      if (names <= MOST_NAMES && known.size <= MOST_NAMES) return;
      known.clear();
      windows.clear();
      fences.clear();
    },
    depthOf,
    remember,
    fresh,
    fenced: (appends) => [...appends, ...appends.flatMap(fenceOf)],
    async again(appends) {
      const left: Append[] = [];
      for (const append of appends) left.push(...(await leftOf(append)));
      return left;
    },
    committed(operations, version) {
      for (const operation of operations) {
        const place = operation.kind === 'append' ? known.get(operation.log) : undefined;
        if (!place) continue;
        if (fences.has(place.log)) fences.set(place.log, version);
        deps.changed?.(place.tenant, place.stream.name);
      }
    },
  };
}
