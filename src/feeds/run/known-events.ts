/**
 * Which events of a feed's streams are stored already, by their ids, and the fences that make that knowledge hold: whoever
 * publishes to such a stream beside the feed moves its fence on, and a commit of the feed's is outrun then. It reads the
 * ends of logs and writes nothing.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { isGap, type LoggedEvent } from '../../base/event.ts';
import type { Append, Operation, Store, Version } from '../../store/store.ts';
import { type DedupeWindow, loadWindow } from '../../streams/log/dedupe.ts';
import { publisherKey, streamLog } from '../../streams/names.ts';

export interface KnownEvents {
  /** Reads what it has to know of these streams, once each; nothing of those whose events have no ids. */
  load(names: Iterable<string>): Promise<void>;
  /** A gap is never known: each is one of its own. */
  has(stream: string, event: LoggedEvent): boolean;
  add(stream: string, event: LoggedEvent): void;
  /** The appends, and with each to a stream of identified events the put of its fence. */
  fenced(appends: readonly Append[]): Operation[];
  /** Of an append that was outrun, what does not stand in the log by now; null: nothing is left. */
  withoutKnown(append: Append): Promise<Append | null>;
  /** A put of the stream's fence is committed, and this is its version. */
  settle(stream: string, version: Version): void;
}

interface Options {
  store: Store;
  tenant: string;
  /** For the fences: who was there last. */
  feed: string;
  streams: ReadonlyMap<string, DeclaredStream>;
  now: () => number;
}

export function createKnownEvents({ store, tenant, feed, streams, now }: Options): KnownEvents {
  const names = new Map([...streams.keys()].map((name) => [streamLog(tenant, name), name]));
  const windows = new Map<string, DedupeWindow>();
  /** Versions of the fences of the streams that have a window. */
  const fences = new Map<string, Version | null>();

  async function read({ name, dedupe }: DeclaredStream): Promise<void> {
    // The fence first: who publishes after that moves it on.
    fences.set(name, (await store.get(publisherKey(tenant, name), now())).version);
    windows.set(name, await loadWindow(store, streamLog(tenant, name), dedupe));
  }

  const has = (stream: string, event: LoggedEvent) => !isGap(event) && (windows.get(stream)?.has(event) ?? false);

  function add(stream: string, event: LoggedEvent): void {
    if (!isGap(event)) windows.get(stream)?.add(event);
  }

  function fenceOf(log: string): Operation[] {
    const name = names.get(log) ?? '';
    const expects = fences.get(name);
    if (expects === undefined) return [];
    return [{ kind: 'put', ...publisherKey(tenant, name), value: { feed }, expects }];
  }

  return {
    async load(wanted) {
      for (const name of new Set(wanted)) {
        const stream = streams.get(name);
        if (stream?.identified && !windows.has(name)) await read(stream);
      }
    },
    has,
    add,
    fenced: (appends) => [...appends, ...appends.flatMap(({ log }) => fenceOf(log))],
    async withoutKnown(append) {
      const stream = streams.get(names.get(append.log) ?? '');
      if (!stream?.identified) return append;
      await read(stream);
      const entries = append.entries.filter((value) => {
        const event = value as LoggedEvent;
        if (has(stream.name, event)) return false;
        add(stream.name, event);
        return true;
      });
      return entries.length === 0 ? null : { ...append, entries };
    },
    settle(stream, version) {
      if (fences.has(stream)) fences.set(stream, version);
    },
  };
}
