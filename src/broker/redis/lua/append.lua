-- Appends drafts to logs, all at one moment: decided in append-decide.lua, written in append-write.lua.
--
-- ARGV    1 to 9 as in log-call.lua · 10 "1" to keep entries · 11 most entries or "" · 12 most bytes or "" · 13 most age, ms,
--         or "" · then for each log the number of its drafts and four for each of them: its key, as key-memory.lua has it ·
--         the entry, ready-made, of which the first 10 bytes are its header
-- Returns what log-call.lua says. An outcome is the offset of the draft; the negative one of an earlier append with its key;
--         1 for a conflict; 2 for an unknown outcome.

local function append(from, to)
  return decide(from, to) or write()
end

return each_log(KEYS_PER_LOG, FIRST_LOG, PER_DRAFT, append)
