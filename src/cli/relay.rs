//! `chappe relay`

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::output::say;
use super::{Failure, Outcome, told_to_end};
use crate::config::RelayConfig;
use crate::relay::{self, RelayError};

/// Before a relay begins anew in the same process: its console's port has to be free.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The relay's configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Check configuration, key and bundles, say what follows from them, and end
    #[arg(long)]
    check: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let config = RelayConfig::load(&arguments.config).map_err(Failure::usage)?;
    if arguments.check {
        return check(&config);
    }
    let mut told = std::pin::pin!(told_to_end());
    loop {
        let stop = CancellationToken::new();
        let until = stop.clone();
        let mut relay = std::pin::pin!(relay::run(config.clone(), stop));
        let ended = tokio::select! {
            ended = &mut relay => ended,
            () = &mut told => {
                until.cancel();
                return relay.await.map_err(|e| failure(&e));
            }
        };
        if !matches!(ended, Err(RelayError::Replaced)) {
            return ended.map_err(|e| failure(&e));
        }
        // What it remembers may be old: it reads its streams anew, once it is its turn.
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = &mut told => return Ok(()),
        }
    }
}

fn failure(error: &RelayError) -> Failure {
    match error {
        RelayError::Key(_)
        | RelayError::Trust(_)
        | RelayError::Mismatch(_)
        | RelayError::Console(_) => Failure::usage(error),
        RelayError::Bus(_)
        | RelayError::Metrics(_)
        | RelayError::Replaced
        | RelayError::Task(_) => Failure::failed(error),
    }
}

fn check(config: &RelayConfig) -> Outcome {
    let prepared = relay::check(config).map_err(|e| failure(&e))?;
    let hood = prepared.hood(config).map_err(|e| failure(&e))?;
    let plan = hood.plan();
    say!("node       {}", config.node);
    say!("server     {}", config.server.url);
    say!("upstreams  {}", names(hood.upstreams.iter()));
    say!("below      {}", names(hood.links.iter().map(|link| &link.to)));
    say!("publishers {}", names(hood.all_publishers().iter()));
    say!("streams    {}, durables {}", plan.streams.len(), plan.durables.len());
    say!("rules      {}, climbing rules {}", config.rules.len(), config.climbs.len());
    let clocks = prepared.clocks().all().len();
    say!("cases      clocks {clocks}, rules on similar ones {}", config.cases.similar.len());
    Ok(())
}

fn names<T: ToString>(all: impl Iterator<Item = T>) -> String {
    let all: Vec<String> = all.map(|one| one.to_string()).collect();
    if all.is_empty() { "none".into() } else { all.join(", ") }
}
