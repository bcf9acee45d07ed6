/**
 * Turns a feed's items into the appends of a commit: validates and samples them, leaves out what its stream has already,
 * and makes dead letters of what is wrong. It writes nothing. Only the holder of the feed's lease may use one.
 */
import type { DeclaredFeed, FeedItem } from '../../declare/feed.ts';
import { isGap, type LoggedEvent } from '../../base/event.ts';
import type { Json } from '../../base/json.ts';
import type { Operation, Version } from '../../store/store.ts';
import { createAppender } from '../../streams/log/append.ts';
import type { Place } from '../../streams/log/place.ts';
import type { StreamScope } from '../../streams/scope.ts';
import { noteWrites } from '../../streams/tenant-work.ts';
import { createBurial } from './bury.ts';
import { createChunk } from './chunk.ts';
import { createFeedShares, OVER_SHARE } from './feed-shares.ts';
import { createGivingUp } from './give-up.ts';
import type { Reason } from '../records/dead-letters.ts';
import { createGapFold } from '../records/gap-fold.ts';
import { createListedIds } from '../records/listed-ids.ts';
import type { RejectedWhy } from '../records/rejected.ts';
import { createSampler } from '../records/sampling.ts';
import { createRepeats, type RepeatsState } from '../records/repeats.ts';
import type { FeedCounts } from '../records/counts.ts';
import type { FeedState } from '../records/state.ts';
import { recordBytes } from '../records/record-bytes.ts';
import { createTenantGaps } from '../records/tenant-gaps.ts';
import { createJudge } from './judge-items.ts';
import { createKeeper } from './keep-events.ts';
import { loadPlaces } from './load-places.ts';
import { createTally } from './tally.ts';

const SHOWN_CHARACTERS = 60;

type Taken = 'taken' | 'duplicate' | 'full';

export interface Intake {
  /**
   * Finds out whose the items are, and leaves room for the feed's record with the position behind them. It is called before
   * `load`, while nothing is gathered.
   */
  prepare(items: readonly FeedItem[], state: FeedState, position: Json): Promise<void>;
  /**
   * Reads what de-duplication has to know of the logs that items go to, from this index on. It is called before their `take`,
   * while nothing is gathered.
   * @returns the index behind those that may be taken now: all, but where they go to more logs than a commit holds
   */
  load(items: readonly FeedItem[], from: number): Promise<number>;
  /** Whose an item is that was prepared, as a text; of all where events name no tenants. */
  ownerOf(item: FeedItem): string;
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
  /** Places whose latest events are behind, beside the streams that the feed's record names. */
  behind: Map<string, Place>;
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
  ): Pick<FeedState, 'sampling' | 'dirty' | 'newestTime' | 'lastGapAt' | 'counts' | 'gaps' | 'zoneless' | 'tenantGaps'>;
}

/** @param begun the feed's state at the beginning of the burst */
export function createIntake(scope: StreamScope, feed: DeclaredFeed, begun: FeedState): Intake {
  const { app, store, runtime } = scope;
  const now = () => runtime.now();
  const identified = feed.targets.flatMap(({ stream }) => {
    const declared = app.streams.get(stream);
    return declared?.identified ? [declared] : [];
  });
  const repeats = createRepeats(begun.repeats, identified, feed.feed.relists);
  const appender = createAppender(scope, feed.name, (stream) => repeats.windowOf(stream));
  const sampler = feed.sample && createSampler(feed.sample, begun.sampling);
  const chunk = createChunk(store.limits);
  chunk.reserve(recordBytes(feed, begun, null));
  const tally = createTally(begun);
  // What is sampled has no data of its own, and other kinds of feed may bring one message twice.
  const listed = feed.feed.relists === true && sampler === null ? createListedIds() : null;
  const fold = createGapFold(begun.gaps, begun.counts.events);
  const tenantGaps = createTenantGaps(scope, feed.name, begun.tenantGaps);
  const judge = createJudge(scope, feed);
  const shares = createFeedShares(scope, feed);
  const burial = createBurial(scope, feed, { chunk, tally, hasLetters: begun.counts.deadLetters > 0 });
  const { keep, keepAll } = createKeeper({
    appender,
    fold,
    tenantGaps,
    chunk,
    repeats,
    tally,
    placeNamed: (name) => judge.placeNamed(name),
    now,
  });

  const giving = createGivingUp(scope, feed, { judge, keep, burial, tally });

  function reject(item: FeedItem, reason: Reason): Taken {
    if (!burial.bury(item, reason, judge.tenantOf(item))) return 'full';
    tally.count('rejected');
    tally.came(item);
    tally.rejected(reason, feed.targets.length > 1 ? item.stream : null);
    return 'taken';
  }

  /** Takes an event in. It goes through sampling unless it is a gap. */
  function takeEvent(item: FeedItem, place: Place, event: LoggedEvent, bytes: number): Taken {
    if (isGap(event)) tally.missing(now());
    if (isGap(event) && fold.isRepeated({ stream: place.name, event })) return 'taken';
    const isListed = listed !== null && !isGap(event) && place.stream.identified;
    if (isListed && listed.isShared(place.name, event, appender.depthOf(place, event))) {
      const id = JSON.stringify(event.id.slice(0, SHOWN_CHARACTERS).toWellFormed());
      const expected = `an id that names one item: another of the same list has ${id} too, with other data`;
      return reject(item, { reason: 'id', field: 'id', expected });
    }
    const sampled = sampler === null || isGap(event) ? null : sampler.take(place.name, event, bytes, now());
    const fresh = sampled === null ? keep(place, event, bytes) : keepAll(judge.placed(sampled));
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
    async prepare(items, state, position) {
      listed?.begin();
      chunk.reserve(recordBytes(feed, state, position));
      await burial.load();
      const { tenants, hasGaps } = await judge.ahead(items);
      tenantGaps.expect(hasGaps);
      if (tenants.size > 0) await noteWrites(scope, tenants);
    },

    load: (items, from) =>
      loadPlaces({ feed, judge, appender, tenantGaps, sampler, limits: store.limits, shares }, items, from),
    ownerOf: (item) => judge.tenantOf(item) ?? '',

    take(item) {
      const judged = judge.judge(item);
      if (judged.kind === 'refused') return reject(item, judged.why);
      if (judged.kind === 'gap') {
        tally.missing(now());
        tenantGaps.came(judged.stream, judged.event);
        return 'taken';
      }
      const { place, event, bytes } = judged;
      const isOver = shares?.isOver(place.tenant) === true && appender.depthOf(place, event) === null;
      if (isOver) return giving.giveUp(item, OVER_SHARE, true) ? 'taken' : 'full';
      const { name: stream } = place.stream;
      if (judged.zoneless && tally.zoneless(stream)) {
        const expected = 'zone of the stream, where they are not in UTC';
        runtime.log('warn', 'times without a zone are read as UTC', { feed: feed.name, stream, expected });
      }
      return takeEvent(item, place, event, bytes);
    },

    giveUp(item, asDeadLetter) {
      const expected = `at most ${feed.budget.events} events and ${feed.budget.bytes} bytes in a burst`;
      return giving.giveUp(item, { reason: 'overflow', expected }, asDeadLetter) ? 'taken' : 'full';
    },

    async closeWindows(commit) {
      const closed = judge.placed(sampler?.close(now()) ?? []);
      const places = closed.map(({ place }) => place);
      await appender.load(places);
      await tenantGaps.load(places);
      for (const { place, event } of closed) {
        if (keep(place, event, null) !== null) continue;
        if (!(await commit())) return false;
        keep(place, event, null);
      }
      return true;
    },

    isEmpty: () => chunk.isEmpty(),
    drain: () => [...appender.fenced(chunk.drain()), ...tenantGaps.drain()],
    async withoutKnown(operations) {
      const appends = operations.filter((operation) => operation.kind === 'append');
      const left = await appender.again(appends);
      const duplicates = entriesOf(appends) - entriesOf(left);
      tally.count('events', -duplicates);
      tally.count('duplicates', duplicates);
      return [...appender.fenced(left), ...tenantGaps.among(operations)];
    },
    behind: tally.behind,
    counts: tally.counts,
    total: () => tally.total(),
    delivered() {
      const { events, thinned } = tally.total();
      return events + thinned;
    },
    rejection: () => tally.rejection(),
    settle(operations, version) {
      appender.committed(operations, version);
      tenantGaps.settle(operations, version);
      tally.settle();
    },
    revert: () => tally.revert(),
    renew() {
      judge.renew();
      burial.renew();
      giving.renew();
      tally.renew();
    },
    repeats: (open) => repeats.state(open),
    changes(state) {
      const counted = tally.changes(state);
      const gaps = fold.state(counted.counts.events);
      return { sampling: sampler?.state() ?? null, ...counted, gaps, tenantGaps: tenantGaps.state() };
    },
  };
}

function entriesOf(appends: readonly { entries: readonly Json[] }[]): number {
  return appends.reduce((sum, { entries }) => sum + entries.length, 0);
}
