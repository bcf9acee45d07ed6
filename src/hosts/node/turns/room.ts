/**
 * How much of the heap requests hold together: those that have a turn, those that keep much of what they read, and those that rest.
 * It counts the estimates that it is given, measures nothing, and does not say who is next.
 */
export interface TurnBounds {
  /** Most bytes that turns hold together. */
  bytes: number;
  /** Most requests that wait for something at a time, beyond which they answer what they have. */
  waits: number;
  /** Most bytes that those hold together. */
  restingBytes: number;
}

interface RoomDeps {
  now: () => number;
  /** Called when something was let go, so that somebody may fit. */
  freed: () => void;
}

/** What one request holds of the room. */
export interface RoomShare {
  /** What it took since it began, or rested, bytes. */
  readonly taken: number;
  /** Whether there is room for a turn of so many bytes. */
  fits(more: number): boolean;
  /** Begins a turn, in place of the one before. */
  take(more: number): void;
  /** Ends its turn. What it read it keeps. */
  release(): void;
  /** Ends its turn, and lets go of what it read. What it keeps from now on is counted anew. */
  letGo(): void;
  /** It waits for so many more turns; negative when they came. While it waits, it goes on to count as one that keeps much. */
  wait(turns: number): void;
  /** Lets go, and waits for something else with so many bytes. False where too many do. */
  rest(kept: number): boolean;
  /** Ends its rest. */
  wake(): void;
}

interface Room {
  holding(): RoomShare;
  /** What is held for long counts no more. */
  lapse(): void;
  isEmpty(): boolean;
  state(): { bytes: number; resting: number };
}

/** A turn that takes longer waits for something else, and holds less than it asked for. */
const HOLDS_MS = 1_000;
/** What each turn costs beside its bytes. */
export const TURN_BYTES = 4_096;
/** A request keeps what it read until it has its answer. Of those that keep more than these bytes there are so many at a time. */
const LARGE_BYTES = 163_840;
const MOST_LARGE = 16;
/** Such a request is none any more so long after its last turn, ms: it waits for something else. */
const LARGE_MS = 5_000;

/** What all requests hold. The sums are of whole numbers: of others something would be left when all is released. */
class Held {
  readonly bounds: TurnBounds;
  readonly deps: RoomDeps;
  /** Those that have a turn. */
  readonly turns = new Set<Share>();
  /** Those that keep much. */
  readonly large = new Set<Share>();
  /** Of turns. */
  bytes = 0;
  resting = 0;
  restingBytes = 0;

  constructor(bounds: TurnBounds, deps: RoomDeps) {
    this.bounds = bounds;
    this.deps = deps;
  }
}

/** A class, since there is one for each request. */
class Share implements RoomShare {
  readonly #all: Held;
  /** Of its turn, as it asked. */
  bytes = 0;
  /** When its last turn began. */
  since = 0;
  /** Turns that it waits for. */
  waiting = 0;
  taken = 0;
  /** While it rests, bytes. */
  #rests: number | null = null;

  constructor(all: Held) {
    this.#all = all;
  }

  #becomesLarge(more: number): boolean {
    return this.taken + more > LARGE_BYTES && !this.#all.large.has(this);
  }

  fits(more: number): boolean {
    const { turns, large, bytes, bounds } = this.#all;
    const hasRoom = turns.size === 0 || bytes + more <= bounds.bytes;
    return hasRoom && !(this.#becomesLarge(more) && large.size >= MOST_LARGE);
  }

  take(more: number): void {
    this.release();
    const { turns, large, deps } = this.#all;
    this.bytes = more;
    this.since = deps.now();
    this.#all.bytes += more;
    turns.add(this);
    if (this.#becomesLarge(more)) large.add(this);
    this.taken += more + TURN_BYTES;
  }

  release(): void {
    if (!this.#all.turns.delete(this)) return;
    this.#all.bytes -= this.bytes;
    this.#all.deps.freed();
  }

  letGo(): void {
    this.release();
    if (this.#all.large.delete(this)) this.#all.deps.freed();
  }

  wait(turns: number): void {
    this.waiting += turns;
  }

  rest(kept: number): boolean {
    this.letGo();
    this.wake();
    const { resting, restingBytes, bounds } = this.#all;
    if (resting >= bounds.waits || restingBytes + kept > bounds.restingBytes) return false;
    this.taken = 0;
    this.#all.resting += 1;
    this.#all.restingBytes += kept;
    this.#rests = kept;
    return true;
  }

  wake(): void {
    if (this.#rests === null) return;
    this.#all.resting -= 1;
    this.#all.restingBytes -= this.#rests;
    this.#rests = null;
  }
}

export function createRoom(bounds: TurnBounds, deps: RoomDeps): Room {
  const all = new Held(bounds, deps);
  const { turns, large } = all;
  return {
    holding: () => new Share(all),
    lapse() {
      const time = deps.now();
      // A clock that was set back lets nobody hold for longer.
      for (const one of [...turns, ...large]) one.since = Math.min(one.since, time);
      for (const one of turns) {
        if (time - one.since > HOLDS_MS) one.release();
      }
      for (const one of large) {
        if (one.waiting === 0 && time - one.since > LARGE_MS) large.delete(one);
      }
    },
    isEmpty: () => turns.size + large.size === 0,
    state: () => ({ bytes: all.bytes, resting: all.resting }),
  };
}
