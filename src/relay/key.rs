//! The relay key at start-up: unlocked, and no key that a server may have sign something.

use crate::config::RelayConfig;
use crate::jws::Signer;
use crate::keys::{KeyFile, KeyFileError, Secret, read_nkey};

/// The relay key, if it is none of the nkeys with which this relay connects. Of an nkey the server
/// chooses what it signs to prove itself, so it would sign hops for whoever runs the server.
pub(super) fn read(config: &RelayConfig) -> Result<Box<dyn Signer>, KeyFileError> {
    let files = config.upstreams.iter().map(|upstream| &upstream.seed);
    let seeds: Vec<Secret> = std::iter::once(&config.server.seed)
        .chain(files)
        .map(|seed| Ok(read_nkey(seed)?.seed))
        .collect::<Result<_, KeyFileError>>()?;
    let file = KeyFile::of_process(&config.relay_key, config.passphrase.clone());
    Ok(Box::new(file.read_apart_from(&seeds.iter().collect::<Vec<_>>())?))
}
