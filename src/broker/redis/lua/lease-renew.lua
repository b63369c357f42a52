-- Extends a lease by its full length from now, if it still has this token.
--
-- KEYS[1] the lease
-- ARGV    1 token · 2 length, ms

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
