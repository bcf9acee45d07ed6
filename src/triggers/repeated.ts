/**
 * What `dedupe` leaves out. Where a beginning is left out, its end is too, whenever that comes: what ceases is told exactly where
 * its holding was told.
 */
import { digestOf } from '../base/digest.ts';
import { GET_MANY_LIMIT } from '../store/limits.ts';
import { isPresent, type Operation } from '../store/store.ts';
import type { Deps } from '../streams/deps.ts';
import type { Moment } from './judging/moment.ts';
import { triggerOnceKey } from './names.ts';
import type { MadeOccurrence } from './occurrence.ts';
import { triggerOnce } from './record.ts';
import type { StandingTrigger } from './standing.ts';

/** Records of triggers that are judged no more are gone after this, ms. */
export const TRIGGER_KEPT_MS = 35 * 86_400_000;

interface WithoutRepeated {
  made: MadeOccurrence[];
  /** That these texts have occurred now. */
  marks: Operation[];
  /** Beginnings that were left out. */
  repeated: number;
  /** Keys whose beginning was left out, and whose end is not among the occurrences. */
  untold: (string | null)[];
}

/** Leaves out what has occurred by its text, and the end of that. One store call where anything has a text. */
export async function withoutRepeated(
  { store, runtime }: Deps,
  { tenant, trigger }: StandingTrigger,
  made: readonly MadeOccurrence[],
): Promise<WithoutRepeated> {
  const texts = new Map<string, MadeOccurrence>();
  for (const one of made) if (one.dedupe !== null && !texts.has(one.dedupe)) texts.set(one.dedupe, one);
  if (texts.size === 0) return { made: [...made], marks: [], repeated: 0, untold: [] };
  const named = [...texts.keys()].slice(0, GET_MANY_LIMIT);
  const now = runtime.now();
  const readings = await store.getMany(
    named.map((text) => triggerOnceKey(tenant, trigger.name, digestOf(text))),
    now,
  );
  const marks: Operation[] = [];
  const known = new Set<string>();
  for (const [index, reading] of readings.entries()) {
    const text = named[index] ?? '';
    const one = texts.get(text);
    if (isPresent(reading) || one === undefined) known.add(text);
    else {
      const expiresAt = now + (trigger.log.retention.ageMs ?? TRIGGER_KEPT_MS);
      marks.push(triggerOnce.put(reading, { id: one.event.id }, { expects: reading.version, expiresAt }));
    }
  }
  const left: MadeOccurrence[] = [];
  const untold = new Set<string | null>();
  let repeated = 0;
  for (const one of made) {
    const key = one.event.key ?? null;
    if (one.became === 'ceased') {
      if (!untold.delete(key)) left.push(one);
    } else if (one.dedupe !== null && (known.has(one.dedupe) || texts.get(one.dedupe) !== one)) {
      repeated += 1;
      if (trigger.tellsEnds) untold.add(key);
    } else left.push(one);
  }
  return { made: left, marks, repeated, untold: [...untold] };
}

/** Takes the ends of beginnings that were left out from what is still owed. `open`: keys whose end was not found yet. */
export function untoldLeft(
  untold: readonly (string | null)[],
  pieces: StandingTrigger['owedPieces'],
): { pieces: StandingTrigger['owedPieces']; open: (string | null)[] } {
  const open = new Set(untold);
  const left = pieces.map(({ id, moments }) => {
    const kept: Moment[] = moments.filter(({ became, key }) => became !== 'ceased' || !open.delete(key));
    // A piece that is another one is put anew.
    return kept.length === moments.length ? { id, moments } : { id: '', moments: kept };
  });
  return { pieces: left, open: [...open] };
}
