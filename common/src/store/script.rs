//! The server-side steps. Each is atomic, declares every key that it touches, and lives in its own
//! file, which opens with its inputs and outputs.

use redis::Script;

/// Refused before its first line while Redis is out of memory: without any flags line Redis would refuse the first
/// command that takes memory, and keep what the script did before.
const WRITES: &str = "";
/// Also runs while Redis is out of memory: it only reads.
const READS: &str = " flags=no-writes";
/// Also runs while Redis is out of memory: it frees memory, or takes next to none.
const FREES: &str = " flags=allow-oom";

/// The scripts of a store.
pub(super) struct Scripts {
    pub commit: Script,
    pub create: Script,
    pub delete: Script,
    pub history: Script,
    pub pulse: Script,
    pub read: Script,
    pub seats: Script,
}

impl Scripts {
    /// With a new epoch on every server that may lack writes; only tests do without.
    pub fn new(new_epochs: bool) -> Self {
        let epoch = if new_epochs {
            include_str!("scripts/epoch.lua")
        } else {
            include_str!("scripts/stored_epoch.lua")
        };
        let script = |flags: &str, own: &str| Script::new(&format!("#!lua{flags}\n{epoch}{own}"));
        Self {
            commit: script(WRITES, include_str!("scripts/commit.lua")),
            create: script(WRITES, include_str!("scripts/create.lua")),
            delete: script(FREES, include_str!("scripts/delete.lua")),
            history: script(READS, include_str!("scripts/history.lua")),
            pulse: script(READS, include_str!("scripts/pulse.lua")),
            read: script(READS, include_str!("scripts/read.lua")),
            seats: script(FREES, include_str!("scripts/seats.lua")),
        }
    }
}
