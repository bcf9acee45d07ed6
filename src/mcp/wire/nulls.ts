/**
 * Members of the protocol that are null count as absent, because many serialisers write every member: `params`, `cursor`,
 * `arguments`, what `_meta` holds, and all that a client says of itself. What stands inside of arguments and answers is
 * left as it is; their own schemas judge it. Pure.
 */
import { isObject, type Params } from './params.ts';

/** What a client says of itself, by its key in `_meta`. */
const OF_CLIENT = ['io.modelcontextprotocol/clientCapabilities', 'io.modelcontextprotocol/clientInfo'];

/** By method: `ttlMs: null` asks for a subscription that does not end. */
const MEANT: Readonly<Record<string, string>> = { 'events/subscribe': 'ttlMs' };

/** The same message, or each of a batch. A message without such members is answered as it is. */
export function withoutNulls(body: unknown): unknown {
  if (Array.isArray(body)) return body.map(withoutNulls);
  if (!isObject(body) || typeof body['method'] !== 'string' || body['params'] === undefined) return body;
  const { params } = body;
  if (params === null) return withoutParams(body);
  if (!isObject(params)) return body;
  const kept =
    body['method'] === 'initialize' ? withoutAnyNull(params) : withoutOwnNulls(params, MEANT[body['method']]);
  const meta = kept['_meta'];
  const told = isObject(meta) ? withoutMetaNulls(meta) : meta;
  if (kept === params && told === meta) return body;
  return { ...body, params: told === meta ? kept : { ...kept, _meta: told } };
}

function withoutParams({ params: _none, ...rest }: Params): Params {
  return rest;
}

function withoutMetaNulls(meta: Params): Params {
  let kept = withoutOwnNulls(meta);
  for (const key of OF_CLIENT) {
    const said = kept[key];
    const clean = isObject(said) ? withoutAnyNull(said) : said;
    if (clean !== said) kept = { ...kept, [key]: clean };
  }
  return kept;
}

/** @param meant the one whose null says something else than its absence */
function withoutOwnNulls(members: Params, meant?: string): Params {
  for (const name in members) {
    if (members[name] !== null || name === meant) continue;
    return Object.fromEntries(Object.entries(members).filter(([key, value]) => value !== null || key === meant));
  }
  return members;
}

/** Nesting is bounded where the message was read. */
function withoutAnyNull(members: Params): Params {
  if (!hasNull(members)) return members;
  const kept = Object.entries(members).flatMap(([name, value]) =>
    value === null ? [] : [[name, isObject(value) ? withoutAnyNull(value) : value] as const],
  );
  return Object.fromEntries(kept);
}

/** Looks before anything is copied: nearly no message has one. */
function hasNull(members: Params): boolean {
  for (const name in members) {
    const value = members[name];
    if (value === null || (isObject(value) && hasNull(value))) return true;
  }
  return false;
}
