-- Takes a lease that nobody holds.
--
-- KEYS[1] the lease
-- ARGV    1 random part of the token · 2 length, ms
-- Returns the token, or false when somebody holds it.

local time = redis.call('TIME')
local token = time[1] .. '.' .. time[2] .. '-' .. ARGV[1]
return redis.call('SET', KEYS[1], token, 'NX', 'PX', ARGV[2]) and token
