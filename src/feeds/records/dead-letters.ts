/** Dead letters: the items that a feed could not deliver, each with its reason. They are bounded, and are read by page. */
import * as z from 'zod';
import type { FeedItem } from '../../declare/feed.ts';
import { TidegateError } from '../../base/errors.ts';
import type { EventMeta } from '../../base/event.ts';
import { hasNonFinite, isDeep, type Json, utf8Bytes } from '../../base/json.ts';
import { decodeStreamCursor, encodeStreamCursor } from '../../streams/log/stream-cursor.ts';
import { META_BYTES } from '../../streams/log/validate-event.ts';
import type { Cursor } from '../../store/store.ts';
import { ofLetters, type Scope } from '../../streams/scope.ts';
import { logEntry } from '../../store/record.ts';
import { findFeed } from './find-feed.ts';

/** Most bytes of an item as JSON. A longer one is kept as a text, which is the beginning of that JSON. */
export const ITEM_BYTES = 16 * 1024;
/** Most dead letters of one burst, so that a feed that sends nothing but garbage fills no more. */
export const BURST_DEAD_LETTERS = 1_000;
/** Dead letters that are kept for each feed, and for how long. */
export const KEPT_DEAD_LETTERS = 1_000;
export const DEAD_LETTER_AGE_MS = 30 * 86_400_000;
/** Follows their log: its position says which of them were tried again. */
export const LETTERS_FOLLOWER = 'replay';

export interface DeadLetter {
  /** The stream that the item was for. */
  stream: string;
  /** `schema`, `key`, `id`, `time`, `meta`, `tenant`, `too_large`, `unknown_stream`, `overflow`, `quota`, or what its transport says. */
  reason: string;
  field: string | null;
  expected: string | null;
  /** The data of the item as they came. */
  item: Json;
  /** The key that the transport gave beside the data. */
  key?: string;
  time?: number;
  /** What came with the item, such as its topic. Absent too where it was more than an event may have. */
  meta?: EventMeta;
  /** True: `item` is a text, the beginning of the JSON that was too long to be kept. */
  cut: boolean;
  /** Epoch ms. */
  at: number;
}

export function deadLetterLog(tenant: string, feed: string): string {
  return `${tenant}/dead/${feed}`;
}

/** A letter with meta is of version 2, so that releases before leave it alone. */
export const deadLetter = logEntry<DeadLetter>(
  'dead letter',
  () =>
    z.strictObject({
      stream: z.string(),
      reason: z.string(),
      field: z.string().nullable(),
      expected: z.string().nullable(),
      item: z.custom<Json>(),
      key: z.exactOptional(z.string()),
      time: z.exactOptional(z.number()),
      meta: z.exactOptional(z.custom<EventMeta>()),
      cut: z.boolean(),
      at: z.number(),
    }),
  { version: 2, writtenAs: ({ meta }) => (meta === undefined ? 1 : 2) },
);

/** The reason of a letter whose item was erased. */
export const ERASED = 'removed';

/** What stands in the place of a letter that is erased: nothing of its item. It cannot be tried again. */
export function erasedLetter({ stream, at }: DeadLetter): DeadLetter {
  return { stream, reason: ERASED, field: null, expected: null, item: null, cut: true, at };
}

export interface Reason {
  reason: string;
  field?: string;
  expected?: string;
}

export function toDeadLetter(item: FeedItem, { reason, field, expected }: Reason, at: number): DeadLetter {
  const { json, cut } = boundItem(item.data);
  const known = {
    ...(item.key === undefined ? {} : { key: item.key }),
    ...(item.time === undefined ? {} : { time: item.time }),
    ...keptMeta(item.meta),
  };
  return {
    stream: item.stream,
    reason,
    field: field ?? null,
    expected: expected ?? null,
    item: json,
    ...known,
    cut,
    at,
  };
}

function keptMeta(meta: EventMeta | undefined): Pick<DeadLetter, 'meta'> {
  const text = meta === undefined ? '' : textOf(meta);
  return text === '' || utf8Bytes(text) > META_BYTES ? {} : { meta: JSON.parse(text) as EventMeta };
}

function boundItem(data: unknown): { json: Json; cut: boolean } {
  const text = textOf(data);
  const kept = utf8Bytes(text) <= ITEM_BYTES && !isDeep(JSON.parse(text) as Json);
  if (kept) return { json: JSON.parse(text) as Json, cut: false };
  // A UTF-16 unit is at most three bytes, and its escape in JSON at most six.
  return { json: text.slice(0, ITEM_BYTES / 8).toWellFormed(), cut: true };
}

function textOf(data: unknown): string {
  for (const write of [() => jsonOf(data), () => JSON.stringify(String(data))]) {
    try {
      return write() ?? 'null';
    } catch {
      // The value is too deep, in a circle or a bigint, or it cannot be turned into a text.
    }
  }
  return '"(an item that has no text)"';
}

/** A function that is called for each value costs more than all else that is done with a large item. */
function jsonOf(data: unknown): string | undefined {
  const text = JSON.stringify(data) as string | undefined;
  return hasNonFinite(data) ? JSON.stringify(data, withoutInfinity) : text;
}

/** JSON has no infinite number, and null would look as if nothing had come. */
function withoutInfinity(_name: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

export interface DeadLetterPage {
  /** Oldest first. */
  deadLetters: DeadLetter[];
  cursor: string | null;
  truncated: boolean;
  /** The cursor before the letter at this index, for `before`; null: none is kept that is older. */
  before: (index: number) => string | null;
}

/**
 * A page of a feed's dead letters: those after a cursor, or the newest before one. Without a cursor it holds the newest ones. It
 * takes one store call.
 * @param page `limit` is 1 to 100, default 20.
 * @throws TidegateError `not_found` for a feed that is not declared, `bad_cursor`.
 */
export async function readDeadLetters(
  scope: Scope,
  name: string,
  page: { after?: string; before?: string; limit?: number } = {},
): Promise<DeadLetterPage> {
  const feed = findFeed(scope.app, name);
  const { store, tenant } = ofLetters(scope, feed);
  const limit = page.limit ?? 20;
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= 100)) {
    throw new TidegateError('invalid_input', `limit is ${limit}`, {
      field: 'limit',
      expected: 'a number from 1 to 100',
    });
  }
  const log = deadLetterLog(tenant, name);
  const bound = `dead letters of ${name}`;
  const at = (cursor: string | undefined) => (cursor === undefined ? null : decodeStreamCursor(bound, cursor));
  const found =
    page.after === undefined
      ? await store.last(log, limit, at(page.before))
      : await store.read(log, at(page.after), limit);
  const shown = (cursor: Cursor | null | undefined) =>
    cursor === null || cursor === undefined || cursor === found.floor ? null : encodeStreamCursor(bound, cursor);
  return {
    deadLetters: found.entries.map((entry) => deadLetter.read(entry)),
    cursor: found.cursor === null ? null : encodeStreamCursor(bound, found.cursor),
    truncated: found.truncated,
    before: (index) => shown(index === 0 ? found.start : found.entries[index - 1]?.cursor),
  };
}
