/**
 * Segments: items that each hold up to 100 log entries, or 64 KiB, of one commit. They are deflated where that saves
 * space.
 */
import { TidegateError } from '../../base/errors.ts';
import { type Json, parseJson, utf8Bytes } from '../../base/json.ts';
import { markOfCommit } from '../cursor.ts';
import { numberAttribute, textAttribute, type Item } from './item.ts';
import { segmentCounts } from '../limits.ts';

/** A smaller item costs one write unit anyway, deflated or not. */
const DEFLATE_FROM_BYTES = 768;

export interface Segment {
  /** Its entries are at the places `first` to `end - 1`. */
  first: number;
  end: number;
  appendedAt: number;
  epoch: string;
  /** Mark of its entries; null for a tombstone. */
  mark: string | null;
  /** Mark of the entry before its first one; null: there is none, or an earlier release wrote it. */
  before: string | null;
  /** How many entries of the same append are in segments behind it. */
  more: number;
  /** Null for a tombstone. */
  item: Item | null;
}

export interface PackedSegment {
  count: number;
  /** The attribute that holds its entries. */
  data: Item;
}

/** The segments that these entries (JSON) fill, in order. */
export async function packSegments(texts: readonly string[]): Promise<PackedSegment[]> {
  let from = 0;
  const counts = segmentCounts(texts.map(utf8Bytes));
  return Promise.all(
    counts.map(async (count) => {
      return { count, data: await packEntries(texts.slice(from, (from += count))) };
    }),
  );
}

/** The attribute that holds these entries (JSON) of one segment. */
export function packEntries(texts: readonly string[]): Promise<Item> {
  return pack(`[${texts.join(',')}]`);
}

export async function unpackSegment(segment: Segment): Promise<Json[]> {
  const { j, d } = segment.item ?? {};
  const json = d?.B ? await throughStream(d.B, new DecompressionStream('deflate-raw')) : (j?.S ?? '[]');
  const entries = parseJson(typeof json === 'string' ? json : new TextDecoder().decode(json));
  if (!Array.isArray(entries)) throw new TidegateError('internal', 'a segment of a log holds no list of entries');
  return entries;
}

export function toSegment(item: Item): Segment {
  const first = Number(textAttribute(item, 'sk'));
  return {
    first,
    end: first + numberAttribute(item, 'c'),
    appendedAt: numberAttribute(item, 't'),
    epoch: textAttribute(item, 'p'),
    mark: item['n'] === undefined ? null : markOfCommit(textAttribute(item, 'n')),
    before: item['b']?.S ?? null,
    more: numberAttribute(item, 'm'),
    item: item['c'] === undefined ? null : item,
  };
}

async function pack(json: string): Promise<Item> {
  const bytes = new TextEncoder().encode(json);
  if (bytes.length < DEFLATE_FROM_BYTES) return { j: { S: json } };
  const deflated = await throughStream(bytes, new CompressionStream('deflate-raw'));
  return deflated.length < bytes.length ? { d: { B: deflated } } : { j: { S: json } };
}

async function throughStream(bytes: Uint8Array, stream: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const source = new Blob([bytes]).stream();
  return new Uint8Array(await new Response(source.pipeThrough(stream)).arrayBuffer());
}
