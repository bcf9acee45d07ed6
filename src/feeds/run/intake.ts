/**
 * From a feed's items to the appends of a commit: validated, sampled, de-duplicated; what is wrong becomes a dead
 * letter. It writes nothing. Only the holder of the feed's lease may use one: what known-events.ts knows of a log's end
 * holds as long as the publishers' fence, which its commits move on, stands.
 */
import type { DeclaredFeed, FeedItem } from '../../declare/feed.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { isGap } from '../../base/event.ts';
import { type Json, utf8Bytes } from '../../base/json.ts';
import type { Append, Operation, Version } from '../../store/store.ts';
import type { Scope } from '../../streams/scope.ts';
import { idsFrom, validateEvent } from '../../streams/log/append.ts';
import { deadLetterLog, streamLog } from '../../streams/names.ts';
import { BURST_DEAD_LETTERS, type Reason, toDeadLetter } from './dead-letters.ts';
import { createKnownEvents } from './known-events.ts';
import { createPart, type Entry } from './part.ts';
import { createSampler, type Sampled } from './sampling.ts';
import { addCounts, type FeedCounts, type FeedState, NO_COUNTS, recordBytes } from './state.ts';

export type Taken = 'taken' | 'duplicate' | 'full';

export interface Intake {
  /**
   * Reads what de-duplication has to know of the items' streams, and leaves room for the feed's record with the position
   * behind them. Before their `take`, with nothing gathered.
   */
  prepare(items: readonly FeedItem[], state: FeedState, position: Json): Promise<void>;
  /** `full`: nothing was done with it; drain, commit, and give it again. */
  take(item: FeedItem): Taken;
  /** For an item beyond the budget: a dead letter, or nothing but a count. */
  giveUp(item: FeedItem, deadLetter: boolean): Taken;
  /** Takes in the events of windows that the clock closed; commits whenever they are too many. False: a commit was lost. */
  closeWindows(commit: () => Promise<boolean>): Promise<boolean>;
  isEmpty(): boolean;
  /** The appends gathered since the last one; with each to a stream of identified events the put of its fence. */
  drain(): Operation[];
  /** Of drained operations that were outrun, those that are left when what stands in the logs by now is left out. */
  withoutKnown(operations: readonly Operation[]): Promise<Operation[]>;
  /** Of the burst so far; of it all until `revert`. */
  counts: Readonly<FeedCounts>;
  /** Why the last rejected item was. */
  rejection(): { field: string; expected: string };
  /** What was drained is committed, and this is the version of what it put. */
  settle(operations: readonly Operation[], version: Version): void;
  /** Forgets the counts of what no commit has taken. */
  revert(): void;
  /** What the feed's record has to say with the next commit. */
  changes(state: FeedState): Pick<FeedState, 'sampling' | 'dirty' | 'newestTime' | 'counts'>;
}

/** @param begun the feed's state as the burst began */
export function createIntake(scope: Scope, feed: DeclaredFeed, begun: FeedState): Intake {
  const { app, store, runtime, tenant } = scope;
  const now = () => runtime.now();
  const streams = new Map(feed.targets.flatMap(({ stream }) => entryOf(app.streams, stream)));
  const logs = new Map([...streams.keys()].map((name) => [name, streamLog(tenant, name)]));
  const names = new Map([...logs].map(([name, log]) => [log, name]));
  const known = createKnownEvents({ store, tenant, feed: feed.name, streams, now });
  const sampler = feed.sample && createSampler(feed.sample, begun.sampling);
  const part = createPart(store.limits, (log) => streams.get(names.get(log) ?? '')?.identified ?? false);
  part.reserve(recordBytes(feed, begun, null));
  const counts: FeedCounts = { ...NO_COUNTS };
  let settled = { ...counts };
  let touched = new Set<string>();
  const nextId = idsFrom(runtime.newId());
  let newestTime: number | null = null;
  let rejection = { field: '', expected: '' };

  function bury(item: FeedItem, reason: Reason): boolean {
    if (counts.deadLetters >= BURST_DEAD_LETTERS) return true;
    const value = toDeadLetter(item, reason, now()) as unknown as Json;
    const added = part.add([{ log: deadLetterLog(tenant, feed.name), value, bytes: sizeOf(value) }]);
    if (!added) return part.isEmpty();
    counts.deadLetters += 1;
    return true;
  }

  function reject(item: FeedItem, reason: Reason): Taken {
    if (!bury(item, reason)) return 'full';
    counts.rejected += 1;
    counts.bytes += item.bytes;
    rejection = { field: reason.field ?? reason.reason, expected: reason.expected ?? '' };
    return 'taken';
  }

  /** Adds all events that are new, or none; answers how many were, or null where the part is full. */
  function keep(sampled: readonly Sampled[], bytes: number | null): number | null {
    const fresh = sampled.filter(({ stream, event }) => !known.has(stream, event));
    const entries = fresh.map(({ stream, event }): Entry => ({
      log: logs.get(stream) ?? '',
      value: event,
      bytes: bytes ?? sizeOf(event),
    }));
    if (!part.add(entries)) return null;
    for (const { stream, event } of fresh) {
      known.add(stream, event);
      touched.add(stream);
      // A date in the future says nothing of how fresh the feed is.
      const time = Math.min(event.time, now());
      newestTime = Math.max(newestTime ?? time, time);
    }
    counts.events += fresh.length;
    counts.duplicates += sampled.length - fresh.length;
    return fresh.length;
  }

  /** Counts what is left out as duplicates. */
  async function leftOf(append: Append): Promise<Append[]> {
    const left = await known.withoutKnown(append);
    const duplicates = append.entries.length - (left?.entries.length ?? 0);
    counts.events -= duplicates;
    counts.duplicates += duplicates;
    return left === null ? [] : [left];
  }

  return {
    prepare(items, state, position) {
      part.reserve(recordBytes(feed, state, position));
      return known.load(items.map(({ stream }) => stream));
    },

    take(item) {
      const stream = streams.get(item.stream);
      if (!stream) {
        const expected = `one of ${[...streams.keys()].join(', ')}`;
        return reject(item, { reason: 'unknown_stream', field: 'stream', expected });
      }
      if (item.invalid) return reject(item, item.invalid);
      const validated = validateEvent(stream, item, { receivedAt: now(), newId: nextId });
      if (!validated.ok) return reject(item, validated);
      const { event, bytes } = validated;
      const through = sampler === null || isGap(event);
      const sampled = through ? [{ stream: stream.name, event }] : sampler.take(stream.name, event, bytes, now());
      const fresh = keep(sampled, through ? bytes : null);
      if (fresh === null) {
        if (!through) sampler.undo();
        if (!part.isEmpty()) return 'full';
        const expected = `what fits a commit of ${store.limits.commitBytes} bytes with the feed's record`;
        return reject(item, { reason: 'too_large', field: 'data', expected });
      }
      counts.bytes += item.bytes;
      if (sampled.length === 0) counts.thinned += 1;
      return sampled.length > 0 && fresh === 0 ? 'duplicate' : 'taken';
    },

    giveUp(item, deadLetter) {
      if (deadLetter) {
        const expected = `at most ${feed.budget.events} events and ${feed.budget.bytes} bytes in a burst`;
        if (!bury(item, { reason: 'overflow', expected })) return 'full';
      }
      counts.dropped += 1;
      counts.bytes += item.bytes;
      return 'taken';
    },

    async closeWindows(commit) {
      const closed = sampler?.close(now()) ?? [];
      await known.load(closed.map(({ stream }) => stream));
      for (const one of closed) {
        if (keep([one], null) !== null) continue;
        if (!(await commit())) return false;
        keep([one], null);
      }
      return true;
    },

    isEmpty: () => part.isEmpty(),
    drain: () => known.fenced(part.drain()),
    async withoutKnown(operations) {
      const left: Append[] = [];
      for (const operation of operations) if (operation.kind === 'append') left.push(...(await leftOf(operation)));
      return known.fenced(left);
    },
    counts,
    rejection: () => rejection,
    settle(operations, version) {
      for (const { log } of operations.filter((operation) => operation.kind === 'append')) {
        const name = names.get(log) ?? '';
        known.settle(name, version);
        if (streams.has(name)) scope.changed?.(tenant, name);
      }
      settled = { ...counts };
    },
    revert() {
      Object.assign(counts, settled);
    },
    changes(state) {
      const dirty = [...new Set([...state.dirty, ...touched])];
      touched = new Set();
      return {
        sampling: sampler?.state() ?? null,
        dirty,
        newestTime: newestTime === null ? state.newestTime : Math.max(newestTime, state.newestTime ?? newestTime),
        counts: addCounts(begun.counts, counts),
      };
    },
  };
}

function entryOf(streams: ReadonlyMap<string, DeclaredStream>, name: string): [string, DeclaredStream][] {
  const stream = streams.get(name);
  return stream ? [[name, stream]] : [];
}

function sizeOf(value: unknown): number {
  return utf8Bytes(JSON.stringify(value));
}
