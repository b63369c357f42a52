-- The first stage of append.lua: finds out what becomes of the drafts of one log. Nothing here writes, so whatever fails has
-- left the log as it was.

-- What becomes of the drafts that stand from `from` to `to` in the arguments, `step` for each, when the next offset is `first`.
-- `token` is that of the reign, false for none, or nil where the log is not fenced. Returns the outcome of each, the
-- entries that are new, and the text keys that are new; or nil where offsets are used up. Adds what is new to `texts` and
-- `rings`.
local function decide(from, to, step, token, first, texts, rings)
  local last_offset, oldest_known, FENCED = LAST_OFFSET, offset_at(now - WINDOW), 6
  local args, outcomes, blobs, new_texts = ARGV, {}, {}, NONE
  local next_offset = first
  for i = from, to, step do
    local known, name, sequence, print, place = find_key(i, texts, rings, oldest_known)
    if not known and token ~= nil and args[i + 4] ~= token then known = FENCED end
    if not known then
      if next_offset > last_offset then return nil end
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
