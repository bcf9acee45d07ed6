/**
 * Turns raw data into events as a log holds them: validated by the stream's schema, with an id, a time and a key. Pure, but for `logThrown`.
 * For data that do not fit it returns the field and what was expected; it never throws. It neither writes nor
 * de-duplicates (see `append.ts`).
 */
import type * as z from 'zod';
import { causeText } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { type ParsedAsAsked, parseAsAsked } from '../../base/schema/as-asked.ts';
import { describeIssues, UNWORDED } from '../../base/schema/issue-words.ts';
import type { EventMeta, LoggedEvent } from '../../base/event.ts';
import { LATEST_MS } from '../../base/time/iso-8601.ts';
import { hasNonFinite, isDeep, type Json, MOST_DEPTH, utf8Bytes } from '../../base/json.ts';
import type { ReadTime } from '../../base/time/source-time.ts';
import { isoTime } from '../../base/time/time-text.ts';

export const KEY_BYTES = 256;
export const EVENT_ID_BYTES = 256;
export const META_BYTES = 2 * 1024;
const DATA = 'data';
const FINITE = 'numbers that are finite, and none beyond those that a double holds (1.8e308)';
/**
 * Most bytes of an event as JSON. It is below the store's entry limit, since a feed's record goes into the same commit.
 */
export const EVENT_BYTES = 256 * 1024;

/** Data that are not validated yet, with what their transport knows of them. */
export interface RawEvent {
  data: unknown;
  /**
   * Overrides the key that the stream takes from the data. Ignored where neither the stream nor its route declares a
   * key.
   */
  key?: string;
  /** The id that the transport gives. Ignored where the stream declares one. */
  id?: string;
  /** Epoch ms; used where the stream declares no time. */
  time?: number;
  /** With `gap` the event is a gap: its data become null and are not validated. */
  meta?: EventMeta;
}

interface Rejection {
  reason: 'schema' | 'key' | 'id' | 'revision' | 'time' | 'meta' | 'too_large';
  /** Path of the wrong field, such as `data.magnitude`. */
  field: string;
  expected: string;
}

type Validated =
  | {
      ok: true;
      event: LoggedEvent;
      /** Size of its JSON in UTF-8. */
      bytes: number;
      /** Its time had no zone, and none is declared: it was read as UTC. */
      zoneless: boolean;
    }
  | ({ ok: false } & Refusal);

interface Refusal extends Rejection {
  /** A line for each wrong field. */
  text: string;
  /** What a function of the app threw. It may hold secrets: it is for the log, and for no client. */
  thrown?: unknown;
}

interface AppendContext {
  /** Epoch ms: the time of events that bring no time. */
  receivedAt: number;
  /** Epoch ms: the clock that no event may be far ahead of. Default: `receivedAt`. */
  now?: number;
  /**
   * Makes an id for an event that brings none. It is made before the commit, so that a retry appends the same event.
   */
  newId(): string;
  /** What stands before the names of fields of the data. Default: `data`. */
  place?: string;
}

/** Logs what a function of the app threw, where that is why an event was refused. */
export function logThrown({ log }: Pick<Runtime, 'log'>, { name }: DeclaredStream, { thrown, field }: Refusal): void {
  if (thrown === undefined) return;
  log('error', 'a function of a stream broke', { stream: name, field, cause: causeText(thrown) });
}

export function validateEvent(stream: DeclaredStream, raw: RawEvent, context: AppendContext): Validated {
  if (raw.meta?.gap) return finish(stream, raw, { data: null, exact: null }, context);
  const parsed = parse(stream.schema, raw.data, context.place ?? DATA);
  return parsed.ok ? finish(stream, raw, parsed, context) : parsed;
}

/** Makes the ids `<prefix>.0`, `<prefix>.1`, …, so that one random id serves a whole burst. */
export function idsFrom(prefix: string): () => string {
  let next = 0;
  return () => `${prefix}.${(next++).toString(36)}`;
}

interface Parsed {
  data: Json;
  /** The data with the digits of long numbers, of which ids and keys are made. */
  exact: Json;
}

const LOGGED = 'something, which the log has';

/** By its words: the schema may be of another copy of zod, and naming the class would put all of zod into each bundle. */
const ASYNC = /during synchronous parse/;

function parse(schema: z.ZodType, data: unknown, place: string): ({ ok: true } & Parsed) | ({ ok: false } & Refusal) {
  let parsed: ParsedAsAsked;
  try {
    parsed = parseAsAsked(schema, data, UNWORDED);
  } catch (error) {
    if (ASYNC.test(messageOf(error)))
      return reject('schema', place, 'a stream whose schema has no async .refine() and no async .transform()');
    return { ...reject('schema', place, `JSON that the schema can judge: it threw ${LOGGED}`), thrown: error };
  }
  if (parsed.success) return { ok: true, data: parsed.data as Json, exact: parsed.exact as Json };
  const { field, why, text } = describeIssues(schema, data, parsed.error, place);
  return { ok: false, reason: 'schema', field, expected: why, text };
}

function finish(stream: DeclaredStream, raw: RawEvent, { data, exact }: Parsed, context: AppendContext): Validated {
  const isGap = raw.meta?.gap !== undefined;
  const keyDeclared = stream.declaration.options.key !== undefined;
  const revisionDeclared = stream.declaration.options.revision !== undefined;
  const { place = DATA } = context;
  let picked: Part = 'key';
  try {
    const key = (stream.keyed ? raw.key : null) ?? (isGap ? null : stream.key(exact));
    if (key === null ? keyDeclared && !isGap : !fits(key, KEY_BYTES)) {
      return reject('key', pickedFrom(stream, 'key', place), `a text or a number, 1 to ${KEY_BYTES} bytes`);
    }
    picked = 'id';
    const idDeclared = stream.declaration.options.id !== undefined;
    const id = idDeclared && !isGap ? stream.id(exact) : (raw.id ?? context.newId());
    if (id === null || !fits(id, EVENT_ID_BYTES)) {
      return reject('id', pickedFrom(stream, 'id', place), `a text or a number, 1 to ${EVENT_ID_BYTES} bytes`);
    }
    picked = 'revision';
    const revision = revisionDeclared && !isGap ? stream.revision(exact) : null;
    if (revision !== null && !fits(revision, EVENT_ID_BYTES)) {
      return reject(
        'revision',
        pickedFrom(stream, 'revision', place),
        `a text or a number, 1 to ${EVENT_ID_BYTES} bytes`,
      );
    }
    picked = 'time';
    const read = (isGap ? null : stream.time(data)) ?? receivedTime(raw.time ?? context.receivedAt);
    if (!read.ok) return reject('time', pickedFrom(stream, 'time', place), read.expected);
    const ahead = isGap ? null : aheadOf(stream, read, context.now ?? context.receivedAt);
    if (ahead !== null) return reject('time', pickedFrom(stream, 'time', place), ahead);
    const event: Record<string, unknown> = { id };
    if (revision !== null) event['revision'] = revision;
    if (key !== null) event['key'] = key;
    event['time'] = read.time;
    event['data'] = data;
    if (raw.meta !== undefined) {
      if (utf8Bytes(JSON.stringify(raw.meta)) > META_BYTES) {
        return reject('meta', 'meta', `at most ${META_BYTES} bytes of JSON`);
      }
      event['meta'] = raw.meta;
    }
    const text = JSON.stringify(event);
    // JSON writes a number that is not finite as null.
    if (text.includes('null') && hasNonFinite(data)) return reject('schema', place, FINITE);
    // A schema that makes texts of all has made one of a number beyond every double.
    if (text.includes('Infinity') && hasNonFinite(raw.data)) return reject('schema', place, FINITE);
    const bytes = utf8Bytes(text);
    if (bytes > EVENT_BYTES) return reject('too_large', place, `at most ${EVENT_BYTES} bytes of JSON`);
    // A shorter text cannot be nested more deeply than this.
    if (bytes > MOST_DEPTH && isDeep(data)) return reject('schema', place, `at most ${MOST_DEPTH} levels of JSON`);
    return { ok: true, event: event as LoggedEvent, bytes, zoneless: read.zoneless };
  } catch (error) {
    // A declared function of the data threw, or the data hold what JSON cannot (a bigint, a cycle).
    const isPicker = typeof pickerOf(stream, picked) === 'function';
    if (!isPicker) return reject('schema', place, `JSON that the stream can read (thrown: ${messageOf(error)})`);
    const expected = `JSON that the stream's functions can read, as ${picked}: one threw ${LOGGED}`;
    return { ...reject('schema', place, expected), thrown: error };
  }
}

type Part = 'key' | 'id' | 'revision' | 'time';

function pickerOf({ declaration }: DeclaredStream, part: Part): unknown {
  const declared = declaration.options[part];
  return typeof declared === 'object' ? declared.field : declared;
}

/** The field of the data that a part of the event is taken from; the part itself where a function or a feed gives it. */
function pickedFrom(stream: DeclaredStream, part: Part, place: string): string {
  const picker = pickerOf(stream, part);
  if (typeof picker === 'string') return `${place}.${picker}`;
  return place === DATA ? part : `${part} of ${place}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The time that a transport or the clock gave, epoch ms. */
function receivedTime(time: number): ReadTime {
  return Math.abs(time) <= LATEST_MS
    ? { ok: true, time: Math.trunc(time), ns: 0, zoneless: false }
    : { ok: false, expected: 'a time in epoch milliseconds' };
}

/** What an event that lies too far ahead of the clock should have been; null where it does not. */
function aheadOf(
  { aheadMs }: DeclaredStream,
  { time, zoneless }: { time: number; zoneless: boolean },
  now: number,
): string | null {
  if (time <= now + aheadMs) return null;
  const fix = zoneless
    ? 'declare its zone, or a greater aheadMs'
    : "mend the source's clock, or declare a greater aheadMs";
  return `at most ${aheadMs} ms (aheadMs) ahead of the clock, which shows ${isoTime(now)}, not ${isoTime(time)}: ${fix}`;
}

function fits(text: string, most: number): boolean {
  // A UTF-16 unit takes at most three bytes in UTF-8, so a short text need not be encoded to be measured.
  return text !== '' && (text.length * 3 <= most || utf8Bytes(text) <= most) && text.isWellFormed();
}

function reject(reason: Rejection['reason'], field: string, expected: string): { ok: false } & Refusal {
  return { ok: false, reason, field, expected, text: `${field}: expected ${expected}` };
}
