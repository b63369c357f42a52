-- The keys that the log at hand remembers: looked up while deciding, without writing anything, and written at the end.
-- Comes behind log-call.lua and sequence-rings.lua. A draft has three arguments in a row about its key: scope or digest ·
-- sequence, or "" for a text key · print, with "@ms" behind it when the draft's time is over so much sooner.

local oldest_known = offset_at(now - WINDOW)

-- The two generations change places once a window; after two without use even the younger one is too old. What is the
-- younger one from now on is the one that is emptied, so until then nothing in it counts.
local turns, forgets_all
local young_texts, old_texts, young_scopes, old_scopes

-- The text keys that are new, with all that are known by digest; rings by scope, and those of them that move to the
-- younger memory.
local texts, new_texts
local rings, moving
local new_scopes

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

-- Looks up all keys of the drafts whose arguments stand from `from` to `to`, `step` for each.
local function find_keys(from, to, step)
  local digests, tails = NONE, NONE
  texts, new_texts, rings, moving, new_scopes = NONE, NONE, NONE, NONE, 0
  for i = from, to, step do
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
end

-- Turns the memories of the log at hand where it is time, as its state has them, and returns what that state is from now on:
-- when they changed places, and which is the younger one.
local function turn_keys(is_new, turned, young)
  local passed = now - turned
  turns = not is_new and passed >= WINDOW
  forgets_all = is_new or (turns and passed >= 2 * WINDOW)
  if turns then young, turned = 1 - young, now end
  young_texts, old_texts = KEYS[BASE + 3 + young], KEYS[BASE + 4 - young]
  young_scopes, old_scopes = KEYS[BASE + 5 + young], KEYS[BASE + 6 - young]
  return turned, young
end

-- What became of a sequence, or nil and where in its ring it goes.
local function known_sequence(ring, sequence, print)
  local place, is_there = find_sequence(ring, sequence)
  if place == -1 then return UNKNOWN end
  if not is_there then return nil, place end
  local at, known_print, offset = read_record(ring, place)
  if at < oldest_known then return UNKNOWN end
  return known_print == print and -offset or CONFLICT
end

-- What is known of the key at `i`: the negative offset that it was appended at, an outcome, or nil where it is new. Then what
-- remember_key needs.
local function find_key(i)
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
  return known, sequence, print, place
end

-- Remembers a key that find_key called new. `at` is an offset of now, where that is another one than `offset`.
local function remember_key(name, sequence, print, place, offset, at)
  if sequence then
    add_sequence(rings[name], sequence, offset, print, place, at)
  else
    texts[name] = pack('>I7d', offset, print)
    if new_texts == NONE then new_texts = {} end
    new_texts[#new_texts + 1] = name
  end
end

local function is_full(more, most, a, b)
  if more == 0 or forgets_all then return more > most end
  local kept = redis.call('HLEN', b)
  if not turns then kept = kept + redis.call('HLEN', a) end
  return kept + more > most
end

-- Whether the keys that are new are more than the log may remember.
local function are_too_many()
  return is_full(#new_texts, MAX_TEXTS, young_texts, old_texts) or is_full(new_scopes, MAX_SCOPES, young_scopes, old_scopes)
end

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
