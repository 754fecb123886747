-- Reads what happened after a position.
-- KEYS  meta, history
-- ARGV  incarnation, epoch, seq
-- gives {'gone'} | {'other'} when the position can't be continued from | {'ok', envelope…}

local found = redis.call('HMGET', KEYS[1], 'incarnation', 'epoch', 'seq')
if found[1] ~= ARGV[1] then return {'gone'} end
local epoch = epoch_here(found[2])
local missed = tonumber(found[3]) - tonumber(ARGV[3])
if epoch ~= ARGV[2] or missed < 0 then return {'other'} end
if missed == 0 then return {'ok'} end
-- What is kept is of the epoch of the last commit.
if epoch ~= found[2] or missed > redis.call('LLEN', KEYS[2]) then return {'other'} end
local envelopes = redis.call('LRANGE', KEYS[2], -missed, -1)
table.insert(envelopes, 1, 'ok')
return envelopes
