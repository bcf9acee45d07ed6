/**
 * The store's scripts in Lua. Each call is one script, so that the primary runs it as a whole. All keys begin with KEYS[1],
 * which holds the hash tag. The member name of a record is `<bytes of its partition>:<partition><id>`.
 *
 *   :r:<member>          hash    v value, n version, e expiry, q queue, d due time, s shard ('' where there is none)
 *   :p:<partition>       zset    ids, all of score 0, and therefore in the order of their bytes
 *   :q:<shard>:<queue>   zset    members by due time
 *   :x                   zset    members by expiry
 *   :l:<log>             hash    epoch, first, floor, end, at (newest append time)
 *   :e:<log>             stream  id `<place + 1>-0`, t append time, v value, m mark of the commit
 *   :d:<log>             hash    entries that were set aside, since a stream cannot be changed: place → t, a space, v;
 *                                m<place> → mark
 *   :t:<log>             zset    the first place of each append time
 *   :c:<commit id>       string  the commit's answer: epoch and end of each log that it appended to
 *   :n:<counter>         hash    t total, e expiry
 *
 * Numbers come in and go out as text, because Lua's own formatting loses digits. No text is compared with `<`, which
 * follows the server's locale. No script asks the engine for the time.
 */
import { hexOf } from '../../base/digest.ts';
import { ERASE, EXTENT, READ, SEEK, TRIM } from './log-scripts.ts';

export const PRELUDE = `
local base = KEYS[1]
local function member(partition, id) return #partition .. ':' .. partition .. id end
local function split(name)
  local colon = string.find(name, ':', 1, true)
  local length = tonumber(string.sub(name, 1, colon - 1))
  return string.sub(name, colon + 1, colon + length), string.sub(name, colon + length + 1)
end
local function whole(number) return string.format('%.0f', number) end
local function queueKey(shard, queue) return base .. ':q:' .. shard .. ':' .. queue end
local function rowOf(name) return redis.call('HMGET', base .. ':r:' .. name, 'v', 'n', 'e', 'q', 'd') end
local function expired(expiry, now) return expiry and expiry ~= '' and tonumber(expiry) <= now end
local function logOf(name)
  local row = redis.call('HMGET', base .. ':l:' .. name, 'epoch', 'first', 'floor', 'end', 'at')
  if not row[1] then return nil end
  return { epoch = row[1], first = tonumber(row[2]), floor = tonumber(row[3]), stop = tonumber(row[4]), at = row[5] }
end
local function seek(name, log, time)
  local found = redis.call('ZRANGEBYSCORE', base .. ':t:' .. name, time, '+inf', 'LIMIT', 0, 1)[1]
  return math.max(found and tonumber(found) or log.stop, log.floor)
end
local function markBefore(name, log, place)
  if place <= log.floor then return '' end
  local found = redis.call('XRANGE', base .. ':e:' .. name, whole(place), whole(place))[1]
  if found then return found[2][6] or '' end
  return redis.call('HGET', base .. ':d:' .. name, 'm' .. whole(place - 1)) or ''
end
-- The entries of these places. Where some are gone, those behind the last of them, and the place where they begin.
local function entriesOf(name, from, to)
  local found = redis.call('XRANGE', base .. ':e:' .. name, whole(from + 1), whole(to))
  if #found == to - from then return found, from end
  local places, at = {}, 1
  for place = from, to - 1 do
    if found[at] and found[at][1] == whole(place + 1) .. '-0' then at = at + 1
    else places[#places + 1] = whole(place) end
  end
  local aside = redis.call('HMGET', base .. ':d:' .. name, unpack(places))
  local all, next, behind = {}, 1, from
  at = 1
  for place = from, to - 1 do
    if places[next] == whole(place) then
      if aside[next] then
        local space = string.find(aside[next], ' ', 1, true)
        local time, value = string.sub(aside[next], 1, space - 1), string.sub(aside[next], space + 1)
        local mark = redis.call('HGET', base .. ':d:' .. name, 'm' .. whole(place))
        all[#all + 1] = { whole(place + 1) .. '-0', { 't', time, 'v', value, 'm', mark or '' } }
      else all, behind = {}, place + 1 end
      next = next + 1
    else
      all[#all + 1] = found[at]
      at = at + 1
    end
  end
  return all, behind
end
`;

/** partition, id, partition, id, … → a row for each key. */
const GET = `
local rows = {}
for at = 1, #ARGV, 2 do rows[#rows + 1] = rowOf(member(ARGV[at], ARGV[at + 1])) end
return rows
`;

/**
 * partition, min, prefix, now, limit, most bytes, then perhaps partition and id of a record beside → next id or '', the row
 * of the record beside, then id and row of each live record. It stops early when it has that many bytes. It removes from the index what the engine's TTL has removed.
 */
const LIST = `
local index, now, limit = base .. ':p:' .. ARGV[1], tonumber(ARGV[4]), tonumber(ARGV[5])
local max = ARGV[3] == '' and '+' or '[' .. ARGV[3] .. '\\255'
local ids = redis.call('ZRANGEBYLEX', index, ARGV[2], max, 'LIMIT', 0, limit + 1)
local answer, bytes = { '', ARGV[7] and rowOf(member(ARGV[7], ARGV[8])) or false }, 0
for i, id in ipairs(ids) do
  if i > limit or bytes > tonumber(ARGV[6]) then
    answer[1] = ids[i - 1]
    break
  end
  local row = rowOf(member(ARGV[1], id))
  if not row[2] then redis.call('ZREM', index, id)
  elseif not expired(row[3], now) then
    answer[#answer + 1] = id
    answer[#answer + 1] = row
    bytes = bytes + #row[1]
  end
end
return answer
`;

/**
 * queue, now, limit, grace, most passed, least and greatest due time, shards… → partition, id and due time of each due record. It removes from the queue
 * what expired before `now - grace` or is gone. What expired since does not count for the limit. It goes on to the next
 * shard once it has passed over about that many expired records of one.
 */
const DUE = `
local now, limit, found = tonumber(ARGV[2]), tonumber(ARGV[3]), {}
for at = 8, #ARGV do
  local queue, stay, passed, more = queueKey(ARGV[at], ARGV[1]), 0, 0, true
  while more and passed < tonumber(ARGV[5]) do
    local left = limit - #found / 3
    if left <= 0 then return found end
    local count = math.max(left, 50)
    local names = redis.call('ZRANGEBYSCORE', queue, ARGV[6], ARGV[7], 'WITHSCORES', 'LIMIT', stay, count)
    for i = 1, #names, 2 do
      if #found / 3 >= limit then return found end
      local row = redis.call('HMGET', base .. ':r:' .. names[i], 'n', 'e')
      if not row[1] or expired(row[2], now - tonumber(ARGV[4])) then
        redis.call('ZREM', queue, names[i])
        passed = passed + 1
      else
        stay = stay + 1
        if expired(row[2], now) then passed = passed + 1
        else
          local partition, id = split(names[i])
          found[#found + 1] = partition
          found[#found + 1] = id
          found[#found + 1] = names[i + 1]
        end
      end
    end
    more = #names == count * 2
  end
end
return found
`;

/**
 * id, now, how long the id is remembered (ms), then for each operation
 *   p partition id expects value expiry ttl queue due shard | d partition id expects | c partition id expects
 *   | a log epoch count mark entries…
 * → 'committed', JSON of epoch and end of each append; or 'conflict', then index and row of each operation in conflict.
 * It checks everything before it writes anything, since an error would not undo what was written.
 */
const COMMIT = `
local id, now = ARGV[1], tonumber(ARGV[2])
local marker = base .. ':c:' .. id
local done = redis.call('GET', marker)
if done then return { 'committed', done } end

local conflicts, at, index = { 'conflict' }, 4, 0
while at <= #ARGV do
  local kind = ARGV[at]
  if kind == 'a' then at = at + 5 + tonumber(ARGV[at + 3])
  else
    local row = rowOf(member(ARGV[at + 1], ARGV[at + 2]))
    local holds = (row[2] or '') == ARGV[at + 3]
    if not holds or (kind == 'c' and expired(row[3], now)) then
      conflicts[#conflicts + 1] = index
      conflicts[#conflicts + 1] = row
    end
    at = at + (kind == 'p' and 10 or 4)
  end
  index = index + 1
end
if #conflicts > 1 then return conflicts end

local function unqueue(name)
  local old = redis.call('HMGET', base .. ':r:' .. name, 'q', 's')
  if old[1] and old[1] ~= '' then redis.call('ZREM', queueKey(old[2], old[1]), name) end
end
local ends = {}
at = 4
while at <= #ARGV do
  local kind = ARGV[at]
  if kind == 'a' then
    local name, count = ARGV[at + 1], tonumber(ARGV[at + 3])
    local log = logOf(name) or { epoch = ARGV[at + 2], first = 0, floor = 0, stop = 0 }
    local time = log.at and tonumber(log.at) > now and log.at or ARGV[2]
    if time ~= log.at then redis.call('ZADD', base .. ':t:' .. name, time, whole(log.stop)) end
    for i = 1, count do
      redis.call('XADD', base .. ':e:' .. name, whole(log.stop + i) .. '-0', 't', time, 'v', ARGV[at + 4 + i], 'm',
        ARGV[at + 4])
    end
    local stop = whole(log.stop + count)
    redis.call('HSET', base .. ':l:' .. name, 'epoch', log.epoch, 'first', whole(log.first), 'floor', whole(log.floor),
      'end', stop, 'at', time)
    ends[#ends + 1] = log.epoch
    ends[#ends + 1] = stop
    at = at + 5 + count
  else
    local name = member(ARGV[at + 1], ARGV[at + 2])
    local key = base .. ':r:' .. name
    if kind == 'd' then
      unqueue(name)
      redis.call('DEL', key)
      redis.call('ZREM', base .. ':p:' .. ARGV[at + 1], ARGV[at + 2])
      redis.call('ZREM', base .. ':x', name)
    elseif kind == 'p' then
      local expiry, ttl, queue, due, shard = ARGV[at + 5], ARGV[at + 6], ARGV[at + 7], ARGV[at + 8], ARGV[at + 9]
      unqueue(name)
      redis.call('HSET', key, 'v', ARGV[at + 4], 'n', id, 'e', expiry, 'q', queue, 'd', due, 's', shard)
      redis.call('ZADD', base .. ':p:' .. ARGV[at + 1], 0, ARGV[at + 2])
      if expiry == '' then
        redis.call('PERSIST', key)
        redis.call('ZREM', base .. ':x', name)
      else
        redis.call('PEXPIRE', key, ttl)
        redis.call('ZADD', base .. ':x', expiry, name)
      end
      if queue ~= '' then redis.call('ZADD', queueKey(shard, queue), due, name) end
    end
    at = at + (kind == 'p' and 10 or 4)
  end
end
local answer = cjson.encode(ends)
redis.call('SET', marker, answer, 'PX', ARGV[3])
return { 'committed', answer }
`;

/**
 * counter, amount, now, expiry, ttl → total, which stops at the greatest and the least whole number that a double holds
 * exactly.
 */
const ADD = `
local key = base .. ':n:' .. ARGV[1]
local row = redis.call('HMGET', key, 't', 'e')
if row[1] and not expired(row[2], tonumber(ARGV[3])) then
  local total, most = redis.call('HINCRBY', key, 't', ARGV[2]), 9007199254740991
  if total <= most and total >= -most then return whole(total) end
  local bound = whole(total > 0 and most or -most)
  redis.call('HSET', key, 't', bound)
  return bound
end
redis.call('HSET', key, 't', ARGV[2], 'e', ARGV[4])
redis.call('PEXPIRE', key, ARGV[5])
return ARGV[2]
`;

/**
 * time, limit → how many records that expired up to this time were removed. Where the engine's TTL was faster, it
 * removes what is left of a record.
 */
const COLLECT = `
local names = redis.call('ZRANGEBYSCORE', base .. ':x', '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, name in ipairs(names) do
  local partition, id = split(name)
  local old = redis.call('HMGET', base .. ':r:' .. name, 'q', 's')
  if old[1] and old[1] ~= '' then redis.call('ZREM', queueKey(old[2], old[1]), name) end
  redis.call('DEL', base .. ':r:' .. name)
  redis.call('ZREM', base .. ':p:' .. partition, id)
  redis.call('ZREM', base .. ':x', name)
end
return #names
`;

const BODIES = {
  get: GET,
  list: LIST,
  due: DUE,
  read: READ,
  seek: SEEK,
  extent: EXTENT,
  commit: COMMIT,
  add: ADD,
  trim: TRIM,
  erase: ERASE,
  collect: COLLECT,
} as const;

export type ScriptName = keyof typeof BODIES;

interface Script {
  text: string;
  /** The SHA-1 of the text, by which EVALSHA calls it. */
  sha: string;
}

export async function prepareScripts(): Promise<Record<ScriptName, Script>> {
  const prepared = await Promise.all(
    Object.entries(BODIES).map(async ([name, body]) => {
      const text = PRELUDE + body;
      const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(text));
      return [name, { text, sha: hexOf(new Uint8Array(digest)) }] as const;
    }),
  );
  return Object.fromEntries(prepared) as Record<ScriptName, Script>;
}
