/** Reads and trims of logs in Redis, one script a call. Appends are part of a commit: see `redis.ts`. */
import { parseJson } from '../../base/json.ts';
import { decodeCursor, encodeCursor } from '../cursor.ts';
import * as limits from '../limits.ts';
import type { Beside, Cursor, LogPage, Reading, RecordKey, Store } from '../store.ts';
import type { RedisClient, RunOptions } from './client.ts';
import type { RedisHealth } from './health.ts';

/** An entry as Redis answers it: its id, then `t`, the append time, `v`, the value, and perhaps `m`, the mark. */
type StreamEntry = [string, [string, string, string, string, string?, string?]];

/** As the script `READ` says. */
type PageAnswer =
  | [Row | null]
  | [Row | null, string, string, string, number, StreamEntry[], string, string, number, string, string];

/**
 * Value, version, expiry, queue and due time of a record. All are null where there is no record; '' stands for one that
 * is not set.
 */
export type Row = readonly (string | null)[];

/** Pages of more than this travel by themselves, so that short answers do not wait for long ones. */
const TOGETHER = 100;

/** @param count the most entries or records that are asked for */
export function apart(count: number): RunOptions {
  return { isApart: count > TOGETHER };
}

/**
 * @param toReading makes a reading of the record that a page brings with it
 * @param health is told of logs whose streams lost entries that their hashes count
 */
export function createRedisLogs(
  client: RedisClient,
  toReading: (key: RecordKey, row: Row, now: number) => Reading,
  health: RedisHealth,
): Pick<Store, 'read' | 'last' | 'seek' | 'extent' | 'trim' | 'erase'> {
  async function page(
    name: string,
    cursor: Cursor | null,
    count: number,
    kind: 'read' | 'last',
    beside: Beside | undefined,
  ): Promise<LogPage> {
    const position = cursor === null ? null : decodeCursor(cursor);
    const { epoch: given, place, mark: known = '' } = position ?? { epoch: '', place: 0 };
    const record = beside === undefined ? [] : [beside.record.partition, beside.record.id];
    const answer = await client.run(
      'read',
      [name, given, String(place), known, String(count), kind, ...record],
      apart(count),
    );
    const [row, ...read] = answer as PageAnswer;
    const more = beside === undefined ? {} : { beside: toReading(beside.record, row ?? [], beside.now) };
    if (read.length === 0) {
      return { entries: [], start: null, cursor: null, truncated: position !== null, floor: null, end: null, ...more };
    }
    const [epoch, from, , truncated, found, floor, end, gone, markBefore, lastMark] = read;
    if (gone === 1) health.gone(name, null);
    const first = Number(from);
    const entries = found.map(([, [, time, , value, , mark]], index) => ({
      value: parseJson(value),
      cursor: encodeCursor(epoch, first + index + 1, mark || null),
      appendedAt: Number(time),
    }));
    const start = encodeCursor(epoch, first, markBefore || null);
    return {
      entries,
      start,
      cursor: entries.at(-1)?.cursor ?? start,
      truncated: truncated === 1,
      floor: encodeCursor(epoch, Number(floor)),
      end: encodeCursor(epoch, Number(end), lastMark || null),
      ...more,
    };
  }

  return {
    async read(name, after, limit, beside) {
      limits.checkCount(limit, limits.READ_LIMIT, 'limit');
      return page(name, after, limit, 'read', beside);
    },

    async last(name, n, before = null, beside) {
      limits.checkCount(n, limits.READ_LIMIT, 'n');
      return page(name, before, n, 'last', beside);
    },

    async seek(name, time) {
      const answer = (await client.run('seek', [name, String(time)])) as [string, string] | null;
      return answer && encodeCursor(answer[0], Number(answer[1]));
    },

    async extent(name) {
      const answer = (await client.run('extent', [name])) as [string, string, string, string, string] | null;
      if (!answer) return { start: null, end: null, count: 0, newestAt: null };
      const [epoch, floor, end, newestAt, mark] = answer;
      return {
        start: encodeCursor(epoch, Number(floor)),
        end: encodeCursor(epoch, Number(end), mark || null),
        count: Number(end) - Number(floor),
        newestAt: Number(newestAt),
      };
    },

    async trim(name, { now, appendedBefore = '', keep = '', limit }) {
      const answer = await client.run('trim', [name, appendedBefore, keep, limit].map(String), { isApart: true });
      const [removed, more, gone] = answer as number[];
      if (gone === 1) health.gone(name, now);
      else health.whole(name);
      return { removed: removed ?? 0, more: more === 1 };
    },

    async erase(name, erasures) {
      const places = limits.checkErasures(erasures);
      if (places.length === 0) return;
      const args = places.flatMap(({ epoch, place, text }) => [epoch, String(place), text]);
      await client.run('erase', [name, ...args], { isApart: true });
    },
  };
}
