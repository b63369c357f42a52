-- In front of every script of logs that are kept by slots: what the keys are besides those of log-keys.lua, and such a log as it
-- is found. Seven keys as there, of which the second, the stream, is not there, and four more:
--   8  slots     hash: slot -> its newest entry, packed as in slot_record
--   9  order     sorted set: slots by the offset of their newest entry, tombstones among them
--   10 graves    sorted set: those of them that were deleted
--   11 dues      sorted set: those of them that have a time to live, by the time, ms, at which they are due
--
-- Field c of the meta says what is in them, packed as in load_counts: an empty sorted set or hash is no key, so that only the
-- counts tell whether one of them was lost. They tell as well whether somebody has appended who does not know of slots.

local KEYS_PER_SLOTS_LOG = 11
local SLOTS, ORDER, GRAVES, DUES

local function choose_slots()
  SLOTS, ORDER, GRAVES, DUES = KEYS[BASE + 8], KEYS[BASE + 9], KEYS[BASE + 10], KEYS[BASE + 11]
end

-- Head, how many slots hold something and how many bytes that is, how many tombstones there are and the bytes of their
-- names, how many slots are due some time, the newest tombstone that was dropped, and when, ms, the newest epoch began.
local COUNTS = '>I7I7I7I7I7I7I7I7'

-- The log at hand.
local epochs, log_incarnation
local head, total, turned, life, set_at, young
local count, bytes, graves, grave_bytes, dues, floor, begun
-- Whether it is new, and something is left of an earlier one; whether its newest epoch begins now; which keys it has.
local is_new, torn, opens
local had_slots, had_graves, had_dues

local function are_all_there()
  if redis.call('HLEN', SLOTS) ~= count + graves or redis.call('ZCARD', ORDER) ~= count + graves then return false end
  if graves > 0 and redis.call('ZCARD', GRAVES) ~= graves then return false end
  return dues == 0 or redis.call('ZCARD', DUES) == dues
end

local function reset_counts()
  count, bytes, graves, grave_bytes, dues, floor = 0, 0, 0, 0, 0, 0
end

-- Whether the log that was found is whole, and kept by slots. One in which nothing ever was is of any kind.
local function is_ours(counts, last_kept, now)
  if not epochs or last_kept ~= 0 then return false end
  if not counts then
    reset_counts()
    begun = now
    return head == 0 and redis.call('EXISTS', SLOTS, ORDER, GRAVES, DUES) == 0
  end
  local counted_head
  counted_head, count, bytes, graves, grave_bytes, dues, floor, begun = struct.unpack(COUNTS, counts)
  return counted_head == head and are_all_there()
end

-- Finds the log at hand. What it says of a new epoch, or of a new log, is on paper until save().
local function find_slots(now, epoch)
  choose_slots()
  local meta = redis.call('HMGET', META, 'e', 's', 'i', 'c')
  local last_kept
  epochs, log_incarnation = meta[1], meta[3]
  head, last_kept, total, turned, life, set_at, young = load_state(meta[2])
  is_new, torn, opens = not is_ours(meta[4], last_kept, now), false, false
  if is_new then
    torn = redis.call('EXISTS', META, LOG, SLOTS, ORDER, GRAVES, DUES) > 0
    epochs = torn and epoch .. ':0' or first_epoch(now)
    head, total, turned, life, set_at, young, begun = 0, 0, now, 0, 0, 0, now
    reset_counts()
  elseif incarnation() ~= log_incarnation then
    -- Before anything is judged: a cursor of the time before must not be taken for one of now.
    opens, epochs, begun = true, with_new_epoch(epochs, epoch, head), now
  end
  had_slots, had_graves, had_dues = count + graves > 0, graves > 0, dues > 0
end

-- The name of the epoch that is being written.
local function newest_epoch()
  return string.match(epochs, '([^,:=]+):%d+$')
end

local function save_counts()
  redis.call('HSET', META, 'c', struct.pack(COUNTS, head, count, bytes, graves, grave_bytes, dues, floor, begun))
end

-- Writes where the log stands.
local function save()
  local state = struct.pack(STATE, head, 0, total, turned, life, set_at, young)
  local counts = struct.pack(COUNTS, head, count, bytes, graves, grave_bytes, dues, floor, begun)
  if opens or is_new then
    redis.call('HSET', META, 's', state, 'c', counts, 'e', epochs, 'i', incarnation())
  else
    redis.call('HSET', META, 's', state, 'c', counts)
  end
  -- Who reigned did so over the log that was lost.
  if torn then redis.call('HDEL', META, 't', 'r') end
  -- A key memory can outlive its log for a while.
  if is_new then
    redis.call('UNLINK', LOG, SLOTS, ORDER, GRAVES, DUES, KEYS[BASE + 3], KEYS[BASE + 4], KEYS[BASE + 5], KEYS[BASE + 6])
  end
end

-- How long the log lives after its last use, ms, 0 for ever: without slots that hold something it goes, though not as soon as a
-- name of it could be given again. Its key memories end in any case.
local function life_of(full_life, window)
  return count > 0 and full_life or math.max(LEAST_LIFE, 2 * window)
end

local function key_life_of(ms, window)
  return ms ~= 0 and ms or math.max(LEAST_LIFE, 2 * window)
end

local function must_renew_slots(ms, now, window)
  return ms ~= life or now - set_at >= key_life_of(ms, window) / 16
end

-- What is a key of the log only since now ends with the others, in `ms` milliseconds.
local function end_new_keys(ms)
  local ends_in = until_renewed(ms)
  if not had_slots then
    redis.call('PEXPIRE', SLOTS, ends_in)
    redis.call('PEXPIRE', ORDER, ends_in)
  end
  if not had_graves and graves > 0 then redis.call('PEXPIRE', GRAVES, ends_in) end
  if not had_dues and dues > 0 then redis.call('PEXPIRE', DUES, ends_in) end
end

-- Has all of the log live for `ms` milliseconds from now, 0 for ever.
local function renew_slots(ms, window)
  local data = { META, SLOTS, ORDER, GRAVES, DUES }
  for i = 1, #data do
    if ms == 0 then redis.call('PERSIST', data[i]) else redis.call('PEXPIRE', data[i], until_renewed(ms)) end
  end
  local keys = until_renewed(key_life_of(ms, window))
  for i = 3, 6 do redis.call('PEXPIRE', KEYS[BASE + i], keys) end
end

-- The newest entry of a slot: its offset; when it is due, ms, or 0 for never; which of the changes of its entry it is; the
-- entry's meta, behind its length; and the payload, with the kind of data in front. Without payload it is a tombstone.
local SLOT_HEADER = 21
local function slot_record(offset, due, index, meta, payload)
  return struct.pack('>I7I7I3I4', offset, due, index, #meta) .. meta .. payload
end

-- The same record with another time at which it is due.
local function with_due(record, due)
  return string.sub(record, 1, 7) .. struct.pack('>I7', due) .. string.sub(record, 15)
end

-- Offset, due, bytes of meta, and bytes of the payload with its kind, 0 for a tombstone.
local function read_slot(record)
  local offset, due, _, meta = struct.unpack('>I7I7I3I4', record)
  return offset, due, meta, #record - SLOT_HEADER - meta
end

-- Runs a command for many values, in pieces.
local function in_pieces(command, key, values)
  for i = 1, #values, AT_ONCE do
    redis.call(command, key, unpack(values, i, math.min(i + AT_ONCE - 1, #values)))
  end
end

-- Tombstones that are dropped in one call, at most: a call must not take long, however many have become too old. A call
-- makes fewer.
local MOST_DROPPED = 4000

-- Drops the tombstones, oldest first, that are over a limit; nil is none. Whoever is behind one of them begins anew.
local function drop_graves(now, most, most_bytes, age)
  if graves == 0 then return end
  local oldest = age and offset_at(now - age) or 0
  local dropped, from, size = {}, 0, 1
  while #dropped < MOST_DROPPED do
    if not age and not (most and graves > most) and not (most_bytes and grave_bytes > most_bytes) then break end
    local page = redis.call('ZRANGE', GRAVES, from, from + size - 1, 'WITHSCORES')
    local stays = #page < 2 * size
    for i = 1, #page, 2 do
      local offset = tonumber(page[i + 1])
      if not (most and graves > most) and not (most_bytes and grave_bytes > most_bytes) and offset >= oldest then
        stays = true
        break
      end
      dropped[#dropped + 1] = page[i]
      graves, grave_bytes, floor = graves - 1, grave_bytes - #page[i], math.max(floor, offset)
    end
    if stays then break end
    from, size = from + size, math.min(size * 4, AT_ONCE / 2)
  end
  if #dropped == 0 then return end
  save_counts()
  in_pieces('HDEL', SLOTS, dropped)
  in_pieces('ZREM', ORDER, dropped)
  in_pieces('ZREM', GRAVES, dropped)
end
