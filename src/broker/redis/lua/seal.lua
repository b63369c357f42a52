-- Makes a token the only fence that fenced appends are accepted with.
--
-- ARGV    1 name for a new epoch · 2 life of a log that is new, ms · 3 token

local meta = redis.call('HMGET', META, 'e', 'l')
if not is_whole(meta[1], meta[2]) then
  local now = now_ms()
  create(ARGV[1], now)
  keep_alive(ARGV[2], now, nil, true)
end
redis.call('HSET', META, 'f', ARGV[3])
return redis.status_reply('OK')
