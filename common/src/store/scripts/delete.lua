-- Deletes an event with everything that it has and tells its spectators.
-- KEYS  meta, image, marks, then every other key of the event
-- ARGV  incarnation, revision of the structure (by which the list of keys was made), channel, ts_ms,
--       publish (command)
-- gives {'ok'} | {'gone'} | {'conflict'}

local found = redis.call('HMGET', KEYS[1], 'incarnation', 'epoch', 'seq')
if found[1] ~= ARGV[1] then return {'gone'} end
local revision = redis.call('HGET', KEYS[3], 'rev:structure') or '0'
if revision ~= ARGV[2] then return {'conflict'} end
for _, key in ipairs(KEYS) do redis.call('DEL', key) end
redis.call(ARGV[5], ARGV[3], epoch_here(found[2]) .. ' ' .. (found[3] + 1) .. ' ' .. ARGV[4] .. ' deleted ')
return {'ok'}
