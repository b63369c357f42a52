-- Appends drafts to logs, all at one moment. A script is atomic but not transactional: so of each log everything is decided
-- before anything is written, in append-decide.lua and append-write.lua. What is wrong with one log costs the others nothing.
--
-- ARGV    1 name for a new epoch · 2 dedupe window, ms · 3 most text keys · 4 most fields of sequences · 5 life, ms, or 0
--         for ever while entries are kept · 6 fence as "=token" or "" · 7 "1" to keep entries · 8 most entries or ""
--         9 most bytes or "" · 10 most age, ms, or "" · 11 "1" when a WAIT follows · 12 the life of the server whose clock
--         13 is about · 13 the time, ms, from which on nothing is appended any more · then for each log the number of its
--         drafts and four for each of them: scope or digest · sequence, or "" for a text key · print, with "@ms" behind it
--         when the draft's time is over so much sooner · the entry, ready-made, of which the first 10 bytes are its header
-- Returns for each log one number for each draft: its offset; the negative one of an earlier append with its key; 1 for a
--         conflict; 2 for an unknown outcome. Or an error in their place, such as FENCED, KEYSFULL or OFFSETS. Then the
--         time, ms. OTHERCLOCK with time and life, and TOOLATE with the time, are about all of it.

-- What went wrong, without the place in this script that Redis 7.0 puts in front of it.
local function message_of(problem)
  local message = type(problem) == 'table' and problem.err or tostring(problem)
  return string.match(message, '^user_script:%d+: (.*)') or message
end

-- What Redis refuses to everybody begins with another word, such as READONLY or OOM.
local function is_of_the_log(message)
  local code = string.match(message, '^%u+')
  return not code or code == 'ERR' or code == 'WRONGTYPE'
end

-- Appends the drafts that stand from `from` to `to` in the arguments to the log at hand.
local function append(from, to)
  local args = ARGV
  local meta = redis.call('HMGET', META, 'e', 's', 'i', 'f')
  local epochs = meta[1]
  local head, last_kept, total, turned, life, set_at, young = load_state(meta[2])
  local is_new = not is_whole(epochs, last_kept)
  if is_new then
    head, last_kept, total, turned, young = 0, 0, 0, now, 0
  end
  if args[6] ~= '' and (is_new or args[6] ~= '=' .. (meta[4] or '')) then
    return redis.error_reply('FENCED another token was sealed on the channel')
  end
  -- The two generations of the key memories change places once a window; after two without use even the younger one is too
  -- old.
  local passed = now - turned
  local turns = not is_new and passed >= WINDOW
  local forgets_all = is_new or (turns and passed >= 2 * WINDOW)
  if turns then young, turned = 1 - young, now end
  local young_texts, old_texts = KEYS[BASE + 3 + young], KEYS[BASE + 4 - young]
  local young_scopes, old_scopes = KEYS[BASE + 5 + young], KEYS[BASE + 6 - young]

  -- First everything that can fail, on paper.
  local first = math.max(offset_at(now), head + 1)
  local texts, rings, moving, new_scopes =
    find_keys(from, to, forgets_all, turns, young_texts, old_texts, young_scopes, old_scopes)
  local outcomes, blobs, new_texts = decide(from, to, first, texts, rings)
  if not outcomes then return redis.error_reply('OFFSETS no offset is left for this entry') end
  if
    is_full(#new_texts, tonumber(args[3]), forgets_all, turns, young_texts, old_texts)
    or is_full(new_scopes, tonumber(args[4]), forgets_all, turns, young_scopes, old_scopes)
  then
    return redis.error_reply('KEYSFULL the channel remembers as many keys as it may')
  end
  -- What was only asked about leaves nothing behind.
  if is_new and #blobs == 0 then return outcomes end

  local prev, before = head, total
  local keep, bytes = args[7] == '1', tonumber(args[9])
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
    local most = 16 -- As REMEMBERED_EPOCHS in contract.ts.
    epochs = epochs .. ',' .. args[1] .. ':' .. text(prev)
    local _, commas = string.gsub(epochs, ',', '')
    if commas >= most then epochs = string.match(epochs, ',(.*)') end
    save_state(epochs, head, last_kept, total, turned, life, set_at, young)
  elseif #blobs > 0 or turns or ends or renews then
    save_state(nil, head, last_kept, total, turned, life, set_at, young)
  end
  -- WAIT waits for this connection's own writes; an earlier append may have been another one's.
  if #blobs == 0 and args[11] == '1' then redis.call('HINCRBY', META, 'w', 1) end
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

  if #blobs > 0 then
    local epoch = string.match(epochs, '([^,:=]+):%d+$')
    local header = table.concat({ 'e' .. epoch, text(prev), first_text, #blobs }, ' ')
    redis.call('SPUBLISH', KEYS[BASE + 7], header .. '\n' .. table.concat(blobs))
  end
  return outcomes
end

-- Whoever waited for it has been told that it was not done, and may have had it done since by another way.
if incarnation() ~= ARGV[12] then return redis.error_reply('OTHERCLOCK ' .. text(now) .. ' ' .. incarnation()) end
if now >= tonumber(ARGV[13]) then return redis.error_reply('TOOLATE ' .. text(now)) end

local results, at = {}, 14
for base = 0, #KEYS - 1, KEYS_PER_LOG do
  local last = at + ARGV[at] * 4
  choose_log(base)
  local done, result = pcall(append, at + 1, last)
  if not done then
    local message = message_of(result)
    result = redis.error_reply(message)
    if not is_of_the_log(message) then return result end
  end
  results[#results + 1] = result
  at = last + 1
end
results[#results + 1] = now
return results
