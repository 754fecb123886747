//! Redis as the deployment starts it: its script, its configuration, its users and their passwords.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A user of Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum User {
    /// May do everything; the tests' own.
    Operator,
    /// `ingest-svc`.
    Ingest,
    /// `gateway-svc`.
    Gateway,
    /// What a replica logs in to its primary as.
    Replica,
    /// What sentinels log in to the servers as.
    Sentinel,
}

impl User {
    const ALL: [Self; 5] = [
        Self::Operator,
        Self::Ingest,
        Self::Gateway,
        Self::Replica,
        Self::Sentinel,
    ];

    /// The user of a service.
    pub fn of(service: &str) -> Self {
        if service == "ingest-svc" {
            Self::Ingest
        } else {
            Self::Gateway
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Ingest => "ingest",
            Self::Gateway => "gateway",
            Self::Replica => "replica",
            Self::Sentinel => "sentinel",
        }
    }

    /// Its password in every test.
    pub fn password(self) -> String {
        format!("{}Password", self.name())
    }

    /// `user:password`, as URLs have it.
    pub fn login(self) -> String {
        format!("{}:{}", self.name(), self.password())
    }
}

/// A file of `deploy/`.
pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../deploy")
        .join(name)
}

/// Redis with the delivered configuration and users, its data and temporary files in `folder`; what the test
/// wants of it, where to listen at least, follows as arguments.
pub fn redis(folder: &Path) -> Command {
    let mut command = Command::new(path("redis/start"));
    for user in User::ALL {
        let variable = format!("REDIS_{}_PASSWORD", user.name().to_uppercase());
        command.env(variable, user.password());
    }
    command
        .arg(path("redis/redis.conf"))
        .arg("--dir")
        .arg(folder)
        .env("TMPDIR", folder);
    command
}
