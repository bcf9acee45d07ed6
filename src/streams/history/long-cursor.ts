/**
 * The cursors of reads of the past that earlier releases made: they hold the whole question, so that a caller gives them
 * with the stream alone. An argument beside such a cursor that contradicts it is refused. A read that began with one goes on
 * with such. Pure.
 */
import * as z from 'zod';
import type { Json } from '../../base/json.ts';
import { whereSchema } from '../../declare/check/condition-schema.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { beforeNow } from '../../base/time/time-text.ts';
import { decodeLongCursor, encodeLongCursor } from '../log/stream-cursor.ts';
import {
  badCursor,
  isOver,
  MOST_KEYS,
  type Positions,
  type Range,
  type RangeEnd,
  type RangeQuery,
  resolveRange,
  type Rest,
} from '../ranges/range.ts';

/** How long before now a bound was given to be, ms; null where it was not given, or not relative to now. */
export type Before = Record<'from' | 'to', number | null>;

const Held = z.tuple([
  z.string(),
  z.number().nullable(),
  z.number().nullable(),
  z.object({ from: z.number().nullable(), to: z.number().nullable() }),
  z.array(z.string()).max(MOST_KEYS).nullable(),
  whereSchema.nullable(),
  z.custom<Json>(),
  z.string(),
]);
/** A position by itself, or the positions of several streams as JSON. */
const Several = z.array(z.string().nullable());

/** Errors as `openRange`. */
export function openHeld(
  stream: DeclaredStream,
  kind: string,
  query: RangeQuery,
  cursor: string,
  now: number,
): { range: Range; before: Before; rest: Rest; positions: Positions } {
  const asked = resolveRange(stream, query, now);
  const told: Before = { from: beforeNow(query.from), to: beforeNow(query.to) };
  const held = Held.safeParse(heldBy(stream, cursor));
  if (!held.success || held.data[0] !== kind) throw badCursor('it is a cursor of another kind of read');
  const [, from, to, before, keys, where, rest, position] = held.data;
  const stands = { from, to };
  for (const bound of ['from', 'to'] as const) {
    // A time relative to now has moved since the first page, so the durations are compared.
    const same = told[bound] === null ? asked[bound] === stands[bound] : told[bound] === before[bound];
    if (query[bound] !== undefined && !same) throw badCursor(`it goes with another \`${bound}\``);
  }
  if (asked.keys !== null && JSON.stringify(asked.keys) !== JSON.stringify(keys)) {
    throw badCursor('it goes with another `keys`');
  }
  if (query.where !== undefined && JSON.stringify(asked.where) !== JSON.stringify(where)) {
    throw badCursor('it goes with another `where`');
  }
  const several = Several.safeParse(jsonOf(position));
  return { range: { ...stands, keys, where }, before, rest, positions: several.success ? several.data : [position] };
}

/** The kind of reader that made a cursor; null where the cursor does not say. */
export function heldKind(stream: DeclaredStream, cursor: string): string | null {
  const held = heldBy(stream, cursor);
  return Array.isArray(held) && typeof held[0] === 'string' ? held[0] : null;
}

export function encodeHeld(stream: string, kind: string, before: Before, end: RangeEnd): string | null {
  if (isOver(end)) return null;
  const { positions, range, rest } = end;
  const { from, to, keys, where } = range;
  const position = kind === 'history' ? positions[0] : JSON.stringify(positions);
  return encodeLongCursor(stream, JSON.stringify([kind, from, to, before, keys, where, rest, position]));
}

function heldBy(stream: DeclaredStream, cursor: string): unknown {
  return jsonOf(decodeLongCursor(stream.name, cursor));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
