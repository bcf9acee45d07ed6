/**
 * In which order `run` gets what it waits for at once. Which came first decides how a `Promise.race` goes, so it is remembered:
 * what is handed over while something else is waited for gets a place. In later turns all that has a place is handed over in
 * the order of places, and what has none comes after it. What is waited for alone needs no place, and costs nothing.
 *
 * Accepted: only what the context answers has a place. A race with a promise of another kind (a timer, a fetch) may end
 * differently in the next turn. Where `run` has changed without its version and does not ask any more for what comes next in
 * that order, the others go on without it.
 */
import type { Runtime } from '../../base/runtime.ts';
import { rememberedKind, type Ordered } from '../records/remembered.ts';
import type { Memory } from './memory.ts';
import type { Parking } from './parking.ts';

export interface TurnOrder {
  /** Does the work, and hands its outcome over when the order comes to it. @param id what the outcome is remembered under */
  inTurn<Value>(id: string, work: () => Promise<Value>): Promise<Value>;
  /** The place of `id`, to be noted with its outcome; nothing where nothing else is waited for. */
  placeOf(id: string): Ordered;
}

/** Microtasks that `run` is given to come from what it was handed to what it asks for next. */
const MICROTASKS = 32;
/**
 * How long the order waits for one that `run` has not asked for yet, ms. The pause doubles up to `MOST_IDLE_MS` for as long as
 * anything else is under way. After it, what nobody has asked for is passed over.
 */
const IDLE_MS = 1;
const MOST_IDLE_MS = 50;

/** What is ready to be handed over. */
interface Ready {
  id: string;
  place: number | null;
  /** Hands it over. */
  resolve: () => void;
}

export function createOrder(
  memory: Pick<Memory, 'recall' | 'all' | 'note'>,
  parking: Pick<Parking, 'busy' | 'underWay' | 'isClosed' | 'park'>,
  runtime: Pick<Runtime, 'sleep'>,
): TurnOrder {
  /** All places that are taken, in order. Those before the index `first` were handed over, or passed over. */
  const places = memory
    .all()
    .flatMap(({ place }) => place ?? [])
    .toSorted((a, b) => a - b);
  let first = 0;
  const lastBefore = places.at(-1) ?? 0;
  const takenHere = new Map<string, number>();
  /** What is ready, by its place, and what is ready and has none. */
  const placed = new Map<number, Ready>();
  const fresh: Ready[] = [];
  /** How many were asked for and not handed over. */
  let open = 0;
  let changes = 0;
  let handing = false;

  function takePlace(id: string): number {
    const place = takenHere.get(id) ?? (places.at(-1) ?? 0) + 1;
    if (!takenHere.has(id)) places.push(place);
    takenHere.set(id, place);
    return place;
  }

  function hand({ id, place, resolve }: Ready): void {
    const kind = rememberedKind(id);
    const known = memory.recall(kind, id);
    // What failed before anything was remembered of it fails in the same way each time.
    if (place === null && open > 1 && known !== undefined) {
      memory.note(kind, id, { ...known, place: takePlace(id) });
      first = places.length;
    }
    if (place !== null && place === places[first]) first += 1;
    open -= 1;
    changes += 1;
    resolve();
  }

  function next(): Ready | undefined {
    const place = places[first];
    if (place === undefined) return fresh.shift();
    const chosen = placed.get(place);
    placed.delete(place);
    return chosen ?? (open === 1 ? fresh.shift() : undefined);
  }

  /** Whether the next place was taken in this turn. Who took it is being stored, and comes to hand itself over. */
  const isOnItsWay = () => (places[first] ?? 0) > lastBefore;

  /** Passes over places that nobody asks for. */
  function passOver(): void {
    while (first < places.length && !placed.has(places[first] ?? 0) && !isOnItsWay()) first += 1;
  }

  async function handAll(): Promise<void> {
    for (let pauseMs = IDLE_MS; placed.size + fresh.length > 0 && !parking.isClosed();) {
      for (let count = 0; count < MICROTASKS; count += 1) await Promise.resolve();
      const chosen = next();
      if (chosen) {
        hand(chosen);
        pauseMs = IDLE_MS;
        continue;
      }
      if (isOnItsWay()) break;
      const seen = changes;
      await runtime.sleep(pauseMs);
      pauseMs = Math.min(MOST_IDLE_MS, 2 * pauseMs);
      // What hands over is under way too.
      if (seen === changes && parking.underWay() === 1) passOver();
    }
    handing = false;
  }

  /** Resolves when the order has come to `id`. */
  async function reached(id: string): Promise<void> {
    if (parking.isClosed()) return parking.park(0);
    const place = memory.recall(rememberedKind(id), id)?.place ?? null;
    const { promise, resolve } = Promise.withResolvers<void>();
    const ready: Ready = { id, place, resolve };
    const expected = places[first];
    if (expected === undefined && open === 1) {
      hand(ready);
      return promise;
    }
    // A place below the expected one was passed over, and is asked for after all.
    if (place === null || expected === undefined || place < expected) fresh.push(ready);
    else placed.set(place, ready);
    changes += 1;
    if (!handing) {
      handing = true;
      void parking.busy(handAll());
    }
    return promise;
  }

  return {
    async inTurn(id, work) {
      open += 1;
      changes += 1;
      const [outcome] = await Promise.allSettled([work()]);
      await reached(id);
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    },
    placeOf: (id) => (open > 1 ? { place: takePlace(id) } : {}),
  };
}
