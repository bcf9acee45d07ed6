/**
 * The requests that wait for a turn, and when they get it. The event loop works in passes: a pass looks at sockets and timers, and
 * then turns are given, the cheapest first, one after the other, for about as long as the rest of the pass took. So neither a flood of
 * sockets keeps turns from being given, nor turns what comes over sockets.
 */

interface Waiting {
  /** What it costs by itself: the least goes first. */
  cost: number;
  /** What its address has asked for of late, which comes to the cost. */
  around: { spent: number };
  since: number;
  /** How long it waits at most, ms. */
  mostMs: number;
  /** Nothing was done for it yet. */
  isFirst: boolean;
  /** It began and never rested, so what it did is held for it. */
  isBegun: boolean;
  /** Whether there is room for what it asks for. */
  fits(): boolean;
  go(): void;
  /** Told how long its turn held the event loop, ms. */
  took(ms: number): void;
  /** Called in place of `go` where it has waited for too long. */
  expire(): void;
}

export interface PassDeps {
  now: () => number;
  /** Runs something once what is ready elsewhere has run: in the next pass. */
  soon: (run: () => void) => void;
  /** Runs something once all that can go on without sockets and timers has gone on: in this pass. */
  settled: (run: () => void) => void;
}

export interface TurnQueue {
  /** How many wait. */
  readonly length: number;
  /** How many of them have begun (`isBegun`). */
  readonly begun: number;
  add(one: Waiting): void;
  /** Tells that something changed, so that somebody may fit. */
  wake(): void;
  /** Whether this pass has time for another turn that nobody has to give. A pass begins where there was none. */
  hasTime(): boolean;
  /** Ends the waits that have lasted too long by now. */
  expire(): void;
}

/** How long turns may hold the event loop in a pass, ms: as long as the rest of the pass took, within these. */
const LEAST_MS = 8;
const MOST_MS = 80;
/** Of those who began and wait. Beyond this no other begins. */
export const MOST_BEGUN = 1_000;

export function createTurnQueue({ now, soon, settled }: PassDeps): TurnQueue {
  const waiting: Waiting[] = [];
  let begun = 0;
  /** When the first turn of this pass began; null: there was none. */
  let passBegan: number | null = null;
  /** When the pass before ended because its time was over; null: it did not. */
  let cutAt: number | null = null;

  function beginPass(): void {
    if (passBegan !== null) return;
    passBegan = now();
    soon(goOn);
  }

  function goOn(): void {
    if (waiting.length === 0) return endPass();
    const time = now();
    const rest = cutAt === null ? 0 : time - cutAt;
    passBegan = time;
    give(time + Math.min(MOST_MS, Math.max(LEAST_MS, rest)));
  }

  /** Gives a turn, lets it be used, and goes on while there is time. */
  function give(until: number): void {
    if (now() >= until) {
      cutAt = now();
      return soon(goOn);
    }
    const next = cheapest();
    // Where nobody fits, whoever releases something goes on.
    if (next === null) return endPass();
    takeOut(next);
    const begunAt = now();
    next.go();
    settled(() => {
      next.took(now() - begunAt);
      give(until);
    });
  }

  function takeOut(one: Waiting): void {
    waiting.splice(waiting.indexOf(one), 1);
    if (one.isBegun) begun -= 1;
  }

  function endPass(): void {
    passBegan = null;
    cutAt = null;
  }

  function cheapest(): Waiting | null {
    let found: Waiting | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const each of waiting) {
      if ((each.isFirst && begun >= MOST_BEGUN) || !each.fits()) continue;
      const cost = each.cost + each.around.spent;
      if (cost < least) [found, least] = [each, cost];
    }
    return found;
  }

  return {
    get length() {
      return waiting.length;
    },
    get begun() {
      return begun;
    },
    add(one) {
      waiting.push(one);
      if (one.isBegun) begun += 1;
      beginPass();
    },
    wake() {
      if (waiting.length > 0) beginPass();
    },
    hasTime() {
      beginPass();
      return now() - (passBegan ?? 0) < LEAST_MS;
    },
    expire() {
      const time = now();
      // A clock that was set back makes no wait longer than it may be.
      for (const each of waiting) each.since = Math.min(each.since, time);
      for (const late of waiting.filter((each) => time - each.since > each.mostMs)) {
        takeOut(late);
        late.expire();
      }
    },
  };
}
