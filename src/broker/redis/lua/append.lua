-- Appends drafts to logs, all at one moment: decided with append-decide.lua, written with append-write.lua.
--
-- ARGV    1 to 8 as in log-call.lua · 9 "1" to keep entries · 10 most entries or "" · 11 most bytes or "" · 12 most age, ms,
--         or "" · 13 "1" where the logs are fenced · then for each log the number of its drafts and four for each of them: its
--         key, as key-memory.lua has it · the entry, ready-made, of which the first 10 bytes are its header; and where it is
--         fenced a fifth: the token that it is written under
-- Returns what log-call.lua says. An outcome is the offset of the draft; the negative one of an earlier append with its key;
--         1 for a conflict; 2 for an unknown outcome; 6 where it is fenced: see reign.lua.

-- Bytes of payloads and metas that are told to those who follow.
local MOST_HINTED = 1024 * 1024

-- Appends the drafts that stand from `from` to `to` in the arguments to the log at hand.
local function append(from, to)
  local args = ARGV
  local meta = redis.call('HMGET', META, 'e', 's', 'i', 'c')
  local epochs = meta[1]
  local head, last_kept, total, turned, life, set_at, young = load_state(meta[2])
  -- One that is kept by slots is of another kind: the application has made another one of the channel.
  local is_new = meta[4] or not is_whole(epochs, last_kept)
  if is_new then
    head, last_kept, total, turned, young = 0, 0, 0, now, 0
  end
  local turns, forgets_all, young_texts, old_texts, young_scopes, old_scopes
  turned, young, turns, forgets_all, young_texts, old_texts, young_scopes, old_scopes = turn_keys(is_new, turned, young)

  -- Nothing is asked where everybody may append.
  local step, token = 4, nil
  if args[13] == '1' then
    step, token = 5, not is_new and redis.call('HGET', META, 't')
  end

  -- First everything that can fail, on paper.
  local first = math.max(offset_at(now), head + 1)
  local texts, rings, moving, new_scopes =
    find_keys(from, to, step, forgets_all, turns, young_texts, old_texts, young_scopes, old_scopes)
  local outcomes, blobs, new_texts = decide(from, to, step, token, first, texts, rings)
  if not outcomes then return redis.error_reply(NO_OFFSET) end
  if
    is_full(#new_texts, tonumber(args[3]), forgets_all, turns, young_texts, old_texts)
    or is_full(new_scopes, tonumber(args[4]), forgets_all, turns, young_scopes, old_scopes)
  then
    return redis.error_reply(NO_KEY)
  end
  -- What was only asked about leaves nothing behind.
  if is_new and #blobs == 0 then return outcomes end

  local prev, before = head, total
  local keep, bytes = args[9] == '1', tonumber(args[11])
  local begins = is_new or (keep and last_kept == 0)
  local ends = not keep and last_kept ~= 0
  if #blobs > 0 then
    head = first + #blobs - 1
    for i = 1, #blobs do total = total + #blobs[i] - HEADER end
    -- When even the newest entry is over the limit, nothing is kept.
    local is_kept = keep and not (bytes and #blobs[#blobs] - HEADER > bytes)
    last_kept = is_kept and head or 0
  elseif ends then
    last_kept = 0
  end
  local next_life = tonumber(args[5])
  if next_life == 0 and last_kept == 0 then next_life = math.max(LEAST_LIFE, 2 * WINDOW) end
  local renews = begins or must_renew(next_life, now, life, set_at)
  if renews then life, set_at = next_life, now end

  -- Then the writes, of which the first is one that Redis refuses when it is out of memory.
  local torn = false
  if is_new then
    epochs, torn = begin(now, args[1], head, last_kept, total, turned, life, set_at, young)
  elseif #blobs > 0 and incarnation() ~= meta[3] then
    epochs = with_new_epoch(epochs, args[1], prev)
    save_state(epochs, head, last_kept, total, turned, life, set_at, young)
  elseif #blobs > 0 or turns or ends or renews then
    save_state(nil, head, last_kept, total, turned, life, set_at, young)
  end
  -- WAIT waits for this connection's own writes; an earlier append may have been another one's.
  if #blobs == 0 and args[6] == '1' then redis.call('HINCRBY', META, 'w', 1) end
  if turns then
    redis.call('UNLINK', young_texts, young_scopes)
    if forgets_all then redis.call('UNLINK', old_texts, old_scopes) end
  end
  local ends_in = next_life ~= 0 and not renews and until_renewed(next_life)
  write_texts(young_texts, texts, new_texts, ends_in)
  write_rings(young_scopes, rings, old_scopes, moving, ends_in)
  local first_text = text(first)
  if keep then
    write_entries(blobs, first, first_text, prev, before, total)
  elseif ends then
    redis.call('UNLINK', LOG)
  end
  -- What is all new has no end that would have to be taken away.
  if renews and not (is_new and not torn and life == 0) then renew(life) end

  if total - before > MOST_HINTED then
    -- Who follows reads it: published, some of these would be more than Redis keeps for a subscriber before it cuts that one off.
    redis.call('SPUBLISH', KEYS[BASE + 7], 'r')
  elseif #blobs > 0 then
    local epoch = string.match(epochs, '([^,:=]+):%d+$')
    local header = table.concat({ 'e' .. epoch, text(prev), first_text, #blobs }, ' ')
    redis.call('SPUBLISH', KEYS[BASE + 7], header .. '\n' .. table.concat(blobs))
  end
  return outcomes
end

return each_log(KEYS_PER_LOG, 14, ARGV[13] == '1' and 5 or 4, append)
