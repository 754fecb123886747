-- Reads which event there is under an id, and its position.
-- KEYS  meta
-- gives {incarnation, epoch, seq} | nothing when there is none

local found = redis.call('HMGET', KEYS[1], 'incarnation', 'epoch', 'seq')
if not found[1] then return false end
return {found[1], epoch_here(found[2]), found[3]}
