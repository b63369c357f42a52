-- What append.lua and change.lua have in common: their first arguments, and the way from log to log. A script is atomic but
-- not transactional: so of each log everything is decided before anything is written. What is wrong with one log costs the
-- others nothing.
--
-- ARGV    1 name for a new epoch · 2 dedupe window, ms · 3 most text keys · 4 most fields of sequences · 5 life, ms, or 0
--         for ever while there is something in the log · 6 "1" when a WAIT follows · 7 the life of the server whose clock 8 is
--         about · 8 the time, ms, from which on nothing is appended any more
-- Returns for each log one outcome for each draft, or an error in their place, such as KEYSFULL or OFFSETS. Then the time, ms.
--         OTHERCLOCK with time and life, and TOOLATE with the time, are about all of it.

-- Functions are made anew with every call, and each outer variable that one of them uses costs time then: hence few of
-- both in what every append runs, and many parameters.
local WINDOW = tonumber(ARGV[2])
local NONE = {}
-- Below what "before the end" means in reads, and so far below that a client gets it as it is: ioredis reads a number's last
-- digit as ten times what came before plus the letter's code, and then takes 48 off.
local LAST_OFFSET = 2 ^ 53 - 64
local NO_KEY = 'KEYSFULL the channel remembers as many keys as it may'
local NO_OFFSET = 'OFFSETS no offset is left for this entry'

local now = now_ms()

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

-- Runs `run` for each log, with the places of its first and last arguments. Those of all logs begin at `at`, each with a
-- number in front that says how many there are, in units of `unit`. Each log has `keys_per_log` keys.
local function each_log(keys_per_log, at, unit, run)
  -- Whoever waited for it has been told that it was not done, and may have had it done since by another way.
  if incarnation() ~= ARGV[7] then return redis.error_reply('OTHERCLOCK ' .. text(now) .. ' ' .. incarnation()) end
  if now >= tonumber(ARGV[8]) then return redis.error_reply('TOOLATE ' .. text(now)) end
  local results = {}
  for base = 0, #KEYS - 1, keys_per_log do
    local last = at + ARGV[at] * unit
    choose_log(base)
    local done, result = pcall(run, at + 1, last)
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
end
