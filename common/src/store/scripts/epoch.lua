-- Put in front of every other script.
-- An event's epoch has two parts: 16 characters that the event keeps for life, and 8 of the replication identity of the
-- server that answers. A server that may lack acknowledged writes (restarted, promoted, a restored copy) has another
-- identity, so positions of before are of another epoch for every reader and writer, without a write.
local function epoch_here(stored)
  local replid = string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)')
  return string.sub(stored, 1, 16) .. string.sub(replid, 1, 8)
end

