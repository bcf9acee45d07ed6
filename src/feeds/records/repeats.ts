/**
 * Knows how far back a feed's readings reach into its streams. A source that lists more ids than a stream's `dedupe` would
 * otherwise bring all of them again with each reading. It learns from each burst how many of the newest entries of a stream
 * the next reading may repeat, and widens the window by which events are known. Pure.
 *
 * A source that repeats nothing of a long reading is not expected to do it later, so that a feed with a cursor looks back
 * once and not each time. Accepted weakness: if such a source later lists new ids alone, and more than `dedupe`, those
 * beyond `dedupe` come twice, once.
 */

import { utf8Bytes } from '../../base/json.ts';

/** Most entries that are looked through. Reading them takes one store call for each 1,000. */
export const MOST_REACH = 20_000;
/** Most bytes of what the feed's record holds. Streams beyond keep to their `dedupe`. */
export const REPEATS_BYTES = 2 * 1024;
/** Bytes of a number and of what stands around it and its name. */
const MEMBER_BYTES = 24;
/** Room for what others append in between. */
const HEADROOM = 1.25;

/** As the feed's record holds it. */
export interface RepeatsState {
  /** By stream: how many of the newest entries the next reading may repeat; 0: it repeats none. Absent: `dedupe` suffices. */
  reach: Record<string, number>;
  /** Whether the last burst ended within a reading, so that the next one goes on in it. */
  open: boolean;
}

export interface Repeats {
  /** How many of the newest entries of a stream are to be known. */
  windowOf(stream: { name: string; dedupe: number }): number;
  appended(stream: string): void;
  /** @param depth of the event that came again; 0 for one of this burst */
  repeated(stream: string, depth: number): void;
  /** @param open whether the burst ended within a reading */
  state(open: boolean): RepeatsState | null;
}

/** @param streams those whose events have ids */
export function createRepeats(
  before: RepeatsState | null,
  streams: readonly { name: string; dedupe: number }[],
): Repeats {
  const { reach, open: goesOn } = before ?? { reach: {}, open: false };
  const came = new Map(streams.map(({ name }) => [name, { appended: 0, deepest: 0 }]));

  function reachOf({ name, dedupe }: { name: string; dedupe: number }, open: boolean): number | undefined {
    const known = reach[name];
    const { appended = 0, deepest = 0 } = came.get(name) ?? {};
    if (appended === 0 && deepest === 0) return known;
    if (deepest > 0) return (goesOn ? Math.max(known ?? 0, deepest) : deepest) + appended;
    if (known === 0) return appended > dedupe ? 0 : undefined;
    if (known !== undefined && known > dedupe && !goesOn) return 0;
    const next = (goesOn ? (known ?? 0) : 0) + appended;
    return next > dedupe || open ? next : undefined;
  }

  return {
    // A reading that goes on repeats nothing of itself.
    windowOf: ({ name, dedupe }) =>
      goesOn ? dedupe : Math.max(dedupe, Math.min(MOST_REACH, Math.ceil((reach[name] ?? 0) * HEADROOM))),
    appended(stream) {
      const one = came.get(stream);
      if (one) one.appended += 1;
    },
    repeated(stream, depth) {
      const one = came.get(stream);
      if (one) one.deepest = Math.max(one.deepest, depth);
    },
    state(open) {
      const next = streams.flatMap((stream): [string, number][] => {
        const far = reachOf(stream, open);
        return far === undefined || (far > 0 && far <= stream.dedupe && !open) ? [] : [[stream.name, far]];
      });
      let bytes = 64;
      const kept = next.filter(([name]) => (bytes += utf8Bytes(JSON.stringify(name)) + MEMBER_BYTES) <= REPEATS_BYTES);
      return kept.length === 0 && !open ? null : { reach: Object.fromEntries(kept), open };
    },
  };
}

/** The streams of which a reading repeats more than is looked through, so that events may come twice. */
export function beyondReach(state: RepeatsState | null): string[] {
  return Object.entries(state?.reach ?? {}).flatMap(([stream, reach]) => (reach > MOST_REACH ? [stream] : []));
}
