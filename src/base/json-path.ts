/** Paths into JSON such as `data.items` or `pages.0.next`: names and array places with dots between them. Pure; no wildcards. */

/** A path is empty (the value itself) or has no empty part. */
export function isPath(path: string): boolean {
  return path === '' || path.split('.').every((part) => part !== '');
}

/** The value at `path`; undefined where there is none. */
export function readPath(value: unknown, path: string): unknown {
  if (path === '') return value;
  let at: unknown = value;
  for (const part of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<string, unknown>)[part];
  }
  return at;
}

/** What a value is and what can be reached in it, in words for an error; shows names, never values. */
export function describeShape(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : `a ${typeof value}`;
  const names = Object.keys(value);
  const shown = names.slice(0, 10).join(', ');
  return names.length === 0 ? 'an empty object' : `an object with ${shown}${names.length > 10 ? ', …' : ''}`;
}
