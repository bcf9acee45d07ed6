/**
 * Decodes messages into values, and values into items. What cannot be read is handed over with the reason. Pure.
 */
import { toBase64 } from '../../base/base64url.ts';
import { readSourceJson } from '../../base/source-json.ts';
import { itemsAt, noItems } from '../kit/list-items.ts';
import { createNdjsonParser } from '../kit/ndjson.ts';
import { type Arrival, excerptOf } from './inbox.ts';
import type { WebSocketSettings } from './spec.ts';

/** The value of a message, or of a line of one. */
export interface Decoded {
  value: unknown;
  bytes: number;
  /** Epoch ms at which it came. */
  at: number;
  /** Why it could not be decoded; `value` is then how it begins. Null where it could. */
  invalid: { reason: string; expected: string; field?: string } | null;
  /** It is no item, and is handed on for its sequence alone. */
  ignored?: true;
}

type Reading = Pick<WebSocketSettings, 'payload' | 'maxMessageBytes'>;

export function decodeMessage(arrival: Arrival, { payload, maxMessageBytes }: Reading): Decoded[] {
  const { data, bytes, at } = arrival;
  const invalid = (reason: string, expected: string): Decoded[] => [
    { value: excerptOf(data), bytes, at, invalid: { reason, expected } },
  ];
  if (bytes > maxMessageBytes)
    return invalid(`a message of ${bytes} bytes`, `at most ${maxMessageBytes} bytes (maxMessageBytes)`);
  if (payload === 'binary') return [{ value: { value: toBase64(bytesOf(data)) }, bytes, at, invalid: null }];
  if (payload === 'ndjson') return linesOf(data, at);
  let text: string;
  try {
    text = typeof data === 'string' ? data : new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch {
    return invalid('a binary message that is not UTF-8', 'text, or UTF-8');
  }
  if (payload === 'text') return [{ value: { value: text }, bytes, at, invalid: null }];
  try {
    return [{ value: readSourceJson(text), bytes, at, invalid: null }];
  } catch {
    return invalid('a message that is not JSON', 'one JSON value a message');
  }
}

function linesOf(data: Arrival['data'], at: number): Decoded[] {
  const lines: { data: unknown; bytes: number; invalid?: { reason: string; expected: string } }[] = [];
  const parser = createNdjsonParser();
  parser.push(bytesOf(data), lines);
  parser.end(lines);
  return lines.map((line) => ({ value: line.data, bytes: line.bytes, at, invalid: line.invalid ?? null }));
}

/** One item, before it is given to streams. */
export interface RawItem {
  data: unknown;
  bytes: number;
  /** Epoch ms at which it came; absent where that must not be its time. */
  at?: number;
  invalid?: NonNullable<Decoded['invalid']>;
}

/** The items at `path` in a value. A value that has none there becomes one invalid item. */
export function itemsOf(unit: Decoded, path: string): RawItem[] {
  const { value, bytes, at, invalid } = unit;
  if (invalid) return [{ data: value, bytes, invalid }];
  const found = itemsAt(value, path);
  if (found === null) return [{ data: value, bytes, invalid: noItems(value, path) }];
  const share = Math.ceil(bytes / Math.max(1, found.length));
  return found.map((data) => ({ data, bytes: share, at }));
}

function bytesOf(data: Arrival['data']): Uint8Array {
  return typeof data === 'string' ? new TextEncoder().encode(data) : data;
}
