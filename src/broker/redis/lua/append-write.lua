-- The second stage of append.lua: puts into Redis what the first one has decided about the log at hand.

-- A memory that is new has no end yet, and gets one `ends_in` milliseconds from now, or none; one that is in use has an
-- end that is no sooner than the log's.
local function remember(key, pairs_, ends_in)
  local added = 0
  for i = 1, #pairs_, AT_ONCE do
    added = added + redis.call('HSET', key, unpack(pairs_, i, math.min(i + AT_ONCE - 1, #pairs_)))
  end
  if ends_in and added * 2 == #pairs_ then redis.call('PEXPIRE', key, ends_in) end
end

-- Puts the text keys that are new into the younger memory.
local function write_texts(hash, texts, new_texts, ends_in)
  if #new_texts == 0 then return end
  local pairs_ = {}
  for _, digest in ipairs(new_texts) do
    pairs_[#pairs_ + 1] = digest
    pairs_[#pairs_ + 1] = texts[digest]
  end
  remember(hash, pairs_, ends_in)
end

-- Puts the rings that have changed into the younger memory, and takes those that move out of the older one.
local function write_rings(hash, rings, old_hash, moving, ends_in)
  if #moving > 0 then remove_rings(old_hash, moving) end
  local fields = {}
  for _, ring in pairs(rings) do
    if ring.is_changed then close_ring(ring, fields) end
  end
  if #fields > 0 then remember(hash, fields, ends_in) end
end

-- Each entry knows how many bytes came before it, so the kept ones need not be counted.
local function trim_bytes(total, most)
  while true do
    local page = redis.call('XRANGE', LOG, '-', '+', 'COUNT', 16)
    local keep_from
    for _, entry in ipairs(page) do
      local _, bytes_before = struct.unpack('>I7I7', entry[2][2])
      if total - bytes_before <= most then
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

-- Puts entries behind `prev`, `before` bytes being before the first of them, and trims the log with the last.
local function write_entries(blobs, first, first_text, prev, before, total)
  local count, bytes, age = ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
  local key, header = LOG, HEADER
  local min = age and text(offset_at(now - age))
  for i = 1, #blobs do
    local blob, offset = blobs[i], first + i - 1
    local id, positions = i == 1 and first_text or text(offset), struct.pack('>I7I7', prev, before)
    if i < #blobs or (count == '' and not age) then
      redis.call('XADD', key, id, 'p', positions, 'd', blob)
    elseif count ~= '' then
      redis.call('XADD', key, 'MAXLEN', '=', count, id, 'p', positions, 'd', blob)
    else
      redis.call('XADD', key, 'MINID', '=', min, id, 'p', positions, 'd', blob)
    end
    prev, before = offset, before + #blob - header
  end
  if count ~= '' and #blobs == 0 then redis.call('XTRIM', key, 'MAXLEN', '=', count) end
  if age and (count ~= '' or #blobs == 0) then redis.call('XTRIM', key, 'MINID', '=', min) end
  if bytes then trim_bytes(total, bytes) end
end
