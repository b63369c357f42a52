-- The nodes whose lease has not run out.
--
-- KEYS[1] leases · KEYS[2] nodes, as in node-renew.lua
-- Returns what each says of itself, and all incarnations that are known, the dead ones included.

local LEASES, NODES = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local nodes = {}
for _, incarnation in ipairs(redis.call('ZRANGEBYSCORE', LEASES, '(' .. string.format('%.0f', now), '+inf')) do
  nodes[#nodes + 1] = redis.call('HGET', NODES, incarnation) or nil
end
return { nodes, redis.call('ZRANGE', LEASES, 0, -1) }
