/**
 * Ids of events, by which a client says how far it has read a stream. An id says all that an instance needs to go on, so
 * that nothing is stored when a stream begins: which stream, the place in it, until when its request may be at work, and the
 * id of that request. A client can change what it says; that changes what it is answered itself, and nothing else, since
 * what is kept is looked for in its own session. Pure.
 */
import { fromBase64Url, toBase64Url } from '../../base/base64url.ts';

export interface EventId {
  stream: string;
  /** Its place in the stream. */
  place: string;
  /** Epoch ms by which the request has its response, or is lost, in whole seconds; of `STANDING`, when the event was written. */
  by: number;
  /** The request that the stream answers; null: none, or its id is too long to be told. */
  request: string | number | null;
}

/** Before all that is kept of a stream. */
export const BEGINNING = '0';
/** That of the response, behind which nothing comes. */
export const END = 'z';
/** The stream that belongs to no request. */
export const STANDING = 'get';

/** Longest id of a request that is told. */
const REQUEST_CHARACTERS = 64;
const PLACE_DIGITS = 9;
/** Of the year 5138; as ms it is of 1973. */
const LATEST_SECOND = 100_000_000_000;
const FORM = /^([\w-]{1,32})\.(0|z|[0-9a-y][0-9a-z]{8})\.([0-9a-z]{1,9})\.([\w-]*)$/;

/** The place of a number, in the order of numbers. */
export function placeOf(number: number): string {
  return number.toString(36).padStart(PLACE_DIGITS, '0');
}

export function placeNumber(place: string): number {
  return Number.parseInt(place, 36);
}

export function eventIdText({ stream, place, by, request }: EventId): string {
  const text = request === null ? '' : JSON.stringify(request);
  const shown = text.length > REQUEST_CHARACTERS ? '' : toBase64Url(new TextEncoder().encode(text));
  const time = stream === STANDING ? by : Math.ceil(by / 1_000);
  return `${stream}.${place}.${time.toString(36)}.${shown}`;
}

/** Null: it is none of these. */
export function readEventId(text: string): EventId | null {
  const [, stream, place, by, shown] = FORM.exec(text) ?? [];
  if (stream === undefined || place === undefined || by === undefined || shown === undefined) return null;
  const request = requestIn(shown);
  const time = Number.parseInt(by, 36);
  // Releases before this one wrote seconds for every stream.
  const isMs = stream === STANDING && time > LATEST_SECOND;
  return request === undefined ? null : { stream, place, by: isMs ? time : time * 1_000, request };
}

function requestIn(shown: string): string | number | null | undefined {
  if (shown === '') return null;
  const bytes = fromBase64Url(shown);
  if (bytes === null) return undefined;
  try {
    const id: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof id === 'string' || Number.isSafeInteger(id) ? (id as string | number) : undefined;
  } catch {
    return undefined;
  }
}
