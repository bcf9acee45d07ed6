/**
 * What the store has seen of the clocks of those that work on it: one record. Whoever commits tells it first where its clock moved
 * on (`clock-watch.ts`), and the sweep looks at it. It tells when a clock was set back, and it keeps what is removed by age from a
 * clock that leapt ahead: until such a time has stood for a while, what is removed goes by the time that was seen before. It makes
 * no clock right.
 */
import * as z from 'zod';
import { APP_TENANT } from '../base/principal.ts';
import { CLOCK_SLACK_MS, SEEN_EACH_MS } from '../base/time/stored-time.ts';
import type { Runtime } from '../base/runtime.ts';
import { record } from './record.ts';
import { isPresent, type Reading, type RecordKey, type Store, type Version } from './store.ts';

/** A clock that moved on by more than this since it was last seen is doubted, ms. Schedules that run each minute never do. */
const LEAP_MS = 15 * 60_000;
/** How long a time is doubted, ms. */
const DOUBT_MS = 10 * 60_000;

/** The clock leapt to a time, from one that was `seen` before (absent: `from`); `from` is the latest time that has stood. Epoch ms. */
interface Leap {
  from: number;
  seen?: number;
  to: number;
}

interface Seen {
  /** Epoch ms */
  at: number;
  /** Null: it did not leap, or what it leapt to has stood. */
  leap: Leap | null;
  /**
   * After a clock was set back, from when on another look shows what a process has left whose clock was ahead for longer: by then
   * it has told so anew. Epoch ms; null, absent: there is nothing more to look at.
   */
  again?: number | null;
}

const clockSeen = record<Seen>('clock', () =>
  z.strictObject({
    at: z.number(),
    leap: z.strictObject({ from: z.number(), seen: z.exactOptional(z.number()), to: z.number() }).nullable(),
    again: z.exactOptional(z.number().nullable()),
  }),
);

const KEY: RecordKey = { partition: `${APP_TENANT}/clock`, id: 'seen' };

/** The clock was set back, or that of another instance is ahead or was so a while ago. */
export interface SetBack {
  /** By how much the clock is behind what was seen, ms. Null: it is not, and what may have been left is looked at once more. */
  byMs: number | null;
  /** Of what was seen. */
  seen: Version;
  /** What the clock is still ahead of: that it was set back does not make it right. Null: it is not known to be ahead of anything. */
  leap: Leap | null;
}

interface ClockLook {
  /** Epoch ms by which what is old may be removed: now, or the time before a leap that has not stood yet. */
  agesBy: number;
  /** Null: the clock is not behind what was seen. It is told until `believeClock` is called with it. */
  setBack: SetBack | null;
}

type Deps = { store: Store; runtime: Pick<Runtime, 'now' | 'newId' | 'log'> };

/** One store call, and another one each five minutes. Errors as the store's `get`. @param deadline epoch ms */
export async function lookAtClock(deps: Deps, deadline: number): Promise<ClockLook> {
  const { store, runtime } = deps;
  const now = runtime.now();
  const reading = await store.get(KEY, now);
  const seen = clockSeen.read(reading);
  if (seen !== null && reading.version !== null && seen.at > now + CLOCK_SLACK_MS) {
    const byMs = seen.at - now;
    runtime.log('warn', 'the clock is behind what the store has seen', { byMs });
    const from = seen.leap?.from ?? now;
    const leap = now - from > LEAP_MS ? { from, seen: from, to: now } : null;
    return { agesBy: leap?.from ?? now, setBack: { byMs, seen: reading.version, leap } };
  }
  const leap = seen && leapOf(seen, now);
  const again = seen?.again ?? null;
  // A clock that leapt sees nothing of what lies behind its time.
  if (again !== null && leap === null && reading.version !== null && again <= now) {
    return { agesBy: now, setBack: { byMs: null, seen: reading.version, leap } };
  }
  if (seen === null || now - seen.at >= SEEN_EACH_MS || leap?.to !== seen.leap?.to) {
    // What cannot be written now, such as to a store that is full, is written by the next sweep.
    await put(deps, reading, { at: now, leap, again }, deadline).catch(() => null);
  }
  return { agesBy: leap?.from ?? now, setBack: null };
}

/**
 * From then on the clock counts as it is: what was stored by the one that was ahead has been looked at. Where another has written
 * what it saw meanwhile, that stays, and is told by the next look. Errors as the store's `commit`.
 */
export async function believeClock(
  { store, runtime }: Deps,
  { byMs, seen, leap }: SetBack,
  deadline: number,
): Promise<void> {
  const now = runtime.now();
  const again = byMs === null ? null : now + SEEN_EACH_MS + CLOCK_SLACK_MS;
  const operation = clockSeen.put(KEY, { at: now, leap, again }, { expects: seen });
  await store.commit([operation], { id: runtime.newId(), now, deadline });
}

/**
 * Tells the store of a time that a clock showed. Nothing is written where it has seen as late a time, to within five minutes.
 * Answers whether it knows now. One store call, or two. It does not throw.
 */
export async function tellClock(
  deps: Deps,
  at: number,
  { now, deadline }: { now: number; deadline: number },
): Promise<boolean> {
  for (let races = 0; races < 3; races += 1) {
    try {
      const reading = await deps.store.get(KEY, now);
      const seen = clockSeen.read(reading);
      if (seen !== null && at - seen.at < SEEN_EACH_MS) return true;
      const next = { at, leap: seen && leapOf(seen, at), again: seen?.again ?? null };
      const status = await put(deps, reading, next, deadline, now);
      if (status !== 'conflict') return status === 'committed';
    } catch {
      return false;
    }
  }
  return false;
}

async function put({ store, runtime }: Deps, reading: Reading, seen: Seen, deadline: number, now = seen.at) {
  const { leap } = seen;
  const operation = isPresent(reading)
    ? clockSeen.replace(reading, seen)
    : clockSeen.put(KEY, seen, { expects: reading.version });
  const { status } = await store.commit([operation], { id: runtime.newId(), now, deadline });
  if (leap !== null && leap.to === seen.at && status === 'committed') {
    const hint =
      'the clock leapt ahead, nothing ran, or the store was put back: nothing is removed by its age until this time has stood';
    runtime.log('warn', hint, { byMs: leap.to - leap.from });
  }
  return status;
}

/**
 * The time by which something may end for good, epoch ms: now, or the time before a leap that has not stood yet. One store call.
 * Errors as the store's `get`.
 */
export async function sureTime({ store, runtime }: { store: Store; runtime: Pick<Runtime, 'now'> }): Promise<number> {
  const now = runtime.now();
  const seen = clockSeen.read(await store.get(KEY, now));
  return (seen && leapOf(seen, now)?.from) ?? now;
}

/**
 * Whether a time is over, and by a clock that is not doubted: only then something may end by it for good. One store call where
 * it is over by the clock, else none. Errors as the store's `get`.
 * @param at epoch ms
 */
export async function isSurelyOver(
  deps: { store: Store; runtime: Pick<Runtime, 'now'> },
  at: number,
): Promise<boolean> {
  return deps.runtime.now() >= at && at <= (await sureTime(deps));
}

/**
 * A reading, as it stands by a clock that is not doubted: what expired by a leap alone is still there. No store call, unless the
 * reading is of an expired record that is still stored; two then. Errors as the store's `get`.
 */
export async function readSurely(
  deps: { store: Store; runtime: Pick<Runtime, 'now'> },
  reading: Reading,
): Promise<Reading> {
  if (isPresent(reading) || reading.version === null) return reading;
  const { partition, id } = reading;
  return deps.store.get({ partition, id }, await sureTime(deps));
}

function leapOf({ at, leap }: Seen, now: number): Leap | null {
  const isStanding = leap !== null && leap.to <= now + CLOCK_SLACK_MS && now - leap.to < DOUBT_MS;
  if (now - at <= LEAP_MS) return isStanding ? leap : null;
  // Of a schedule that seldom runs each run is a leap. The time before the last one has stood since.
  const hasStood = leap === null || at - leap.to >= DOUBT_MS;
  return { from: hasStood ? at : (leap.seen ?? leap.from), seen: at, to: now };
}
