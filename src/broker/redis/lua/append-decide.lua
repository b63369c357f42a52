-- The first stage of append.lua, which also tells what the arguments are: finds out what becomes of the drafts of one log.
-- It writes nothing, so whatever makes it fail has left the log as it was.

local EPOCH, WINDOW, MAX_TEXTS, MAX_SCOPES, LIFE, FENCE = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local KEEP, COUNT, BYTES, AGE, CONFIRM = ARGV[7] == '1', ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10]), ARGV[11] == '1'
local SERVER, BEFORE = ARGV[12], tonumber(ARGV[13])
local FIRST_LOG, PER_DRAFT = 14, 4
local CONFLICT, UNKNOWN = 1, 2
-- Below what "before the end" means in reads, and so far below that a client gets it as it is: ioredis reads a number's last
-- digit as ten times what came before plus the letter's code, and then takes 48 off.
local LAST_OFFSET = 2 ^ 53 - 64
local pack, unpack_ = struct.pack, struct.unpack

local now = now_ms()
local oldest_known = offset_at(now - WINDOW)

-- The log at hand, as it was found.
local epochs, log_incarnation, is_new
local head, last_kept, total, turned, life, set_at, young
-- Its key memories. The two generations change places once a window; after two without use even the younger one is too
-- old. What is the younger one from now on is the one that is emptied, so until then nothing in it counts.
local turns, forgets_all
local young_texts, old_texts, young_scopes, old_scopes

-- What was decided: the outcome of each draft; the entries that are new, and the offset of the first of them; the text
-- keys that are new, with all that are known by digest; rings by scope, and those of them that move to the younger memory.
local outcomes, blobs, first
local texts, new_texts
local rings, moving

local NONE = {}

-- The values of fields, which are in the younger memory, in the older one or in neither, and those of the older one again.
local function look_up(young_hash, old_hash, fields)
  if forgets_all then return NONE, NONE end
  if turns then
    local values = fetch(old_hash, fields)
    return values, values
  end
  local values, missing, places = fetch(young_hash, fields), NONE, NONE
  for i = 1, #fields do
    if not values[i] then
      if missing == NONE then missing, places = {}, {} end
      missing[#missing + 1], places[#places + 1] = fields[i], i
    end
  end
  if missing == NONE then return values, NONE end
  local older, olds = fetch(old_hash, missing), {}
  for i, place in ipairs(places) do
    values[place], olds[place] = older[i], older[i]
  end
  return values, olds
end

-- Looks up all keys of the drafts at once. Returns how many scopes are new.
local function find_keys(from, to)
  local digests, tails, new_scopes = NONE, NONE, 0
  texts, rings, moving = NONE, NONE, NONE
  for i = from, to, PER_DRAFT do
    local name = ARGV[i]
    if ARGV[i + 1] == '' then
      if texts == NONE then texts, digests = {}, {} end
      if texts[name] == nil then
        texts[name] = false
        digests[#digests + 1] = name
      end
    else
      if rings == NONE then rings, tails = {}, {} end
      if not rings[name] then
        rings[name] = true
        tails[#tails + 1] = 't' .. name
      end
    end
  end
  if #digests > 0 then
    local values = look_up(young_texts, old_texts, digests)
    for i, digest in ipairs(digests) do texts[digest] = values[i] or false end
  end
  if #tails > 0 then
    local values, olds = look_up(young_scopes, old_scopes, tails)
    for i, tail in ipairs(tails) do
      local scope = string.sub(tail, 2)
      local ring = open_ring(olds[i] and old_scopes or young_scopes, scope, values[i] or false)
      rings[scope] = ring
      if not values[i] then new_scopes = new_scopes + 1 end
      -- A look-up counts as use: the ring moves to the younger memory, all of it.
      if olds[i] then
        if moving == NONE then moving = {} end
        moving[#moving + 1] = ring
      end
    end
    if moving ~= NONE then move_rings(old_scopes, moving) end
  end
  return new_scopes
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

local function is_full(more, most, a, b)
  if more == 0 or forgets_all then return more > most end
  local kept = redis.call('HLEN', b)
  if not turns then kept = kept + redis.call('HLEN', a) end
  return kept + more > most
end

-- Decides about the drafts that stand from `from` to `to` in the arguments. Returns an error where nothing of it is done.
local function decide(from, to)
  local meta = redis.call('HMGET', META, 'e', 's', 'i', 'f')
  epochs, log_incarnation = meta[1], meta[3]
  head, last_kept, total, turned, life, set_at, young = load_state(meta[2])
  is_new = not is_whole(epochs, last_kept)
  if is_new then
    head, last_kept, total, turned, young = 0, 0, 0, now, 0
  end
  if FENCE ~= '' and (is_new or FENCE ~= '=' .. (meta[4] or '')) then
    return redis.error_reply('FENCED another token was sealed on the channel')
  end
  local passed = now - turned
  turns = not is_new and passed >= WINDOW
  forgets_all = is_new or (turns and passed >= 2 * WINDOW)
  if turns then young, turned = 1 - young, now end
  young_texts, old_texts = KEYS[BASE + 3 + young], KEYS[BASE + 4 - young]
  young_scopes, old_scopes = KEYS[BASE + 5 + young], KEYS[BASE + 6 - young]

  local new_scopes = find_keys(from, to)
  outcomes, blobs, new_texts = {}, {}, NONE
  first = math.max(offset_at(now), head + 1)
  local next_offset = first
  for i = from, to, PER_DRAFT do
    local name, sequence, print = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
    local sooner
    if not print then
      local digits, ms = string.match(ARGV[i + 2], '^(%d+)@(%d+)$')
      print, sooner = tonumber(digits), tonumber(ms)
    end
    local known, place
    if sequence then
      known, place = known_sequence(rings[name], sequence, print)
    else
      local value = texts[name]
      if value then
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
      if sequence then
        add_sequence(rings[name], sequence, known, print, place)
      else
        texts[name] = pack('>I7d', known, print)
        if new_texts == NONE then new_texts = {} end
        new_texts[#new_texts + 1] = name
      end
      blobs[#blobs + 1] = ARGV[i + 3]
    end
    outcomes[#outcomes + 1] = known
  end
  if is_full(#new_texts, MAX_TEXTS, young_texts, old_texts) or is_full(new_scopes, MAX_SCOPES, young_scopes, old_scopes) then
    return redis.error_reply('KEYSFULL the channel remembers as many keys as it may')
  end
end
