-- The keys that the log at hand remembers: looked up while deciding, without writing anything, and written at the end. A draft
-- has three arguments in a row about its key: scope or digest · sequence, or "" for a text key · print, with "@ms" behind
-- it when the draft's time is over so much sooner.

-- The two generations of the key memories change places once a window; after two without use even the younger one is too
-- old. Returns when they did so last and which is the younger one, from now on; whether they do so now; whether all is
-- forgotten; and the keys of text keys and of sequences, of each the younger one first.
local function turn_keys(is_new, turned, young)
  local passed = now - turned
  local turns = not is_new and passed >= WINDOW
  local forgets_all = is_new or (turns and passed >= 2 * WINDOW)
  if turns then young, turned = 1 - young, now end
  return turned, young, turns, forgets_all, KEYS[BASE + 3 + young], KEYS[BASE + 4 - young], KEYS[BASE + 5 + young], KEYS[BASE + 6 - young]
end

-- The values of fields, which are in the younger memory, in the older one or in neither, and those of the older one again.
-- What `turns` is the younger one from now on is the one that is emptied, so until then nothing in it counts.
local function look_up(turns, young_hash, old_hash, fields)
  local values = not turns and fetch(young_hash, fields)
  -- One field is the usual case.
  if turns or (#fields == 1 and not values[1]) then
    values = fetch(old_hash, fields)
    return values, values
  end
  local missing, places = NONE, NONE
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

-- Looks up all keys of the drafts at once, `step` arguments for each, where the memories have not forgotten all. Returns what is known of text keys, by
-- digest; rings by scope; those of them that are in the older memory; and how many scopes are new.
local function find_keys(from, to, step, forgets_all, turns, young_texts, old_texts, young_scopes, old_scopes)
  local args, digests, tails, last_scope = ARGV, NONE, NONE, nil
  local texts, rings, moving, new_scopes = NONE, NONE, NONE, 0
  for i = from, to, step do
    local name = args[i]
    if args[i + 1] == '' then
      if texts == NONE then texts, digests = {}, {} end
      if texts[name] == nil then
        texts[name] = false
        digests[#digests + 1] = name
      end
    elseif name ~= last_scope then
      last_scope = name
      if rings == NONE then rings, tails = {}, {} end
      if not rings[name] then
        rings[name] = true
        tails[#tails + 1] = 't' .. name
      end
    end
  end
  if #digests > 0 and not forgets_all then
    local values = look_up(turns, young_texts, old_texts, digests)
    for i, digest in ipairs(digests) do texts[digest] = values[i] end
  end
  if #tails > 0 then
    local values, olds = NONE, NONE
    if not forgets_all then values, olds = look_up(turns, young_scopes, old_scopes, tails) end
    for i = 1, #tails do
      local scope = string.sub(tails[i], 2)
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
  return texts, rings, moving, new_scopes
end

-- What is known of the key at `i`: the negative offset of the draft that had it, 1 for a conflict, 2 for an unknown outcome, or
-- nil where it is new. Then what remember_key needs. What is below `oldest_known` was never remembered for so long.
local function find_key(i, texts, rings, oldest_known)
  local CONFLICT, UNKNOWN = 1, 2
  local args = ARGV
  local name, sequence, print = args[i], tonumber(args[i + 1]), tonumber(args[i + 2])
  local sooner
  if not print then
    local digits, ms = string.match(args[i + 2], '^(%d+)@(%d+)$')
    print, sooner = tonumber(digits), tonumber(ms)
  end
  local known, place, is_there
  if sequence then
    place, is_there = find_sequence(rings[name], sequence)
    if place == -1 then
      known = UNKNOWN
    elseif is_there then
      local at, known_print, offset = read_record(rings[name], place)
      known = at < oldest_known and UNKNOWN or known_print == print and -offset or CONFLICT
    end
  elseif texts[name] then
    local offset, known_print = struct.unpack('>I7d', texts[name])
    known = known_print == print and -offset or CONFLICT
  end
  if not known and sooner and now >= tonumber(args[8]) - sooner then known = UNKNOWN end
  return known, name, sequence, print, place
end

-- Whether a memory has no room for so many fields more.
local function is_full(more, most, forgets_all, turns, young_hash, old_hash)
  if more == 0 or forgets_all then return more > most end
  local kept = redis.call('HLEN', old_hash)
  if not turns then kept = kept + redis.call('HLEN', young_hash) end
  return kept + more > most
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
