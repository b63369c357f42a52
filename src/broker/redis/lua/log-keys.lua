-- In front of every script of the log: what the keys are, and the log as it is found.
--
-- KEYS[1] meta    hash: e epochs "name:base,…" oldest first · i incarnation of Redis · h head · l last kept entry, 0 for
--                 none · c bytes ever appended · g which key memory is the younger · t when they changed places · f fence
--                 x "life@when": how long all this lives, and when that was set last
-- KEYS[2] log     stream: the id is the offset; p = prev and bytes before it, packed · d the entry, ready-made
-- KEYS[3], [4]    text keys in two generations, hashes: digest of scope and id -> offset and print, packed
-- KEYS[5], [6]    sequences in two generations, hashes: see sequence-rings.lua
--
-- All of them share a slot and are set to expire together, so either all are there or the log is lost.
-- A key memory may expire by itself earlier: when it does, everything in it has been too old for long.
-- Numbers go into Redis by "%.0f": Lua's own form of an offset is 8.89e+14.

local META, LOG = KEYS[1], KEYS[2]

local function text(number)
  return string.format('%.0f', number)
end

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- The smallest offset of that moment: milliseconds since 2020-01-01, and twelve bits to count with.
local function offset_at(ms)
  return math.max(ms - 1577836800000, 0) * 4096
end

-- Another one after a promotion or a restart: Redis may have lost the end of its logs then.
local function incarnation()
  local info = redis.call('INFO', 'replication')
  local _, before = string.find(info, 'master_replid:', 1, true)
  return before and string.sub(info, before + 1, before + 40) or ''
end

-- Whether these fields of meta are those of a whole log.
local function is_whole(epochs, last_kept)
  if not epochs then return false end
  return last_kept == '0' or redis.call('EXISTS', LOG) == 1
end

-- Begins the log anew. Whatever may be left of an earlier one goes.
local function create(epoch, now)
  redis.call('HSET', META, 'e', epoch .. ':0', 'i', incarnation(), 'h', '0', 'l', '0', 'c', '0', 'g', '0', 't', text(now))
  redis.call('HDEL', META, 'f')
  redis.call('UNLINK', LOG, KEYS[3], KEYS[4], KEYS[5], KEYS[6])
end

-- Has all of the log live for `life` milliseconds from now, 0 for ever. Renewing is put off for a while, which is added.
local function keep_alive(life, now, known, is_grown)
  local set, at = string.match(known or '', '^(%d+)@(%d+)$')
  if set == life and not is_grown and (life == '0' or now - tonumber(at) < tonumber(life) / 16) then return end
  local ms = text(math.ceil(tonumber(life) * 17 / 16))
  for i = 1, 6 do
    if life == '0' then redis.call('PERSIST', KEYS[i]) else redis.call('PEXPIRE', KEYS[i], ms) end
  end
  redis.call('HSET', META, 'x', life .. '@' .. text(now))
end
