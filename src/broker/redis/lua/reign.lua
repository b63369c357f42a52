-- Takes, renews and releases reigns: the rights to write logs alone. What of them append.lua and change.lua judge drafts by is in
-- the log's own meta, so whoever takes one has shut out the one before in the same step.
--
-- KEYS    for each log eleven, as in slots-keys.lua, also where it is not kept by slots
-- ARGV    1 to 8 as in log-call.lua · 9 "1" where the logs are kept by slots · then for each log "1" and five about it: "take",
--         "renew" or "release" · the token that is meant, or that a new reign gets · secret · note · length, ms
-- Returns what log-call.lua says. An outcome is the token of the reign that the asker has; or the note of whoever has it instead,
--         and the milliseconds until it is free; or nothing, where the one that is meant is over.
--
-- In the meta: t the token · r when it ends, ms, its length, bytes of the secret, secret, note

local BY_SLOTS, LIFE = ARGV[9] == '1', tonumber(ARGV[5])
local REIGN, REIGN_HEADER = '>I7I7I4', 18
local last_kept

-- Finds the log of entries at hand, as find_slots does one that is kept by slots.
local function find_entries()
  local meta = redis.call('HMGET', META, 'e', 's', 'i', 'c')
  epochs = meta[1]
  head, last_kept, total, turned, life, set_at, young = load_state(meta[2])
  is_new = meta[4] or not is_whole(epochs, last_kept)
  if is_new then last_kept = 0 end
  opens = not is_new and incarnation() ~= meta[3]
  if opens then epochs = with_new_epoch(epochs, ARGV[1], head) end
end

-- Writes of the log at hand what a use of it writes: one that is new, its new epoch, and how long it lives.
local function use_entries()
  local ms = LIFE
  if ms == 0 and last_kept == 0 then ms = math.max(LEAST_LIFE, 2 * WINDOW) end
  local renews = is_new or must_renew(ms, now, life, set_at)
  if renews then life, set_at = ms, now end
  if is_new then
    begin(now, ARGV[1], 0, 0, 0, now, life, set_at, 0)
  elseif opens or renews then
    save_state(opens and epochs or nil, head, last_kept, total, turned, life, set_at, young)
  end
  if renews then renew(ms) end
end

local function use_slots()
  local ms = life_of(LIFE, WINDOW)
  local renews = is_new or must_renew_slots(ms, now, WINDOW)
  if renews then life, set_at = ms, now end
  if is_new or opens or renews then save() end
  if renews then renew_slots(ms, WINDOW) end
end

-- The reign over the log at hand: token, or nil where there is none; secret, note, end and length.
local function read_reign()
  local found = redis.call('HMGET', META, 't', 'r')
  if not found[1] then return nil end
  local ends, length, size = struct.unpack(REIGN, found[2])
  local secret_ends = REIGN_HEADER + size
  return found[1], string.sub(found[2], REIGN_HEADER + 1, secret_ends), string.sub(found[2], secret_ends + 1), ends, length
end

local function write_reign(token, secret, note, length)
  local packed = struct.pack(REIGN, now + length, length, #secret)
  redis.call('HSET', META, 't', token, 'r', packed .. secret .. note)
  return { token }
end

-- What log/reign.ts decides. A clock that was set back keeps nobody out for much longer than the reign is long.
local function decide(step, token, secret, note, length)
  local held, held_secret, held_note, ends, held_length = read_reign()
  if step == 'take' then
    if held and held_secret == secret then return write_reign(held, secret, note, length) end
    local left = held and ends - now or 0
    if left > 0 and left <= 2 * held_length then return { held_note, left } end
    return write_reign(token, secret, note, length)
  end
  if held ~= token then return NONE end
  if step == 'renew' then return write_reign(held, held_secret, held_note, length) end
  redis.call('HDEL', META, 't', 'r')
  return NONE
end

local function reign(from)
  if BY_SLOTS then find_slots(now, ARGV[1]) else find_entries() end
  -- Only who takes a reign makes the log that it is over.
  if is_new and ARGV[from] ~= 'take' then return NONE end
  if BY_SLOTS then use_slots() else use_entries() end
  return decide(ARGV[from], ARGV[from + 1], ARGV[from + 2], ARGV[from + 3], tonumber(ARGV[from + 4]))
end

return each_log(KEYS_PER_SLOTS_LOG, 10, 5, reign)
