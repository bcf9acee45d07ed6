/**
 * Says which name was probably meant by one that nobody knows: an option, a stream, a variable, a command. Every place that
 * refuses an unknown name asks here. Pure.
 */

import { otherWord, wordsFor } from './other-words.ts';

/** Most names that a message lists. */
const MOST_NAMED = 40;
/** Of a word for another name, where it may be misspelt: shorter ones are near to anything. */
const LEAST_LETTERS = 4;

/**
 * The known name that is nearest; null where none is near. Near is one mistake for each three letters, at least one. Capitals
 * make no difference.
 * @param most mistakes that are still near, where the names are so many that nearness by chance is likely
 */
export function nearestName(unknown: string, names: Iterable<string>, most = Number.POSITIVE_INFINITY): string | null {
  let nearest: { name: string; distance: number } | null = null;
  for (const name of names) {
    const bound = Math.min(most, Math.max(1, Math.floor(name.length / 3)));
    // Names that differ more in length than that cannot be near.
    if (Math.abs(name.length - unknown.length) > bound) continue;
    const distance = distanceOf(unknown.toLowerCase(), name.toLowerCase());
    if (distance > bound || distance >= name.length) continue;
    if (nearest === null || distance < nearest.distance) nearest = { name, distance };
  }
  return nearest?.name ?? null;
}

/** The known name that was probably meant: another word for the same, also one with a slip in it, or the nearest one; null where none is likely. */
export function meantName(unknown: string, names: readonly string[]): string | null {
  const known = otherWord(unknown, names) ?? nearestName(unknown, names);
  if (known !== null) return known;
  const word = nearestName(unknown, wordsFor(names, LEAST_LETTERS), 1);
  return word === null ? null : otherWord(word, names);
}

/**
 * What was expected in place of an unknown name: `one of the streams a, b (did you mean a?)`, or `one of the streams that take pushes: a, b`.
 * Long lists are cut; the nearest name is told all the same.
 * @param what names the kind of name, in the plural
 */
export function knownName(unknown: string, names: readonly string[], what = 'known names'): string {
  if (names.length === 0)
    return what === 'known names' ? 'no name at all' : `one of the ${what}, of which there are none`;
  const shown = names.slice(0, MOST_NAMED).join(', ');
  const more = names.length > MOST_NAMED ? `, … (${names.length} in all)` : '';
  const near = meantName(unknown, names);
  // Where the kind of name has words behind its noun, the first name would read on from them.
  const colon = / (?:of|that|with) /.test(what) ? ':' : '';
  return `one of the ${what}${colon} ${shown}${more}${near === null ? '' : ` (did you mean ${near}?)`}`;
}

/** What was expected in place of an unknown name of which there may be very many: `the name of a tool (did you mean read_latest?)`. */
export function listedName(unknown: string, names: readonly string[], expected: string): string {
  const near = meantName(unknown, names);
  return near === null ? expected : `${expected} (did you mean ${near}?)`;
}

export interface MisspeltVariable {
  /** As it is set. */
  name: string;
  /** The variable that was probably meant. */
  meant: string;
}

/**
 * Names of the environment that are set, that nobody reads, and that are one letter away from a variable that is read and is not set. Where that
 * one is set too, the other is left alone: `MQTT_URL1` beside `MQTT_URL` is somebody's own.
 * An environment holds the variables of many programs: this is a doubt that is told, and no mistake.
 * @param read every name that is read
 */
export function misspeltVariables(set: readonly string[], read: readonly string[]): MisspeltVariable[] {
  const missing = read.filter((name) => !set.includes(name));
  return set.flatMap((name) => {
    const meant = read.includes(name) ? null : nearestName(name, missing, 1);
    return meant === null ? [] : [{ name, meant }];
  });
}

/** `STROE is set, and nothing reads it: did you mean STORE?` */
export function misspeltText({ name, meant }: MisspeltVariable): string {
  return `${name} is set, and nothing reads it: did you mean ${meant}?`;
}

/** How many letters have to be put in, left out, replaced, or swapped with their neighbour (optimal string alignment). */
function distanceOf(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
