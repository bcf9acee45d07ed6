/**
 * Turns a feed's items into the appends of a commit: validates and samples them, leaves out what its stream has already,
 * and makes dead letters of what is wrong. It writes nothing. Only the holder of the feed's lease may use one.
 */
import type { DeclaredFeed, FeedItem } from '../../declare/feed.ts';
import { isGap, type LoggedEvent } from '../../base/event.ts';
import { type Json, jsonBytes } from '../../base/json.ts';
import { knownName } from '../../base/known-names.ts';
import type { Operation, Version } from '../../store/store.ts';
import { createAppender } from '../../streams/log/append.ts';
import { streamLog } from '../../streams/log/stream-log.ts';
import { idsFrom, logThrown, validateEvent } from '../../streams/log/validate-event.ts';
import type { StreamScope } from '../../streams/scope.ts';
import { createChunk } from './chunk.ts';
import { BURST_DEAD_LETTERS, deadLetter, deadLetterLog, type Reason, toDeadLetter } from '../records/dead-letters.ts';
import { createGapFold } from '../records/gap-fold.ts';
import { createListedIds } from '../records/listed-ids.ts';
import type { RejectedWhy } from '../records/rejected.ts';
import { createSampler } from '../records/sampling.ts';
import { createRepeats, type RepeatsState } from '../records/repeats.ts';
import type { FeedCounts } from '../records/counts.ts';
import type { FeedState } from '../records/state.ts';
import { recordBytes } from '../records/record-bytes.ts';
import { createKeeper } from './keep-events.ts';
import { createTally } from './tally.ts';

const SHOWN_CHARACTERS = 60;

export type Taken = 'taken' | 'duplicate' | 'full';

export interface Intake {
  /**
   * Reads what de-duplication has to know of the items' streams, and leaves room for the feed's record with the position
   * behind them. It is called before their `take`, while nothing is gathered.
   */
  prepare(items: readonly FeedItem[], state: FeedState, position: Json): Promise<void>;
  /** `full`: the item was not taken. The caller drains, commits, and gives the item again. */
  take(item: FeedItem): Taken;
  /** Makes a dead letter of an item beyond the budget, or only counts it. */
  giveUp(item: FeedItem, deadLetter: boolean): Taken;
  /**
   * Takes in the events of windows that the clock closed, and commits whenever the chunk is full. False: a commit was
   * lost.
   */
  closeWindows(commit: () => Promise<boolean>): Promise<boolean>;
  isEmpty(): boolean;
  /** Returns the appends that were gathered since the last call, with the puts of their fences. */
  drain(): Operation[];
  /** Returns drained operations that met a conflict, without the events that the logs have by now. */
  withoutKnown(operations: readonly Operation[]): Promise<Operation[]>;
  /**
   * The counts since the burst began, or since `renew`. They include what is not committed yet, until `revert` forgets
   * that.
   */
  counts: Readonly<FeedCounts>;
  /** The counts since the burst began. */
  total(): FeedCounts;
  /** How many events the burst brought that its streams did not have. Gaps are none. */
  delivered(): number;
  /** Why the last rejected item was rejected. */
  rejection(): RejectedWhy;
  /** Takes note that drained operations are committed, with the version of what they put. */
  settle(operations: readonly Operation[], version: Version): void;
  /** Forgets the counts of what is not committed. */
  revert(): void;
  /** Begins the counts, and the bound of dead letters, anew in a burst that has no end. */
  renew(): void;
  /** What the next burst has to know of repeated readings. @param open whether this one ended within a reading */
  repeats(open: boolean): RepeatsState | null;
  /** The changes of the feed's record that go with the next commit. */
  changes(
    state: FeedState,
  ): Pick<FeedState, 'sampling' | 'dirty' | 'newestTime' | 'lastGapAt' | 'counts' | 'gaps' | 'zoneless'>;
}

/** @param begun the feed's state at the beginning of the burst */
export function createIntake(scope: StreamScope, feed: DeclaredFeed, begun: FeedState): Intake {
  const { app, store, runtime, tenant } = scope;
  const now = () => runtime.now();
  const declared = feed.targets.flatMap(({ stream }) => app.streams.get(stream) ?? []);
  const streams = new Map(declared.map((stream) => [stream.name, stream]));
  const fencedLogs = new Set(
    declared.filter(({ identified }) => identified).map(({ name }) => streamLog(tenant, name)),
  );
  const repeats = createRepeats(
    begun.repeats,
    declared.filter(({ identified }) => identified),
    feed.feed.relists,
  );
  const appender = createAppender(scope, declared, feed.name, (stream) => repeats.windowOf(stream));
  const sampler = feed.sample && createSampler(feed.sample, begun.sampling);
  const chunk = createChunk(store.limits, (log) => fencedLogs.has(log));
  chunk.reserve(recordBytes(feed, begun, null));
  const tally = createTally(begun);
  // What is sampled has no data of its own, and other kinds of feed may bring one message twice.
  const listed = feed.feed.relists === true && sampler === null ? createListedIds() : null;
  const fold = createGapFold(begun.gaps, begun.counts.events);
  const nextId = idsFrom(runtime.newId());
  let hasBroken = false;

  /** Makes a dead letter of an item; false: the chunk is full. */
  function bury(item: FeedItem, reason: Reason): boolean {
    if (tally.counts.deadLetters >= BURST_DEAD_LETTERS) return true;
    const value = deadLetter.encode(toDeadLetter(item, reason, now()));
    const added = chunk.add([{ log: deadLetterLog(tenant, feed.name), value, bytes: jsonBytes(value) }]);
    if (!added) return chunk.isEmpty();
    tally.count('deadLetters');
    return true;
  }

  function reject(item: FeedItem, reason: Reason): Taken {
    if (!bury(item, reason)) return 'full';
    tally.count('rejected');
    tally.came(item);
    tally.rejected(reason, streams.size > 1 ? item.stream : null);
    return 'taken';
  }

  const { keep, keepAll } = createKeeper({ tenant, appender, fold, chunk, repeats, tally, now });

  /** Whether the source lists an event under an id that another item of the same list has, which is not the same. */
  function sharesId(stream: string, event: LoggedEvent): boolean {
    if (listed === null || isGap(event) || !streams.get(stream)?.identified) return false;
    const depth = appender.depthOf(stream, event);
    if (depth === null) listed.add(stream, event);
    return depth === 0 && listed.isOther(stream, event);
  }

  /** Takes an event in. It goes through sampling unless it is a gap. */
  function takeEvent(item: FeedItem, stream: string, event: LoggedEvent, bytes: number): Taken {
    if (isGap(event)) tally.missing(now());
    if (isGap(event) && fold.isRepeated({ stream, event })) return 'taken';
    if (sharesId(stream, event)) {
      const id = JSON.stringify(event.id.slice(0, SHOWN_CHARACTERS).toWellFormed());
      const expected = `an id that names one item: another of the same list has ${id} too, with other data`;
      return reject(item, { reason: 'id', field: 'id', expected });
    }
    const sampled = sampler === null || isGap(event) ? null : sampler.take(stream, event, bytes, now());
    const fresh = sampled === null ? keep(stream, event, bytes) : keepAll(sampled);
    if (fresh === null) {
      if (sampled !== null) sampler?.undo();
      if (!chunk.isEmpty()) return 'full';
      const expected = `what fits a commit of ${store.limits.commitBytes} bytes with the feed's record`;
      return reject(item, { reason: 'too_large', field: 'data', expected });
    }
    tally.came(item);
    if (sampled?.length === 0) tally.count('thinned');
    return sampled?.length !== 0 && fresh === 0 ? 'duplicate' : 'taken';
  }

  return {
    prepare(items, state, position) {
      listed?.begin();
      chunk.reserve(recordBytes(feed, state, position));
      return appender.load(items.flatMap(({ stream }) => streams.get(stream) ?? []));
    },

    take(item) {
      const stream = streams.get(item.stream);
      if (!stream) {
        const expected = knownName(item.stream, [...streams.keys()], 'streams of the feed');
        return reject(item, { reason: 'unknown_stream', field: 'stream', expected });
      }
      if (item.invalid) return reject(item, item.invalid);
      const validated = validateEvent(stream, item, { receivedAt: now(), newId: nextId });
      if (!validated.ok) {
        // Once in a burst: what breaks for one item mostly breaks for all.
        if (!hasBroken) logThrown(runtime, stream, validated);
        hasBroken ||= validated.thrown !== undefined;
        return reject(item, validated);
      }
      if (validated.zoneless && tally.zoneless(stream.name)) {
        const expected = 'zone of the stream, where they are not in UTC';
        runtime.log('warn', 'times without a zone are read as UTC', { feed: feed.name, stream: stream.name, expected });
      }
      return takeEvent(item, stream.name, validated.event, validated.bytes);
    },

    giveUp(item, asDeadLetter) {
      if (asDeadLetter) {
        const expected = `at most ${feed.budget.events} events and ${feed.budget.bytes} bytes in a burst`;
        if (!bury(item, { reason: 'overflow', expected })) return 'full';
      }
      tally.count('dropped');
      tally.missing(now());
      tally.came(item);
      return 'taken';
    },

    async closeWindows(commit) {
      const closed = sampler?.close(now()) ?? [];
      await appender.load(closed.flatMap(({ stream }) => streams.get(stream) ?? []));
      for (const one of closed) {
        if (keep(one.stream, one.event, null) !== null) continue;
        if (!(await commit())) return false;
        keep(one.stream, one.event, null);
      }
      return true;
    },

    isEmpty: () => chunk.isEmpty(),
    drain: () => appender.fenced(chunk.drain()),
    async withoutKnown(operations) {
      const appends = operations.filter((operation) => operation.kind === 'append');
      const left = await appender.again(appends);
      const duplicates = entriesOf(appends) - entriesOf(left);
      tally.count('events', -duplicates);
      tally.count('duplicates', duplicates);
      return appender.fenced(left);
    },
    counts: tally.counts,
    total: () => tally.total(),
    delivered() {
      const { events, thinned } = tally.total();
      return events + thinned;
    },
    rejection: () => tally.rejection(),
    settle(operations, version) {
      appender.committed(operations, version);
      tally.settle();
    },
    revert: () => tally.revert(),
    renew() {
      hasBroken = false;
      tally.renew();
    },
    repeats: (open) => repeats.state(open),
    changes(state) {
      const counted = tally.changes(state);
      return { sampling: sampler?.state() ?? null, ...counted, gaps: fold.state(counted.counts.events) };
    },
  };
}

function entriesOf(appends: readonly { entries: readonly Json[] }[]): number {
  return appends.reduce((sum, { entries }) => sum + entries.length, 0);
}
