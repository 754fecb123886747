//! The delivered compose file, run on a Docker engine as a project of its own.

use std::process::{Command, Output};

use crate::delivered;

/// A running project; dropping it ends it, with its volumes.
pub struct Compose {
    project: String,
    environment: Vec<(String, String)>,
    files: Vec<String>,
}

impl Drop for Compose {
    fn drop(&mut self) {
        let all = ["--profile", "*", "down", "--volumes", "--timeout", "1"];
        let _ = self.try_run(&all);
    }
}

impl Compose {
    /// A project that listens on a port of its own and is not started yet.
    pub fn new(port: u16) -> Self {
        let file = delivered::path("../docker-compose.yml");
        Self {
            project: format!("eddyline-drill-{port}"),
            environment: vec![("PORT".to_owned(), port.to_string())],
            files: vec![file.display().to_string()],
        }
    }

    /// Sets a setting, as `.env` does.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Adds a file of `deploy/compose`.
    pub fn add_file(&mut self, name: &str) {
        let file = delivered::path("compose").join(name);
        self.files.push(file.display().to_string());
    }

    /// A command with the environment that finds this project.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        // Neither the settings of whoever runs this nor a `.env` beside the compose file.
        for name in settings() {
            command.env_remove(name);
        }
        command
            .env("COMPOSE_ENV_FILES", "/dev/null")
            .env("COMPOSE_PROJECT_NAME", &self.project)
            .env("COMPOSE_FILE", self.files.join(":"))
            .envs(self.environment.iter().cloned());
        command
    }

    fn try_run(&self, words: &[&str]) -> std::io::Result<Output> {
        self.command("docker").arg("compose").args(words).output()
    }

    /// Runs `docker compose` with these words: what it printed.
    ///
    /// # Errors
    ///
    /// What it complained of.
    pub fn run(&self, words: &[&str]) -> Result<String, String> {
        let output = self.try_run(words).map_err(|error| error.to_string())?;
        succeeded(&format!("docker compose {}", words.join(" ")), &output)
    }

    /// Runs a script of `deploy/` on this project.
    ///
    /// # Errors
    ///
    /// What it complained of.
    pub fn script(&self, name: &str, words: &[&str]) -> Result<String, String> {
        let path = delivered::path(name).display().to_string();
        let output = self.command(&path).args(words).output();
        succeeded(name, &output.map_err(|error| error.to_string())?)
    }

    /// Ends the process of one container of a service at once, as a crash does. Docker starts it again.
    ///
    /// # Errors
    ///
    /// When there is no such container.
    pub fn crash(&self, service: &str, index: usize) -> Result<(), String> {
        let containers = self.run(&["ps", "--quiet", service])?;
        let container = containers.lines().nth(index).ok_or("no container")?;
        let inspect = ["inspect", "--format", "{{.State.Pid}}", container];
        let output = Command::new("docker").args(inspect).output();
        let process = succeeded(
            "docker inspect",
            &output.map_err(|error| error.to_string())?,
        )?;
        let kill = Command::new("kill")
            .args(["-KILL", process.trim()])
            .output();
        succeeded("kill", &kill.map_err(|error| error.to_string())?)?;
        Ok(())
    }
}

/// Every setting of the compose files.
pub fn settings() -> Vec<String> {
    let example = std::fs::read_to_string(delivered::path("../.env.example"));
    let example = example.unwrap_or_default();
    let names = example.lines().filter_map(|line| {
        let (name, _) = line.trim_start_matches('#').split_once('=')?;
        let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        is_name.then(|| name.to_owned())
    });
    names.collect()
}

fn succeeded(what: &str, output: &Output) -> Result<String, String> {
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(printed)
    } else {
        let complained = String::from_utf8_lossy(&output.stderr);
        Err(format!("{what}: {printed}{complained}"))
    }
}
