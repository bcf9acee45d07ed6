/**
 * Who works next in a process that stays up. All requests share one thread and one heap: a request asks for a turn before it
 * reads, and gets it at once where nobody waits, the loop has not been held for long and there is room. Otherwise the cheapest
 * goes first (`turn-queue.ts`): the fewest bytes asked for now, by its connection and its address a short while ago. So a flood of
 * dear requests waits for itself. What is held is counted in `room.ts`, as whoever asks estimates it.
 */
import type { TidegateError } from '../../../base/errors.ts';
import { createEntrySizes } from '../../../store/entry-sizes.ts';
import type { Work } from '../../../store/work.ts';
import { createRoom, TURN_BYTES, type TurnBounds } from './room.ts';
import { type Spending, spentOf } from './spent.ts';
import { createTurnQueue, MOST_BEGUN, type PassDeps } from './turn-queue.ts';

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
  /** @param spending of its connection; @param around of its address */
  open(spending: Spending, around: Spending): OpenWork;
  /** How many wait for a turn, and how many bytes are held. */
  state(): { waiting: number; bytes: number; resting: number };
}

/** How long a request waits for its first turn, ms. */
const FIRST_MS = 5_000;
/** How long a request that has begun waits for a further turn, ms. Then it is refused; one that has written goes on without room. */
const LATER_MS = 20_000;
const LOOK_MS = 100;
/** A turn up to here is small. */
const SMALL_BYTES = 16_384;
/** What a request asks for, and took before, counts so many times what its connection took before it. */
const NOW_COUNTS = 16;
/** A turn that somebody waited for, and that held the event loop for a millisecond, counts as one of so many bytes more. */
const HELD_MS_BYTES = 16_384;
/** Who waits for a millisecond goes before who asks for so many bytes less. */
const WAITED_MS_BYTES = 512;

export function createWorkTurns(bounds: TurnBounds, deps: TurnDeps): WorkTurns {
  const { now, every, overloaded } = deps;
  const sizes = createEntrySizes();
  const queue = createTurnQueue(deps);
  const room = createRoom(bounds, { now, freed: () => queue.wake() });
  let watch: { stop(): void } | null = null;

  /** Nobody waits for ever: waits end after a while. */
  function look(): void {
    room.lapse();
    queue.expire();
    if (queue.length > 0) return queue.wake();
    // What is held lapses where nobody waits, too.
    if (!room.isEmpty()) return;
    watch?.stop();
    watch = null;
  }

  function open(spending: Spending, around: Spending): OpenWork {
    const mine = room.holding();
    let isFirst = true;
    /** What was written for it must not be done again, so it is refused no more. */
    let hasWritten = false;
    let hasRested = false;
    let isGone = false;

    function take(more: number): void {
      isFirst = false;
      mine.take(more);
      charge(more + TURN_BYTES);
    }

    function charge(spent: number): void {
      for (const one of [spending, around]) spentOf(one, now(), spent);
    }

    const took = (ms: number) => charge(ms * HELD_MS_BYTES);

    function leave(): void {
      mine.letGo();
      mine.wake();
    }

    /** Waits for a turn. @param take is called when it comes */
    function inQueue(more: number, fitsNow: () => boolean, isRefusable: boolean, take: () => void): Promise<void> {
      watch ??= every(LOOK_MS, look);
      spentOf(around, now());
      // What began ends soon where it asks for little: its connection was judged when it began.
      const before = isFirst || more > SMALL_BYTES ? mine.taken * NOW_COUNTS + spentOf(spending, now()) : 0;
      mine.wait(1);
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
            mine.wait(-1);
            take();
            resolve();
          },
          took,
          expire() {
            mine.wait(-1);
            if (!hasWritten) return reject(overloaded(!isRefusable));
            take();
            resolve();
          },
        });
      });
    }

    function turn(asked: number): Promise<void> | null {
      const more = wholeBytes(asked);
      mine.release();
      mine.wake();
      const hasTime = queue.hasTime();
      // To begin with a small request costs less than to keep it waiting, and it is small until it reads.
      const begins = isFirst && more <= SMALL_BYTES && queue.begun < MOST_BEGUN;
      if (hasTime && (begins || (queue.length === 0 && mine.fits(more)))) {
        take(more);
        return null;
      }
      return inQueue(
        more,
        () => mine.fits(more),
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
        // Nobody would tell when it ends.
        if (isGone) {
          leave();
          return true;
        }
        const rests = mine.rest(wholeBytes(kept));
        hasRested ||= rests;
        return rests;
      },
      ...sizes,
      answered: () => mine.letGo(),
      end() {
        isGone = true;
        leave();
      },
    };
  }

  return { open, state: () => ({ waiting: queue.length, ...room.state() }) };
}

function wholeBytes(estimate: number): number {
  return Number.isFinite(estimate) ? Math.max(0, Math.ceil(estimate)) : 0;
}
