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
import type { DeclaredStream } from '../../declare/stream.ts';
import { isGap, type LoggedEvent } from '../../base/event.ts';
import { record } from '../../store/record.ts';
import type { Append, Operation, Reading, RecordKey, Version } from '../../store/store.ts';
import type { StreamScope } from '../scope.ts';
import { createWindow, type DedupeWindow, loadWindow } from './dedupe.ts';
import { besides } from './removals.ts';
import { loggedEvent, streamLog } from './stream-log.ts';

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
   * Reads the fence and the newest ids of each stream that has identified events and was not read yet.
   * @throws TidegateError `newer_version` for a fence of a newer release
   */
  load(streams: Iterable<DeclaredStream>): Promise<void>;
  /**
   * Reads the newest ids of one stream.
   * @param known `fence`: the fence, where the caller has read it already. `sought`: an event at which reading ends,
   * once one with its id and revision is found.
   * @returns the sought event as the stream has it; null where the stream does not have it
   */
  loadOne(stream: DeclaredStream, known: { fence?: Reading; sought?: LoggedEvent }): Promise<LoggedEvent | null>;
  /**
   * Whether the event is in the stream or was remembered. A gap is never known, because each gap is a separate event.
   */
  isKnown(stream: string, event: LoggedEvent): boolean;
  /** How far back a known event is, as `DedupeWindow.depthOf` says; null for one that is not known. */
  depthOf(stream: string, event: LoggedEvent): number | null;
  remember(stream: string, event: LoggedEvent): void;
  /** Returns the events that are not known and do not stand earlier among them, and remembers them. */
  fresh(stream: string, events: readonly LoggedEvent[]): LoggedEvent[];
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

/**
 * @param streams the streams that events are appended to
 * @param feed name of the feed that the events come from; null for a publisher
 * @param windowOf how many of a stream's newest events are read; default: its `dedupe`
 */
export function createAppender(
  scope: StreamScope,
  streams: Iterable<DeclaredStream>,
  feed: string | null,
  windowOf: (stream: DeclaredStream) => number = ({ dedupe }) => dedupe,
): Appender {
  const { store, runtime, tenant } = scope;
  const byLog = new Map([...streams].map((stream) => [streamLog(tenant, stream.name), stream]));
  /** By stream name; holds the streams of identified events that were read. */
  const windows = new Map<string, DedupeWindow>();
  const fences = new Map<string, Version | null>();

  async function loadOne(
    stream: DeclaredStream,
    known: { fence?: Reading; sought?: LoggedEvent } = {},
  ): Promise<LoggedEvent | null> {
    const { name, identified } = stream;
    if (!identified) return null;
    // The fence is read first: a writer that appends after this read changes its version.
    const reading = known.fence ?? (await store.get(fenceKey(tenant, name), runtime.now()));
    // A fence of a newer release throws here, so that no put of this release replaces it.
    fence.read(reading);
    fences.set(name, reading.version);
    const beside = besides(scope, name);
    const { window, found } = await loadWindow(store, streamLog(tenant, name), windowOf(stream), {
      beside,
      ...(known.sought ? { sought: known.sought } : {}),
    });
    windows.set(name, window);
    return found;
  }

  const depthOf = (stream: string, event: LoggedEvent) =>
    isGap(event) ? null : (windows.get(stream)?.depthOf(event) ?? null);
  const isKnown = (stream: string, event: LoggedEvent) => depthOf(stream, event) !== null;

  function remember(stream: string, event: LoggedEvent): void {
    if (!isGap(event)) windows.get(stream)?.add(event);
  }

  function fresh(stream: string, events: readonly LoggedEvent[]): LoggedEvent[] {
    // The window forgets its oldest names as it takes in new ones. So all are judged before any is remembered.
    const among = createWindow(events.length);
    const left = events.filter((event) => {
      if (isGap(event)) return true;
      if (isKnown(stream, event) || among.has(event)) return false;
      among.add(event);
      return true;
    });
    for (const event of left) remember(stream, event);
    return left;
  }

  function fenceOf({ log, entries }: Append): Operation[] {
    const name = byLog.get(log)?.name ?? '';
    const expects = fences.get(name);
    const last = entries.at(-1);
    if (expects === undefined || last === undefined) return [];
    const value = feed === null ? { id: loggedEvent.decode(last).id } : { feed };
    return [fence.put(fenceKey(tenant, name), value, { expects })];
  }

  async function leftOf(append: Append): Promise<Append[]> {
    const stream = byLog.get(append.log);
    if (!stream?.identified) return [append];
    await loadOne(stream);
    const events = append.entries.map((value) => loggedEvent.decode(value));
    const left = fresh(stream.name, events);
    return left.length === 0 ? [] : [loggedEvent.append(append.log, left)];
  }

  return {
    async load(wanted) {
      for (const stream of new Set(wanted)) if (!windows.has(stream.name)) await loadOne(stream);
    },
    loadOne,
    isKnown,
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
        const stream = operation.kind === 'append' ? byLog.get(operation.log) : undefined;
        if (!stream) continue;
        if (fences.has(stream.name)) fences.set(stream.name, version);
        scope.changed?.(tenant, stream.name);
      }
    },
  };
}
