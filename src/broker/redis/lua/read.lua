-- Reads a page of a log. Writes only to renew the life of one now and then, and where a part of one is missing: the rest
-- goes. Asking about a log that is not there leaves nothing behind.
--
-- ARGV    1 name for a new epoch · 2 life, ms, or 0 for ever as long as entries are kept · 3 "after" or "before" · 4 that offset · 5 most entries · 6 most bytes
--         7 most age, ms, or ""
-- Returns epochs, head, oldestPrev, the prev of the oldest entry found, and then id and entry of each, oldest first.

local EPOCH, LIFE, FORWARD, FROM = ARGV[1], tonumber(ARGV[2]), ARGV[3] == 'after', tonumber(ARGV[4])
local LIMIT, BYTES, AGE = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local FIRST_PAGE, MAX_PAGE = 8, 256

choose_log(0)
local now = now_ms()
local meta = redis.call('HMGET', META, 'e', 's', 'c')
local epochs = meta[1]
-- It is of another kind, which the first append will put an end to.
if meta[3] then return { first_epoch(now), 0, 0, 0 } end
local head, last_kept, total, turned, life, set_at, young = load_state(meta[2])
local is_new = not is_whole(epochs, last_kept)
if is_new then
  if not is_torn() then return { first_epoch(now), 0, 0, 0 } end
  if LIFE == 0 then LIFE = LEAST_LIFE end
  epochs = begin(now, EPOCH, 0, 0, 0, now, LIFE, now, 0)
  renew(LIFE)
  return { epochs, 0, 0, 0 }
end
if LIFE == 0 and last_kept == 0 then LIFE = math.max(LEAST_LIFE, life) end
if must_renew(LIFE, now, life, set_at) then
  save_state(nil, head, last_kept, total, turned, LIFE, now, young)
  renew(LIFE)
end

local function prev_of(entry)
  return (struct.unpack('>I7', entry[2][2]))
end

local min = AGE and offset_at(now - AGE) or 0
local oldest = redis.call('XRANGE', LOG, text(min), '+', 'COUNT', 1)[1]
local reply = { epochs, head, oldest and prev_of(oldest) or head, 0 }

local found, room, page_size = {}, BYTES, FIRST_PAGE
local low, high = math.max(min, FORWARD and FROM + 1 or 0), FORWARD and '+' or text(FROM - 1)
while oldest and #found < LIMIT and room >= 0 and (FORWARD or FROM > 0) do
  local count = math.min(page_size, LIMIT - #found)
  local page
  if FORWARD then
    page = redis.call('XRANGE', LOG, text(low), '+', 'COUNT', count)
  else
    page = redis.call('XREVRANGE', LOG, high, text(low), 'COUNT', count)
  end
  for _, entry in ipairs(page) do
    room = room - (#entry[2][4] - HEADER)
    if room < 0 and #found > 0 then break end
    found[#found + 1] = entry
  end
  if #page < count then break end
  local last = tonumber(string.match(page[#page][1], '^%d+'))
  if FORWARD then low = last + 1 else high = text(last - 1) end
  page_size = math.min(page_size * 2, MAX_PAGE)
end
if #found > 0 then
  reply[4] = prev_of(found[FORWARD and 1 or #found])
  for i = 1, #found do
    local entry = found[FORWARD and i or #found - i + 1]
    reply[#reply + 1] = entry[1]
    reply[#reply + 1] = entry[2][4]
  end
end
return reply
