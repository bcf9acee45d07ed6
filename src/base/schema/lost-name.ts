/**
 * Finds a member `__proto__` that a schema would drop. Zod leaves it out of records and of objects that take further members, and
 * says nothing: a filter would become one that all pass, and data would be stored without it. Pure.
 */

const NAME = '__proto__';
export const KEPT_NAME = `another name than ${NAME}, which would be lost`;

/** Where the first such member is that `made` has not at the same place; null where there is none. It makes no list: all data pass it. */
export function lostName(given: unknown, made: unknown): string[] | null {
  if (typeof given !== 'object' || given === null) return null;
  const kept = typeof made === 'object' && made !== null ? (made as Record<string, unknown>) : {};
  if (Object.hasOwn(given, NAME) && !Object.hasOwn(kept, NAME)) return [NAME];
  for (const name in given) {
    const inner = (given as Record<string, unknown>)[name];
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(given, name)) continue;
    const below = lostName(inner, Object.hasOwn(kept, name) ? kept[name] : null);
    if (below !== null) return [name, ...below];
  }
  return null;
}
