//! The server-side steps. Each is atomic, declares every key that it touches, and lives in its own
//! file, which opens with its inputs and outputs.

use std::sync::LazyLock;

use redis::Script;

macro_rules! script {
    ($name:ident, $file:literal) => {
        pub(super) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(include_str!(concat!("scripts/", $file))));
    };
}

script!(COMMIT, "commit.lua");
script!(CREATE, "create.lua");
script!(DELETE, "delete.lua");
script!(HISTORY, "history.lua");
script!(PULSE, "pulse.lua");
script!(READ, "read.lua");
script!(SEATS, "seats.lua");
