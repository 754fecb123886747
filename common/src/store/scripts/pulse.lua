-- Reads where an event stands, and whether something of it is due by the server's clock.
-- KEYS  meta
-- gives {incarnation, epoch, seq}, 1 | 0 (overdue); nothing in the first when there is no event

local found = redis.call('HMGET', KEYS[1], 'incarnation', 'epoch', 'seq', 'oncourse_due_at', 'rows_due_at')
local standing = {found[1], found[2] and epoch_here(found[2]), found[3]}
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local overdue = 0
for _, due_at in ipairs({found[4] or '0', found[5] or '0'}) do
  -- 0 is never.
  if tonumber(due_at) > 0 and tonumber(due_at) <= now_ms then overdue = 1 end
end
return {standing, overdue}
