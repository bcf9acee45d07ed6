/** Says which name was probably meant by an option that nobody knows. Pure. */

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
