-- Removes instances of an incarnation that is dead, without grace, and ends the graces that are over.
--
-- ARGV    1 incarnation · 2 how many at most
-- Returns how many instances of it are left, and milliseconds until the next grace is over or -1.

local INCARNATION, MOST = ARGV[1], tonumber(ARGV[2])

for _, instance in ipairs(redis.call('SPOP', INSTANCES, MOST)) do
  local length, rest = string.match(instance, '^(%d+):(.*)$')
  local id = string.sub(rest, 1, tonumber(length))
  if redis.call('HINCRBY', COUNTS, id, -1) <= 0 then remove(id) end
end
local left = redis.call('SCARD', INSTANCES)
if left == 0 then redis.call('SREM', OWNERS, INCARNATION) end
local more = end_graces()
announce()
return { left, more and 0 or next_grace() }
