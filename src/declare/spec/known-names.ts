/** Names that nobody knows: a misspelt option is a mistake, not something to pass over in silence. Pure. */
import type { Problem } from '../problem.ts';

/** Every name of an options type, so that one that is added there is missed here by the compiler. */
export type KnownNames<Options> = { readonly [Name in keyof Required<Options>]: true };

/**
 * A problem for each key of `options` that is not known; none where `options` is no object.
 * @param path of `options` itself, below the declaration; default: none.
 */
export function unknownKeys(options: unknown, known: Readonly<Record<string, unknown>>, path = ''): Problem[] {
  if (typeof options !== 'object' || options === null) return [];
  const names = Object.keys(known);
  return Object.keys(options)
    .filter((key) => !names.includes(key))
    .map((key) => ({ path: path === '' ? key : `${path}.${key}`, expected: knownName(key, names) }));
}

/** `one of the known names a, b`, and which of them was probably meant. */
export function knownName(unknown: string, names: readonly string[]): string {
  const near = names
    .map((name) => ({ name, distance: distanceOf(unknown.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(name.length / 3)))
    .toSorted((a, b) => a.distance - b.distance)[0];
  const known = names.length === 0 ? 'no name at all' : `one of the known names ${names.join(', ')}`;
  return near === undefined ? known : `${known} (did you mean ${near.name}?)`;
}

/** How many letters have to be put in, left out or replaced (Levenshtein). */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
