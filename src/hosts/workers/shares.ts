/**
 * What requests share of an isolate. A request works, or waits for something, or its body comes; of each there are only so
 * many, and so many bytes are read to be worked on. On this platform no request may wait for the work of another, so whoever
 * finds no room looks again and again, or is refused. An invocation whose client goes may end without a word: what it held lapses.
 */
import type { Runtime } from '../../base/runtime.ts';
import { overloaded } from '../../http/edge.ts';
import { createEntrySizes } from '../../store/entry-sizes.ts';
import type { Work } from '../../store/work.ts';

export interface IsolateBounds {
  /** Requests, whatever they do. */
  open: number;
  /** Of them, those that have begun, whether they work or wait. */
  begun: number;
  /** Of those, the ones that wait for something to happen, beyond which they answer what they have. */
  waits: number;
  /** Most bytes that are read to be worked on; and as many again that requests keep while they wait. */
  bytes: number;
}

export interface IsolateShare {
  work: Work;
  /** Has to be called when the request works no more. */
  end(): void;
}

export interface Shares {
  /** Whether there are more requests than may be, with the one that asks. */
  isFull: () => boolean;
  open: () => IsolateShare;
}

/** How long a request that began nothing yet looks for room, ms; a large one is refused at once. */
const FIRST_MS = 5_000;
const LOOK_MS = 100;
/** Up to so many bytes there is always room. */
const SMALL_BYTES = 16_384;
/** What is read is worked on within this time, ms. */
const HOLDS_MS = 10_000;
/** No request lasts longer: its body, its work, its answer, ms. */
const LASTS_MS = 120_000;
const SWEEP_MS = 1_000;
/** Requests that look for a place to begin. */
const MOST_LOOKING = 250;
/** Of those that look, so many of the cheapest may find it: nobody can wake the very first. */
const CHEAPEST = 8;
/** Who has looked for a millisecond goes before who asks for so many bytes less. */
const LOOKED_MS_BYTES = 8;

/** What a request takes up, or all of them together. */
interface Taken {
  begun: number;
  resting: number;
  bytes: number;
  kept: number;
}

interface Looking {
  isFirst: boolean;
  cost: number;
  lookedAt: number;
}

interface Open {
  taken: Taken;
  begunAt: number;
  heldAt: number;
}

const NOTHING: Taken = { begun: 0, resting: 0, bytes: 0, kept: 0 };
const BEGUN: Taken = { ...NOTHING, begun: 1 };

export function createShares(
  bounds: IsolateBounds,
  { now, sleep, random }: Pick<Runtime, 'now' | 'sleep' | 'random'>,
): Shares {
  const open = new Set<Open>();
  const all: Taken = { ...NOTHING };
  const looking = new Set<Looking>();
  const sizes = createEntrySizes();
  let sweptAt = 0;

  function put(one: Open, taken: Taken): void {
    // What lapsed takes up nothing any more, even if it goes on.
    if (!open.has(one)) return;
    for (const part of ['begun', 'resting', 'bytes', 'kept'] as const) all[part] += taken[part] - one.taken[part];
    one.taken = taken;
    one.heldAt = now();
  }

  function leave(one: Open): void {
    put(one, NOTHING);
    open.delete(one);
  }

  function sweep(): void {
    const time = now();
    if (time - sweptAt < SWEEP_MS && time >= sweptAt) return;
    sweptAt = time;
    for (const one of looking) if (time - one.lookedAt > SWEEP_MS) looking.delete(one);
    for (const one of open) {
      if (time - one.begunAt > LASTS_MS) leave(one);
      else if (one.taken.bytes > 0 && time - one.heldAt > HOLDS_MS) put(one, { ...one.taken, bytes: 0 });
    }
  }

  const fits = (more: number) => more <= SMALL_BYTES || all.bytes === 0 || all.bytes + more <= bounds.bytes;

  const beginners = () => [...looking].filter(({ isFirst }) => isFirst).length;

  /** Of those that look for the same: a place to begin, or bytes. */
  function isCheap({ cost, isFirst }: Looking): boolean {
    let cheaper = 0;
    for (const other of looking) if (other.isFirst === isFirst && other.cost < cost) cheaper += 1;
    return cheaper < CHEAPEST;
  }

  return {
    isFull() {
      if (open.size > bounds.open) sweep();
      return open.size > bounds.open;
    },
    open() {
      const one: Open = { taken: NOTHING, begunAt: now(), heldAt: now() };
      open.add(one);
      let isFirst = true;

      const hasRoom = (more: number) => fits(more) && (!isFirst || all.begun < bounds.begun);

      function take(bytes: number): void {
        isFirst = false;
        put(one, { ...BEGUN, bytes });
      }

      async function find(more: number): Promise<void> {
        const until = now() + FIRST_MS;
        // A body that is large and waits would itself take up the room.
        if (isFirst && (more > SMALL_BYTES || beginners() >= MOST_LOOKING)) throw overloaded();
        const mine = { cost: now() * LOOKED_MS_BYTES + more, lookedAt: now(), isFirst };
        looking.add(mine);
        do {
          if (isFirst && now() >= until) {
            looking.delete(mine);
            throw overloaded();
          }
          await sleep(LOOK_MS * (0.5 + random()));
          mine.lookedAt = now();
          sweep();
        } while (!hasRoom(more) || !isCheap(mine));
        looking.delete(mine);
        take(more);
      }

      const work: Work = {
        turn(more) {
          put(one, isFirst ? NOTHING : BEGUN);
          if (!hasRoom(more) || (more > SMALL_BYTES && looking.size >= CHEAPEST)) return find(more);
          take(more);
          return null;
        },
        rest(kept) {
          put(one, BEGUN);
          if (all.resting >= bounds.waits || all.kept + kept > bounds.bytes) return false;
          put(one, { ...BEGUN, resting: 1, kept });
          return true;
        },
        ...sizes,
      };
      return { work, end: () => leave(one) };
    },
  };
}
