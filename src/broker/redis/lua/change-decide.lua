-- The first stage of change.lua: finds out what becomes of the drafts of one log, in the order that contract.ts promises. It
-- writes nothing, so whatever makes it fail has left the log as it was. Payloads are compared and handed on, never read.

local MOST_COUNT, MOST_BYTES, HINTED, CONFLICT_BYTES, REST = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[14]), tonumber(ARGV[15]), tonumber(ARGV[16])
local IS_FENCED = ARGV[17] == '1'
local PER_CONDITION, PER_CHANGE, PER_HEAD = 3, 3, IS_FENCED and 8 or 7
local pack = struct.pack
local FULL_COUNT, FULL_BYTES, AHEAD, FENCED = 3, 4, 5, 6

-- The slots that the drafts name, as the drafts so far leave them: record, or false; offset, 0 where there is neither entry
-- nor tombstone; when it is due, 0 for never; bytes of the payload with its kind, 0 for none.
local records, offsets, due_at, sizes
-- Those that have changed, in the order of their first change, with what they had before it.
local touched, old_offsets, old_dues, old_sizes
-- What was decided: the outcome of each draft; how many entries are new, and those as followers are told, in pieces; the
-- offset of the first of them, and the one before it.
local outcomes, entered, hints, first, first_prev
-- The key memories, as key-memory.lua has them: what is known, what is new, and where it goes.
local texts, new_texts, rings, moving, new_scopes
local turns, forgets_all, young_texts, old_texts, young_scopes, old_scopes
-- Whether there are keys to be written.
local remembers

local function payload_of(slot)
  local size = sizes[slot]
  return size == 0 and '' or string.sub(records[slot], -size)
end

-- Whether a slot holds this already. What is sought can only be at the end, and is not copied.
local function holds_payload(slot, payload)
  local size = sizes[slot]
  return size == #payload and (size == 0 or string.find(records[slot], payload, -size, true) ~= nil)
end

-- Bytes that a slot counts: its name and what is in it.
local function size_of(slot, payload_size)
  return #slot + (payload_size == 0 and 0 or payload_size - 1)
end

-- Looks up all the slots that drafts name, once.
local function find_named(heads, details)
  local names, at = {}, details
  records, offsets, due_at, sizes = {}, {}, {}, {}
  for i = heads, details - 1, PER_HEAD do
    for _ = 1, ARGV[i + 5] + ARGV[i + 6] do
      local slot = ARGV[at]
      if records[slot] == nil then
        records[slot] = false
        names[#names + 1] = slot
      end
      at = at + 3
    end
  end
  touched, old_offsets, old_dues, old_sizes = {}, {}, {}, {}
  local found = is_new and NONE or (#names > 0 and fetch(SLOTS, names) or NONE)
  for i, slot in ipairs(names) do
    local record, _ = found[i] or false
    records[slot] = record
    if record then
      offsets[slot], due_at[slot], _, sizes[slot] = read_slot(record)
    else
      offsets[slot], due_at[slot], sizes[slot] = 0, 0, 0
    end
  end
end

-- Where a cursor stands, as judge.ts has it.
local function judge(epoch, offset)
  if offset == 0 then return 'on' end
  local is_known = false
  for names, base in string.gmatch(epochs, '([^,:]+):(%d+)') do
    if is_known then
      if offset > tonumber(base) then return 'rollback' end
      return offset < floor and 'trimmed' or offset > head and 'ahead' or 'failover'
    end
    local earlier, name = string.match(names, '^(.-)=(.*)$')
    is_known = epoch == (name or names) or epoch == earlier
  end
  if not is_known then return 'epoch' end
  return offset < floor and 'trimmed' or offset > head and 'ahead' or 'on'
end

local function holds(slot, what, offset)
  local is_there = sizes[slot] > 0
  local is_due = is_there and due_at[slot] > 0 and now - begun >= REST and due_at[slot] <= now
  if what == 'due' then return is_due end
  if what == 'absent' then return not is_there or is_due end
  local standing = judge(string.sub(what, 2), offset)
  if standing == 'epoch' or standing == 'rollback' then return false end
  -- What is there says when it came, however old the cursor is. Of what is not there only the floor tells.
  if offsets[slot] == 0 then return offset >= floor end
  return offsets[slot] <= offset
end

-- A conflict: its mark, a cursor for the next try, and what the slots of the conditions hold, as far as it fits.
local function conflict(from, to)
  local told, seen, room = { 'c', newest_epoch(), head }, {}, CONFLICT_BYTES
  for i = from, to, PER_CONDITION do
    local slot = ARGV[i]
    local size = size_of(slot, sizes[slot])
    if not seen[slot] and size <= room then
      seen[slot] = true
      room = room - size
      told[#told + 1] = slot
      told[#told + 1] = payload_of(slot)
    end
  end
  return told
end

-- Why the conditions keep a draft out, or nil where all of them hold.
local function refusal(from, to)
  local hold = true
  for i = from, to, PER_CONDITION do
    local slot, what, offset = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
    if offset and judge(string.sub(what, 2), offset) == 'ahead' then return AHEAD end
    hold = hold and holds(slot, what, offset)
  end
  return not hold and conflict(from, to) or nil
end

-- Which of the changes are none, because their slots hold what they are to hold; how many others there are, the bytes that
-- they are told with, the newest place of all their slots, and the limit that they would exceed.
local function compare(from, to)
  local same, changed, told_bytes, place = NONE, 0, 0, 0
  local would_count, would_bytes = count, bytes
  for i = from, to, PER_CHANGE do
    local slot, payload = ARGV[i], ARGV[i + 1]
    place = math.max(place, offsets[slot])
    if holds_payload(slot, payload) then
      if same == NONE then same = {} end
      same[i] = true
    else
      changed = changed + 1
      told_bytes = told_bytes + size_of(slot, #payload)
      if sizes[slot] > 0 then
        would_count, would_bytes = would_count - 1, would_bytes - size_of(slot, sizes[slot])
      end
      if #payload > 0 then
        would_count, would_bytes = would_count + 1, would_bytes + size_of(slot, #payload)
      end
    end
  end
  -- Whoever makes it smaller is let, also where it has more than it may: limits can have been lowered.
  local full
  if would_count > MOST_COUNT and would_count > count then full = FULL_COUNT
  elseif would_bytes > MOST_BYTES and would_bytes > bytes then full = FULL_BYTES end
  return same, changed, told_bytes, place, full
end

-- Puts something else in the place of what a slot has, and counts anew.
local function replace(slot, record, offset, due, size)
  local old_offset, old_due, old_size = offsets[slot], due_at[slot], sizes[slot]
  if not old_offsets[slot] then
    touched[#touched + 1] = slot
    old_offsets[slot], old_dues[slot], old_sizes[slot] = old_offset, old_due, old_size
  end
  if old_size > 0 then count, bytes = count - 1, bytes - size_of(slot, old_size)
  elseif old_offset > 0 then graves, grave_bytes = graves - 1, grave_bytes - #slot end
  if size > 0 then count, bytes = count + 1, bytes + size_of(slot, size)
  else graves, grave_bytes = graves + 1, grave_bytes + #slot end
  if old_due > 0 then dues = dues - 1 end
  if due > 0 then dues = dues + 1 end
  records[slot], offsets[slot], due_at[slot], sizes[slot] = record, offset, due, size
end

local function due_of(slot, payload, ttl)
  if ttl == 'keep' then return payload ~= '' and due_at[slot] or 0 end
  return payload ~= '' and ttl ~= '' and now + tonumber(ttl) or 0
end

-- Sets times to live anew, or ends them, where slots hold what they are to hold.
local function renew_dues(from, to, same)
  for i = from, to, PER_CHANGE do
    local slot, due = ARGV[i], due_of(ARGV[i], ARGV[i + 1], ARGV[i + 2])
    if same[i] and due ~= due_at[slot] and sizes[slot] > 0 then
      replace(slot, with_due(records[slot], due), offsets[slot], due, sizes[slot])
    end
  end
end

-- Puts changes under one offset, but those that are none, and notes what followers are told: a byte, 1 where the
-- changes follow; bytes of meta; how many changes; meta; and of each change the lengths of slot and payload, and both.
local function enter(offset, from, to, same, changed, meta, is_bare)
  local at = #hints
  hints[at + 1], hints[at + 2] = pack('>BI4I4', is_bare and 0 or 1, #meta, is_bare and 0 or changed), meta
  at = at + 2
  local index = 0
  for i = from, to, PER_CHANGE do
    if not same[i] then
      local slot, payload = ARGV[i], ARGV[i + 1]
      local due = due_of(slot, payload, ARGV[i + 2])
      replace(slot, slot_record(offset, due, index, meta, payload), offset, due, #payload)
      index = index + 1
      if not is_bare then
        hints[at + 1], hints[at + 2], hints[at + 3] = pack('>I4I4', #slot, #payload), slot, payload
        at = at + 3
      end
    end
  end
  entered = entered + 1
end

-- What becomes of the draft whose head stands at `i`, and whose conditions and changes stand from `at` and from `changes` to
-- `last`, where its key is new. With it the place that the key stands for, where it is to be remembered.
local function judge_draft(i, at, changes, last)
  if changes > at then
    local refused = refusal(at, changes - 1)
    if refused then return refused end
  end
  local same, changed, told_bytes, place, full = compare(changes, last)
  if changed == 0 then
    if head > 0 then
      renew_dues(changes, last, same)
      place = place > 0 and place or head
      return { place }, place
    end
    -- In a log in which nothing ever was there is no place to name: what is no change enters there.
    same, changed = NONE, (last - changes + 1) / PER_CHANGE
  elseif full then
    return full
  end
  if first + entered > LAST_OFFSET then return redis.error_reply(NO_OFFSET) end
  head = first + entered
  enter(head, changes, last, same, changed, ARGV[i + 3], ARGV[i + 4] == '1' or told_bytes > HINTED)
  if same ~= NONE then renew_dues(changes, last, same) end
  return head, head
end

-- Remembers a key that find_key called new, for the draft at `offset`; `at` is an offset of now.
local function remember_key(name, sequence, print, place, offset, at)
  remembers = true
  if sequence then
    add_sequence(rings[name], sequence, offset, print, place, at)
  else
    texts[name] = pack('>I7d', offset, print)
    if new_texts == NONE then new_texts = {} end
    new_texts[#new_texts + 1] = name
  end
end

-- Decides about the drafts of a log. Their number stands at `from`, then PER_HEAD arguments for each of them, then its conditions
-- and changes for each of them, up to `to`. Returns an error where nothing of it is done.
local function decide(from, to)
  local args = ARGV
  find_slots(now, args[1])
  turned, young, turns, forgets_all, young_texts, old_texts, young_scopes, old_scopes = turn_keys(is_new, turned, young)
  local heads, at = from + 1, from + 1 + args[from] * PER_HEAD
  local heads_end = at - 1
  new_texts, remembers = NONE, false
  texts, rings, moving, new_scopes =
    find_keys(heads, heads_end, PER_HEAD, forgets_all, turns, young_texts, old_texts, young_scopes, old_scopes)
  find_named(heads, at)
  outcomes, entered, hints = {}, 0, {}
  -- Of the reign; false for none. Nothing is asked where everybody may append.
  local token = IS_FENCED and not is_new and redis.call('HGET', META, 't')
  first, first_prev = math.max(offset_at(now), head + 1), head
  -- 0 would be none.
  local at_now, oldest_known = math.max(offset_at(now), 1), offset_at(now - WINDOW)
  for i = heads, heads_end, PER_HEAD do
    local changes = at + args[i + 5] * PER_CONDITION
    local last = changes + args[i + 6] * PER_CHANGE - 1
    local outcome, name, sequence, print, ring_place = find_key(i, texts, rings, oldest_known)
    if not outcome and IS_FENCED and args[i + 7] ~= token then outcome = FENCED end
    if not outcome then
      local stands_for
      outcome, stands_for = judge_draft(i, at, changes, last)
      if stands_for then
        remember_key(name, sequence, print, ring_place, stands_for, at_now)
      elseif type(outcome) == 'table' and outcome.err then
        return outcome
      end
    end
    outcomes[#outcomes + 1] = outcome
    at = last + 1
  end
  if
    is_full(#new_texts, tonumber(args[3]), forgets_all, turns, young_texts, old_texts)
    or is_full(new_scopes, tonumber(args[4]), forgets_all, turns, young_scopes, old_scopes)
  then
    return redis.error_reply(NO_KEY)
  end
end
