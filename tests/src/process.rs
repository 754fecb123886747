//! A program that a test started, with its output kept and its end made sure of.

use std::{
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::DEADLINE;

/// A running program. Dropping it kills it; in a failing test its output is shown.
pub struct Process {
    name: String,
    child: Child,
    output: Arc<Mutex<String>>,
    collectors: Vec<JoinHandle<()>>,
    has_children: bool,
    leads_group: bool,
}

/// The path of one of our own binaries, beside the test that runs.
///
/// # Panics
///
/// When it was not built.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let folder = test.parent().expect("it is in a folder");
    // Tests are in target/<profile>/deps, programs of the kit in target/<profile>.
    let profile = if folder.ends_with("deps") {
        folder.parent().unwrap_or(folder)
    } else {
        folder
    };
    let path = profile.join(name);
    assert!(
        path.exists(),
        "{name} is not built: run cargo build --workspace --bins"
    );
    path
}

impl Process {
    /// Starts a program.
    ///
    /// # Panics
    ///
    /// When it can't be started.
    pub fn start(name: &str, command: &mut Command) -> Self {
        let spawned = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = spawned.unwrap_or_else(|error| panic!("can't start {name}: {error}"));
        let output = Arc::default();
        let collectors = [
            child.stdout.take().map(|stdout| collect(stdout, &output)),
            child.stderr.take().map(|stderr| collect(stderr, &output)),
        ];
        Self {
            name: name.to_owned(),
            child,
            output,
            collectors: collectors.into_iter().flatten().collect(),
            has_children: false,
            leads_group: false,
        }
    }

    /// Says that it has processes of its own, which only it can end: it is asked to, not killed.
    #[must_use]
    pub fn with_children(mut self) -> Self {
        self.has_children = true;
        self
    }

    /// Says that it was started as the leader of a process group, all of which ends with it.
    #[must_use]
    pub fn with_group(mut self) -> Self {
        self.leads_group = true;
        self
    }

    /// Everything that it wrote in its life; it must have ended.
    pub fn wait_for_end_of_output(&mut self) -> String {
        for collector in self.collectors.drain(..) {
            // A collector that broke has still kept what came before.
            let _ = collector.join();
        }
        self.output()
    }

    /// Everything that it wrote so far.
    pub fn output(&self) -> String {
        let output = self.output.lock();
        output.map_or_else(
            |poisoned| poisoned.into_inner().clone(),
            |text| text.clone(),
        )
    }

    /// Waits for a line that holds `marker` and returns what follows the marker on it.
    ///
    /// # Panics
    ///
    /// When it ends or takes too long before that.
    pub fn wait_for(&mut self, marker: &str) -> String {
        let started = Instant::now();
        loop {
            let output = self.output();
            let found = output.lines().find_map(|line| line.split_once(marker));
            if let Some((_, rest)) = found {
                return rest.to_owned();
            }
            let ended = self.child.try_wait().ok().flatten();
            assert!(ended.is_none(), "{} ended early:\n{output}", self.name);
            assert!(
                started.elapsed() < DEADLINE,
                "{} never said '{marker}':\n{output}",
                self.name
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Memory that it has in RAM, in KiB.
    ///
    /// # Panics
    ///
    /// When it has ended.
    pub fn resident_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("a running process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.expect("a number of KiB")
    }

    /// Sends a signal, such as `TERM`, to this very process.
    ///
    /// # Panics
    ///
    /// When there is no such signal.
    pub fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .arg(format!("-{signal}"))
            .arg(self.child.id().to_string())
            .status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "no signal {signal}"
        );
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    ///
    /// # Panics
    ///
    /// When it takes too long.
    pub fn wait(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                return status;
            }
            assert!(
                started.elapsed() < DEADLINE * 2,
                "{} does not end",
                self.name
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it at once, without a chance to say goodbye.
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.has_children && matches!(self.child.try_wait(), Ok(None)) {
            self.signal("TERM");
            let started = Instant::now();
            while matches!(self.child.try_wait(), Ok(None)) && started.elapsed() < DEADLINE {
                thread::sleep(Duration::from_millis(20));
            }
        }
        if self.leads_group {
            let group = format!("-{}", self.child.id());
            // Whoever of it has ended by itself is not missed.
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        }
        self.kill();
        if thread::panicking() {
            eprintln!("---- output of {}\n{}", self.name, self.output());
        }
    }
}

fn collect(from: impl Read + Send + 'static, output: &Arc<Mutex<String>>) -> JoinHandle<()> {
    let output = Arc::clone(output);
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if let Ok(mut output) = output.lock() {
                output.push_str(&line);
                output.push('\n');
            }
        }
    })
}
