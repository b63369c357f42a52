-- Gives a lease up, if it still has this token.
--
-- KEYS[1] the lease
-- ARGV    1 token

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
