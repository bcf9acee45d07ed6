/**
 * Lets long loops give way. What runs between two looks of the platform at its sockets and timers is a turn; awaits on a store
 * in the same process end none, because they are settled without I/O. Whoever works in pieces asks its pace between two of
 * them, and waits where the turn has lasted long enough. Which turns there are is the platform's own: see `Runtime.pace`.
 */

/** How long a turn lasts at most before those who ask their pace wait, ms. A piece between two questions should be shorter. */
export const TURN_MS = 10;

/**
 * Null: go on. Else: go on when this resolves, in a later turn. Cheap enough to be asked for every record. Work begins right
 * after a null: an `await` between would let all loops ask before one of them has worked.
 */
export type Pace = () => Promise<void> | null;

const UNPACED: Pace = () => null;

/** The pace of one loop. It is made where the loop begins, so that a new one is not behind all others. */
export function paceOf({ pace }: { pace?: () => Pace }): Pace {
  return pace?.() ?? UNPACED;
}

export interface EventLoop {
  /** Monotonic time, ms. */
  now: () => number;
  /** Calls back once the platform has looked at its sockets and timers. */
  later: (call: () => void) => void;
}

/**
 * Makes `Runtime.pace`. All loops share one turn. Of those that wait one goes on in each turn, so that a turn stays short
 * however many there are: those that wait for the first time and the others in turn, each in the order in which they came.
 */
export function createPace({ now, later }: EventLoop): () => Pace {
  const fresh: (() => void)[] = [];
  const again: (() => void)[] = [];
  let begunAt = 0;
  let isMarked = false;
  let isFreshFirst = false;

  function mark(): void {
    if (isMarked) return;
    isMarked = true;
    later(begin);
  }

  function begin(): void {
    isMarked = false;
    begunAt = now();
    isFreshFirst = !isFreshFirst;
    const next = isFreshFirst ? (fresh.shift() ?? again.shift()) : (again.shift() ?? fresh.shift());
    next?.();
    // Also where nobody waits any more: it ends the turn of the one that goes on.
    if (next !== undefined) mark();
  }

  return () => {
    let queue = fresh;
    return () => {
      // Nobody worked by a pace since the platform looked, so a turn begins here.
      if (!isMarked) begunAt = now();
      mark();
      if (now() - begunAt < TURN_MS) return null;
      const waits = queue;
      queue = again;
      return new Promise((resolve) => waits.push(resolve));
    };
  };
}
