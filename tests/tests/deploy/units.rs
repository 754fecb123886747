//! The units for systemd.

use std::{fs, path::PathBuf, process::Command};

use system_tests::process::binary;

/// Of 10, by systemd's own scale; 2 and below it calls it well protected.
const EXPOSURE_MAX: &str = "20";

fn delivered(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../deploy/systemd", name]
        .iter()
        .collect();
    fs::read_to_string(path).expect("the file is there")
}

#[test]
fn systemd_understands_them_and_finds_them_well_protected() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for service in ["ingest", "gateway"] {
        let name = format!("eddyline-{service}.service");
        let program = binary(&format!("{service}-svc")).display().to_string();
        let unit = delivered(&name).replace(&format!("/usr/local/bin/{service}-svc"), &program);
        let path = folder.path().join(&name);
        fs::write(&path, unit).expect("writable");
        let threshold = format!("--threshold={EXPOSURE_MAX}");
        for check in [
            &["verify"][..],
            &["security", "--offline=yes", "--no-pager", &threshold],
        ] {
            let mut command = Command::new("systemd-analyze");
            let output = command.args(check).arg(&path).output();
            let output = output.expect("systemd-analyze is there");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.is_empty(), "{said}");
        }
    }
}

#[test]
fn their_variables_are_flags_of_the_services() {
    for service in ["ingest", "gateway"] {
        let help = Command::new(binary(&format!("{service}-svc")))
            .arg("--help")
            .output();
        let help = String::from_utf8(help.expect("it runs").stdout).expect("text");
        let unit = delivered(&format!("eddyline-{service}.service"));
        let environment = delivered(&format!("{service}.env"));
        let in_unit = unit
            .lines()
            .filter_map(|line| line.strip_prefix("Environment="));
        let set = in_unit
            .flat_map(str::split_whitespace)
            .chain(environment.lines());
        for variable in set
            .filter_map(|line| line.split_once('='))
            .map(|(name, _)| name)
        {
            assert!(help.contains(&format!("[env: {variable}=")), "{variable}");
        }
    }
}
