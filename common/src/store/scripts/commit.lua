-- Commits one plan: checks, rows, seqs, history and publication in one step.
-- KEYS  meta, marks, history, then the keys that the plan's writes name by index
-- ARGV  1: the plan as JSON, 2…: the values of its writes, then the bodies of its changes, in order
-- plan  incarnation, deadline_ms (server clock), ts_ms, same_epoch (or null: any), channel, publish (command), states (allowed ones, or null), expected [[part, revision]…],
--       touched [part…], writes [[command, key index, number of values]…],
--       changes [[kind, [mark…]]…], messages_max, bytes_max, inline_bytes_max
-- gives {'ok', epoch, seq} | {'gone'} | {'late'} | {'state', status} | {'conflict'}
-- Either everything happened or nothing did: every check stands before the first write.

local meta, marks, history = KEYS[1], KEYS[2], KEYS[3]
local plan = cjson.decode(ARGV[1])

local found = redis.call('HMGET', meta, 'incarnation', 'status', 'epoch', 'seq', 'history_bytes')
local incarnation, status = found[1], found[2]
local seq, history_bytes = tonumber(found[4]), tonumber(found[5])
if incarnation ~= plan.incarnation then return {'gone'} end

local time = redis.call('TIME')
if time[1] * 1000 + math.floor(time[2] / 1000) > plan.deadline_ms then return {'late'} end

if plan.states ~= cjson.null then
  local allowed = false
  for _, state in ipairs(plan.states) do allowed = allowed or state == status end
  if not allowed then return {'state', status} end
end

for _, expected in ipairs(plan.expected) do
  local revision = tonumber(redis.call('HGET', marks, 'rev:' .. expected[1])) or 0
  if revision ~= expected[2] then return {'conflict'} end
end

local epoch = epoch_here(found[3])
if plan.same_epoch ~= cjson.null and epoch ~= plan.same_epoch then return {'conflict'} end
if epoch ~= found[3] then
  history_bytes = 0
  redis.call('DEL', history)
  redis.call('HSET', meta, 'epoch', epoch)
end

local at = 2
for _, write in ipairs(plan.writes) do
  local command, key, left = write[1], KEYS[write[2]], write[3]
  -- Values go in slices, since unpack() is bounded by the Lua stack.
  repeat
    local slice = math.min(left, 1000)
    redis.call(command, key, unpack(ARGV, at, at + slice - 1))
    at, left = at + slice, left - slice
  until left == 0
end

for _, part in ipairs(plan.touched) do redis.call('HINCRBY', marks, 'rev:' .. part, 1) end

for _, change in ipairs(plan.changes) do
  seq = seq + 1
  local head = epoch .. ' ' .. seq .. ' ' .. plan.ts_ms .. ' '
  local envelope = head .. change[1] .. ' ' .. ARGV[at]
  at = at + 1
  redis.call('RPUSH', history, envelope)
  history_bytes = history_bytes + #envelope
  for _, mark in ipairs(change[2]) do redis.call('HSET', marks, 'seq:' .. mark, seq) end
  if #envelope > plan.inline_bytes_max then envelope = head .. 'reference ' end
  redis.call(plan.publish, plan.channel, envelope)
end

local length = redis.call('LLEN', history)
while length > 0 and (length > plan.messages_max or history_bytes > plan.bytes_max) do
  history_bytes = history_bytes - #redis.call('LPOP', history)
  length = length - 1
end
redis.call('HSET', meta, 'seq', seq, 'history_bytes', history_bytes)
return {'ok', epoch, seq}
