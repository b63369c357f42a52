-- Appends drafts to logs, all at one moment. A script is atomic but not transactional: of each log everything is checked
-- before its first write, and that is one that Redis refuses when it is out of memory. What is wrong with one log
-- costs the others nothing.
--
-- ARGV    1 name for a new epoch · 2 dedupe window, ms · 3 most text keys · 4 most fields of sequences · 5 life, ms, or 0
--         for ever while entries are kept · 6 fence as "=token" or "" · 7 "1" to keep entries · 8 most entries or ""
--         9 most bytes or "" · 10 most age, ms, or "" · 11 "1" when a WAIT follows · 12 the life of the server whose clock
--         13 is about · 13 the time, ms, from which on nothing is appended any more · then for each log the number of its
--         drafts and four for each of them: scope or digest · sequence, or "" for a text key · print, with "@ms" behind it
--         when the draft's time is over so much sooner · the entry, ready-made, of which the first 10 bytes are its header
-- Returns for each log one number for each draft: its offset; the negative one of an earlier append with its key; 1 for a
--         conflict; 2 for an unknown outcome. Or an error in their place, such as FENCED, KEYSFULL or OFFSETS. Then the
--         time, ms. OTHERCLOCK with time and life, and TOOLATE with the time, are about all of it.

local EPOCH, WINDOW, MAX_TEXTS, MAX_SCOPES, LIFE, FENCE = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local KEEP, COUNT, BYTES, AGE, CONFIRM = ARGV[7] == '1', ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10]), ARGV[11] == '1'
local BEFORE = tonumber(ARGV[13])
local FIRST_LOG, PER_DRAFT = 14, 4
local HEADER = 10
local CONFLICT, UNKNOWN = 1, 2
local REMEMBERED_EPOCHS = 16
-- Below what "before the end" means in reads, and so far below that a client gets it as it is: ioredis reads a number's last
-- digit as ten times what came before plus the letter's code, and then takes 48 off.
local LAST_OFFSET = 2 ^ 53 - 64
local pack, unpack_ = struct.pack, struct.unpack

local now = now_ms()
-- Whoever waited for it has been told that it was not done, and may have had it done since by another way.
if incarnation() ~= ARGV[12] then return redis.error_reply('OTHERCLOCK ' .. text(now) .. ' ' .. incarnation()) end
if now >= BEFORE then return redis.error_reply('TOOLATE ' .. text(now)) end
local oldest_known = offset_at(now - WINDOW)

-- The key memories of the log at hand. The two generations change places once a window; after two without use even the
-- younger one is too old.
local turns, forgets_all
local young_texts, old_texts, young_scopes, old_scopes

-- What is the younger one from now on is the one that is emptied, so until then it is not looked at.
local function look_up(young_hash, old_hash, field)
  if forgets_all then return false end
  local value = not turns and redis.call('HGET', young_hash, field)
  if value then return value, true end
  return redis.call('HGET', old_hash, field), false
end

local function is_full(more, most, a, b)
  if more == 0 or forgets_all then return more > most end
  local kept = redis.call('HLEN', b)
  if not turns then kept = kept + redis.call('HLEN', a) end
  return kept + more > most
end

-- What became of a sequence, or nil and where in its ring it goes.
local function known_sequence(ring, sequence, print)
  local place, is_there = find_sequence(ring, sequence)
  if place == -1 then return UNKNOWN end
  if not is_there then return nil, place end
  local _, offset, known_print = unpack_('>I7I7d', ring.records, place * RECORD + 1)
  if offset < oldest_known then return UNKNOWN end
  return known_print == print and -offset or CONFLICT
end

-- Lua cannot hand over more than some thousand values at once. A memory that is new has no end yet, and one that is in
-- use none sooner than the log.
local AT_ONCE = 2000
local function remember(key, pairs_, life)
  for i = 1, #pairs_, AT_ONCE do
    redis.call('HSET', key, unpack(pairs_, i, math.min(i + AT_ONCE - 1, #pairs_)))
  end
  if life ~= 0 then redis.call('PEXPIRE', key, until_renewed(life)) end
end

-- Each entry knows how many bytes came before it, so the kept ones need not be counted.
local function trim_bytes(total)
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

-- Appends the drafts that stand from `from` to `to` to the log at hand.
local function append(from, to)
  local meta = redis.call('HMGET', META, 'e', 's', 'i')
  local epochs = meta[1]
  local head, last_kept, total, turned, life, set_at, young = load_state(meta[2])
  local is_new = not is_whole(epochs, last_kept)
  if is_new then
    head, last_kept, total, turned, young = 0, 0, 0, now, 0
  end
  if FENCE ~= '' and (is_new or FENCE ~= '=' .. (redis.call('HGET', META, 'f') or '')) then
    return redis.error_reply('FENCED another token was sealed on the channel')
  end
  local passed = now - turned
  turns = not is_new and passed >= WINDOW
  forgets_all = is_new or (turns and passed >= 2 * WINDOW)
  if turns then young, turned = 1 - young, now end
  young_texts, old_texts = KEYS[BASE + 3 + young], KEYS[BASE + 4 - young]
  young_scopes, old_scopes = KEYS[BASE + 5 + young], KEYS[BASE + 6 - young]

  -- First everything that can fail, on paper.
  local rings, new_scopes, texts, new_texts = {}, 0, {}, {}
  local outcomes, blobs = {}, {}
  local first = math.max(offset_at(now), head + 1)
  local next_offset = first
  for i = from, to, PER_DRAFT do
    local scope, sequence, print = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
    local sooner
    if not print then
      local digits, ms = string.match(ARGV[i + 2], '^(%d+)@(%d+)$')
      print, sooner = tonumber(digits), tonumber(ms)
    end
    local known, place, ring
    if sequence then
      ring = rings[scope]
      if not ring then
        local field, is_young = look_up(young_scopes, old_scopes, 't' .. scope)
        if not field then new_scopes = new_scopes + 1 end
        ring = open_ring(is_young and young_scopes or old_scopes, scope, field)
        -- A look-up counts as use: the ring moves to the younger generation, all of it.
        if field and not is_young then move_ring(ring) end
        rings[scope] = ring
      end
      known, place = known_sequence(ring, sequence, print)
    else
      local value = texts[scope] or look_up(young_texts, old_texts, scope)
      if value then
        texts[scope] = value
        local offset, known_print = unpack_('>I7d', value)
        known = known_print == print and -offset or CONFLICT
      end
    end
    if not known and sooner and now >= BEFORE - sooner then known = UNKNOWN end
    if not known then
      if next_offset > LAST_OFFSET then
        return redis.error_reply('OFFSETS no offset is left for this entry')
      end
      known = next_offset
      next_offset = next_offset + 1
      if ring then
        add_sequence(ring, sequence, known, print, place)
      else
        texts[scope] = pack('>I7d', known, print)
        new_texts[#new_texts + 1] = scope
      end
      blobs[#blobs + 1] = ARGV[i + 3]
    end
    outcomes[#outcomes + 1] = known
  end
  if is_full(#new_texts, MAX_TEXTS, young_texts, old_texts) or is_full(new_scopes, MAX_SCOPES, young_scopes, old_scopes) then
    return redis.error_reply('KEYSFULL the channel remembers as many keys as it may')
  end

  -- What was only asked about leaves nothing behind.
  if is_new and #blobs == 0 then return outcomes end

  -- Then the writes.
  if is_new then epochs = create(now, EPOCH) end
  local prev, before = head, total
  if #blobs > 0 then
    head = next_offset - 1
    if not is_new and incarnation() ~= meta[3] then
      epochs = epochs .. ',' .. EPOCH .. ':' .. text(prev)
      local _, commas = string.gsub(epochs, ',', '')
      if commas >= REMEMBERED_EPOCHS then epochs = string.match(epochs, ',(.*)') end
      redis.call('HSET', META, 'e', epochs, 'i', incarnation())
    end
    for _, blob in ipairs(blobs) do total = total + #blob - HEADER end
  elseif CONFIRM then
    -- WAIT waits for this connection's own writes; an earlier append may have been another one's.
    redis.call('HINCRBY', META, 'w', 1)
  end
  local begins = is_new or (KEEP and last_kept == 0)
  local ends = not KEEP and last_kept ~= 0
  if #blobs > 0 then
    -- When even the newest entry is over the limit, nothing is kept.
    local keeps = KEEP and not (BYTES and #blobs[#blobs] - HEADER > BYTES)
    last_kept = keeps and head or 0
  elseif ends then
    last_kept = 0
  end
  local next_life = LIFE
  if LIFE == 0 and last_kept == 0 then next_life = math.max(LEAST_LIFE, 2 * WINDOW) end
  local renews = begins or must_renew(next_life, now, life, set_at)
  if renews then life, set_at = next_life, now end
  if #blobs > 0 or is_new or turns or ends or renews then
    save_state(head, last_kept, total, turned, life, set_at, young)
  end
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
    remember(young_texts, pairs_, next_life)
  end
  local fields = {}
  for scope, ring in pairs(rings) do
    if ring.moves then remove_ring(ring.hash, scope) end
    if ring.is_changed then close_ring(ring, fields) end
  end
  if #fields > 0 then remember(young_scopes, fields, next_life) end

  local first_text = text(first)
  if KEEP then
    local before_it = prev
    for i, blob in ipairs(blobs) do
      local id, positions = i == 1 and first_text or text(first + i - 1), pack('>I7I7', before_it, before)
      if i < #blobs or COUNT == '' then
        redis.call('XADD', LOG, id, 'p', positions, 'd', blob)
      else
        redis.call('XADD', LOG, 'MAXLEN', '=', COUNT, id, 'p', positions, 'd', blob)
      end
      before_it = first + i - 1
      before = before + #blob - HEADER
    end
    if COUNT ~= '' and #blobs == 0 then redis.call('XTRIM', LOG, 'MAXLEN', '=', COUNT) end
    if AGE then redis.call('XTRIM', LOG, 'MINID', '=', text(offset_at(now - AGE))) end
    if BYTES then trim_bytes(total) end
  elseif ends and not is_new then
    redis.call('UNLINK', LOG)
  end
  if renews then renew(next_life) end

  if #blobs > 0 then
    local epoch = string.match(epochs, '([^,:=]+):%d+$')
    local header = table.concat({ 'e' .. epoch, text(prev), first_text, #blobs }, ' ')
    redis.call('SPUBLISH', KEYS[BASE + 7], header .. '\n' .. table.concat(blobs))
  end
  return outcomes
end

-- What went wrong, without the place in this script that Redis 7.0 puts in front of it.
local function message_of(problem)
  local message = type(problem) == 'table' and problem.err or tostring(problem)
  return string.match(message, '^user_script:%d+: (.*)') or message
end

-- What Redis refuses to everybody begins with another word, such as READONLY or OOM.
local function is_of_the_log(message)
  local code = string.match(message, '^%u+')
  return not code or code == 'ERR' or code == 'WRONGTYPE'
end

local results, at = {}, FIRST_LOG
for base = 0, #KEYS - 1, KEYS_PER_LOG do
  local last = at + ARGV[at] * PER_DRAFT
  choose_log(base)
  local done, result = pcall(append, at + 1, last)
  if not done then
    local message = message_of(result)
    result = redis.error_reply(message)
    if not is_of_the_log(message) then return result end
  end
  results[#results + 1] = result
  at = last + 1
end
results[#results + 1] = now
return results
