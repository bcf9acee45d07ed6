/**
 * Who works next in a process that stays up. All requests share one thread and one heap: a request asks for a turn before it
 * reads, and gets it at once where nobody waits, the loop has not been held for long and there is room. Otherwise the cheapest
 * goes first (`turn-queue.ts`): the fewest bytes asked for now, by its connection and its address a short while ago. So a flood of
 * dear requests waits for itself. What is held is counted in `room.ts`, as whoever asks estimates it.
 */
import type { TidegateError } from '../../../base/errors.ts';
import { createEntrySizes } from '../../../store/entry-sizes.ts';
import type { Work } from '../../../store/work.ts';
import { createRoom, type RoomShare, TURN_BYTES, type TurnBounds } from './room.ts';
import { type Spending, spentOf } from './spent.ts';
import { createTurnQueue, MOST_BEGUN, type PassDeps, type TurnQueue } from './turn-queue.ts';

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

/** What all requests share. */
interface Shared {
  deps: TurnDeps;
  queue: TurnQueue;
  /** Sees to it that waits end. */
  watch: () => void;
  /** About how large entries are. */
  sizes: ReturnType<typeof createEntrySizes>;
}

/** A class, since there is one for each request. */
class RequestWork implements OpenWork {
  readonly #shared: Shared;
  readonly #mine: RoomShare;
  readonly #spending: Spending;
  readonly #around: Spending;
  #isFirst = true;
  /** What was written for it must not be done again, so it is refused no more. */
  #hasWritten = false;
  #hasRested = false;
  #isGone = false;

  constructor(shared: Shared, mine: RoomShare, spending: Spending, around: Spending) {
    this.#shared = shared;
    this.#mine = mine;
    this.#spending = spending;
    this.#around = around;
  }

  turn(asked: number): Promise<void> | null {
    const more = wholeBytes(asked);
    const { queue } = this.#shared;
    this.#mine.release();
    this.#mine.wake();
    const hasTime = queue.hasTime();
    // To begin with a small request costs less than to keep it waiting, and it is small until it reads.
    const begins = this.#isFirst && more <= SMALL_BYTES && queue.begun < MOST_BEGUN;
    if (hasTime && (begins || (queue.length === 0 && this.#mine.fits(more)))) {
      this.#take(more);
      return null;
    }
    return this.#inQueue(
      more,
      () => this.#mine.fits(more),
      this.#isFirst,
      () => this.#take(more),
    );
  }

  pace(): Promise<void> | null {
    if (this.#shared.queue.hasTime()) return null;
    // It goes on with what it has.
    return this.#inQueue(
      0,
      () => true,
      false,
      () => this.#charge(TURN_BYTES),
    );
  }

  spend(spent: number): void {
    this.#hasWritten = true;
    this.#charge(spent);
  }

  rest(kept: number): boolean {
    // Nobody would tell when it ends.
    if (this.#isGone) {
      this.#leave();
      return true;
    }
    const rests = this.#mine.rest(wholeBytes(kept));
    this.#hasRested ||= rests;
    return rests;
  }

  entryBytes(log: string): number {
    return this.#shared.sizes.entryBytes(log);
  }

  took(log: string, bytes: number): void {
    this.#shared.sizes.took(log, bytes);
  }

  answered(): void {
    this.#mine.letGo();
  }

  end(): void {
    this.#isGone = true;
    this.#leave();
  }

  #leave(): void {
    this.#mine.letGo();
    this.#mine.wake();
  }

  #take(more: number): void {
    this.#isFirst = false;
    this.#mine.take(more);
    this.#charge(more + TURN_BYTES);
  }

  #charge(spent: number): void {
    const time = this.#shared.deps.now();
    spentOf(this.#spending, time, spent);
    spentOf(this.#around, time, spent);
  }

  /** Waits for a turn. @param take is called when it comes */
  #inQueue(more: number, fits: () => boolean, isRefusable: boolean, take: () => void): Promise<void> {
    const { deps, queue, watch } = this.#shared;
    const [mine, around, isFirst] = [this.#mine, this.#around, this.#isFirst];
    watch();
    spentOf(around, deps.now());
    // What began ends soon where it asks for little: its connection was judged when it began.
    const isJudged = isFirst || more > SMALL_BYTES;
    const before = isJudged ? mine.taken * NOW_COUNTS + spentOf(this.#spending, deps.now()) : 0;
    mine.wait(1);
    return new Promise((resolve, reject) => {
      queue.add({
        cost: (more + TURN_BYTES) * NOW_COUNTS + before + deps.now() * WAITED_MS_BYTES,
        around,
        since: deps.now(),
        mostMs: isRefusable ? FIRST_MS : LATER_MS,
        isFirst: isRefusable,
        isBegun: !isFirst && !this.#hasRested,
        fits,
        go() {
          mine.wait(-1);
          take();
          resolve();
        },
        took: (ms) => this.#charge(ms * HELD_MS_BYTES),
        expire: () => {
          mine.wait(-1);
          if (!this.#hasWritten) return reject(deps.overloaded(!isRefusable));
          take();
          resolve();
        },
      });
    });
  }
}

export function createWorkTurns(bounds: TurnBounds, deps: TurnDeps): WorkTurns {
  const queue = createTurnQueue(deps);
  const room = createRoom(bounds, { now: deps.now, freed: () => queue.wake() });
  let watched: { stop(): void } | null = null;

  /** Nobody waits for ever: waits end after a while. */
  function look(): void {
    room.lapse();
    queue.expire();
    if (queue.length > 0) return queue.wake();
    // What is held lapses where nobody waits, too.
    if (!room.isEmpty()) return;
    watched?.stop();
    watched = null;
  }

  const shared: Shared = {
    deps,
    queue,
    watch: () => (watched ??= deps.every(LOOK_MS, look)),
    sizes: createEntrySizes(),
  };
  return {
    open: (spending, around) => new RequestWork(shared, room.holding(), spending, around),
    state: () => ({ waiting: queue.length, ...room.state() }),
  };
}

function wholeBytes(estimate: number): number {
  return Number.isFinite(estimate) ? Math.max(0, Math.ceil(estimate)) : 0;
}
