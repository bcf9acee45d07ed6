/**
 * All that an app has in Redis, in pages, and the filling of logs. SCAN walks the whole database: it names each key that is there
 * from its beginning to its end at least once, and some of them more than once. Loaded when it is called.
 */
import { TidegateError } from '../../base/errors.ts';
import { markOfCommit } from '../cursor.ts';
import type { Reading, RecordKey, StoredRecord, StoreTransfer } from '../store.ts';
import type { RedisClient } from './client.ts';
import type { Row } from './logs.ts';
import { PRELUDE } from './scripts.ts';

/** Records that one request reads: as many as `getMany` does. */
const READ_AT_ONCE = 100;
/** A clock by which nothing has expired. */
const NEVER_EXPIRED = Number.MIN_SAFE_INTEGER;

/** log, epoch, place, mark, then time and value of each entry → 1, or 0 where the log stands elsewhere. */
const FILL = `
local name, place = ARGV[1], tonumber(ARGV[3])
local log = logOf(name) or { epoch = ARGV[2], first = place, floor = place, stop = place }
if log.epoch ~= ARGV[2] or log.stop ~= place then return 0 end
local time = log.at
for at = 5, #ARGV, 2 do
  if not time or tonumber(ARGV[at]) > tonumber(time) then
    time = ARGV[at]
    redis.call('ZADD', base .. ':t:' .. name, time, whole(place))
  end
  place = place + 1
  redis.call('XADD', base .. ':e:' .. name, whole(place) .. '-0', 't', time, 'v', ARGV[at + 1], 'm', ARGV[4])
end
redis.call('HSET', base .. ':l:' .. name, 'epoch', log.epoch, 'first', whole(log.first), 'floor', whole(log.floor),
  'end', whole(place), 'at', time)
return 1
`;

/** @param base the text that all keys of the app begin with */
export function redisTransfer(
  client: RedisClient,
  base: string,
  toReading: (key: RecordKey, row: Row, now: number) => Reading,
): StoreTransfer {
  async function scan(prefix: string, after: string | null, limit: number): Promise<[string[], string | null]> {
    const pattern = `${prefix.replaceAll(/[\\*?[\]]/g, String.raw`\$&`)}*`;
    const answer = await client.command(['SCAN', after ?? '0', 'MATCH', pattern, 'COUNT', String(limit)]);
    const [next, found] = answer as [string, string[]];
    return [found.map((key) => key.slice(prefix.length)), next === '0' ? null : next];
  }

  return {
    async records(after, limit) {
      const [members, next] = await scan(`${base}:r:`, after, limit);
      const wanted = members.map(keyOf);
      const records: StoredRecord[] = [];
      for (let from = 0; from < wanted.length; from += READ_AT_ONCE) {
        const some = wanted.slice(from, from + READ_AT_ONCE);
        const names = some.flatMap(({ partition, id }) => [partition, id]);
        const rows = (await client.run('get', names)) as Row[];
        const readings = some.map((key, index) => toReading(key, rows[index] ?? [], NEVER_EXPIRED));
        records.push(...readings.filter((reading): reading is StoredRecord => reading.value !== null));
      }
      return { records, next };
    },

    async logs(after, limit) {
      const [logs, next] = await scan(`${base}:l:`, after, limit);
      return { logs, next };
    },

    async fill(log, { epoch, place, entries }) {
      const args = [log, epoch, String(place), markOfCommit(epoch)];
      for (const { value, appendedAt } of entries) args.push(String(appendedAt), JSON.stringify(value));
      const filled = await client.command(['EVAL', PRELUDE + FILL, '1', base, ...args]);
      return Number(filled) === 1;
    },

    async drop(log) {
      // The log is gone with its hash; the rest would be in its way if it began anew before that.
      await client.command(['UNLINK', ...['e', 't', 'd', 'l'].map((kind) => `${base}:${kind}:${log}`)]);
    },
  };
}

/** The names of a record, of what stands behind `:r:` in its key: `<bytes of its partition>:<partition><id>`. */
function keyOf(member: string): RecordKey {
  const colon = member.indexOf(':');
  const bytes = new TextEncoder().encode(member.slice(colon + 1));
  const length = Number(member.slice(0, colon));
  if (!(length <= bytes.length)) throw new TidegateError('store_damaged', `a key of Redis is not ours: ${member}`);
  const decoder = new TextDecoder();
  return { partition: decoder.decode(bytes.subarray(0, length)), id: decoder.decode(bytes.subarray(length)) };
}
