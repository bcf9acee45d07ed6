/** The body of a push: read, and taken apart into events. */
import { isDeep, type Json, utf8Bytes } from '../base/json.ts';
import { TidegateError } from '../base/errors.ts';
import { readSourceJson } from '../base/source-json.ts';
import { bareType, jsonFormOf } from '../net/media-type.ts';
import type { Bodies, BodyFault } from './bodies/bodies.ts';
import { isEncoded } from './bodies/message-body.ts';
import { type Edge, overloaded } from './edge.ts';

/**
 * Largest body. Many small events may still be too much for one commit once each is stored with an id, a key and a
 * trace; the answer says so.
 */
export const PUSH_BYTES = 256 * 1_024;
const PUSH_EVENTS = 1_000;
const REASON_CHARACTERS = 160;
const BEGINNING_BYTES = 1_024;
const FORM = 'application/x-www-form-urlencoded';

/** A pushed event, and where it stands in the body. */
export interface PushedItem {
  data: Json;
  place: string;
}

/** The body of a push whose signature is valid. */
export interface SignedBody {
  bytes: Uint8Array;
  /** Whether it may be a form in place of JSON. */
  takesForms: boolean;
  /** By what the push counts once; a part of what is signed, whatever the headers say. */
  key: string;
  /** Digest of the body, where a body of its own is due to each key; null where senders change the body of a delivery. */
  fingerprint: string | null;
}

/**
 * @param signed the body of a push that is signed, which was read before
 * @returns the events, and the bytes of the body
 * @throws TidegateError `invalid_input` with the field, `too_large`, `overloaded`
 */
export async function readItems(
  request: Request,
  bodies: Bodies,
  { body: source, work }: Edge,
  signed: SignedBody | null,
): Promise<{ items: PushedItem[]; bytes: number }> {
  const type = bareType(request.headers.get('content-type'));
  const form = signed?.takesForms && type === FORM ? formOf(signed) : jsonFormOf(type);
  if (form === null)
    throw wrong('Content-Type', 'application/json or application/x-ndjson (curl: -H "Content-Type: application/json")');
  if (isEncoded(request.headers)) throw wrong('Content-Encoding', 'a body that is sent as it is');
  const body = signed ? textOf(signed.bytes) : await bodies.read(request, PUSH_BYTES, source);
  if (!body.ok) throw unreadBody(body);
  const { text } = body;
  await work?.turn(text.length);
  const items = itemsIn(text, form);
  if (items.length === 0 || items.length > PUSH_EVENTS) throw wrong('body', `1 to ${PUSH_EVENTS} events`);
  return { items, bytes: utf8Bytes(text) };
}

/** `Content-Type` is not signed: what is JSON is not read as a form, whatever that says. */
function formOf({ bytes }: SignedBody): 'form' | 'json' {
  return /^[\uFEFF\s]*[[{]/.test(new TextDecoder().decode(bytes.subarray(0, BEGINNING_BYTES))) ? 'json' : 'form';
}

export function unreadBody({ fault, expected }: Pick<BodyFault, 'fault' | 'expected'>): TidegateError {
  if (fault === 'text') return wrong('body', 'a whole body in UTF-8');
  if (fault === 'room') return overloaded();
  if (fault === 'time') return wrong('body', expected);
  return new TidegateError('too_large', 'The push is too large', {
    field: 'body',
    expected: `at most ${PUSH_BYTES} bytes`,
    hint: 'send it in parts',
  });
}

function textOf(bytes: Uint8Array): { ok: true; text: string } | Pick<BodyFault, 'ok' | 'fault' | 'expected'> {
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { ok: false, fault: 'text', expected: '' };
  }
}

function itemsIn(text: string, form: 'form' | NonNullable<ReturnType<typeof jsonFormOf>>): PushedItem[] {
  if (form === 'lines') return linesOf(text);
  return form === 'form' ? fieldsOf(text) : eventsIn(parse(text, 'body'));
}

/** A form has one event: the JSON in its field `payload`, or its fields as texts. */
function fieldsOf(text: string): PushedItem[] {
  const fields = new URLSearchParams(text);
  const payload = fields.get('payload');
  return payload === null
    ? [{ data: Object.fromEntries(fields), place: 'body' }]
    : [{ data: parse(payload, 'payload'), place: 'payload' }];
}

function eventsIn(body: Json): PushedItem[] {
  if (!Array.isArray(body)) return [{ data: body, place: 'body' }];
  return body.map((data, index) => ({ data, place: `body[${index}]` }));
}

function linesOf(text: string): PushedItem[] {
  // A sequence (RFC 7464) has a separator of its own, and its values may take several lines.
  return text.split(text.startsWith('\u001E') ? '\u001E' : '\n').flatMap((line, index) => {
    const place = `line ${index + 1}`;
    return line.trim() === '' ? [] : [{ data: parse(line, place), place }];
  });
}

function parse(text: string, field: string): Json {
  let value: Json;
  try {
    value = readSourceJson(text) as Json;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message.slice(0, REASON_CHARACTERS) : '';
    throw wrong(field, 'a whole JSON text', reason);
  }
  if (isDeep(value)) throw wrong(field, 'JSON that is not nested that deep');
  return value;
}

/** @param found what was found instead; empty: there is nothing to say */
export function wrong(field: string, expected: string, found = ''): TidegateError {
  const message = `${field}: expected ${expected}${found === '' ? '' : `, found: ${found}`}`;
  return new TidegateError('invalid_input', message, { field, expected });
}
