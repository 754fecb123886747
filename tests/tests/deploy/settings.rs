//! Every setting of the services reaches them in compose, and every setting of compose is in `.env.example`.

use std::{collections::BTreeSet, process::Command};

use system_tests::{compose, delivered, process::binary};

/// Settings that compose decides itself.
const FIXED: [&str; 5] = [
    "KEY_SECRET_FILE",
    "LISTEN",
    "MASTER_PASSWORDS_FILE",
    "METRICS_LISTEN",
    "TRUST_FORWARDED",
];
const FILES: [&str; 3] = [
    "../docker-compose.yml",
    "compose/tls.yml",
    "compose/external-redis.yml",
];

fn read(name: &str) -> String {
    std::fs::read_to_string(delivered::path(name)).expect("the file is there")
}

/// The variables of a service, each with its default.
fn settings(service: &str) -> Vec<(String, String)> {
    let help = Command::new(binary(service)).arg("--help").output();
    let help = String::from_utf8(help.expect("it runs").stdout).expect("text");
    let between = |text: &str, before: &str, after: char| {
        let (_, rest) = text.split_once(before)?;
        Some(rest.split_once(after)?.0.to_owned())
    };
    let entries = help.split("\n      --");
    let named = entries.filter_map(|entry| {
        let name = between(entry, "[env: ", ']')?;
        let default = between(entry, "[default: ", ']').unwrap_or_default();
        Some((name.split('=').next()?.to_owned(), default))
    });
    named.collect()
}

/// `NAME` or `#NAME` at the start of lines, with what follows the equals sign.
fn examples() -> Vec<(String, String)> {
    let example = read("../.env.example");
    let lines = example.lines().filter_map(|line| {
        let (name, value) = line.trim_start_matches('#').split_once('=')?;
        let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        is_name.then(|| (name.to_owned(), value.to_owned()))
    });
    lines.collect()
}

/// The variables that the compose files ask for.
fn asked_for() -> BTreeSet<String> {
    let files: String = FILES.iter().map(|name| read(name)).collect();
    let interpolated = files.split("${").skip(1).map(|rest| {
        let end = rest.find([':', '}']).unwrap_or(rest.len());
        rest[..end].to_owned()
    });
    // A name without a value is passed on.
    let passed_on = files.lines().filter_map(|line| {
        let name = line.strip_prefix("  ")?.trim().strip_suffix(':')?;
        let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        is_name.then(|| name.to_owned())
    });
    interpolated.chain(passed_on).collect()
}

#[test]
fn every_setting_of_the_services_reaches_them_in_compose() {
    let compose = read("../docker-compose.yml");
    let examples = examples();
    for service in ["ingest-svc", "gateway-svc"] {
        let settings = settings(service);
        assert!(settings.len() > 15, "{settings:?}");
        for (name, default) in settings {
            // Compose is always safe.
            if name == "DEV_MODE" {
                continue;
            }
            assert!(
                compose.contains(&format!("      {name}:"))
                    || compose.contains(&format!("  {name}:")),
                "{name}"
            );
            if FIXED.contains(&name.as_str()) || name.starts_with("REDIS_URL") {
                continue;
            }
            let own = if service == "ingest-svc" && name == "DRAIN_SECONDS" {
                "INGEST_DRAIN_SECONDS".to_owned()
            } else {
                name
            };
            let shown = examples.iter().find(|(example, _)| *example == own);
            let (_, shown) = shown.unwrap_or_else(|| panic!("{own} is not in .env.example"));
            // Logs of containers are for programs.
            let expected = if own == "LOG_FORMAT" {
                "json"
            } else {
                &default
            };
            assert_eq!(shown, expected, "{own}");
        }
    }
}

#[test]
fn every_setting_of_compose_is_in_the_example_and_no_other() {
    let examples: BTreeSet<String> = compose::settings().into_iter().collect();
    let mut asked_for = asked_for();
    // Docker Compose's own.
    asked_for.insert("COMPOSE_FILE".to_owned());
    let unknown: Vec<_> = examples.symmetric_difference(&asked_for).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}
