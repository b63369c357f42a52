-- Makes a token the only fence that fenced appends are accepted with.
--
-- ARGV    1 name for a new epoch · 2 life of a log that is new, ms · 3 token

local meta = redis.call('HMGET', META, 'e', 'l')
if not is_whole(meta[1], meta[2]) then
  create(ARGV[1], now_ms())
  keep_for(ARGV[2], 1, 1)
end
redis.call('HSET', META, 'f', ARGV[3])
return redis.status_reply('OK')
