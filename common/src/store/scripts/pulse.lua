-- Reads where an event stands, and the clock.
-- KEYS  meta
-- gives incarnation, epoch, seq, when the boats on the water are due (ms or nothing), seconds, microseconds

local answers = redis.call('HMGET', KEYS[1], 'incarnation', 'epoch', 'seq', 'oncourse_due_at')
if answers[2] then answers[2] = epoch_here(answers[2]) end
local time = redis.call('TIME')
answers[5], answers[6] = time[1], time[2]
return answers
