/** Reads what the methods of events are asked for: which event, with which arguments, from where on, how much. Pure. */
import type { Cursor } from '../../store/store.ts';
import { decodeTailCursor } from '../../streams/log/tail-cursor.ts';
import { type EventSource, findSource, type Selection } from '../../streams/sources/sources.ts';
import { type Params, textOf, wrongParameter } from '../wire/params.ts';

const MOST_POLLED_EVENTS = 1_000;
const DEFAULT_EVENTS = 100;

/** @throws TidegateError `not_found` for an event that the caller does not have; `invalid_input` naming the argument */
export function selectionIn(sources: ReadonlyMap<string, EventSource>, params: Params): Selection {
  return findSource(sources, textOf(params, 'name')).select(params['arguments']);
}

/** Where to go on: `after` is null before the first event that there ever will be. Null: no cursor was given, so from now on. */
export function positionIn({ source }: Selection, { cursor }: Params): { after: Cursor | null } | null {
  if (cursor === undefined || cursor === null) return null;
  if (typeof cursor !== 'string') throw wrongParameter('cursor', 'a cursor of this event, or null');
  return { after: decodeTailCursor(source.stream.name, cursor) };
}

/** Nothing older is wanted, epoch ms; null: however old. */
export function notBeforeIn({ maxAgeMs }: Params, now: number): number | null {
  if (maxAgeMs === undefined || maxAgeMs === null) return null;
  if (!isWhole(maxAgeMs)) throw wrongParameter('maxAgeMs', 'ms, a whole number, 0 or more');
  return now - maxAgeMs;
}

/** A greater number than there can be is taken for the greatest, because it is a cap. */
export function mostIn({ maxEvents }: Params): number {
  if (maxEvents === undefined || maxEvents === null) return DEFAULT_EVENTS;
  if (!isWhole(maxEvents) || maxEvents < 1) throw wrongParameter('maxEvents', 'a whole number, 1 or more');
  return Math.min(maxEvents, MOST_POLLED_EVENTS);
}

export function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
