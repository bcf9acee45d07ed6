/**
 * Fields of an event's data by their path, such as `celsius` or `motor.temp`: how histories, conditions and tools name
 * them. A path goes through objects, not into lists; a name that has a dot in itself cannot be named.
 */
import type { Json } from './json.ts';

/** Paths of the fields of `Data` that hold a `Value`, perhaps among others; any text where the data's type is not known. */
export type FieldPath<Data, Value = unknown> = Json extends Data
  ? string
  : unknown extends Data
    ? string
    : PathIn<Data, Value, [1, 1, 1]>;

/** `Deeper` is as long as levels are left: types of their own kind would have no end. */
type PathIn<Data, Value, Deeper extends readonly unknown[]> = Data extends readonly unknown[]
  ? never
  : Data extends object
    ? {
        [Name in Extract<keyof Data, string>]-?:
          | (Value extends unknown ? (Extract<Data[Name], Value> extends never ? never : Name) : never)
          | (Deeper extends readonly [unknown, ...infer Rest] ? `${Name}.${PathIn<Data[Name], Value, Rest>}` : never);
      }[Extract<keyof Data, string>]
    : never;

/** What stands at a path, where it is there. */
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

/** Greater numbers are none, so that sums and differences do not overflow into what JSON cannot say. */
const GREATEST = 1e300;

/** The longest path that is taken from outside. */
export const PATH_CHARACTERS = 200;

/** Null where there is no such field, as where it holds null. */
export function valueAt(data: Json, path: readonly string[]): Json {
  return found(data, path) ?? null;
}

/** Whether there is such a field; one that holds null is there. */
export function hasValueAt(data: Json, path: readonly string[]): boolean {
  return found(data, path) !== undefined;
}

/** Null for whatever is no number. */
export function numberAt(data: Json, path: readonly string[]): number | null {
  const value = found(data, path);
  return typeof value === 'number' && Math.abs(value) <= GREATEST ? value : null;
}

/** The names that a path consists of; none for the data themselves. */
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
