//! `chappe provision`

use std::path::PathBuf;

use clap::Args;

use super::output::say;
use super::{Failure, Outcome};
use crate::bus::{Bus, Endpoint, TlsFiles};
use crate::config::RelayConfig;
use crate::{keys, relay};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The relay's configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The provisioner's nkey seed, which the relay never has [default: seeds/provisioner.nk
    /// beside the configuration]
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let config = RelayConfig::load(&arguments.config).map_err(Failure::usage)?;
    let prepared = relay::check(&config).map_err(Failure::usage)?;
    let seed = arguments
        .seed
        .unwrap_or_else(|| arguments.config.with_file_name("seeds").join("provisioner.nk"));
    let endpoint = Endpoint {
        url: config.server.url.clone(),
        seed: keys::read_nkey(&seed).map_err(Failure::usage)?.seed,
        inbox: "_INBOX_provisioner".into(),
        name: format!("{} provisioner", config.node),
        tls: TlsFiles {
            ca: config.server.ca.clone(),
            client: config.server.cert.clone().zip(config.server.key.clone()),
        },
    };
    let bus = Bus::connect(&endpoint).await.map_err(Failure::failed)?;
    let stored = relay::stored_trust(&bus).await.map_err(Failure::failed)?;
    let hood = prepared.hood(&config, &stored).map_err(Failure::usage)?;
    let done =
        bus.provision(&hood.plan(), config.server.replicas).await.map_err(Failure::failed)?;
    say!("{}: {} streams and {} durables are in place", config.node, done.streams, done.durables);
    Ok(())
}
