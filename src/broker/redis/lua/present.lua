-- Applies joins and leaves of one incarnation in their order, and announces them as one change.
--
-- ARGV    1 incarnation · then three for each: id · instance · "+" and the member, or the grace in ms
-- Returns milliseconds until the next grace is over, -1 when there is none.

local INCARNATION = ARGV[1]
local FIRST, EACH = 2, 3

for i = FIRST, #ARGV, EACH do
  local id, instance, what = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if string.sub(what, 1, 1) == '+' then
    add_instance(id, instance, string.sub(what, 2))
  else
    remove_instance(id, instance, tonumber(what))
  end
end
local more = end_graces()
if redis.call('EXISTS', INSTANCES) == 1 then
  redis.call('SADD', OWNERS, INCARNATION)
else
  redis.call('SREM', OWNERS, INCARNATION)
end
announce()
return more and 0 or next_grace()
