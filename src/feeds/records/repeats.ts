/**
 * Knows how far back a feed's readings reach into its streams. A source that lists more ids than a stream's `dedupe` would
 * otherwise bring all of them again with each reading. It learns from each burst how many of the newest entries of a stream
 * the next reading may repeat, and widens the window by which events are known. Pure.
 *
 * A source that goes on from a position, and repeats nothing of a long reading, is not expected to do it later, so that a feed
 * with a cursor looks back once and not each time. One that answers a list may have several lists, by turns, so the window
 * holds all of `PERIOD` readings before it is narrowed to what they needed. Accepted weakness: what a source lists again after
 * more readings, or behind new ids alone, comes twice where that lies beyond `dedupe`.
 */

import { utf8Bytes } from '../../base/json.ts';

/** Most entries that are looked through. Reading them takes one store call for each 1,000. */
export const MOST_REACH = 20_000;
/** Most bytes of what the feed's record holds. Streams beyond keep to their `dedupe`. */
export const REPEATS_BYTES = 2 * 1024;
/** Bytes of a number and of what stands around it and its name. */
const MEMBER_BYTES = 24;
/** The readings after which a window becomes as narrow as they needed. */
const PERIOD = 8;
/** Room for what others append in between. */
const HEADROOM = 1.25;

/** As the feed's record holds it. */
export interface RepeatsState {
  /** By stream: how many of the newest entries the next reading may repeat; 0: it repeats none. Absent: `dedupe` suffices. */
  reach: Record<string, number>;
  /** Whether the last burst ended within a reading, so that the next one goes on in it. */
  open: boolean;
  /** By stream with a reach: how many readings there were since it was measured, and how far back the deepest of them reached. */
  since?: Record<string, [readings: number, deepest: number]>;
}

/** How far back a reading reaches, and the members of `RepeatsState.since`. */
type Measured = [far: number, readings: number, deepest: number];

export interface Repeats {
  /** How many of the newest entries of a stream are to be known. */
  windowOf(stream: { name: string; dedupe: number }): number;
  /** @param log where the stream has several: that of the event. A reading then reaches as far as in the one where it reaches furthest */
  appended(stream: string, log?: string): void;
  /** @param depth of the event that came again; 0 for one of this burst */
  repeated(stream: string, depth: number): void;
  /** @param open whether the burst ended within a reading */
  state(open: boolean): RepeatsState | null;
}

/**
 * @param streams those whose events have ids
 * @param relists whether each reading of the source may list again what an earlier one listed
 */
export function createRepeats(
  before: RepeatsState | null,
  streams: readonly { name: string; dedupe: number }[],
  relists = false,
): Repeats {
  const { reach, open: goesOn, since = {} } = before ?? { reach: {}, open: false };
  const byLog = new Map<string, number>();
  const came = new Map(streams.map(({ name }) => [name, { appended: 0, deepest: 0 }]));

  /** How far back a first reading reaches. That of a source that may go on from a position is not said to repeat anything yet. */
  const unrepeated = (far: number) => (relists ? far : Math.min(far, MOST_REACH));

  function reachOf({ name, dedupe }: { name: string; dedupe: number }, open: boolean): Measured | undefined {
    const known = reach[name];
    const [readings, earlier] = since[name] ?? [0, 0];
    const { appended = 0, deepest = 0 } = came.get(name) ?? {};
    if (appended === 0 && deepest === 0) return known === undefined ? undefined : [known, readings, earlier];
    const needed = Math.max(deepest, earlier) === 0 ? 0 : Math.max(deepest, earlier) + appended;
    if (goesOn) {
      const far = Math.max(known ?? 0, deepest) + appended;
      return [needed === 0 ? unrepeated(far) : far, readings, needed];
    }
    if (relists && known !== undefined && known > 0 && (deepest > 0 || known <= MOST_REACH)) {
      // What is listed by turns lies as much deeper as others were appended since.
      if (readings + 1 >= PERIOD) return [needed, 0, 0];
      return [
        Math.max(Math.min(known + appended, Math.max(known, MOST_REACH)), deepest + appended),
        readings + 1,
        needed,
      ];
    }
    if (deepest > 0) return [deepest + appended, 0, 0];
    if (known === 0) return appended > dedupe || relists ? [0, 0, 0] : undefined;
    if (known !== undefined && known > dedupe) return [0, 0, 0];
    return appended > dedupe || relists || open ? [unrepeated(appended), 0, 0] : undefined;
  }

  return {
    // A reading that goes on repeats nothing of itself.
    windowOf: ({ name, dedupe }) =>
      goesOn ? dedupe : Math.max(dedupe, Math.min(MOST_REACH, Math.ceil((reach[name] ?? 0) * HEADROOM))),
    appended(stream, log) {
      const one = came.get(stream);
      if (!one) return;
      if (log === undefined) {
        one.appended += 1;
        return;
      }
      const count = (byLog.get(log) ?? 0) + 1;
      byLog.set(log, count);
      one.appended = Math.max(one.appended, count);
    },
    repeated(stream, depth) {
      const one = came.get(stream);
      if (one) one.deepest = Math.max(one.deepest, depth);
    },
    state(open) {
      const next: RepeatsState = { reach: {}, open };
      let bytes = 64;
      for (const stream of streams) {
        const [far, readings, deepest] = reachOf(stream, open) ?? [];
        if (far === undefined || (far > 0 && far <= stream.dedupe && !open && !relists)) continue;
        const isTurn = readings !== 0 || deepest !== 0;
        bytes += (utf8Bytes(JSON.stringify(stream.name)) + MEMBER_BYTES) * (isTurn ? 2 : 1);
        if (bytes > REPEATS_BYTES) break;
        next.reach[stream.name] = far;
        if (isTurn) (next.since ??= {})[stream.name] = [readings ?? 0, deepest ?? 0];
      }
      return Object.keys(next.reach).length === 0 && !open ? null : next;
    },
  };
}

/** The streams of which a reading repeats more than is looked through, so that events may come twice. */
export function beyondReach(state: RepeatsState | null): string[] {
  return Object.entries(state?.reach ?? {}).flatMap(([stream, reach]) => (reach > MOST_REACH ? [stream] : []));
}
