-- Makes a token the only fence that fenced appends are accepted with.
--
-- ARGV    1 name for a new epoch · 2 life of a log that is new, ms · 3 token

choose_log(0)
local meta = redis.call('HMGET', META, 'e', 's')
local _, last_kept = load_state(meta[2])
if not is_whole(meta[1], last_kept) then
  local now, life = now_ms(), tonumber(ARGV[2])
  begin(now, ARGV[1], 0, 0, 0, now, life, now, 0)
  renew(life)
end
redis.call('HSET', META, 'f', ARGV[3])
return redis.status_reply('OK')
