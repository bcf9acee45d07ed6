/** What the platform hands to a function, taken apart into records, in their order. Maps and nothing more. */
import { TidegateError } from '../../base/errors.ts';
import { readSourceJson } from '../../base/source-json.ts';
import { aggregatedIn } from './aggregated.ts';
import type { SourceKind } from './feed.ts';
import type { SourceRecord } from './options.ts';

/** A record, and how the platform calls it where it did not get in: its `itemIdentifier`. */
export interface HandedRecord {
  record: SourceRecord;
  /** Null: the platform takes no part of an event for failed. */
  identifier: string | null;
  /** As it was received. */
  bytes: number;
  /** Set where it is no text: what it is expected to be, and what it holds. A function `items` may read it. */
  unreadable?: { expected: string; binary: Uint8Array | null };
}

type Members = Readonly<Record<string, unknown>>;

/**
 * @param requestId of the invocation, which is the same when the platform tries an asynchronous one again
 * @throws TidegateError `invalid_input` for an event that no such source sends
 */
export function readEvent(kind: SourceKind, event: unknown, requestId: string): HandedRecord[] {
  if (kind === 'iot') return [whole(event, requestId)];
  if (kind === 'eventbridge') return [ofBridge(membersOf(event))];
  const { Records: records } = membersOf(event);
  if (!Array.isArray(records)) throw wrong(kind, 'Records');
  return records.flatMap((each) => (kind === 'sqs' ? [ofQueue(membersOf(each))] : ofShard(membersOf(each))));
}

function whole(data: unknown, id: string): HandedRecord {
  return made({ id, data, key: null, time: null, attributes: {} }, null, JSON.stringify(data) ?? '');
}

function ofBridge(event: Members): HandedRecord {
  const { id, detail, time, source, account, region, 'detail-type': type } = event;
  if (typeof id !== 'string' || !('detail' in event)) throw wrong('eventbridge', 'id');
  const at = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  const record = {
    id,
    data: detail,
    key: typeof type === 'string' ? type : null,
    time: Number.isNaN(at) ? null : at,
    attributes: textsOf({ source, account, region }),
  };
  return made(record, null, JSON.stringify(event));
}

function ofQueue({ messageId: id, body, attributes, messageAttributes }: Members): HandedRecord {
  if (typeof id !== 'string' || typeof body !== 'string') throw wrong('sqs', 'Records[].messageId');
  const { SentTimestamp: sent, MessageGroupId: group } = membersOf(attributes);
  const given = Object.entries(membersOf(messageAttributes));
  const texts = Object.fromEntries(given.map(([name, value]) => [name, membersOf(value)['stringValue']]));
  const record = {
    id,
    key: typeof group === 'string' ? group : null,
    time: timeOf(Number(sent)),
    attributes: textsOf(texts),
  };
  return ofText(record, id, body);
}

/** Several where its producer aggregated them; the platform knows them by one name. */
function ofShard({ eventID: id, kinesis }: Members): HandedRecord[] {
  const { data, partitionKey, sequenceNumber, approximateArrivalTimestamp: arrived } = membersOf(kinesis);
  if (typeof data !== 'string' || typeof sequenceNumber !== 'string') throw wrong('kinesis', 'Records[].kinesis');
  const record = {
    id: typeof id === 'string' ? id : sequenceNumber,
    key: typeof partitionKey === 'string' ? partitionKey : null,
    time: timeOf(Number(arrived) * 1_000),
    attributes: {},
  };
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  } catch {
    const unreadable = { expected: 'bytes in Base64', binary: null };
    return [{ record: { ...record, data }, identifier: sequenceNumber, bytes: data.length, unreadable }];
  }
  const several = aggregatedIn(bytes);
  if (several === null) return [ofBytes(record, sequenceNumber, bytes)];
  return several.map(({ partitionKey: key, data: own }, at) => {
    return ofBytes({ ...record, id: `${record.id}:${at}`, key: key ?? record.key }, sequenceNumber, own);
  });
}

function ofBytes(record: Omit<SourceRecord, 'data'>, identifier: string, bytes: Uint8Array): HandedRecord {
  try {
    return ofText(record, identifier, new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    const data = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
    const unreadable = { expected: 'text in UTF-8', binary: bytes };
    return { record: { ...record, data }, identifier, bytes: bytes.length, unreadable };
  }
}

/** Its JSON; a text that is none stays one, which the stream's schema judges. */
function ofText(record: Omit<SourceRecord, 'data'>, identifier: string, text: string): HandedRecord {
  let data: unknown = text;
  try {
    data = readSourceJson(text);
  } catch {
    // Nobody says that a message is JSON.
  }
  return made({ ...record, data }, identifier, text);
}

function made(record: SourceRecord, identifier: string | null, text: string): HandedRecord {
  return { record, identifier, bytes: new TextEncoder().encode(text).length };
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}

function textsOf(members: Members): Record<string, string> {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  );
}

function timeOf(ms: number): number | null {
  return Number.isFinite(ms) && ms > 0 ? Math.round(ms) : null;
}

function wrong(kind: SourceKind, field: string): TidegateError {
  const expected = `an event of ${kind}`;
  return new TidegateError('invalid_input', `the function was called with something else than ${expected}`, {
    field,
    expected,
    hint: 'connect the source of the kind that the feed declares',
  });
}
