-- Appends drafts to a log, all at one moment. A script is atomic but not transactional: everything is checked
-- before the first write, and the first write is one that Redis refuses when it is out of memory.
--
-- KEYS[7] where hints are published
-- ARGV    1 name for a new epoch · 2 dedupe window, ms · 3 most text keys · 4 most fields of sequences · 5 life, ms, or 0
--         · 6 fence as "=token" or "" · 7 "1" to keep entries · 8 most entries or "" · 9 most bytes or "" · 10 most age, ms,
--         or "" · 11 "1" when a WAIT follows · then four for each draft: scope or digest · sequence, or "" for a text key
--         · print · the entry, ready-made, of which the first 10 bytes are its header
-- Returns one number for each draft: its offset; the negative one of an earlier append with its key; 1 for a
--         conflict; 2 for an unknown outcome. Or the errors FENCED, KEYSFULL.

local HINTS = KEYS[7]
local EPOCH, WINDOW, MAX_TEXTS, MAX_SCOPES, LIFE, FENCE = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], ARGV[6]
local KEEP, COUNT, BYTES, AGE, CONFIRM = ARGV[7] == '1', ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10]), ARGV[11] == '1'
local FIRST_DRAFT, PER_DRAFT = 12, 4
local HEADER = 10
local CONFLICT, UNKNOWN = 1, 2
local REMEMBERED_EPOCHS = 16
local pack, unpack_ = struct.pack, struct.unpack

local now = now_ms()
local meta = redis.call('HMGET', META, 'e', 'i', 'h', 'l', 'c', 'g', 't', 'f', 'x')
local epochs, known_incarnation, last_kept = meta[1], meta[2], meta[4]
local head, total, young, turned = tonumber(meta[3]), tonumber(meta[5]), tonumber(meta[6]), tonumber(meta[7])
local fence = meta[8]
local is_new = not is_whole(epochs, last_kept)
if is_new then
  epochs, head, last_kept, total, young, turned, fence = EPOCH .. ':0', 0, '0', 0, 0, now, false
end
if FENCE ~= '' and (not fence or FENCE ~= '=' .. fence) then
  return redis.error_reply('FENCED another token was sealed on the channel')
end

-- The two generations change places once a window; after two without use even the younger one is too old.
local passed = now - turned
local turns = not is_new and passed >= WINDOW
local forgets_all = is_new or (turns and passed >= 2 * WINDOW)
if turns then young, turned = 1 - young, now end
local young_texts, old_texts = KEYS[3 + young], KEYS[4 - young]
local young_scopes, old_scopes = KEYS[5 + young], KEYS[6 - young]
-- What is the younger one from now on is the one that is emptied, so until then it is not looked at.
local function look_up(young_hash, old_hash, field)
  if forgets_all then return false end
  local value = not turns and redis.call('HGET', young_hash, field)
  if value then return value, true end
  return redis.call('HGET', old_hash, field), false
end

local rings, new_scopes = {}, 0
local function ring_of(scope)
  local ring = rings[scope]
  if ring then return ring end
  local field, is_young = look_up(young_scopes, old_scopes, 't' .. scope)
  if not field then new_scopes = new_scopes + 1 end
  ring = open_ring(is_young and young_scopes or old_scopes, scope, field)
  if field and not is_young then
    -- A look-up counts as use: the ring moves to the younger generation, all of it.
    load_chunks(ring)
    ring.is_changed, ring.moves = true, true
  end
  rings[scope] = ring
  return ring
end

local oldest_known = offset_at(now - WINDOW)
-- What became of a sequence, or nil and where in its ring it goes.
local function known_sequence(ring, sequence, print)
  local place, is_there = find_sequence(ring, sequence)
  if place == -1 then return UNKNOWN end
  if not is_there then return nil, place end
  local _, offset, known_print = unpack_('>I7I7d', ring.records, place * RECORD + 1)
  if offset < oldest_known then return UNKNOWN end
  return known_print == print and -offset or CONFLICT
end

local texts = {}
local new_texts = {}
local function known_text(digest, print)
  local value = texts[digest]
  if not value then
    value = look_up(young_texts, old_texts, digest)
    if not value then return nil end
    texts[digest] = value
  end
  local offset, known_print = unpack_('>I7d', value)
  return known_print == print and -offset or CONFLICT
end

-- First everything that can fail, on paper.
local outcomes, blobs = {}, {}
local first = math.max(offset_at(now), head + 1)
local next_offset = first
for i = FIRST_DRAFT, #ARGV, PER_DRAFT do
  local scope, print = ARGV[i], tonumber(ARGV[i + 2])
  local sequence = tonumber(ARGV[i + 1])
  local known, place, ring
  if sequence then
    ring = ring_of(scope)
    known, place = known_sequence(ring, sequence, print)
  else
    known = known_text(scope, print)
  end
  if known then
    outcomes[#outcomes + 1] = known
  else
    if ring then
      add_sequence(ring, sequence, next_offset, print, place)
    else
      texts[scope] = pack('>I7d', next_offset, print)
      new_texts[#new_texts + 1] = scope
    end
    outcomes[#outcomes + 1] = next_offset
    blobs[#blobs + 1] = ARGV[i + 3]
    next_offset = next_offset + 1
  end
end
local function is_full(more, most, a, b)
  if more == 0 or forgets_all then return more > most end
  local kept = redis.call('HLEN', b)
  if not turns then kept = kept + redis.call('HLEN', a) end
  return kept + more > most
end
if is_full(#new_texts, MAX_TEXTS, young_texts, old_texts) or is_full(new_scopes, MAX_SCOPES, young_scopes, old_scopes) then
  return redis.error_reply('KEYSFULL the channel remembers as many keys as it may')
end

-- Then the writes.
if is_new then create(EPOCH, now) end
local prev = head
if #blobs > 0 then
  head = next_offset - 1
  local current = incarnation()
  if not is_new and current ~= known_incarnation then
    epochs = epochs .. ',' .. EPOCH .. ':' .. text(prev)
    local _, commas = string.gsub(epochs, ',', '')
    if commas >= REMEMBERED_EPOCHS then epochs = string.match(epochs, ',(.*)') end
    redis.call('HSET', META, 'e', epochs, 'i', current)
  end
  local bytes = total
  for _, blob in ipairs(blobs) do bytes = bytes + #blob - HEADER end
  redis.call('HSET', META, 'h', text(head), 'c', text(bytes), 'l', KEEP and text(head) or '0')
elseif CONFIRM then
  -- WAIT waits for this connection's own writes; an earlier append may have been another one's.
  redis.call('HINCRBY', META, 'w', 1)
end
if turns then
  redis.call('HSET', META, 'g', text(young), 't', text(turned))
  redis.call('UNLINK', young_texts, young_scopes)
  if forgets_all then redis.call('UNLINK', old_texts, old_scopes) end
end

-- Lua cannot hand over more than some thousand values at once.
local AT_ONCE = 2000
local function set_all(key, pairs_)
  for i = 1, #pairs_, AT_ONCE do
    redis.call('HSET', key, unpack(pairs_, i, math.min(i + AT_ONCE - 1, #pairs_)))
  end
end
-- A memory that is new has no end yet, and one that is in use none sooner than the log.
local function keep_memory(key)
  if LIFE ~= '0' then redis.call('PEXPIRE', key, LIFE * 2) end
end
if #new_texts > 0 then
  local pairs_ = {}
  for _, digest in ipairs(new_texts) do
    pairs_[#pairs_ + 1] = digest
    pairs_[#pairs_ + 1] = texts[digest]
  end
  set_all(young_texts, pairs_)
  keep_memory(young_texts)
end
local fields = {}
for scope, ring in pairs(rings) do
  if ring.moves then remove_ring(ring.hash, scope) end
  if ring.is_changed then close_ring(ring, fields) end
end
if #fields > 0 then
  set_all(young_scopes, fields)
  keep_memory(young_scopes)
end

if KEEP then
  local before = prev
  for i, blob in ipairs(blobs) do
    local offset = first + i - 1
    if i < #blobs or COUNT == '' then
      redis.call('XADD', LOG, text(offset), 'p', pack('>I7I7', before, total), 'd', blob)
    else
      redis.call('XADD', LOG, 'MAXLEN', '=', COUNT, text(offset), 'p', pack('>I7I7', before, total), 'd', blob)
    end
    before = offset
    total = total + #blob - HEADER
  end
  if COUNT ~= '' and #blobs == 0 then redis.call('XTRIM', LOG, 'MAXLEN', '=', COUNT) end
  if AGE then redis.call('XTRIM', LOG, 'MINID', '=', text(offset_at(now - AGE))) end
  while BYTES do
    -- Each entry knows how many bytes came before it, so the kept ones need not be counted.
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
elseif last_kept ~= '0' and not is_new then
  redis.call('UNLINK', LOG)
  if #blobs == 0 then redis.call('HSET', META, 'l', '0') end
end
keep_alive(LIFE, now, meta[9], is_new or (KEEP and last_kept == '0'))

if #blobs > 0 then
  local epoch = string.match(epochs, '([^,:]+):%d+$')
  local header = table.concat({ 'e' .. epoch, text(prev), text(first), #blobs }, ' ')
  redis.call('SPUBLISH', HINTS, header .. '\n' .. table.concat(blobs))
end
return outcomes
