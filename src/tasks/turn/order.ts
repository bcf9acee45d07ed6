/**
 * In which order `run` gets what it waits for at once. Who was first decides which way a `Promise.race` takes, so it is
 * remembered: what is handed over while something else is waited for has a place, and on later entries all that has one
 * comes in that order, and what is new comes behind it. What is waited for alone needs none, and costs nothing.
 *
 * Accepted: only what the context answers has a place. A race with a promise of another kind (a timer, a fetch) may end
 * differently on the next entry. Where the one whose turn it is is not asked for any more, as `run` has changed without
 * its version, the others go on without it.
 */
import type { Json, JsonObject } from '../../base/json.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Journal } from './journal.ts';
import type { Parking } from './parking.ts';

/** Part of what is remembered of something that was handed over. */
export interface Placed {
  /** From 1 on, in the order in which `run` got it. Absent: it was the only thing that was waited for. */
  place?: number;
}

export interface Order {
  /** What `work` comes to, as soon as it is its turn. `id`: what that is remembered under, as an object. */
  inTurn<Value>(id: string, work: () => Promise<Value>): Promise<Value>;
  /** To be noted with what `run` will get for `id`. */
  placeOf(id: string): Placed;
}

/** Turns of promises in which `run` comes from what it was handed to what it asks for next. */
const TURNS = 32;
/** Within this time all is asked for that is not behind something else, ms; longer, as long as anything is under way. */
const IDLE_MS = 1;
const MOST_IDLE_MS = 50;

interface Waiting {
  id: string;
  place: number | null;
  resolve: () => void;
}

export function createOrder(
  journal: Pick<Journal, 'recall' | 'recallAll' | 'note'>,
  parking: Pick<Parking, 'busy' | 'underWay' | 'isClosed' | 'park'>,
  runtime: Pick<Runtime, 'sleep'>,
): Order {
  /** All places that are taken, in order; those before `first` are over. */
  const places = journal
    .recallAll('')
    .flatMap(([, value]) => recordedIn(value) ?? [])
    .toSorted((a, b) => a - b);
  let first = 0;
  const lastBefore = places.at(-1) ?? 0;
  const takenHere = new Map<string, number>();
  /** What waits for its turn: with a place, and without. */
  const placed = new Map<number, Waiting>();
  const fresh: Waiting[] = [];
  /** Asked for, and not handed over. */
  let open = 0;
  let changes = 0;
  let handing = false;

  function takePlace(id: string): number {
    const place = takenHere.get(id) ?? (places.at(-1) ?? 0) + 1;
    if (!takenHere.has(id)) places.push(place);
    takenHere.set(id, place);
    return place;
  }

  function hand({ id, place, resolve }: Waiting): void {
    const known = journal.recall(id);
    // What failed before anything was remembered of it fails in the same way each time.
    if (place === null && open > 1 && known !== undefined) {
      journal.note(id, { ...(known as JsonObject), place: takePlace(id) });
      first = places.length;
    }
    if (place !== null && place === places[first]) first += 1;
    open -= 1;
    changes += 1;
    resolve();
  }

  function next(): Waiting | undefined {
    const turn = places[first];
    if (turn === undefined) return fresh.shift();
    const chosen = placed.get(turn);
    placed.delete(turn);
    return chosen ?? (open === 1 ? fresh.shift() : undefined);
  }

  /** Whether something has taken a place in this entry, and is being stored: it comes here, and goes on with this. */
  const isOnItsWay = () => (places[first] ?? 0) > lastBefore;

  /** Passes over what nobody asks for. */
  function passOver(): void {
    while (first < places.length && !placed.has(places[first] ?? 0) && !isOnItsWay()) first += 1;
  }

  async function handAll(): Promise<void> {
    for (let pauseMs = IDLE_MS; placed.size + fresh.length > 0 && !parking.isClosed();) {
      for (let turns = 0; turns < TURNS; turns += 1) await Promise.resolve();
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
      // This is under way too.
      if (seen === changes && parking.underWay() === 1) passOver();
    }
    handing = false;
  }

  async function turnOf(id: string): Promise<void> {
    if (parking.isClosed()) return parking.park(0);
    const place = recordedIn(journal.recall(id));
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting: Waiting = { id, place, resolve };
    const turn = places[first];
    if (turn === undefined && open === 1) {
      hand(waiting);
      return promise;
    }
    // One that was passed over has come after all.
    if (place === null || turn === undefined || place < turn) fresh.push(waiting);
    else placed.set(place, waiting);
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
      await turnOf(id);
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value;
    },
    placeOf: (id) => (open > 1 ? { place: takePlace(id) } : {}),
  };
}

function recordedIn(value: Json | undefined): number | null {
  const { place } = (value ?? {}) as { place?: Json };
  return typeof place === 'number' ? place : null;
}
