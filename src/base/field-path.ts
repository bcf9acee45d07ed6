/**
 * Paths of fields in an event's data, such as `celsius` or `motor.temp`. Histories, conditions and tools name fields by
 * them. A path goes through objects and not into lists. It cannot name a field whose own name has a dot.
 */
import type { Json } from './json.ts';

/** The paths of the fields of `Data` that may hold a `Value`; any text where the data's type is not known. */
export type FieldPath<Data, Value = unknown> = Json extends Data
  ? string
  : unknown extends Data
    ? string
    : PathIn<Data, Value, [1, 1, 1]>;

/**
 * `Deeper` has one item for each level that may still be entered; without it a type that contains itself would never
 * end.
 */
type PathIn<Data, Value, Deeper extends readonly unknown[]> = Data extends readonly unknown[]
  ? never
  : Data extends object
    ? {
        [Name in Extract<keyof Data, string>]-?:
          | (Value extends unknown ? (Extract<Data[Name], Value> extends never ? never : Name) : never)
          | (Deeper extends readonly [unknown, ...infer Rest] ? `${Name}.${PathIn<Data[Name], Value, Rest>}` : never);
      }[Extract<keyof Data, string>]
    : never;

/** The type of the value at a path, where there is one. */
export type ValueAt<Data, Path extends string> = Json extends Data
  ? Json
  : Data extends object
    ? Path extends keyof Data
      ? Exclude<Data[Path], undefined>
      : Path extends `${infer Name}.${infer Rest}`
        ? Name extends keyof Data
          ? ValueAt<Data[Name], Rest>
          : never
        : never
    : never;

/** The longest path that is taken from outside. */
export const PATH_CHARACTERS = 200;

/** The value at a path; null where there is no such field, and where it holds null. */
export function valueAt(data: Json, path: readonly string[]): Json {
  return found(data, path) ?? null;
}

/** Whether there is such a field; one that holds null is there. */
export function hasValueAt(data: Json, path: readonly string[]): boolean {
  return found(data, path) !== undefined;
}

/** The number at a path; null where there is none. */
export function numberAt(data: Json, path: readonly string[]): number | null {
  const value = found(data, path);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** The nearest number that JSON can hold: sums and differences of great numbers overflow to infinity. */
export function boundedNumber(value: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
}

/** The names in a path, in their order. No path means the data as a whole, and has no names. */
export function pathOf(field: string | null | undefined): readonly string[] {
  return field === null || field === undefined ? [] : field.split('.');
}

function found(data: Json, path: readonly string[]): Json | undefined {
  let at: Json | undefined = data;
  for (const name of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, name)) return undefined;
    at = at[name];
  }
  return at;
}
