-- The first stage of append.lua, which also tells what the arguments are: finds out what becomes of the drafts of one log.
-- Nothing here writes, so whatever fails has left the log as it was.
--
-- Functions are made anew with every call, and each outer variable that one of them uses costs time then: hence few of
-- both, and many parameters.

local WINDOW = tonumber(ARGV[2])
local NONE = {}

local now = now_ms()

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

-- Looks up all keys of the drafts at once, where the memories have not forgotten all. Returns what is known of text keys, by
-- digest; rings by scope; those of them that are in the older memory; and how many scopes are new.
local function find_keys(from, to, forgets_all, turns, young_texts, old_texts, young_scopes, old_scopes)
  local args, digests, tails, last_scope = ARGV, NONE, NONE, nil
  local texts, rings, moving, new_scopes = NONE, NONE, NONE, 0
  for i = from, to, 4 do
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

-- What becomes of the drafts that stand from `from` to `to` in the arguments, when the next offset is `first`. Returns the
-- outcome of each, the entries that are new, and the text keys that are new; or nil where offsets are used up. Adds what is
-- new to `texts` and `rings`.
local function decide(from, to, first, texts, rings)
  local CONFLICT, UNKNOWN = 1, 2
  -- Below what "before the end" means in reads, and so far below that a client gets it as it is: ioredis reads a number's
  -- last digit as ten times what came before plus the letter's code, and then takes 48 off.
  local LAST_OFFSET = 2 ^ 53 - 64
  local args, outcomes, blobs, new_texts = ARGV, {}, {}, NONE
  local oldest_known = offset_at(now - WINDOW)
  local next_offset = first
  for i = from, to, 4 do
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
        local _, offset, known_print = struct.unpack('>I7I7d', rings[name].records, place * RECORD + 1)
        known = offset < oldest_known and UNKNOWN or known_print == print and -offset or CONFLICT
      end
    elseif texts[name] then
      local offset, known_print = struct.unpack('>I7d', texts[name])
      known = known_print == print and -offset or CONFLICT
    end
    if not known and sooner and now >= tonumber(args[13]) - sooner then known = UNKNOWN end
    if not known then
      if next_offset > LAST_OFFSET then return nil end
      known = next_offset
      next_offset = next_offset + 1
      if sequence then
        add_sequence(rings[name], sequence, known, print, place)
      else
        texts[name] = struct.pack('>I7d', known, print)
        if new_texts == NONE then new_texts = {} end
        new_texts[#new_texts + 1] = name
      end
      blobs[#blobs + 1] = args[i + 3]
    end
    outcomes[#outcomes + 1] = known
  end
  return outcomes, blobs, new_texts
end

-- Whether a memory has no room for so many fields more.
local function is_full(more, most, forgets_all, turns, young_hash, old_hash)
  if more == 0 or forgets_all then return more > most end
  local kept = redis.call('HLEN', old_hash)
  if not turns then kept = kept + redis.call('HLEN', young_hash) end
  return kept + more > most
end
