/**
 * Finds the latest event of keys among what is left in a log, where their latest event was removed. It is shown the log's
 * entries from the newest on, in any number of pages. It reads nothing and writes nothing. Pure.
 *
 * The latest event is the one with the greatest event time, and of equal times the later arrival, as `latest.ts` has it.
 * Of the revisions of an id only one counts: the newer one, or where nobody can tell, the later arrival. All ids of a step are told apart, of
 * which there are no more than it reads entries. Which of them were revised later than the step, `later-revisions.ts` finds.
 */
import { isGap, type LoggedEvent } from '../../base/event.ts';
import type { Cursor, LogEntry } from '../../store/store.ts';
import { isAsLate, replaces } from '../log/latest.ts';

export interface Candidate {
  event: LoggedEvent;
  appendedAt: number;
  cursor: Cursor;
}

export interface Fallback {
  /** Takes in an event that is not removed. It stands before all that were taken in until now. */
  take(event: LoggedEvent, entry: LogEntry): void;
  /** By key. */
  found(): Map<string, Candidate>;
  /** Leaves out the candidates for which `isKept` is false. @returns whether any is left */
  keep(isKept: (candidate: Candidate, key: string) => boolean): boolean;
  /** Leaves out what is replaced by a revision that stands behind all that were taken in. */
  revise(event: LoggedEvent): void;
}

/**
 * @param wanted the keys; '' is that of a stream without keys
 * @param options.keyed whether events are kept apart by key
 * @param options.revised whether the stream declares revisions
 * @param options.furthest the latest time that is taken for right, epoch ms, as `replaces` has it
 */
export function createFallback(
  wanted: ReadonlySet<string>,
  { keyed, revised, furthest }: { keyed: boolean; revised: boolean; furthest: number },
): Fallback {
  /** Of each key, what stands of each id. Without revisions one candidate of a key is enough, under the id ''. */
  const left = new Map<string, Map<string, Candidate>>();
  const keyOf = (event: LoggedEvent) => (keyed ? (event.key ?? '') : '');

  return {
    take(event, { appendedAt, cursor }) {
      const key = keyOf(event);
      if (isGap(event) || !wanted.has(key)) return;
      const known = left.get(key) ?? new Map<string, Candidate>();
      left.set(key, known);
      const later = known.get(revised ? event.id : '');
      const isPassed = (one: LoggedEvent) => (revised ? replaces(one, event) : isAsLate(one, event, furthest));
      if (later !== undefined && isPassed(later.event)) return;
      known.set(revised ? event.id : '', { event, appendedAt, cursor });
    },
    found() {
      const found = new Map<string, Candidate>();
      for (const [key, known] of left) {
        const best = bestOf(known.values(), furthest);
        if (best) found.set(key, best);
      }
      return found;
    },
    keep(isKept) {
      for (const [key, known] of left) {
        for (const [id, candidate] of known) if (!isKept(candidate, key)) known.delete(id);
        if (known.size === 0) left.delete(key);
      }
      return left.size > 0;
    },
    revise(event) {
      const known = left.get(keyOf(event));
      const earlier = known?.get(event.id);
      if (earlier !== undefined && !isGap(event) && replaces(event, earlier.event)) known?.delete(event.id);
    },
  };
}

/** The candidate of the latest time; of equal times the first, which arrived last. */
function bestOf(candidates: Iterable<Candidate>, furthest: number): Candidate | null {
  let best: Candidate | null = null;
  for (const candidate of candidates) {
    if (best === null || !isAsLate(best.event, candidate.event, furthest)) best = candidate;
  }
  return best;
}
