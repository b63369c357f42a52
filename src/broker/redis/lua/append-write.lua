-- The second stage of append.lua: puts into Redis what the first one has decided about the log at hand.

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
  local count, bytes, age = ARGV[10], tonumber(ARGV[11]), tonumber(ARGV[12])
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
