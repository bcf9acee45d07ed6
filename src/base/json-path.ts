/**
 * Paths into JSON such as `data.items` or `pages.0.next`: names and array indexes with dots between them. Pure; no
 * wildcards.
 */

/** Whether a text is a path: it is empty, which means the value itself, or it has no empty name. */
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

/**
 * Describes a value for an error: its type, and the names that can be reached in it. It shows names and never values.
 */
export function describeShape(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value === undefined) return 'nothing';
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : `a ${typeof value}`;
  const names = Object.keys(value);
  const shown = names.slice(0, 10).join(', ');
  return names.length === 0 ? 'an empty object' : `an object with ${shown}${names.length > 10 ? ', …' : ''}`;
}
