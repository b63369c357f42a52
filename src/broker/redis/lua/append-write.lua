-- The second stage of append.lua: puts into Redis what the first one has decided about the log at hand. The first thing it
-- writes is one that Redis refuses when it is out of memory.

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
    epochs = with_new_epoch(epochs, EPOCH, prev)
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
