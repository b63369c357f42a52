-- Who is present. Asking about a channel that nobody was ever on leaves nothing behind.
--
-- ARGV    none
-- Returns the version, milliseconds until the next grace is over or -1, the incarnations that have instances, and the
--         members.

local current = tonumber(redis.call('GET', VERSION) or 0)
if current ~= 0 and redis.call('PTTL', VERSION) < LIFE / 2 then
  for i = 1, 5 do redis.call('PEXPIRE', KEYS[i], LIFE) end
end
return { current, next_grace(), redis.call('SMEMBERS', OWNERS), redis.call('HVALS', MEMBERS) }
