//! The WebSocket gateway; see the library for what it does.

use std::process::ExitCode;

use clap::Parser;
use common::{
    healthcheck::{self, Command},
    shutdown, telemetry,
};
use gateway_svc::Config;
use tracing::error;

fn main() -> ExitCode {
    let config = Config::parse();
    if let Some(Command::Healthcheck) = config.command {
        return healthcheck::run(config.listen);
    }
    telemetry::init(config.common.log_format);
    config.common.without.warn();
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(workers) = config.workers {
        runtime.worker_threads(workers.get());
    }
    let served = runtime
        .enable_all()
        .build()
        .map_err(gateway_svc::StartError::from)
        .and_then(|runtime| runtime.block_on(gateway_svc::run(config, shutdown::signalled())));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(%error, "can't start");
            ExitCode::FAILURE
        }
    }
}
