/**
 * Reads the parameters of a request. A parameter that is missing or of another type throws `invalid_input` naming it.
 */
import { TidegateError } from '../../base/errors.ts';

export type Params = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function cursorOf({ cursor }: Params): string | undefined {
  if (cursor === undefined || typeof cursor === 'string') return cursor;
  throw wrongParameter('cursor', 'a text');
}

/** @param path of the object that `params` are, with a dot at its end; default: the parameters themselves */
export function textOf(params: Params, name: string, path = ''): string {
  const value = params[name];
  if (typeof value === 'string') return value;
  throw wrongParameter(`${path}${name}`, 'a text');
}

export function objectOf(params: Params, name: string): Params {
  const value = params[name];
  if (isObject(value)) return value;
  throw wrongParameter(name, 'an object');
}

export function wrongParameter(name: string, expected: string): TidegateError {
  const field = `params.${name}`;
  return new TidegateError('invalid_input', `${field} is missing or wrong`, { field, expected });
}
