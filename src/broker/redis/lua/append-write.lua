-- The second stage of append.lua: puts into Redis what the first one has decided about the log at hand. The first thing it
-- writes is one that Redis refuses when it is out of memory.

local REMEMBERED_EPOCHS = 16

-- A memory that is new has no end yet, and gets one `ends_in` milliseconds from now, or none; one that is in use has an
-- end that is no sooner than the log's.
local function remember(key, pairs_, ends_in)
  local added = 0
  for i = 1, #pairs_, AT_ONCE do
    added = added + redis.call('HSET', key, unpack(pairs_, i, math.min(i + AT_ONCE - 1, #pairs_)))
  end
  if ends_in and added * 2 == #pairs_ then redis.call('PEXPIRE', key, ends_in) end
end

-- Puts the keys that are new into the younger memories.
local function write_keys(ends_in)
  if turns then
    redis.call('UNLINK', young_texts, young_scopes)
    if forgets_all then redis.call('UNLINK', old_texts, old_scopes) end
  end
  if #new_texts > 0 then
    local pairs_ = {}
    for _, digest in ipairs(new_texts) do
      pairs_[#pairs_ + 1] = digest
      pairs_[#pairs_ + 1] = texts[digest]
    end
    remember(young_texts, pairs_, ends_in)
  end
  if #moving > 0 then remove_rings(old_scopes, moving) end
  local fields = {}
  for _, ring in pairs(rings) do
    if ring.is_changed then close_ring(ring, fields) end
  end
  if #fields > 0 then remember(young_scopes, fields, ends_in) end
end

-- Each entry knows how many bytes came before it, so the kept ones need not be counted.
local function trim_bytes()
  while true do
    local page = redis.call('XRANGE', LOG, '-', '+', 'COUNT', 16)
    local keep_from
    for _, entry in ipairs(page) do
      local _, bytes_before = unpack_('>I7I7', entry[2][2])
      if total - bytes_before <= BYTES then
        keep_from = entry[1]
        break
      end
    end
    if #page == 0 or keep_from == page[1][1] then break end
    local last = tonumber(string.match(page[#page][1], '^%d+'))
    redis.call('XTRIM', LOG, 'MINID', '=', keep_from or text(last + 1))
    if keep_from then break end
  end
end

-- Puts the entries that are new behind `prev`, with `before` bytes before the first of them, and trims the log with the last.
local function write_entries(prev, before, first_text)
  local min = AGE and text(offset_at(now - AGE))
  for i, blob in ipairs(blobs) do
    local offset = first + i - 1
    local id, positions = i == 1 and first_text or text(offset), pack('>I7I7', prev, before)
    if i < #blobs or (COUNT == '' and not AGE) then
      redis.call('XADD', LOG, id, 'p', positions, 'd', blob)
    elseif COUNT ~= '' then
      redis.call('XADD', LOG, 'MAXLEN', '=', COUNT, id, 'p', positions, 'd', blob)
    else
      redis.call('XADD', LOG, 'MINID', '=', min, id, 'p', positions, 'd', blob)
    end
    prev, before = offset, before + #blob - HEADER
  end
  if COUNT ~= '' and #blobs == 0 then redis.call('XTRIM', LOG, 'MAXLEN', '=', COUNT) end
  if AGE and (COUNT ~= '' or #blobs == 0) then redis.call('XTRIM', LOG, 'MINID', '=', min) end
  if BYTES then trim_bytes() end
end

-- Writes what was decided, hints the followers, and returns the outcomes.
local function write()
  -- What was only asked about leaves nothing behind.
  if is_new and #blobs == 0 then return outcomes end

  local prev, before, torn = head, total, false
  local begins = is_new or (KEEP and last_kept == 0)
  local ends = not KEEP and last_kept ~= 0
  if #blobs > 0 then
    head = first + #blobs - 1
    for _, blob in ipairs(blobs) do total = total + #blob - HEADER end
    -- When even the newest entry is over the limit, nothing is kept.
    local keeps = KEEP and not (BYTES and #blobs[#blobs] - HEADER > BYTES)
    last_kept = keeps and head or 0
  elseif ends then
    last_kept = 0
  end
  local ms = LIFE
  if ms == 0 and last_kept == 0 then ms = math.max(LEAST_LIFE, 2 * WINDOW) end
  local renews = begins or must_renew(ms, now, life, set_at)
  if renews then life, set_at = ms, now end

  if is_new then
    epochs, torn = begin(now, EPOCH, head, last_kept, total, turned, life, set_at, young)
  elseif #blobs > 0 and incarnation() ~= log_incarnation then
    epochs = epochs .. ',' .. EPOCH .. ':' .. text(prev)
    local _, commas = string.gsub(epochs, ',', '')
    if commas >= REMEMBERED_EPOCHS then epochs = string.match(epochs, ',(.*)') end
    save_epochs(epochs, head, last_kept, total, turned, life, set_at, young)
  elseif #blobs > 0 or turns or ends or renews then
    save_state(head, last_kept, total, turned, life, set_at, young)
  end
  -- WAIT waits for this connection's own writes; an earlier append may have been another one's.
  if CONFIRM and #blobs == 0 then redis.call('HINCRBY', META, 'w', 1) end

  local first_text = text(first)
  write_keys(ms ~= 0 and not renews and until_renewed(ms))
  if KEEP then
    write_entries(prev, before, first_text)
  elseif ends then
    redis.call('UNLINK', LOG)
  end
  -- What is all new has no end that would have to be taken away.
  if renews and not (is_new and not torn and ms == 0) then renew(ms) end

  if #blobs > 0 then
    local epoch = string.match(epochs, '([^,:=]+):%d+$')
    local header = table.concat({ 'e' .. epoch, text(prev), first_text, #blobs }, ' ')
    redis.call('SPUBLISH', KEYS[BASE + 7], header .. '\n' .. table.concat(blobs))
  end
  return outcomes
end
