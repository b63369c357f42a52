-- Reads some slots, or a page of all of them. Writes only to drop tombstones, to open a new epoch, to renew the life of the log
-- now and then, and where a part of it is missing: the rest goes. Asking about a log that is not there leaves nothing behind.
--
-- KEYS    eleven, as in slots-keys.lua
-- ARGV    1 name for a new epoch · 2 dedupe window, ms · 3 life, ms, or 0 for ever while there is something in the log · 4 most
--         tombstones or "" · 5 most bytes of their names or "" · 6 their most age, ms, or "" · 7 how long after the beginning of
--         an epoch nothing is due, ms · 8 "slots", and then their names; or "due" · 9 most slots; or "after" · 9 that offset
--         · 10 most entries · 11 most bytes
-- Returns epochs, head, floor, milliseconds until the next slot is due or -1, and then name and record of each slot, as in
--         slots-keys.lua; of a page in the order of their offsets, and all that is left of each entry.

local EPOCH, WINDOW, LIFE, REST = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[7])
local FIRST_PAGE, MOST_PAGE = 16, 512

choose_log(0)
local now = now_ms()
find_slots(now, EPOCH)
if is_new and not torn then return { epochs, 0, 0, -1 } end
local ms = life_of(LIFE, WINDOW)
local renews = is_new or must_renew_slots(ms, now, WINDOW)
if renews then life, set_at = ms, now end
if is_new or opens or renews then save() end
if renews then renew_slots(ms, WINDOW) end
drop_graves(now, tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]))

local due = -1
if dues > 0 then
  local next_due = redis.call('ZRANGE', DUES, 0, 0, 'WITHSCORES')[2]
  due = math.max(0, next_due - now, begun + REST - now)
end
local reply = { epochs, head, floor, due }

if ARGV[8] ~= 'after' then
  local names, seen = {}, {}
  if ARGV[8] == 'due' then
    if due == 0 then names = redis.call('ZRANGEBYSCORE', DUES, '-inf', text(now), 'LIMIT', 0, ARGV[9]) end
  else
    for i = 9, #ARGV do
      if not seen[ARGV[i]] then
        seen[ARGV[i]] = true
        names[#names + 1] = ARGV[i]
      end
    end
  end
  local found = #names > 0 and fetch(SLOTS, names) or {}
  for i, name in ipairs(names) do
    if found[i] then
      reply[#reply + 1] = name
      reply[#reply + 1] = found[i]
    end
  end
  return reply
end

local AFTER, LIMIT, BYTES = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
-- Where the entry at hand began in the reply, and what it is as far as it was seen.
local entry, begins_at, entry_size = nil, #reply, 0
local entries, size, is_full = 0, 0, false

-- The entry at hand is all there: it stays, or goes where it is one too many.
local function end_entry()
  if not entry then return end
  size = size + entry_size
  if size > BYTES and entries > 0 then
    for i = #reply, begins_at + 1, -1 do reply[i] = nil end
    is_full = true
    return
  end
  entries = entries + 1
  is_full = entries >= LIMIT
end

local rank, page_size = redis.call('ZCOUNT', ORDER, '-inf', text(AFTER)), FIRST_PAGE
while not is_full and LIMIT > 0 do
  local names = redis.call('ZRANGE', ORDER, rank, rank + page_size - 1)
  local found = #names > 0 and fetch(SLOTS, names) or {}
  for i, name in ipairs(names) do
    local offset, _, meta, payload = read_slot(found[i])
    if offset ~= entry then
      end_entry()
      if is_full then break end
      entry, begins_at, entry_size = offset, #reply, meta
    end
    entry_size = entry_size + #name + math.max(payload - 1, 0)
    reply[#reply + 1] = name
    reply[#reply + 1] = found[i]
  end
  if #names < page_size then
    if not is_full then end_entry() end
    break
  end
  rank, page_size = rank + page_size, math.min(page_size * 2, MOST_PAGE)
end
return reply
