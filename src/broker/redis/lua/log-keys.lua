-- In front of every script of the log: what the keys are, and the log as it is found.
--
-- Seven keys for each log:
--   1 meta       hash: e epochs "name:base,…" oldest first, "earlier=name" where the name was another one · i incarnation of Redis · s where the log stands, packed
--                as in load_state · w counts what WAIT waits for · c in a log that is kept by slots, see slots-keys.lua · t
--                and r who reigns, see reign.lua. An earlier version may have left f there, which says nothing now
--   2 log        stream: the id is the offset; p = prev and bytes before it, packed · d the entry, ready-made
--   3, 4         text keys in two generations, hashes: digest of scope and id -> offset and print, packed
--   5, 6         sequences in two generations, hashes: see sequence-rings.lua
--   7            where hints are published
--
-- The six share a slot and are set to expire together. When the first two are gone there is no log: nothing was ever in
-- it, or so long ago that nobody can come back to it. When one of them is missing, the log is lost.
-- A key memory may expire by itself at another time: when it does, everything in it has been too old for long.
-- Numbers go into Redis as whole digits: Lua's own form of an offset is 8.89e+14.

local KEYS_PER_LOG = 7
-- The log at hand: where its keys begin less one, and the first two.
local BASE, META, LOG

local function choose_log(base)
  BASE, META, LOG = base, KEYS[base + 1], KEYS[base + 2]
end

-- An entry, ready-made, begins with so many bytes that are neither meta nor data.
local HEADER = 10

-- Lua cannot hand over more than some thousand values at once.
local AT_ONCE = 2000

-- The values of many fields; false for those that are not there.
local function fetch(hash, fields)
  if #fields <= AT_ONCE then return redis.call('HMGET', hash, unpack(fields)) end
  local values = {}
  for i = 1, #fields, AT_ONCE do
    local piece = redis.call('HMGET', hash, unpack(fields, i, math.min(i + AT_ONCE - 1, #fields)))
    for j = 1, #piece do values[i + j - 1] = piece[j] end
  end
  return values
end

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
local known_now
local function incarnation()
  if known_now then return known_now end
  local info = redis.call('INFO', 'replication')
  local _, before = string.find(info, 'master_replid:', 1, true)
  known_now = before and string.sub(info, before + 1, before + 40) or ''
  return known_now
end

-- Where a log stands: head, the last entry kept or 0, bytes ever appended, when its key memories changed places, for
-- how long it lives after its last use in ms or 0 for ever, when that was set, and which key memory is the younger.
local STATE = '>I7I7I7I7I7I7B'
local NO_STATE = struct.pack(STATE, 0, 0, 0, 0, 0, 0, 0)
local function load_state(packed)
  return struct.unpack(STATE, packed or NO_STATE)
end
-- `epochs` only where they are others than before.
local function save_state(epochs, ...)
  if epochs then
    redis.call('HSET', META, 'e', epochs, 'i', incarnation(), 's', struct.pack(STATE, ...))
  else
    redis.call('HSET', META, 's', struct.pack(STATE, ...))
  end
end

-- The epochs of a log with a new one behind them, which begins after `head`. So many are remembered, as in contract.ts.
local REMEMBERED_EPOCHS = 16
local function with_new_epoch(epochs, epoch, head)
  epochs = epochs .. ',' .. epoch .. ':' .. text(head)
  local _, commas = string.gsub(epochs, ',', '')
  return commas >= REMEMBERED_EPOCHS and string.match(epochs, ',(.*)') or epochs
end

-- Whether the log is all there.
local function is_whole(epochs, last_kept)
  if not epochs then return false end
  return last_kept == 0 or redis.call('EXISTS', LOG) == 1
end

-- The epoch of a log that is not there, as it stands in the meta of one that is. Nobody keeps anything for it, so its
-- name follows from what every script knows: which incarnation this is, what the log is called, and the time in half
-- days. A log lives a day or longer, so one that has gone had none of the names of now; a cursor from before it fits what
-- comes next as little as one of its own. The name of the last half day is another one for the same epoch: a cursor is
-- good for half a day, and up to a whole one, after the log was asked about.
local LEAST_LIFE = 86400000
local NAMED_FOR = LEAST_LIFE / 2
local function first_epoch(now)
  local period = math.floor(now / NAMED_FOR)
  local names = {}
  for i = 1, 2 do
    local made = redis.sha1hex(text(period - 2 + i) .. ' ' .. incarnation() .. ' ' .. META)
    names[i] = string.sub(made, 1, 12)
  end
  return table.concat(names, '=') .. ':0'
end

-- Whether a part of a log is there.
local function is_torn()
  return redis.call('EXISTS', META, LOG) > 0
end

-- What else a log has that is kept by slots. Whoever calls for one of another kind does not name them; they share its slot.
local SLOTS_KEYS = { 'slots', 'order', 'graves', 'dues' }
local function unlink_slots()
  local names = {}
  for i, name in ipairs(SLOTS_KEYS) do names[i] = string.sub(META, 1, -5) .. name end
  redis.call('UNLINK', unpack(names))
end

-- Begins a log that is not whole, with its state, and returns its epochs and whether something is left of an earlier one.
-- That goes, and then `epoch` is the name of what begins.
local function begin(now, epoch, ...)
  local torn = is_torn()
  local epochs = torn and epoch .. ':0' or first_epoch(now)
  save_state(epochs, ...)
  if torn then
    redis.call('HDEL', META, 'c', 't', 'r')
    unlink_slots()
  end
  redis.call('UNLINK', LOG, KEYS[BASE + 3], KEYS[BASE + 4], KEYS[BASE + 5], KEYS[BASE + 6])
  return epochs, torn
end

-- Renewing the life of a log is put off for a while, which is added.
local function must_renew(life, now, known, set_at)
  return life ~= known or (life ~= 0 and now - set_at >= life / 16)
end

local function until_renewed(life)
  return text(math.ceil(life * 17 / 16))
end

-- Has all of the log live for `life` milliseconds from now, 0 for ever.
local function renew(life)
  local ms = until_renewed(life)
  for i = 1, 6 do
    if life == 0 then redis.call('PERSIST', KEYS[BASE + i]) else redis.call('PEXPIRE', KEYS[BASE + i], ms) end
  end
end
