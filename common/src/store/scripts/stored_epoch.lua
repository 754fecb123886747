-- In place of epoch.lua where a test leaves new epochs out: every server continues the epoch that it finds.
local function epoch_here(stored) return stored end

