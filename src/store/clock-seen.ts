/**
 * What the store has seen of the clocks of those that work on it: one record, which the sweep looks at. It tells when a clock
 * was set back, and it keeps what is removed by age from a clock that leapt ahead: until such a time has stood for a while,
 * what is removed goes by the time that was seen before. It makes no clock right.
 */
import * as z from 'zod';
import { APP_TENANT } from '../base/principal.ts';
import { CLOCK_SLACK_MS } from '../base/time/stored-time.ts';
import type { Runtime } from '../base/runtime.ts';
import { record } from './record.ts';
import { isPresent, type RecordKey, type Store } from './store.ts';

/** A clock that moved on by more than this since it was last seen is doubted, ms. Schedules that run each minute never do. */
const LEAP_MS = 15 * 60_000;
/** How long a time is doubted, ms. */
const DOUBT_MS = 10 * 60_000;
/** How often the time is written, ms. */
const WRITE_MS = 5 * 60_000;

interface Seen {
  /** Epoch ms */
  at: number;
  /** The clock leapt from one time to another. Null: it did not, or what it leapt to has stood. */
  leap: { from: number; to: number } | null;
}

const clockSeen = record<Seen>('clock', () =>
  z.strictObject({
    at: z.number(),
    leap: z.strictObject({ from: z.number(), to: z.number() }).nullable(),
  }),
);

const KEY: RecordKey = { partition: `${APP_TENANT}/clock`, id: 'seen' };

export interface ClockLook {
  /** Epoch ms by which what is old may be removed: now, or the time before a leap that has not stood yet. */
  agesBy: number;
  /** By how much the clock is behind what was seen, ms; null: it is not. It is told once. */
  setBackMs: number | null;
}

/** One store call, and another one each five minutes. Errors as the store's `get`. @param deadline epoch ms */
export async function lookAtClock(
  { store, runtime }: { store: Store; runtime: Pick<Runtime, 'now' | 'newId' | 'log'> },
  deadline: number,
): Promise<ClockLook> {
  const now = runtime.now();
  const reading = await store.get(KEY, now);
  const seen = clockSeen.read(reading);
  const isBack = seen !== null && seen.at > now + CLOCK_SLACK_MS;
  const leap = seen === null || isBack ? null : leapOf(seen, now);
  if (seen === null || isBack || now - seen.at >= WRITE_MS || leap?.to !== seen.leap?.to) {
    const put = isPresent(reading)
      ? clockSeen.replace(reading, { at: now, leap })
      : clockSeen.put(KEY, { at: now, leap }, { expects: reading.version });
    // What cannot be written now, such as to a store that is full, is written by the next sweep.
    await store.commit([put], { id: runtime.newId(), now, deadline }).catch(() => null);
  }
  const setBackMs = isBack ? seen.at - now : null;
  if (setBackMs !== null) runtime.log('warn', 'the clock is behind what the store has seen', { byMs: setBackMs });
  if (leap !== null && leap.to === now) {
    const hint =
      'the clock leapt ahead, nothing ran, or the store was put back: nothing is removed by its age until this time has stood';
    runtime.log('warn', hint, { byMs: leap.to - leap.from });
  }
  return { agesBy: leap?.from ?? now, setBackMs };
}

/**
 * Whether a time is over, and by a clock that is not doubted: only then something may end by it for good. One store call where
 * it is over by the clock, else none. Errors as the store's `get`.
 * @param at epoch ms
 */
export async function isSurelyOver(
  { store, runtime }: { store: Store; runtime: Pick<Runtime, 'now'> },
  at: number,
): Promise<boolean> {
  const now = runtime.now();
  if (now < at) return false;
  const seen = clockSeen.read(await store.get(KEY, now));
  return at <= ((seen && leapOf(seen, now)?.from) ?? now);
}

function leapOf({ at, leap }: Seen, now: number): Seen['leap'] {
  const standing = leap !== null && now - leap.to < DOUBT_MS ? leap : null;
  if (now - at <= LEAP_MS) return standing;
  // A schedule that seldom runs leaps each time: what was seen the time before has stood since.
  return { from: standing?.from ?? at, to: now };
}
