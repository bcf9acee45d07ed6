/**
 * Who works next in a process that stays up. All requests share one thread and one heap: a request asks for a turn before it
 * reads, and gets it at once where nobody waits, the loop has not been held for long and there is room. Otherwise the cheapest
 * goes first: the fewest bytes asked for now, by its connection and its address a short while ago. So a flood of dear requests
 * waits for itself. It measures no memory; what a turn holds is estimated by whoever asks.
 */
import type { TidegateError } from '../../base/errors.ts';
import type { Work } from '../../store/work.ts';

export interface TurnBounds {
  /** Most bytes that turns hold together. */
  bytes: number;
  /** Most requests that wait for something at a time, beyond which they answer what they have. */
  waits: number;
  /** Most bytes that those hold together. */
  restingBytes: number;
}

export interface TurnDeps {
  now: () => number;
  /** Runs something once what is ready elsewhere has run. */
  soon: (run: () => void) => void;
  /** Runs something again and again, until it is stopped. */
  every: (ms: number, run: () => void) => { stop(): void };
  overloaded: () => TidegateError;
}

/** What one connection, or one address, has asked for of late. */
export interface Share {
  spent: number;
  at: number;
}

export interface OpenWork extends Work {
  /** Has to be called when there is an answer: what is not sent yet is counted elsewhere. */
  answered(): void;
  /** Has to be called at the end, once. */
  end(): void;
}

export interface WorkTurns {
  /** @param share of its connection; @param around of its address */
  open(share: Share, around: Share): OpenWork;
  /** How many wait for a turn, and how many bytes are held. */
  state(): { waiting: number; bytes: number; resting: number };
}

/** How long turns may hold the event loop before others get it, ms. */
const LOOP_MS = 8;
/** How long a request waits for its first turn, ms. */
const FIRST_MS = 5_000;
/** A turn that takes longer waits for something else, and holds less than it asked for. */
const HOLDS_MS = 1_000;
const LOOK_MS = 100;
/** What each turn costs beside its bytes. */
const TURN_BYTES = 4_096;
/** A turn up to here is small, and many are taken at once. */
const SMALL_BYTES = 16_384;
const MOST_SMALL = 8;
/** Requests that began, never rested, and wait for a further turn. Beyond this no other begins. */
const MOST_BEGUN = 1_000;
/** What is asked for now counts so many times what was asked for before. */
const NOW_COUNTS = 16;
/** Who waits for a millisecond goes before who asks for so many bytes less. */
const WAITED_MS_BYTES = 4_096;
/** In this time, ms, what was spent counts half. */
const HALF_LIFE_MS = 5_000;
const MOST_LOGS = 1_000;
const GUESSED_BYTES = 1_024;

interface Waiting {
  bytes: number;
  /** By itself; what its address asked for of late comes to it. */
  cost: number;
  around: Share;
  since: number;
  isFirst: boolean;
  /** It counts to those that began. */
  isBegun: boolean;
  go(): void;
  refuse(): void;
}

interface Held {
  bytes: number;
  since: number;
}

export function createWorkTurns(bounds: TurnBounds, { now, soon, every, overloaded }: TurnDeps): WorkTurns {
  const waiting: Waiting[] = [];
  const held = new Set<Held>();
  const sizes = new Map<string, number>();
  let bytes = 0;
  let begun = 0;
  let resting = 0;
  let restingBytes = 0;
  /** When the first turn of this pass of the loop began; null: there was none. */
  let passBegan: number | null = null;
  let watch: { stop(): void } | null = null;

  function beginPass(): void {
    if (passBegan !== null) return;
    passBegan = now();
    soon(() => {
      passBegan = null;
      if (waiting.length > 0) giveTurns();
    });
  }

  /** One large turn in a pass, or some small ones. Where nobody fits, whoever ends or `look` goes on. */
  function giveTurns(): void {
    for (let given = 0; given < MOST_SMALL; given += 1) {
      const next = cheapest();
      if (next === null || (given > 0 && next.bytes > SMALL_BYTES)) return;
      beginPass();
      waiting.splice(waiting.indexOf(next), 1);
      if (next.isBegun) begun -= 1;
      next.go();
      if (next.bytes > SMALL_BYTES) return;
    }
  }

  function cheapest(): Waiting | null {
    let found: Waiting | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const each of waiting) {
      if ((each.isFirst && begun >= MOST_BEGUN) || !fits(each.bytes)) continue;
      const cost = each.cost + each.around.spent;
      if (cost < least) [found, least] = [each, cost];
    }
    return found;
  }

  const fits = (more: number) => bytes === 0 || bytes + more <= bounds.bytes;

  function hold(more: number): Held {
    const one = { bytes: more, since: now() };
    bytes += more;
    held.add(one);
    return one;
  }

  function release(one: Held | null): null {
    if (one !== null && held.delete(one)) {
      bytes -= one.bytes;
      if (waiting.length > 0) beginPass();
    }
    return null;
  }

  /** Nobody waits for ever: not for a first turn, and not for one that somebody keeps. */
  function look(): void {
    const time = now();
    for (const one of held) {
      if (time - one.since > HOLDS_MS) release(one);
    }
    for (const late of waiting.filter((each) => each.isFirst && time - each.since > FIRST_MS)) {
      waiting.splice(waiting.indexOf(late), 1);
      late.refuse();
    }
    if (waiting.length > 0) return beginPass();
    watch?.stop();
    watch = null;
  }

  function queue(one: Waiting): void {
    waiting.push(one);
    if (one.isBegun) begun += 1;
    watch ??= every(LOOK_MS, look);
    beginPass();
  }

  /** What counts of it now. @param more is spent on top */
  function spentOf(share: Share, more = 0): number {
    const time = now();
    if (time > share.at) {
      share.spent *= 0.5 ** ((time - share.at) / HALF_LIFE_MS);
      share.at = time;
    }
    share.spent += more;
    return share.spent;
  }

  function open(share: Share, around: Share): OpenWork {
    let mine: Held | null = null;
    let rests: number | null = null;
    let isFirst = true;
    let hasRested = false;
    let isOver = false;

    function wake(): void {
      if (rests === null) return;
      resting -= 1;
      restingBytes -= rests;
      rests = null;
    }

    function take(more: number): void {
      isFirst = false;
      mine = release(mine);
      if (!isOver) mine = hold(more);
      for (const one of [share, around]) spentOf(one, more + TURN_BYTES);
    }

    function turn(more: number): Promise<void> | null {
      mine = release(mine);
      wake();
      // To begin with a small request costs less than to keep it waiting, and it is small until it reads.
      if (isFirst && more <= SMALL_BYTES && begun < MOST_BEGUN) {
        beginPass();
        take(more);
        return null;
      }
      if (waiting.length === 0 && fits(more)) {
        beginPass();
        if (now() - (passBegan ?? 0) < LOOP_MS) {
          take(more);
          return null;
        }
      }
      return new Promise((resolve, reject) => {
        const go = () => {
          take(more);
          resolve();
        };
        const cost = (more + TURN_BYTES) * NOW_COUNTS + spentOf(share) + now() * WAITED_MS_BYTES;
        const refuse = () => reject(overloaded());
        queue({ bytes: more, cost, around, since: now(), isFirst, isBegun: !isFirst && !hasRested, go, refuse });
      });
    }

    return {
      turn,
      pace() {
        beginPass();
        return now() - (passBegan ?? 0) < LOOP_MS ? null : turn(mine?.bytes ?? 0);
      },
      rest(bytesKept) {
        mine = release(mine);
        wake();
        if (resting >= bounds.waits || restingBytes + bytesKept > bounds.restingBytes) return false;
        hasRested = true;
        resting += 1;
        restingBytes += bytesKept;
        rests = bytesKept;
        return true;
      },
      entryBytes: (log) => sizes.get(log) ?? GUESSED_BYTES,
      took(log, size) {
        const before = sizes.get(log);
        if (before === undefined && sizes.size >= MOST_LOGS) sizes.clear();
        sizes.set(log, before === undefined ? size : (before + size) / 2);
      },
      answered: () => void (mine = release(mine)),
      end() {
        isOver = true;
        mine = release(mine);
        wake();
      },
    };
  }

  return { open, state: () => ({ waiting: waiting.length, bytes, resting }) };
}
