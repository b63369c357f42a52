-- In front of every script of presence: what the keys are, and the steps that change who is present.
--
-- KEYS[1] version    string: of the last change announced
-- KEYS[2] members    hash: id -> the member, ready-made JSON
-- KEYS[3] counts     hash: id -> how many instances
-- KEYS[4] graces     sorted set: members without an instance, by when their grace is over
-- KEYS[5] owners     set: the incarnations of nodes that have instances here
-- KEYS[6] instances  set, of one incarnation: "<length of id>:<id><instance>"
-- KEYS[7] where changes are published
--
-- Everything is renewed by use and by nodes that have members here, so what no node knows of any more ends by itself.

local VERSION, MEMBERS, COUNTS, GRACES, OWNERS, INSTANCES, CHANGES = unpack(KEYS)
local LIFE = 86400000
local MAX_GRACES = 200

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- The members this call has touched: what they were before it, false for absent, in the order of touching.
local touched, before = {}, {}
local function touch(id)
  if before[id] ~= nil then return end
  before[id] = redis.call('HGET', MEMBERS, id)
  touched[#touched + 1] = id
end

local function remove(id)
  touch(id)
  redis.call('HDEL', MEMBERS, id)
  redis.call('HDEL', COUNTS, id)
  redis.call('ZREM', GRACES, id)
end

local function add_instance(id, instance, member)
  touch(id)
  if redis.call('SADD', INSTANCES, instance) == 1 then
    redis.call('HINCRBY', COUNTS, id, 1)
    redis.call('ZREM', GRACES, id)
  end
  redis.call('HSET', MEMBERS, id, member)
end

local function remove_instance(id, instance, grace)
  if redis.call('SREM', INSTANCES, instance) == 0 then return end
  if redis.call('HINCRBY', COUNTS, id, -1) > 0 then return end
  if grace > 0 then
    redis.call('ZADD', GRACES, string.format('%.0f', now + grace), id)
  else
    remove(id)
  end
end

-- Ends the graces that are over; some at a time, so that a script stays short. Returns whether there may be more.
local function end_graces()
  local due = redis.call('ZRANGEBYSCORE', GRACES, '-inf', string.format('%.0f', now), 'LIMIT', 0, MAX_GRACES)
  for _, id in ipairs(due) do remove(id) end
  return #due == MAX_GRACES
end

-- Milliseconds until the next grace is over, -1 when there is none.
local function next_grace()
  local first = redis.call('ZRANGE', GRACES, 0, 0, 'WITHSCORES')
  return first[2] and math.max(tonumber(first[2]) - now, 0) or -1
end

-- Versions begin above every one that the channel had before, also when Redis has forgotten it: they are made out of time.
-- Only a change makes the first one; before it, whoever asks is told 0, which every later one is far above.
local function version()
  local known = redis.call('GET', VERSION)
  if known then return tonumber(known) end
  local first = (now - 1577836800000) * 4096
  redis.call('SET', VERSION, string.format('%.0f', first), 'PX', LIFE)
  return first
end

-- Tells what has changed in sum: who came and went, or went and came, does not show. Other data counts as joining.
local function announce()
  local joined, left = {}, {}
  for _, id in ipairs(touched) do
    local member = redis.call('HGET', MEMBERS, id)
    if member and member ~= before[id] then
      joined[#joined + 1] = member
    elseif before[id] and not member then
      left[#left + 1] = before[id]
    end
  end
  local current = version()
  if #joined + #left > 0 then
    current = current + 1
    redis.call('SET', VERSION, string.format('%.0f', current))
    local change = 'p{"version":' .. string.format('%.0f', current)
    change = change .. ',"joined":[' .. table.concat(joined, ',') .. '],"left":[' .. table.concat(left, ',') .. ']}'
    redis.call('SPUBLISH', CHANGES, change)
  end
  for i = 1, 6 do redis.call('PEXPIRE', KEYS[i], LIFE) end
end
