-- Appends drafts of changes to logs that are kept by slots, all at one moment: decided in change-decide.lua, written in
-- change-write.lua.
--
-- KEYS    for each log eleven, as in slots-keys.lua
-- ARGV    1 to 8 as in log-call.lua · 9 most slots that hold something · 10 most bytes of those · 11 most tombstones or "" ·
--         12 most bytes of their names or "" · 13 their most age, ms, or "" · 14 bytes of changes from which on hints go
--         without them · 15 bytes of what slots hold that a conflict tells · 16 how long after the beginning of an epoch nothing
--         is due, ms · 17 "1" where the logs are fenced · then for each log how many arguments follow about it: the number of its
--         drafts; seven for each of them: its key, as key-memory.lua has it · meta or "" · "1" to hint it without changes · how
--         many conditions · how many changes, and where it is fenced an eighth: the token that it is written under; and then, for each draft, three for each condition: slot · "absent", "due" or "=" and an epoch · offset or
--         ""; and three for each change: slot · payload with the kind of data in front, "" to delete · time to live, ms, "keep" or
--         ""
-- Returns what log-call.lua says. An outcome is the offset of the draft; the negative one of an earlier one with its key;
--         1 for a conflict of keys; 2 for an unknown outcome; 3 or 4 where there would be too many slots or bytes; 5 for a
--         cursor beyond the head; 6 where it is fenced: see reign.lua; a list of one offset where nothing changes; or a list of "c", epoch and head of a cursor and
--         then slots and what they hold, where a condition does not hold. Behind the outcomes of a log stands the epoch that
--         is being written.

name_places()

local function change(from, to)
  return decide(from, to) or write()
end

return each_log(KEYS_PER_SLOTS_LOG, 18, 1, change)
