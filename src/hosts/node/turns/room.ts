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
interface Holding {
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
  holding(): Holding;
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

interface Held {
  bytes: number;
  since: number;
}

/** A request that keeps much: when its last turn was, and how many more it waits for. */
interface Large {
  since: number;
  waiting: number;
}

export function createRoom(bounds: TurnBounds, { now, freed }: RoomDeps): Room {
  const held = new Set<Held>();
  const large = new Set<Large>();
  /** Sums of whole numbers: of others something would be left when all is released. */
  let bytes = 0;
  let resting = 0;
  let restingBytes = 0;

  function releaseOne(one: Held): void {
    if (!held.delete(one)) return;
    bytes -= one.bytes;
    freed();
  }

  function holding(): Holding {
    let mine: Held | null = null;
    let rests: number | null = null;
    let taken = 0;
    const me: Large = { since: 0, waiting: 0 };

    const becomesLarge = (more: number) => taken + more > LARGE_BYTES && !large.has(me);

    function release(): void {
      if (mine !== null) releaseOne(mine);
      mine = null;
    }

    function letGo(): void {
      release();
      if (large.delete(me)) freed();
    }

    function wake(): void {
      if (rests === null) return;
      resting -= 1;
      restingBytes -= rests;
      rests = null;
    }

    return {
      get taken() {
        return taken;
      },
      fits: (more) =>
        (held.size === 0 || bytes + more <= bounds.bytes) && !(becomesLarge(more) && large.size >= MOST_LARGE),
      take(more) {
        release();
        mine = { bytes: more, since: now() };
        bytes += more;
        held.add(mine);
        if (becomesLarge(more)) large.add(me);
        me.since = now();
        taken += more + TURN_BYTES;
      },
      release,
      letGo,
      wait(turns) {
        me.waiting += turns;
      },
      rest(kept) {
        letGo();
        wake();
        if (resting >= bounds.waits || restingBytes + kept > bounds.restingBytes) return false;
        taken = 0;
        resting += 1;
        restingBytes += kept;
        rests = kept;
        return true;
      },
      wake,
    };
  }

  return {
    holding,
    lapse() {
      const time = now();
      // A clock that was set back lets nobody hold for longer.
      for (const one of [...held, ...large]) one.since = Math.min(one.since, time);
      for (const one of held) {
        if (time - one.since > HOLDS_MS) releaseOne(one);
      }
      for (const one of large) {
        if (one.waiting === 0 && time - one.since > LARGE_MS) large.delete(one);
      }
    },
    isEmpty: () => held.size + large.size === 0,
    state: () => ({ bytes, resting }),
  };
}
