/** What a client of 2025-11-25 or before can be asked, in the form in which clients of today declare it. Pure. */
import type { JsonObject } from '../../base/json.ts';
import { isObject } from '../wire/params.ts';

/** Capabilities by which a client can be asked. Extensions are of later revisions. */
const ASKABLE = ['elicitation', 'sampling', 'roots'];

/** Of what a client declared: that by which it can be asked. Null: nothing. */
export function askableIn(declared: unknown): JsonObject | null {
  const askable = Object.entries(isObject(declared) ? declared : {}).filter(
    ([name, value]) => ASKABLE.includes(name) && value !== undefined,
  );
  return askable.length === 0 ? null : (Object.fromEntries(askable) as JsonObject);
}

/** The same of what a session keeps: for each capability the ways that the client declared. */
export function askableOf(ways: Readonly<Record<string, readonly string[]>>): JsonObject | null {
  return askableIn(
    Object.fromEntries(
      Object.entries(ways).map(([name, how]) => [name, Object.fromEntries(how.map((way) => [way, {}]))]),
    ),
  );
}
