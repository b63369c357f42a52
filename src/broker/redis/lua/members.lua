-- Who is present.
--
-- ARGV    none
-- Returns the version, milliseconds until the next grace is over or -1, the incarnations that have instances, and the
--         members.

local current = version()
if redis.call('PTTL', VERSION) < LIFE / 2 then
  for i = 1, 5 do redis.call('PEXPIRE', KEYS[i], LIFE) end
end
return { current, next_grace(), redis.call('SMEMBERS', OWNERS), redis.call('HVALS', MEMBERS) }
