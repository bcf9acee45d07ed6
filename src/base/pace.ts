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

/** While others wait for the event loop, loops get one turn in so many. */
const SHARE = 4;

interface EventLoop {
  /** Monotonic time, ms. */
  now: () => number;
  /** Whether others wait for the event loop, whose work is more urgent than that of loops. Default: never. */
  othersWait?: () => boolean;
  /** Calls back once the platform has looked at its sockets and timers. */
  later: (call: () => void) => void;
}

interface Waiting {
  /** Turns that its loop has had. */
  turns: number;
  go: () => void;
}

/**
 * Makes `Runtime.pace`. All loops share one turn. Of those that wait one goes on in each turn, so that a turn stays short
 * however many there are: in one turn that which has had the fewest, in the next that which waits longest. So a short loop
 * does not wait for all long ones, and no long one is passed over for ever.
 */
export function createPace({ now, later, othersWait = () => false }: EventLoop): () => Pace {
  const waiting: Waiting[] = [];
  let begunAt = 0;
  let isMarked = false;
  let isShortFirst = false;
  let left = 0;

  function mark(): void {
    if (isMarked) return;
    isMarked = true;
    later(begin);
  }

  function begin(): void {
    isMarked = false;
    if (waiting.length > 0 && othersWait() && (left = (left + 1) % SHARE) !== 0) return mark();
    begunAt = now();
    isShortFirst = !isShortFirst;
    const [next] = waiting.splice(isShortFirst ? shortest() : 0, 1);
    next?.go();
    // Also where nobody waits any more: it ends the turn of the one that goes on.
    if (next !== undefined) mark();
  }

  /** The first of those that have had the fewest turns. */
  function shortest(): number {
    let found = 0;
    for (const [at, { turns }] of waiting.entries()) {
      if (turns < (waiting[found]?.turns ?? 0)) found = at;
    }
    return found;
  }

  return () => {
    let turns = 0;
    return () => {
      // Nobody worked by a pace since the platform looked, so a turn begins here.
      if (!isMarked) begunAt = now();
      mark();
      if (now() - begunAt < TURN_MS) return null;
      return new Promise((resolve) => {
        waiting.push({ turns, go: resolve });
        turns += 1;
      });
    };
  };
}
