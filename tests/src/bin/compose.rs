//! The delivered compose file under load, on a real engine: containers are scaled, restarted and killed while it is
//! watched, read and pushed to. `tests/compose` prepares what it needs.

use std::{net::TcpListener, process::ExitCode, time::Duration};

use clap::Parser;
use system_tests::{
    authority::{Authority, Trust},
    compose::Compose,
    observer::{Observer, Report},
    rolling::GAP_MAX,
};

const SPECTATORS: usize = 40;
/// How much longer a spectator may be without data when the machine may be busy with something else.
const LENIENCE: u32 = 3;
/// HAProxy finds what changed within this time.
const SEEN_WITHIN: Duration = Duration::from_secs(4);
const OTHER_PASSWORD: &str = "another-password";
const UP: [&str; 5] = ["up", "--detach", "--wait", "--no-build", "--no-recreate"];

/// Runs the delivered compose file and breaks it under load.
#[derive(Debug, Parser)]
struct Args {
    /// Hold each step to the time that the README names; otherwise three times that.
    #[arg(long)]
    strict: bool,
}

/// What may happen in a step.
#[derive(Clone, Copy)]
struct Allowed {
    /// Requests and upgrades may fail, and connections be refused.
    errors: bool,
    /// Streams may end.
    reconnects: bool,
    /// How long a spectator may be without data.
    gap_max: Duration,
}

/// By the book: nobody notices more than a reconnect.
const NOTHING: Allowed = Allowed {
    errors: false,
    reconnects: true,
    gap_max: GAP_MAX,
};

const fn back_within(seconds: u64) -> Allowed {
    Allowed {
        errors: true,
        reconnects: true,
        gap_max: Duration::from_secs(seconds),
    }
}

/// Pushes may fail, and nothing else.
const NO_STREAM_ENDS: Allowed = Allowed {
    reconnects: false,
    ..back_within(10)
};

type Act = fn(&Compose) -> Result<String, String>;

/// What is done, one after the other.
const STEPS: [(&str, Allowed, Act); 15] = [
    ("scale to 4 gateways and 2 ingests", NOTHING, |c| {
        scale(c, 4, 2)
    }),
    ("restart one gateway after the other", NOTHING, |c| {
        c.script("restart", &["gateway"])
    }),
    ("restart one ingest after the other", NOTHING, |c| {
        c.script("restart", &["ingest"])
    }),
    ("restart redis", NO_STREAM_ENDS, |c| {
        c.run(&["restart", "redis"])
    }),
    ("restart redis again", NO_STREAM_ENDS, |c| {
        c.run(&["restart", "redis"])
    }),
    ("scale to 2 gateways and 1 ingest", NOTHING, |c| {
        scale(c, 2, 1)
    }),
    ("reload haproxy", NOTHING, |c| {
        c.run(&["kill", "--signal", "USR2", "haproxy"])
    }),
    ("restart haproxy", back_within(2), |c| {
        c.run(&["restart", "haproxy"])
    }),
    ("kill -9 of the first gateway", back_within(3), |c| {
        crash(c, "gateway", 0)
    }),
    ("kill -9 of the second gateway", back_within(3), |c| {
        crash(c, "gateway", 1)
    }),
    ("kill -9 of ingest", back_within(10), |c| {
        crash(c, "ingest", 0)
    }),
    ("kill -9 of redis", NO_STREAM_ENDS, |c| crash(c, "redis", 0)),
    ("kill -9 of haproxy", back_within(3), |c| {
        crash(c, "haproxy", 0)
    }),
    ("restart all gateways at once", back_within(10), |c| {
        c.run(&["restart", "gateway"])
    }),
    ("restart everything at once", back_within(30), |c| {
        c.run(&["restart", "gateway", "ingest", "redis", "haproxy"])
    }),
];

fn scale(compose: &Compose, gateways: usize, ingests: usize) -> Result<String, String> {
    let (gateways, ingests) = (format!("gateway={gateways}"), format!("ingest={ingests}"));
    compose.run(&[&UP[..], &["--scale", &gateways, "--scale", &ingests]].concat())
}

fn crash(compose: &Compose, service: &str, index: usize) -> Result<String, String> {
    compose.crash(service, index)?;
    compose.run(&UP)
}

struct Drill {
    compose: Compose,
    observer: Observer,
    lenience: u32,
    faults: usize,
}

impl Drill {
    /// Does something, waits until it is seen, and judges what that was like from outside.
    async fn step(
        &mut self,
        name: &str,
        allowed: Allowed,
        act: impl FnOnce(&Compose) -> Result<String, String>,
    ) {
        self.observer.report();
        let entered = self.observer.enter_in_ledger().await;
        let acted = tokio::task::block_in_place(|| act(&self.compose));
        tokio::time::sleep(SEEN_WITHIN).await;
        let report = self.observer.report();
        let mut fault = entered
            .err()
            .or(acted.err())
            .or_else(|| judge(&report, allowed, self.lenience));
        match self.observer.lost().await {
            Ok(lost) if lost.is_empty() => {}
            Ok(lost) => fault = Some(format!("acknowledged and lost: {lost:?}")),
            Err(error) => fault = Some(error),
        }
        let verdict = fault.map_or_else(|| "ok".to_owned(), |fault| format!("FAULT ({fault})"));
        self.faults += usize::from(verdict != "ok");
        println!("{name}: {verdict}: {report}");
    }
}

/// What is wrong.
fn judge(report: &Report, allowed: Allowed, lenience: u32) -> Option<String> {
    if !report.holes.is_empty() {
        return Some("a hole".to_owned());
    }
    if !allowed.errors && !report.is_clean() {
        return Some("somebody was refused".to_owned());
    }
    if !allowed.reconnects && report.reconnects > 0 {
        return Some("a stream ended".to_owned());
    }
    if report.pushes == 0 {
        return Some("no push came through".to_owned());
    }
    (report.longest_gap > allowed.gap_max * lenience)
        .then(|| "a spectator was without data".to_owned())
}

fn free_port() -> Result<u16, String> {
    let bound = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    Ok(bound.map_err(|error| error.to_string())?.port())
}

async fn run(args: Args) -> Result<usize, String> {
    let port = free_port()?;
    let compose = Compose::new(port);
    compose.run(&[&["--profile", "demo"], &UP[..]].concat())?;
    println!("up with the demo race: ok");
    let file = "/run/eddyline/ingest/master-passwords";
    let password = compose.run(&["exec", "-T", "ingest", "cat", file])?;
    let password = Some(password.trim());
    let origin = format!("http://127.0.0.1:{port}");
    let observer =
        Observer::start(&origin, &Trust::default(), password, "DRILL", SPECTATORS).await?;
    let mut drill = Drill {
        compose,
        observer,
        lenience: if args.strict { 1 } else { LENIENCE },
        faults: 0,
    };
    tokio::time::sleep(SEEN_WITHIN).await;
    for (name, allowed, act) in STEPS {
        drill.step(name, allowed, act).await;
    }
    drill.compose.set("MASTER_PASSWORDS", OTHER_PASSWORD);
    drill.compose.set("REDIS_INGEST_PASSWORD", "other1");
    drill
        .step("other passwords", back_within(30), |c| {
            c.run(&["up", "--detach", "--wait", "--no-build"])
        })
        .await;
    encrypted(&mut drill, port).await?;
    Ok(drill.faults)
}

/// The same front door with a certificate, which is then renewed. The admin password is the other one.
async fn encrypted(drill: &mut Drill, port: u16) -> Result<(), String> {
    let authority = Authority::new();
    authority.issue("127.0.0.1");
    let compose = &mut drill.compose;
    compose.add_file("tls.yml");
    compose.set("TLS_CERT", &authority.served().display().to_string());
    compose.set("HTTP_PORT", &free_port()?.to_string());
    compose.run(&["up", "--detach", "--wait", "--no-build"])?;
    let origin = format!("https://127.0.0.1:{port}");
    let trust = Trust::of(&authority);
    let password = Some(OTHER_PASSWORD);
    drill.observer = Observer::start(&origin, &trust, password, "TLS", SPECTATORS).await?;
    tokio::time::sleep(SEEN_WITHIN).await;
    let renewed = authority.issue("127.0.0.1");
    drill
        .step("https, and a renewed certificate", NOTHING, |c| {
            c.run(&["kill", "--signal", "USR2", "haproxy"])
        })
        .await;
    if authority.shown_by(&format!("127.0.0.1:{port}")) != renewed {
        return Err("the old certificate is still served".to_owned());
    }
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(faults) => {
            println!("{faults} faults");
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("FAULT: {error}");
            ExitCode::FAILURE
        }
    }
}
