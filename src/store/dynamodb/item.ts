/** Items of the table: their keys, and reading their attributes. It sends nothing. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { GARBAGE_AFTER_MS } from '../limits.ts';
import { shardOf } from '../shard.ts';
import type { Due, RecordKey } from '../store.ts';

export type Item = Record<string, AttributeValue>;

/**
 * The sort key of a log's head. It sorts behind all segments, so that one short query from the end finds the head and
 * the newest segment.
 */
export const HEAD = '~';
const ALONE = '.';
const PLACE_DIGITS = 16;
/** Added to a time, it makes every whole number that a double holds exactly positive. */
const OFFSET = 2n ** 53n;
const TIME_DIGITS = 17;

export type Keys = ReturnType<typeof createKeys>;

export function createKeys(app: string) {
  const base = encodeURIComponent(app);
  return {
    partition: (partition: string) => ({ S: `${base}#r#${partition}` }),
    record: ({ partition, id }: RecordKey): Item => ({ pk: { S: `${base}#r#${partition}` }, sk: { S: id } }),
    /** The key of the record whose item this is. */
    recordOf: (item: Item): RecordKey => ({
      partition: textAttribute(item, 'pk').slice(base.length + 3),
      id: textAttribute(item, 'sk'),
    }),
    log: (log: string) => ({ S: `${base}#l#${log}` }),
    head: (log: string): Item => ({ pk: { S: `${base}#l#${log}` }, sk: { S: HEAD } }),
    segment: (log: string, place: number): Item => ({ pk: { S: `${base}#l#${log}` }, sk: { S: placeKey(place) } }),
    commit: (id: string): Item => ({ pk: { S: `${base}#c#${id}` }, sk: { S: ALONE } }),
    counter: (key: string): Item => ({ pk: { S: `${base}#n#${key}` }, sk: { S: ALONE } }),
    queue: (queue: string, shard: number) => ({ S: `${base}#q#${shard}#${queue}` }),
    /** The attributes that put a record into its queue. */
    due(key: RecordKey, due: Due, expiresAt: number | null): Item {
      const expiry = expiresAt === null ? '' : sortable(expiresAt);
      return {
        dq: { S: `${base}#q#${shardOf(key)}#${due.queue}` },
        da: { S: `${sortable(due.at)}:${expiry}` },
      };
    },
    dueOf(item: Item): Due | null {
      if (item['dq'] === undefined) return null;
      const queue = textAttribute(item, 'dq').slice(base.length + 3);
      return { queue: queue.slice(queue.indexOf('#') + 1), at: dueTimes(item).at };
    },
  };
}

/** The sort key of a segment. Keys are in the order of places. */
export function placeKey(place: number): string {
  return String(place).padStart(PLACE_DIGITS, '0');
}

/** Every `da` whose due time is not after `now` is less than this. */
export function dueUpTo(now: number): string {
  return `${sortable(now)};`;
}

export function dueTimes(item: Item): { at: number; expiresAt: number | null } {
  const [at = '', expiry = ''] = textAttribute(item, 'da').split(':');
  return { at: unsortable(at), expiresAt: expiry === '' ? null : unsortable(expiry) };
}

/** Epoch seconds from which on the engine may remove what expires at `expiresAt`. */
export function garbageAt(expiresAt: number, fleeting = false): AttributeValue {
  return { N: String(Math.ceil((expiresAt + (fleeting ? 0 : GARBAGE_AFTER_MS)) / 1_000)) };
}

export function textAttribute(item: Item, name: string): string {
  return item[name]?.S ?? '';
}

export function numberAttribute(item: Item, name: string): number {
  return Number(item[name]?.N ?? 0);
}

function sortable(time: number): string {
  return String(BigInt(time) + OFFSET).padStart(TIME_DIGITS, '0');
}

function unsortable(digits: string): number {
  return Number(BigInt(digits) - OFFSET);
}
