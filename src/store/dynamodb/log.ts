/**
 * Reads a log: its two ends in one request, and the segments that hold a range of its places. A request sees each segment
 * as it is at that moment. A commit of several segments may therefore be seen in part, and a trim may remove segments
 * during a read. Functions answer `null` where the segments that they found do not join up; the caller then looks again.
 */
import { QueryCommand, type QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { TidegateError } from '../../base/errors.ts';
import type { Span } from '../cursor.ts';
import type { DynamoClient } from './client.ts';
import { HEAD, numberAttribute, placeKey, textAttribute, type Item, type Keys } from './item.ts';
import { toSegment, type Segment } from './segments.ts';

const MOST_LOOKS = 8;

export interface LogView {
  span: Span;
  newestAt: number;
  /** The segments that end at or before this place are removed. */
  oldest: number;
  hasHead: boolean;
  tail: Segment;
}

export type LogReader = ReturnType<typeof createLogReader>;

export function createLogReader(client: DynamoClient, keys: Keys) {
  async function query(input: Omit<QueryCommandInput, 'TableName'>, until: number): Promise<Item[]> {
    const command = new QueryCommand({ TableName: client.table, ConsistentRead: true, ...input });
    const page = await client.ask((dynamo, options) => dynamo.send(command, options), { until });
    return page.Items ?? [];
  }

  /** Up to `Limit` segments that begin at or before `place`, the last one first. */
  async function before(log: string, place: number, Limit: number, until: number, fields?: string): Promise<Segment[]> {
    const items = await query(
      {
        KeyConditionExpression: 'pk = :pk AND sk <= :place',
        ExpressionAttributeValues: { ':pk': keys.log(log), ':place': { S: placeKey(place) } },
        ScanIndexForward: false,
        Limit,
        ...(fields === undefined ? {} : { ProjectionExpression: fields }),
      },
      until,
    );
    return items.map(toSegment);
  }

  /**
   * Repeats `work` until it answers something other than null. @throws TidegateError `store_unavailable` after too many
   * tries.
   */
  async function settled<Result>(work: (until: number) => Promise<Result | null>): Promise<Result> {
    const until = client.until();
    for (let looks = 0; ; looks += 1) {
      const result = await work(until);
      if (result !== null) return result;
      const reason = new TidegateError('store_unavailable', 'what was read kept changing', {
        retryAfterMs: 1_000,
      });
      if (looks >= MOST_LOOKS) throw reason;
      await client.pause(looks, until, reason);
    }
  }

  async function look(log: string, until: number): Promise<LogView | null> {
    const items = await query(
      {
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': keys.log(log) },
        ScanIndexForward: false,
        Limit: 2,
      },
      until,
    );
    const head = items.find((item) => textAttribute(item, 'sk') === HEAD) ?? null;
    const newest = items.find((item) => item !== head);
    if (newest === undefined) return null;
    const tail = toSegment(newest);
    const floor = head === null ? 0 : numberAttribute(head, 'f');
    return {
      span: { epoch: tail.epoch, floor, end: tail.end },
      newestAt: tail.appendedAt,
      oldest: head === null ? 0 : numberAttribute(head, 'o'),
      hasHead: head !== null,
      tail,
    };
  }

  return {
    query,
    settled,

    /** Reads the head and the newest segment in one request; null for a log that never had an entry. */
    look,

    /**
     * Looks at the log and does `work` on the view. It does both again where `work` answers null, and where the newest
     * append is seen in part, since a request sees the items of a transaction one by one.
     */
    seen<Result>(log: string, work: (view: LogView | null, until: number) => Promise<Result | null>): Promise<Result> {
      return settled(async (until) => {
        const view = await look(log, until);
        return view !== null && view.tail.more > 0 ? null : work(view, until);
      });
    },

    /** The segments that hold the places `from` to `to - 1`, in order; null where they do not join up. */
    async cover(log: string, { tail }: LogView, from: number, to: number, until: number): Promise<Segment[] | null> {
      if (from >= to) return [];
      const found: Segment[] = to > tail.first ? [tail] : [];
      let limit = 0;
      for (let lowest = found[0]?.first ?? to; lowest > from; lowest = found.at(-1)?.first ?? 0) {
        limit = nextLimit(found, lowest - from, limit, tail);
        const page = await before(log, lowest - 1, limit, until);
        if (page.length === 0) return null;
        for (const segment of page) {
          const next = found.at(-1);
          const joins = next === undefined ? segment.end >= to : segment.end === next.first;
          if (segment.item === null || !joins) return null;
          found.push(segment);
          if (segment.first <= from) break;
        }
      }
      return found.toReversed();
    },

    /**
     * The first readable place whose entry was appended at or after `time`, in O(log n) requests. Probes alternate between
     * the middle and the place that the times at both ends suggest. Null where segments were removed meanwhile.
     */
    async seek(log: string, { span, tail }: LogView, time: number, until: number): Promise<number | null> {
      if (tail.appendedAt < time) return span.end;
      // All entries before `low` are older than `time`; the entry at `high` is not.
      let low = { place: span.floor, at: null as number | null };
      let high = { place: Math.max(tail.first, span.floor), at: tail.appendedAt };
      for (let step = 0; low.place < high.place; step += 1) {
        const probe = probePlace(low, high, time, step);
        const [segment] = await before(log, probe, 1, until, 'sk, c, t, p');
        if (!segment?.item || segment.end <= probe) return null;
        if (segment.appendedAt < time) low = { place: segment.end, at: segment.appendedAt };
        else high = { place: Math.max(segment.first, low.place), at: segment.appendedAt };
      }
      return high.place;
    },
  };
}

/**
 * How many segments to ask for, so that they probably hold `places` more: taken to be as full as those found so far,
 * and at least twice as many as last time.
 */
function nextLimit(found: readonly Segment[], places: number, last: number, tail: Segment): number {
  const full = found.length > 0 ? found : [tail];
  const entries = full.reduce((sum, { first, end }) => sum + end - first, 0);
  return Math.min(places, Math.max(Math.ceil((places * full.length) / entries) + 1, last * 2));
}

function probePlace(
  low: { place: number; at: number | null },
  high: { place: number; at: number },
  time: number,
  step: number,
): number {
  if (low.at === null) return low.place;
  const width = high.place - low.place;
  const share = step % 2 === 1 && high.at > low.at ? (time - low.at) / (high.at - low.at) : 0.5;
  return low.place + Math.min(width - 1, Math.floor(width * share));
}
