/**
 * The scripts in Lua that read, trim and erase logs, apart from appends, which are part of a commit. What they share with
 * the others, and the table of keys, stand in `scripts.ts`.
 */

/**
 * log, epoch ('' without a cursor; whole, or its end behind a '~'), place, mark or '', count, 'read' or 'last', and partition
 * and id where a record is asked for → the record's row, epoch, from, to, truncated, stream entries, floor, end, 1 where entries
 * are gone from the stream, or 0, the marks before from and before end; the row alone where there is no log. What is gone is
 * passed over, and the page is truncated.
 */
export const READ = `
local row = ARGV[7] and rowOf(member(ARGV[7], ARGV[8])) or false
local log = logOf(ARGV[1])
if not log then return { row } end
local given, place, count = ARGV[2] ~= '', tonumber(ARGV[3]), tonumber(ARGV[5])
local short = #ARGV[2] > 1 and string.sub(ARGV[2], 1, 1) == '~' and string.sub(ARGV[2], 2) == string.sub(log.epoch, 1 - #ARGV[2])
local foreign = given and ((ARGV[2] ~= log.epoch and not short) or place > log.stop)
if given and not foreign and ARGV[4] ~= '' then
  local standing = markBefore(ARGV[1], log, place)
  foreign = standing ~= '' and standing ~= ARGV[4]
end
local below = given and not foreign and place < log.floor
local from, to
if ARGV[6] == 'read' then
  from = (not given or foreign or below) and log.floor or place
  to = math.min(from + count, log.stop)
else
  to = (not given or foreign) and log.stop or math.max(place, log.floor)
  from = math.max(log.floor, to - count)
end
local entries, begin = {}, from
if from < to then entries, begin = entriesOf(ARGV[1], from, to) end
local gone = begin > from
if gone and begin == to and ARGV[6] == 'read' then
  local oldest = redis.call('XRANGE', base .. ':e:' .. ARGV[1], whole(to + 1), '+', 'COUNT', 1)[1]
  begin = oldest and tonumber(string.match(oldest[1], '^%d+')) - 1 or log.stop
  to = math.min(begin + count, log.stop)
  if begin < to then entries, begin = entriesOf(ARGV[1], begin, to) end
end
local truncated = foreign or below or gone
return { row, log.epoch, whole(begin), whole(to), truncated and 1 or 0, entries, whole(log.floor), whole(log.stop), gone and 1 or 0,
  markBefore(ARGV[1], log, begin), markBefore(ARGV[1], log, log.stop) }
`;

/** log, time → epoch, place; nothing where there is no log. */
export const SEEK = `
local log = logOf(ARGV[1])
if not log then return false end
return { log.epoch, whole(seek(ARGV[1], log, ARGV[2])) }
`;

/** log → epoch, floor, end, newest append time, mark before the end; nothing where there is no log. */
export const EXTENT = `
local log = logOf(ARGV[1])
if not log then return false end
return { log.epoch, whole(log.floor), whole(log.stop), log.at, markBefore(ARGV[1], log, log.stop) }
`;

/**
 * log, appendedBefore or '', keep or '', limit → how many were removed, 1 where there is more to remove or 0, 1 where the oldest
 * entry that is left is gone from the stream or 0. It frees before it writes: Redis over its maxmemory refuses a script
 * whose first write may need memory, and takes one that has begun.
 */
export const TRIM = `
local name = ARGV[1]
local log = logOf(name)
if not log then return { 0, 0, 0 } end
local floor = log.floor
if ARGV[2] ~= '' then floor = math.max(floor, seek(name, log, ARGV[2])) end
if ARGV[3] ~= '' then floor = math.max(floor, log.stop - tonumber(ARGV[3])) end
floor = math.min(floor, log.stop - 1)
local first = math.min(floor, log.first + tonumber(ARGV[4]))
if first > log.first then
  local entries, id = base .. ':e:' .. name, whole(first + 1) .. '-0'
  redis.call('XTRIM', entries, 'MINID', '=', id)
  local aside = base .. ':d:' .. name
  if redis.call('EXISTS', aside) == 1 then
    for place = log.first, first - 1 do redis.call('HDEL', aside, whole(place), 'm' .. whole(place)) end
  end
end
local oldest = entriesOf(name, first, first + 1)[1]
if first > log.first and oldest then
  redis.call('ZREMRANGEBYSCORE', base .. ':t:' .. name, '-inf', '(' .. oldest[2][2])
end
if first > log.first or floor > log.floor then
  redis.call('HSET', base .. ':l:' .. name, 'floor', whole(floor), 'first', whole(first))
end
return { first - log.first, first < floor and 1 or 0, oldest and 0 or 1 }
`;

/**
 * log, then epoch, place and value of each entry that is erased. Redis frees the bytes of a stream's entry only with
 * those of its block, which has 100 entries at most (`stream-node-max-entries`). So the entries around it are set aside
 * with it, as they are.
 */
export const ERASE = `
local name = ARGV[1]
local log = logOf(name)
if not log then return 0 end
local entries, aside = base .. ':e:' .. name, base .. ':d:' .. name
local places, values, done = {}, {}, 0
for at = 2, #ARGV, 3 do
  local place = tonumber(ARGV[at + 1])
  if ARGV[at] == log.epoch and place >= log.floor and place < log.stop then
    places[#places + 1] = place
    values[place] = ARGV[at + 2]
  end
end
table.sort(places)
for _, place in ipairs(places) do
  local from, to = math.max(log.first, done, place - 99), math.min(log.stop, place + 100)
  if from < to then
    for _, entry in ipairs(redis.call('XRANGE', entries, whole(from + 1), whole(to))) do
      local at = whole(tonumber(string.match(entry[1], '^%d+')) - 1)
      redis.call('XDEL', entries, entry[1])
      redis.call('HSET', aside, at, entry[2][2] .. ' ' .. entry[2][4])
      if entry[2][6] then redis.call('HSET', aside, 'm' .. at, entry[2][6]) end
    end
    done = to
  end
  local kept = redis.call('HGET', aside, whole(place))
  if kept then
    local time = string.sub(kept, 1, string.find(kept, ' ', 1, true))
    redis.call('HSET', aside, whole(place), time .. values[place])
  end
end
return #places
`;
