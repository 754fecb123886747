//! The ingest and admin service; see the library for what it does.

use std::process::ExitCode;

use clap::Parser;
use common::{shutdown, telemetry};
use ingest_svc::Config;
use tracing::error;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    telemetry::init(config.common.log_format);
    config.common.without.warn();
    match ingest_svc::run(config, shutdown::signalled()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(%error, "can't start");
            ExitCode::FAILURE
        }
    }
}
