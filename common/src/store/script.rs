//! The server-side steps. Each is atomic, declares every key that it touches, and lives in its own
//! file, which opens with its inputs and outputs.

use redis::Script;

/// The scripts of a store.
pub(super) struct Scripts {
    pub commit: Script,
    pub create: Script,
    pub delete: Script,
    pub history: Script,
    pub position: Script,
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
        let script = |own: &str| Script::new(&format!("{epoch}{own}"));
        Self {
            commit: script(include_str!("scripts/commit.lua")),
            create: script(include_str!("scripts/create.lua")),
            delete: script(include_str!("scripts/delete.lua")),
            history: script(include_str!("scripts/history.lua")),
            position: script(include_str!("scripts/position.lua")),
            pulse: script(include_str!("scripts/pulse.lua")),
            read: script(include_str!("scripts/read.lua")),
            seats: script(include_str!("scripts/seats.lua")),
        }
    }
}
