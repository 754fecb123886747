//! The ingest and admin service; see the library for what it does.

use std::process::ExitCode;

use clap::Parser;
use common::{
    healthcheck::{self, Command},
    shutdown, telemetry,
};
use ingest_svc::Config;
use tracing::error;

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    if let Some(Command::Healthcheck) = config.command {
        return healthcheck::run(config.listen);
    }
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
