-- Creates an event that does not exist.
-- KEYS  meta, image, then every other key that an event of that id could have left behind
-- ARGV  1: the picture's bytes or '', 2: the event's part of its epochs, 3…: field, value, … of meta
-- gives 1 when created, 0 when the event exists

if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
for i = 2, #KEYS do redis.call('DEL', KEYS[i]) end
redis.call('HSET', KEYS[1], 'epoch', epoch_here(ARGV[2]), unpack(ARGV, 3))
if ARGV[1] ~= '' then redis.call('SET', KEYS[2], ARGV[1]) end
return 1
