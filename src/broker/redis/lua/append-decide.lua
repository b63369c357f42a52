-- The first stage of append.lua: finds out what becomes of the drafts of one log. Nothing here writes, so whatever fails has
-- left the log as it was.

-- What becomes of the drafts that stand from `from` to `to` in the arguments, when the next offset is `first`. Returns the
-- outcome of each, the entries that are new, and the text keys that are new; or nil where offsets are used up. Adds what is
-- new to `texts` and `rings`.
local function decide(from, to, first, texts, rings)
  local last_offset, oldest_known = LAST_OFFSET, offset_at(now - WINDOW)
  local args, outcomes, blobs, new_texts = ARGV, {}, {}, NONE
  local next_offset = first
  for i = from, to, 4 do
    local known, name, sequence, print, place = find_key(i, texts, rings, oldest_known)
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
