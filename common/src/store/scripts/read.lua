-- Reads keys of one event at one instant, and the clock.
-- KEYS  the keys
-- ARGV  for each key the command that reads it: GET, HGETALL or HVALS
-- gives the answers in the order of the keys, then {seconds, microseconds}
-- One script instead of a transaction, since clients of a cluster follow it to where a slot has moved.

local answers = {}
for i, key in ipairs(KEYS) do answers[i] = redis.call(ARGV[i], key) end
answers[#KEYS + 1] = redis.call('TIME')
return answers
