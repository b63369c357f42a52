-- The second stage of change.lua: puts into Redis what the first one has decided about the log at hand. The first thing it
-- writes is one that Redis refuses when it is out of memory.

local MOST_GRAVES, MOST_GRAVE_BYTES, GRAVES_AGE = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13])

-- Puts the slots that have changed where they belong, with few calls for however many there are. A number that is handed over
-- is written with all its digits. In most calls nothing is deleted, and nothing has a time to live.
local function write_slots()
  if #touched == 0 then return end
  local values, places = {}, {}
  local deleted, revived, timed, timeless = NONE, NONE, NONE, NONE
  for i, slot in ipairs(touched) do
    local offset, due = offsets[slot], due_at[slot]
    local old_offset, old_due = old_offsets[slot], old_dues[slot]
    values[2 * i - 1], values[2 * i] = slot, records[slot]
    if offset ~= old_offset then
      places[#places + 1] = offset
      places[#places + 1] = slot
      if sizes[slot] == 0 then
        if deleted == NONE then deleted = {} end
        deleted[#deleted + 1] = offset
        deleted[#deleted + 1] = slot
      elseif old_offset > 0 and old_sizes[slot] == 0 then
        if revived == NONE then revived = {} end
        revived[#revived + 1] = slot
      end
    end
    if due > 0 and due ~= old_due then
      if timed == NONE then timed = {} end
      timed[#timed + 1] = due
      timed[#timed + 1] = slot
    elseif due == 0 and old_due > 0 then
      if timeless == NONE then timeless = {} end
      timeless[#timeless + 1] = slot
    end
  end
  in_pieces('HSET', SLOTS, values)
  in_pieces('ZADD', ORDER, places)
  in_pieces('ZADD', GRAVES, deleted)
  in_pieces('ZREM', GRAVES, revived)
  in_pieces('ZADD', DUES, timed)
  in_pieces('ZREM', DUES, timeless)
end

-- Writes what was decided, hints the followers, and returns the outcomes, with the epoch that is being written behind them.
local function write()
  outcomes[#outcomes + 1] = newest_epoch()
  -- What was only asked about leaves nothing behind.
  if is_new and not torn and entered == 0 then return outcomes end

  local ms = life_of(tonumber(ARGV[5]), WINDOW)
  local renews = is_new or must_renew_slots(ms, now, WINDOW)
  if renews then life, set_at = ms, now end
  local writes = #touched > 0 or remembers
  if writes or is_new or opens or turns or renews then save() end
  -- WAIT waits for this connection's own writes; an earlier call may have been another one's.
  if ARGV[6] == '1' and not writes then redis.call('HINCRBY', META, 'w', 1) end

  -- What is all new has no end that would have to be taken away.
  local renews_all = renews and not (is_new and not torn and ms == 0)
  local ends_in = not renews_all and until_renewed(key_life_of(ms, WINDOW))
  if turns then
    redis.call('UNLINK', young_texts, young_scopes)
    if forgets_all then redis.call('UNLINK', old_texts, old_scopes) end
  end
  write_texts(young_texts, texts, new_texts, ends_in)
  write_rings(young_scopes, rings, old_scopes, moving, ends_in)
  write_slots()
  drop_graves(now, MOST_GRAVES, MOST_GRAVE_BYTES, GRAVES_AGE)
  if renews_all then
    renew_slots(ms, WINDOW)
  elseif ms ~= 0 then
    end_new_keys(ms)
  end

  if entered > 0 then
    local header = table.concat({ 'c' .. newest_epoch(), text(first_prev), text(first), entered }, ' ')
    redis.call('SPUBLISH', KEYS[BASE + 7], header .. '\n' .. table.concat(hints))
  end
  return outcomes
end
