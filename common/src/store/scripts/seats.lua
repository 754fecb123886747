-- Takes, keeps and gives back seats of one gateway.
-- KEYS  meta, seats
-- ARGV  incarnation, gateway, held, wanted, max (where the event has none of its own), lease_ms
-- gives {'gone', 0, 0, 0, 0} | {'ok', seats granted in all, seats of other gateways, how many those are, the event's seats}
-- The answer replaces the gateway's row: a lost or repeated call changes nothing. Only live leases
-- count, and a gateway back from a partition keeps whom it has.

local meta, seats = KEYS[1], KEYS[2]
local found = redis.call('HMGET', meta, 'incarnation', 'max_connections')
if found[1] ~= ARGV[1] then return {'gone', 0, 0, 0, 0} end
local gateway, held, wanted = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local max, lease_ms = tonumber(found[2] or ARGV[5]), tonumber(ARGV[6])

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local others, gateways = 0, 0
local rows = redis.call('HGETALL', seats)
for i = 1, #rows, 2 do
  local count, expires_ms = string.match(rows[i + 1], '^(%d+) (%d+)$')
  if tonumber(expires_ms) <= now_ms then
    redis.call('HDEL', seats, rows[i])
  elseif rows[i] ~= gateway then
    others, gateways = others + tonumber(count), gateways + 1
  end
end

local granted = held + math.min(wanted, math.max(0, max - others - held))
if granted == 0 then
  redis.call('HDEL', seats, gateway)
else
  redis.call('HSET', seats, gateway, granted .. ' ' .. string.format('%d', now_ms + lease_ms))
  redis.call('PEXPIRE', seats, lease_ms)
end
return {'ok', granted, others, gateways, max}
