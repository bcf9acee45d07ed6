/** What a client of 2025-11-25 or before can be asked, in the form in which clients of today declare it. Pure. */
import type { JsonObject } from '../../base/json.ts';
import { MODES_SINCE } from '../wire/older-questions.ts';
import { isObject } from '../wire/params.ts';
import type { SessionFacts } from '../sessions/token.ts';

/** Capabilities by which a client can be asked. Extensions are of later revisions. */
const ASKABLE = ['elicitation', 'sampling', 'roots'];

/**
 * Of what a client declared: that by which it can be asked. Null: nothing. What its revision has no messages for is left out, such as
 * pages before 2025-11-25.
 */
export function askableIn(declared: unknown, version: string): JsonObject | null {
  const askable = Object.entries(isObject(declared) ? declared : {}).flatMap(([name, value]) =>
    ASKABLE.includes(name) && value !== undefined ? [[name, waysIn(name, value, version)] as const] : [],
  );
  return askable.length === 0 ? null : (Object.fromEntries(askable) as JsonObject);
}

function waysIn(name: string, declared: unknown, version: string): unknown {
  if (version >= MODES_SINCE || !isObject(declared)) return declared;
  if (name === 'elicitation') return {};
  const { tools: _, ...others } = declared;
  return others;
}

/** The same of what a session keeps: for each capability the ways that the client declared. */
export function askableOf({ askable, version }: Pick<SessionFacts, 'askable' | 'version'>): JsonObject | null {
  const ways = Object.entries(askable).map(([name, how]) => [name, Object.fromEntries(how.map((way) => [way, {}]))]);
  return askableIn(Object.fromEntries(ways), version);
}
