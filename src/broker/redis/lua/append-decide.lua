-- The first stage of append.lua: finds out what becomes of the drafts of one log. It writes nothing, so whatever makes it fail
-- has left the log as it was.

local KEEP, COUNT, BYTES, AGE = ARGV[10] == '1', ARGV[11], tonumber(ARGV[12]), tonumber(ARGV[13])
local FIRST_LOG, PER_DRAFT = 14, 4

-- The log at hand, as it was found.
local epochs, log_incarnation, is_new
local head, last_kept, total, turned, life, set_at, young

-- What was decided: the outcome of each draft; the entries that are new, and the offset of the first of them.
local outcomes, blobs, first

-- Decides about the drafts that stand from `from` to `to` in the arguments. Returns an error where nothing of it is done.
local function decide(from, to)
  local meta = redis.call('HMGET', META, 'e', 's', 'i', 'f', 'c')
  epochs, log_incarnation = meta[1], meta[3]
  head, last_kept, total, turned, life, set_at, young = load_state(meta[2])
  -- One that is kept by slots is of another kind: the application has made another one of the channel.
  is_new = meta[5] or not is_whole(epochs, last_kept)
  if is_new then
    head, last_kept, total, turned, young = 0, 0, 0, now, 0
  end
  if FENCE ~= '' and (is_new or FENCE ~= '=' .. (meta[4] or '')) then return redis.error_reply(NOT_SEALED) end
  turned, young = turn_keys(is_new, turned, young)
  find_keys(from, to, PER_DRAFT)
  outcomes, blobs = {}, {}
  first = math.max(offset_at(now), head + 1)
  local next_offset = first
  for i = from, to, PER_DRAFT do
    local known, sequence, print, place = find_key(i)
    if not known then
      if next_offset > LAST_OFFSET then return redis.error_reply(NO_OFFSET) end
      known = next_offset
      next_offset = next_offset + 1
      remember_key(ARGV[i], sequence, print, place, known)
      blobs[#blobs + 1] = ARGV[i + 3]
    end
    outcomes[#outcomes + 1] = known
  end
  if are_too_many() then return redis.error_reply(NO_KEY) end
end
