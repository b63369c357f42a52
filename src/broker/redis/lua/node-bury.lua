-- Declares an incarnation dead, if its lease has run out or it says so itself. From then on it cannot come back.
--
-- KEYS[1] leases · KEYS[2] nodes, as in node-renew.lua
-- ARGV    1 incarnation · 2 "1" when it says so itself
-- Returns 1 when it is dead.

local LEASES, NODES = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local known = redis.call('ZSCORE', LEASES, ARGV[1])
if known and tonumber(known) > now and ARGV[2] ~= '1' then return 0 end
if known then redis.call('ZADD', LEASES, 0, ARGV[1]) end
redis.call('HDEL', NODES, ARGV[1])
return 1
