//! Starting unsafely is refused with a reason.

use std::process::Command;

use system_tests::process::{Process, binary};

fn refused(flags: &[&str]) -> String {
    let mut command = Command::new(binary("ingest-svc"));
    command.args(["--listen", "127.0.0.1:0"]).args(flags);
    for variable in ["MASTER_PASSWORDS", "KEY_SECRET", "DEV_MODE"] {
        command.env_remove(variable);
    }
    let mut process = Process::start("ingest-svc", &mut command);
    assert!(!process.wait().success());
    process.wait_for_end_of_output()
}

#[test]
fn without_secrets_the_service_refuses_to_start_and_says_why() {
    assert!(refused(&[]).contains("no admin password"));
    assert!(refused(&["--master-passwords=x"]).contains("no key secret"));
    let short = ["--master-passwords=x", "--key-secret=short"];
    assert!(refused(&short).contains("shorter than 16"));
    let missing = ["--master-passwords=x", "--key-secret-file=/does/not/exist"];
    assert!(refused(&missing).contains("/does/not/exist"));
}
