-- Extends the lease of a node's incarnation.
--
-- KEYS[1] leases  sorted set: incarnation -> until when, ms; 0 when it was declared dead
-- KEYS[2] nodes   hash: incarnation -> what it says of itself
-- ARGV    1 incarnation · 2 lease, ms · 3 what it says of itself · 4 "1" when it is new
-- Returns 1 when it is extended and 0 when it is dead; the incarnations that are dead; those whose lease has run out.

local LEASES, NODES = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local known = redis.call('ZSCORE', LEASES, ARGV[1])
local lives = ARGV[4] == '1' or (known and tonumber(known) > 0)
if lives then
  -- One that ran out but was not declared dead, as after an outage, goes on.
  redis.call('HSET', NODES, ARGV[1], ARGV[3])
  redis.call('ZADD', LEASES, string.format('%.0f', now + tonumber(ARGV[2])), ARGV[1])
end
local function with_score(min, max)
  return redis.call('ZRANGEBYSCORE', LEASES, min, max, 'LIMIT', 0, 100)
end
return { lives and 1 or 0, with_score(0, 0), with_score('(0', string.format('%.0f', now)) }
