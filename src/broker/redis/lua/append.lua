-- Appends drafts to logs, all at one moment. A script is atomic but not transactional: so of each log everything is decided
-- before anything is written, in append-decide.lua and append-write.lua. What is wrong with one log costs the others nothing.
--
-- ARGV    1 name for a new epoch · 2 dedupe window, ms · 3 most text keys · 4 most fields of sequences · 5 life, ms, or 0
--         for ever while entries are kept · 6 fence as "=token" or "" · 7 "1" to keep entries · 8 most entries or ""
--         9 most bytes or "" · 10 most age, ms, or "" · 11 "1" when a WAIT follows · 12 the life of the server whose clock
--         13 is about · 13 the time, ms, from which on nothing is appended any more · then for each log the number of its
--         drafts and four for each of them: scope or digest · sequence, or "" for a text key · print, with "@ms" behind it
--         when the draft's time is over so much sooner · the entry, ready-made, of which the first 10 bytes are its header
-- Returns for each log one number for each draft: its offset; the negative one of an earlier append with its key; 1 for a
--         conflict; 2 for an unknown outcome. Or an error in their place, such as FENCED, KEYSFULL or OFFSETS. Then the
--         time, ms. OTHERCLOCK with time and life, and TOOLATE with the time, are about all of it.

-- What went wrong, without the place in this script that Redis 7.0 puts in front of it.
local function message_of(problem)
  local message = type(problem) == 'table' and problem.err or tostring(problem)
  return string.match(message, '^user_script:%d+: (.*)') or message
end

-- What Redis refuses to everybody begins with another word, such as READONLY or OOM.
local function is_of_the_log(message)
  local code = string.match(message, '^%u+')
  return not code or code == 'ERR' or code == 'WRONGTYPE'
end

local function append(from, to)
  return decide(from, to) or write()
end

-- Whoever waited for it has been told that it was not done, and may have had it done since by another way.
if incarnation() ~= SERVER then return redis.error_reply('OTHERCLOCK ' .. text(now) .. ' ' .. incarnation()) end
if now >= BEFORE then return redis.error_reply('TOOLATE ' .. text(now)) end

local results, at = {}, FIRST_LOG
for base = 0, #KEYS - 1, KEYS_PER_LOG do
  local last = at + ARGV[at] * PER_DRAFT
  choose_log(base)
  local done, result = pcall(append, at + 1, last)
  if not done then
    local message = message_of(result)
    result = redis.error_reply(message)
    if not is_of_the_log(message) then return result end
  end
  results[#results + 1] = result
  at = last + 1
end
results[#results + 1] = now
return results
