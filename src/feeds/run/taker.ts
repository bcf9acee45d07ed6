/**
 * Takes a feed's batches in, within the burst's budget. A batch that fits one commit takes one; a batch that is committed
 * already takes none. It decides what is committed together. It does not decide when the feed is asked for more.
 */
import type { DeclaredFeed, FeedBatch, FeedItem } from '../../declare/feed.ts';
import { TidegateError } from '../../base/errors.ts';
import { type Json, utf8Bytes } from '../../base/json.ts';
import type { Pace } from '../../base/pace.ts';
import { createSpending } from './budget.ts';
import { commitIntake } from './commit-intake.ts';
import type { Intake } from './intake.ts';
import type { Lease } from './lease.ts';
import { createReplay } from '../records/replay.ts';

/** Most bytes of a feed's position, as JSON. */
export const POSITION_BYTES = 16 * 1024;

const UNBOUNDED = { events: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

/** `budget`: the burst has to end, and the next one follows at once. */
type TakeOutcome = 'go-on' | 'budget' | 'lost';

interface Taker {
  /** @throws TidegateError `upstream` for a position that is too long; errors of the store */
  take(batch: FeedBatch): Promise<TakeOutcome>;
  isSpent(): boolean;
  /** Whether an earlier burst committed all that came, so that the next burst would find no more than this one. */
  isStuck(): boolean;
}

interface Options {
  feed: DeclaredFeed;
  lease: Lease;
  intake: Intake;
  /** Whether the burst holds its connection. The budget then bounds what the feed hands over at once, and ends nothing. */
  isHeld: boolean;
  /** Epoch ms by which a commit that begins now has to end. */
  commitBy: () => number;
  /** It is called after each commit except the last of a burst. False: the lease is lost. */
  upkeep: () => Promise<boolean>;
  log: (message: string) => void;
  /** Lets others go on between two items. */
  pace: Pace;
}

export function createTaker({ feed, lease, intake, isHeld, commitBy, upkeep, log, pace }: Options): Taker {
  const spending = createSpending(isHeld ? UNBOUNDED : feed.budget);
  const replayable = feed.feed.replayable;
  const replay = createReplay(replayable ? lease.state().replay : '');
  let sampled = JSON.stringify(lease.state().sampling);
  let skippedAny = false;
  let advanced = false;

  async function commit(last = false): Promise<boolean> {
    if (!(await commitIntake(lease, intake, commitBy()))) return false;
    sampled = JSON.stringify(lease.state().sampling);
    advanced = true;
    return last || upkeep();
  }

  async function take(batch: FeedBatch): Promise<TakeOutcome> {
    const { items, position, partial = false } = batch;
    if (position !== undefined && utf8Bytes(JSON.stringify(position)) > POSITION_BYTES) {
      throw new TidegateError('upstream', `the feed's position is above ${POSITION_BYTES} bytes`);
    }
    await intake.prepare(items, lease.state(), position ?? null);
    const step = replayable ? await takeAgain(items, !partial) : await takeOnce(items);
    return step === 'lost' || step === 'budget' ? step : finish(batch, step.overrun);
  }

  /**
   * Takes items that the upstream can give again. It skips those that are committed, and leaves those beyond the budget.
   */
  async function takeAgain(
    items: readonly FeedItem[],
    closed: boolean,
  ): Promise<'lost' | 'budget' | { overrun: false }> {
    const skipped = replay.skip(items, closed);
    if (skipped === null) {
      log('what was read in part came again, but changed: it is read once more');
      lease.change({ replay: replay.state() });
      advanced = true;
      return 'budget';
    }
    skippedAny ||= skipped > 0;
    let remembered = skipped;
    let ready = skipped;
    const remember = (count: number) => {
      replay.remember(items.slice(remembered, count));
      lease.change({ replay: replay.state() });
      remembered = count;
    };
    for (let index = skipped; index < items.length; index += 1) {
      const item = items[index] as FeedItem;
      if (spending.isSpent()) {
        if (index === remembered) return 'budget';
        // This includes items of which nothing is stored (thinned, known already). Otherwise they would come again for
        // ever.
        remember(index);
        return (await commit()) ? 'budget' : 'lost';
      }
      if (index === ready) {
        if (index > remembered) remember(index);
        if (!intake.isEmpty() && !(await commit())) return 'lost';
        ready = await intake.load(items, index);
      }
      const wait = pace();
      if (wait !== null) await wait;
      let taken = intake.take(item);
      if (taken === 'full') {
        remember(index);
        if (!(await commit())) return 'lost';
        taken = intake.take(item);
      }
      if (taken !== 'duplicate') spending.spend(item);
    }
    remember(items.length);
    return { overrun: false };
  }

  /** Takes items that the upstream gives only once. Those beyond the budget are given up. */
  async function takeOnce(items: readonly FeedItem[]): Promise<'lost' | { overrun: boolean }> {
    const owners = feed.namesTenants ? (item: FeedItem) => intake.ownerOf(item) : undefined;
    const { within: admitted, beyond } = spending.admit(items, feed.overflow, owners);
    const within = owners === undefined ? admitted : grouped(admitted, owners);
    let ready = 0;
    for (const [index, item] of within.entries()) {
      if (index === ready) {
        if (!intake.isEmpty() && !(await commit())) return 'lost';
        ready = await intake.load(within, index);
      }
      const wait = pace();
      if (wait !== null) await wait;
      let taken = intake.take(item);
      if (taken === 'full') {
        if (!(await commit())) return 'lost';
        taken = intake.take(item);
      }
      if (taken !== 'duplicate') spending.spend(item);
    }
    for (const item of beyond) {
      if (intake.giveUp(item, feed.overflow === 'dead-letter') !== 'full') continue;
      if (!(await commit())) return 'lost';
      intake.giveUp(item, feed.overflow === 'dead-letter');
    }
    return { overrun: beyond.length > 0 };
  }

  async function finish(
    { position, partial = false, last = false, backlog }: FeedBatch,
    overrun: boolean,
  ): Promise<TakeOutcome> {
    const before = lease.state();
    if (!partial) replay.pass();
    const next: { position: Json; replay: string } = {
      position: position === undefined ? before.position : position,
      replay: replayable ? replay.state() : '',
    };
    const moved = JSON.stringify(next.position) !== JSON.stringify(before.position);
    advanced ||= moved;
    lease.change({ ...next, backlog: backlog ?? null });
    const changes = intake.changes(before);
    const idle = intake.isEmpty() && JSON.stringify(changes.sampling) === sampled;
    // If nothing was taken in, no harm is done if these changes are lost, so they go with the commit that gives the
    // lease back.
    lease.change(changes);
    if (!(idle && (last || !moved)) && !(await commit(last))) return 'lost';
    return overrun ? 'budget' : 'go-on';
  }

  return { take, isSpent: () => spending.isSpent(), isStuck: () => skippedAny && !advanced };
}

/**
 * The items of each owner together, so that they take few commits; a gap stays between what came before and after it. Only for
 * what the upstream gives once: of other batches what is committed has to be a beginning.
 */
function grouped(items: readonly FeedItem[], ownerOf: (item: FeedItem) => string): FeedItem[] {
  const ordered: FeedItem[] = [];
  let some: FeedItem[] = [];
  const flush = () => {
    ordered.push(...[...Map.groupBy(some, ownerOf).values()].flat());
    some = [];
  };
  for (const item of items) {
    if (item.meta?.gap === undefined) {
      some.push(item);
      continue;
    }
    flush();
    ordered.push(item);
  }
  flush();
  return ordered;
}
