/**
 * Appends events to streams, each event once. Every writer goes through here: what a tool publishes, what is pushed, what
 * a feed brings, and the dead letters that are replayed.
 *
 * A stream of identified events has a fence: a record that every commit which appends to the stream puts on the version
 * that its writer has read. The writer reads the fence, then the ids (with revisions) of the stream's newest `dedupe` events,
 * leaves out the events that stand there, and commits. Where another writer has appended in between, the fence has moved
 * on and the commit conflicts: the writer reads both again. So of several that bring the same event at once one appends it.
 * A stream whose events have no ids has no fence, and takes every event.
 *
 * It reads, and makes operations. It commits nothing: the caller commits the operations together with what has to be true
 * at the same time, such as a feed's position.
 */
import * as z from 'zod';
import type { DeclaredStream } from '../../declare/stream.ts';
import { isGap, type LoggedEvent } from '../../base/event.ts';
import { record } from '../../store/record.ts';
import type { Append, Operation, Reading, RecordKey, Version } from '../../store/store.ts';
import type { Scope } from '../scope.ts';
import { type DedupeWindow, loadWindow } from './dedupe.ts';
import { loggedEvent, streamLog } from './stream-log.ts';

/** The record that writers to a stream of identified events move on with each append. */
export function fenceKey(tenant: string, stream: string): RecordKey {
  return { partition: `${tenant}/publisher`, id: stream };
}

/** Who appended last: a feed, or whoever brought the event of this id. It is there for people; only the version counts. */
const fence = record('fence of a stream', () =>
  z.union([z.strictObject({ feed: z.string() }), z.strictObject({ id: z.string() })]),
);

export interface Appender {
  /** Reads the fences and the newest ids of those of the streams that have identified events, once each. */
  load(streams: Iterable<DeclaredStream>): Promise<void>;
  /**
   * Reads the newest ids of one stream.
   * @param known `fence`: its fence as it was read already. `sought`: nothing older is read than the event of the same id.
   * @returns the event that was sought, as it stands; null where it does not
   */
  loadOne(stream: DeclaredStream, known: { fence?: Reading; sought?: LoggedEvent }): Promise<LoggedEvent | null>;
  /** Whether the event stands in the stream or was remembered. A gap never is: each is one of its own. */
  isKnown(stream: string, event: LoggedEvent): boolean;
  remember(stream: string, event: LoggedEvent): void;
  /** Those of the events that are not known. They are remembered. */
  fresh(stream: string, events: readonly LoggedEvent[]): LoggedEvent[];
  /** The appends, and behind them the put of the fence for each that is to a stream of identified events. */
  fenced(appends: readonly Append[]): Operation[];
  /** For appends that met a conflict: reads again, and leaves out what stands by now. An append without events goes. */
  again(appends: readonly Append[]): Promise<Append[]>;
  /**
   * The operations have taken effect: hints to all that follow the streams that events were appended.
   * @param version of what the commit put; null where nothing more is appended with what was read
   */
  committed(operations: readonly Operation[], version: Version | null): void;
}

/**
 * @param streams those that are appended to
 * @param feed whose events they are; null: a publisher's
 */
export function createAppender(scope: Scope, streams: Iterable<DeclaredStream>, feed: string | null): Appender {
  const { store, runtime, tenant } = scope;
  const byLog = new Map([...streams].map((stream) => [streamLog(tenant, stream.name), stream]));
  /** By stream, for those of identified events that were read. */
  const windows = new Map<string, DedupeWindow>();
  const fences = new Map<string, Version | null>();

  async function loadOne(
    { name, identified, dedupe }: DeclaredStream,
    known: { fence?: Reading; sought?: LoggedEvent } = {},
  ): Promise<LoggedEvent | null> {
    if (!identified) return null;
    // The fence first: who appends after that moves it on.
    fences.set(name, (known.fence ?? (await store.get(fenceKey(tenant, name), runtime.now()))).version);
    const { window, found } = await loadWindow(store, streamLog(tenant, name), dedupe, known.sought);
    windows.set(name, window);
    return found;
  }

  const isKnown = (stream: string, event: LoggedEvent) => !isGap(event) && (windows.get(stream)?.has(event) ?? false);

  function remember(stream: string, event: LoggedEvent): void {
    if (!isGap(event)) windows.get(stream)?.add(event);
  }

  function fresh(stream: string, events: readonly LoggedEvent[]): LoggedEvent[] {
    return events.filter((event) => {
      if (isKnown(stream, event)) return false;
      remember(stream, event);
      return true;
    });
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
