-- In front of append.lua and change.lua: the last 256 sequences of each scope, in order of sequence. Nearly every sequence is the next
-- one, so that only the newest records, the tail, are read and written; the others lie in chunks beside it.
--
-- Fields of a memory of sequences, a hash:
--   "t" .. scope         chunks written so far and the last sequence, packed; then the records of the tail
--   "0" … "f" .. scope   a chunk: number n is in field n modulo 16

-- As REMEMBERED_SEQUENCES in contract.ts, in so many chunks of so many.
local REMEMBERED, CHUNK, CHUNKS = 256, 16, 16
-- A record: sequence, offset and print.
local RECORD = 22
local RING_HEADER = 11
local MOST_BYTES, CHUNK_BYTES = REMEMBERED * RECORD, CHUNK * RECORD

-- In a log whose outcomes can name an earlier place than their own, a record has that behind the others, and its first offset
-- is there for its time alone.
local NAMES_PLACES = false
local function name_places()
  NAMES_PLACES = true
  RECORD = 29
  MOST_BYTES, CHUNK_BYTES = REMEMBERED * RECORD, CHUNK * RECORD
end
local DIGITS = '0123456789abcdef'
local NO_RING = struct.pack('>I4I7', 0, 0)

local function chunk_field(number, scope)
  local at = number % CHUNKS + 1
  return string.sub(DIGITS, at, at) .. scope
end

local function sequence_at(records, place)
  return (struct.unpack('>I7', records, place * RECORD + 1))
end

-- A ring as it is found: `field` is its tail's, or false for none.
local function open_ring(hash, scope, field)
  local chunks, last = struct.unpack('>I4I7', field or NO_RING)
  local records = string.sub(field or NO_RING, RING_HEADER + 1)
  return {
    hash = hash,
    scope = scope,
    chunks = chunks,
    last = field and last or nil,
    records = records,
    added = {},
    -- Whether `records` are all there are, and not the tail only.
    is_whole = chunks == 0,
  }
end

-- The lowest are forgotten first: what is not found at or above the lowest was never appended.
local function newest(records)
  return #records > MOST_BYTES and string.sub(records, -MOST_BYTES) or records
end

-- Puts what was added at the end into one string. Done late, so that a long run costs one copy.
local function settle(ring)
  if #ring.added == 0 then return end
  ring.records = ring.records .. table.concat(ring.added)
  if ring.is_whole then ring.records = newest(ring.records) end
  ring.added = {}
end

-- Makes rings of one hash whole, with one look at their chunks.
local function load_chunks(hash, rings)
  local fields = {}
  for _, ring in ipairs(rings) do
    settle(ring)
    if not ring.is_whole then
      for number = math.max(0, ring.chunks - CHUNKS), ring.chunks - 1 do
        fields[#fields + 1] = chunk_field(number, ring.scope)
      end
    end
  end
  if #fields == 0 then return end
  local values, at = fetch(hash, fields), 0
  for _, ring in ipairs(rings) do
    if not ring.is_whole then
      local chunks = {}
      for i = 1, math.min(CHUNKS, ring.chunks) do chunks[i] = values[at + i] or '' end
      at = at + #chunks
      ring.records = newest(table.concat(chunks) .. ring.records)
      ring.is_whole = true
    end
  end
end

-- Has rings move from their hash to another, all of them.
local function move_rings(hash, rings)
  if #rings == 0 then return end
  load_chunks(hash, rings)
  for _, ring in ipairs(rings) do ring.is_changed = true end
end

-- Where a sequence is: its place among `ring.records` and whether it is there; -1 when it is lower than all that are
-- remembered; nil for the end.
local function find_sequence(ring, sequence)
  if not ring.last or sequence > ring.last then return nil end
  settle(ring)
  if not ring.is_whole and (#ring.records == 0 or sequence < sequence_at(ring.records, 0)) then load_chunks(ring.hash, { ring }) end
  local records = ring.records
  if sequence < sequence_at(records, 0) then return -1 end
  local low, high = 0, #records / RECORD - 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if sequence_at(records, middle) < sequence then low = middle + 1 else high = middle end
  end
  return low, sequence_at(records, low) == sequence
end

-- What the record at a place says: an offset of its time, its print, and the offset that its sequence stands for.
local function read_record(ring, place)
  local at, print, next_byte = struct.unpack('>I7d', ring.records, place * RECORD + 8)
  return at, print, NAMES_PLACES and struct.unpack('>I7', ring.records, next_byte) or at
end

-- Adds a sequence at the place where find_sequence missed it. `at` is an offset of its time where that is another one.
local function add_sequence(ring, sequence, offset, print, place, at)
  local record = struct.pack('>I7I7d', sequence, at or offset, print)
  if NAMES_PLACES then record = record .. struct.pack('>I7', offset) end
  ring.is_changed = true
  if not place then
    ring.added[#ring.added + 1] = record
    ring.last = sequence
    return
  end
  local at = place * RECORD
  ring.records = string.sub(ring.records, 1, at) .. record .. string.sub(ring.records, at + 1)
  if ring.is_whole then ring.records = newest(ring.records) end
end

-- Adds the fields that have to be written, each with its value, to `pairs_`.
local function close_ring(ring, pairs_)
  settle(ring)
  local written = ring.is_whole and 0 or ring.chunks
  local records, at = ring.records, 1
  while #records - at + 1 >= CHUNK_BYTES do
    pairs_[#pairs_ + 1] = chunk_field(written, ring.scope)
    pairs_[#pairs_ + 1] = string.sub(records, at, at + CHUNK_BYTES - 1)
    written = written + 1
    at = at + CHUNK_BYTES
  end
  pairs_[#pairs_ + 1] = 't' .. ring.scope
  pairs_[#pairs_ + 1] = struct.pack('>I4I7', written, ring.last) .. string.sub(records, at)
end

-- Removes rings that have moved to another hash.
local function remove_rings(hash, rings)
  local fields = {}
  for _, ring in ipairs(rings) do
    fields[#fields + 1] = 't' .. ring.scope
    for number = 0, CHUNKS - 1 do fields[#fields + 1] = chunk_field(number, ring.scope) end
  end
  for i = 1, #fields, AT_ONCE do
    redis.call('HDEL', hash, unpack(fields, i, math.min(i + AT_ONCE - 1, #fields)))
  end
end
