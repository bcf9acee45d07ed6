/**
 * Who works next in a process that stays up. All requests share one thread and one heap: a request asks for a turn before it
 * reads, and gets it at once where nobody waits, the loop has not been held for long and there is room. Otherwise the cheapest
 * goes first (`turn-queue.ts`): the fewest bytes asked for now, by its connection and its address a short while ago. So a flood of
 * dear requests waits for itself. It measures no memory; what a turn holds is estimated by whoever asks.
 */
import type { TidegateError } from '../../base/errors.ts';
import { createEntrySizes } from '../../store/entry-sizes.ts';
import type { Work } from '../../store/work.ts';
import { type Share, spentOf } from './spent.ts';
import { createTurnQueue, MOST_BEGUN, type PassDeps } from './turn-queue.ts';

export interface TurnBounds {
  /** Most bytes that turns hold together. */
  bytes: number;
  /** Most requests that wait for something at a time, beyond which they answer what they have. */
  waits: number;
  /** Most bytes that those hold together. */
  restingBytes: number;
}

interface TurnDeps extends PassDeps {
  /** Runs something again and again, until it is stopped. */
  every: (ms: number, run: () => void) => { stop(): void };
  /** @param isBegun whether something may have been done for the request by now */
  overloaded: (isBegun: boolean) => TidegateError;
}

export interface OpenWork extends Work {
  /** Has to be called when there is an answer or one begins, and again when the work of one that is streamed is done. */
  answered(): void;
  /** Has to be called at the end, once. */
  end(): void;
}

interface WorkTurns {
  /** @param share of its connection; @param around of its address */
  open(share: Share, around: Share): OpenWork;
  /** How many wait for a turn, and how many bytes are held. */
  state(): { waiting: number; bytes: number; resting: number };
}

/** How long a request waits for its first turn, ms. */
const FIRST_MS = 5_000;
/** How long a request that has begun waits for a further turn, ms. Then it is refused; one that has written goes on without room. */
const LATER_MS = 20_000;
/** A turn that takes longer waits for something else, and holds less than it asked for. */
const HOLDS_MS = 1_000;
const LOOK_MS = 100;
/** What each turn costs beside its bytes. */
const TURN_BYTES = 4_096;
/** A turn up to here is small. */
const SMALL_BYTES = 16_384;
/** A request keeps what it read until it has its answer. Of those that keep more than these bytes there are so many at a time. */
const LARGE_BYTES = 163_840;
const MOST_LARGE = 16;
/** Such a request is none any more so long after its last turn, ms: it waits for something else. */
const LARGE_MS = 5_000;
/** What a request asks for, and took before, counts so many times what its connection took before it. */
const NOW_COUNTS = 16;
/** A turn that somebody waited for, and that held the event loop for a millisecond, counts as one of so many bytes more. */
const HELD_MS_BYTES = 16_384;
/** Who waits for a millisecond goes before who asks for so many bytes less. */
const WAITED_MS_BYTES = 512;

interface Held {
  bytes: number;
  since: number;
}

/** A request that keeps much: when its last turn was, and how many more it waits for. */
interface Large {
  since: number;
  waiting: number;
}

export function createWorkTurns(bounds: TurnBounds, deps: TurnDeps): WorkTurns {
  const { now, every, overloaded } = deps;
  const held = new Set<Held>();
  const large = new Set<Large>();
  const sizes = createEntrySizes();
  /** Sums of whole numbers: of others something would be left when all is released. */
  let bytes = 0;
  let resting = 0;
  let restingBytes = 0;
  let watch: { stop(): void } | null = null;

  const queue = createTurnQueue(deps);
  function hold(more: number): Held {
    const one = { bytes: more, since: now() };
    bytes += more;
    held.add(one);
    return one;
  }

  function release(one: Held | null): null {
    if (one !== null && held.delete(one)) {
      bytes -= one.bytes;
      queue.wake();
    }
    return null;
  }

  /** Nobody waits for ever: waits end after a while, and what is held for long counts no more. */
  function look(): void {
    const time = now();
    // A clock that was set back lets nobody hold for longer.
    for (const one of [...held, ...large]) one.since = Math.min(one.since, time);
    for (const one of held) {
      if (time - one.since > HOLDS_MS) release(one);
    }
    for (const one of large) {
      if (one.waiting === 0 && time - one.since > LARGE_MS) large.delete(one);
    }
    queue.expire();
    if (queue.length > 0) return queue.wake();
    // What is held lapses where nobody waits, too.
    if (held.size + large.size > 0) return;
    watch?.stop();
    watch = null;
  }

  function open(share: Share, around: Share): OpenWork {
    let mine: Held | null = null;
    let rests: number | null = null;
    const me: Large = { since: 0, waiting: 0 };
    let isFirst = true;
    /** What was written for it must not be done again, so it is refused no more. */
    let hasWritten = false;
    /** What this request took since it began, or rested. */
    let taken = 0;
    let hasRested = false;
    let isGone = false;

    function wake(): void {
      if (rests === null) return;
      resting -= 1;
      restingBytes -= rests;
      rests = null;
    }

    /** What it keeps from now on is counted anew. */
    function letGo(): void {
      mine = release(mine);
      if (large.delete(me)) queue.wake();
    }

    const becomesLarge = (more: number) => taken + more > LARGE_BYTES && !large.has(me);

    const fits = (more: number) =>
      (held.size === 0 || bytes + more <= bounds.bytes) && !(becomesLarge(more) && large.size >= MOST_LARGE);

    function take(more: number): void {
      isFirst = false;
      release(mine);
      mine = hold(more);
      if (becomesLarge(more)) large.add(me);
      me.since = now();
      taken += more + TURN_BYTES;
      charge(more + TURN_BYTES);
    }

    function charge(spent: number): void {
      for (const one of [share, around]) spentOf(one, now(), spent);
    }

    const took = (ms: number) => charge(ms * HELD_MS_BYTES);

    /** Waits for a turn. @param take is called when it comes */
    function inQueue(more: number, fitsNow: () => boolean, isRefusable: boolean, take: () => void): Promise<void> {
      watch ??= every(LOOK_MS, look);
      spentOf(around, now());
      // What began ends soon where it asks for little: its connection was judged when it began.
      const before = isFirst || more > SMALL_BYTES ? taken * NOW_COUNTS + spentOf(share, now()) : 0;
      me.waiting += 1;
      return new Promise((resolve, reject) => {
        queue.add({
          cost: (more + TURN_BYTES) * NOW_COUNTS + before + now() * WAITED_MS_BYTES,
          around,
          since: now(),
          mostMs: isRefusable ? FIRST_MS : LATER_MS,
          isFirst: isRefusable,
          isBegun: !isFirst && !hasRested,
          fits: fitsNow,
          go() {
            me.waiting -= 1;
            take();
            resolve();
          },
          took,
          expire() {
            me.waiting -= 1;
            if (!hasWritten) return reject(overloaded(!isRefusable));
            take();
            resolve();
          },
        });
      });
    }

    function turn(asked: number): Promise<void> | null {
      const more = wholeBytes(asked);
      mine = release(mine);
      wake();
      const hasTime = queue.hasTime();
      // To begin with a small request costs less than to keep it waiting, and it is small until it reads.
      const begins = isFirst && more <= SMALL_BYTES && queue.begun < MOST_BEGUN;
      if (hasTime && (begins || (queue.length === 0 && fits(more)))) {
        take(more);
        return null;
      }
      return inQueue(
        more,
        () => fits(more),
        isFirst,
        () => take(more),
      );
    }

    return {
      turn,
      pace() {
        // It goes on with what it has.
        return queue.hasTime()
          ? null
          : inQueue(
              0,
              () => true,
              false,
              () => charge(TURN_BYTES),
            );
      },
      spend(spent) {
        hasWritten = true;
        charge(spent);
      },
      rest(kept) {
        const bytesKept = wholeBytes(kept);
        letGo();
        wake();
        // Nobody would tell when it ends.
        if (isGone) return true;
        if (resting >= bounds.waits || restingBytes + bytesKept > bounds.restingBytes) return false;
        hasRested = true;
        taken = 0;
        resting += 1;
        restingBytes += bytesKept;
        rests = bytesKept;
        return true;
      },
      ...sizes,
      answered: letGo,
      end() {
        isGone = true;
        letGo();
        wake();
      },
    };
  }

  return { open, state: () => ({ waiting: queue.length, bytes, resting }) };
}

function wholeBytes(estimate: number): number {
  return Number.isFinite(estimate) ? Math.max(0, Math.ceil(estimate)) : 0;
}
