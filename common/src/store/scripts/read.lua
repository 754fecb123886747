-- Reads keys of one event at one instant, and the clock.
-- KEYS  the keys
-- ARGV  for each key the command that reads it: GET, HGETALL, HVALS, or META (HGETALL, with the epoch of this server)
-- gives the answers in the order of the keys, then {seconds, microseconds}
-- One script instead of a transaction, since clients of a cluster follow it to where a slot has moved.

local function meta(key)
  local fields = redis.call('HGETALL', key)
  for i = 1, #fields, 2 do
    if fields[i] == 'epoch' then fields[i + 1] = epoch_here(fields[i + 1]) end
  end
  return fields
end

local answers = {}
for i, key in ipairs(KEYS) do
  if ARGV[i] == 'META' then answers[i] = meta(key) else answers[i] = redis.call(ARGV[i], key) end
end
answers[#KEYS + 1] = redis.call('TIME')
return answers
