//! `chappe verify`: a saved notice, checked as a reader checks it, offline.

use std::path::PathBuf;

use clap::Args;

use super::output::say;
use super::publish::read;
use super::{Failure, Outcome};
use crate::notice::{File, MAX_MESSAGE_BYTES};
use crate::relay::{TrustFiles, load_trust};
use crate::verify::verify_file;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A .chappe file
    file: PathBuf,
    /// The pinned national root
    #[arg(long, value_name = "ROOT")]
    root: PathBuf,
    /// Folder of bundles [default: the root's folder]
    #[arg(long, value_name = "DIR")]
    bundles: Option<PathBuf>,
    /// Write the body, unchanged, into this file
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
}

pub(super) fn run(arguments: Arguments) -> Outcome {
    // Base64 takes a third more than the bytes.
    let bytes = read(&arguments.file, MAX_MESSAGE_BYTES * 3 / 2)?;
    let name = arguments.file.display();
    let wire = File::parse(&bytes).map_err(|e| Failure::usage(format!("{name}: {e}")))?;
    let beside = || arguments.root.parent().map(PathBuf::from).unwrap_or_default();
    let bundles = arguments.bundles.clone().unwrap_or_else(beside);
    let files = TrustFiles { root: arguments.root.clone(), bundles: Some(bundles) };
    let (trust, _) = load_trust(&files).map_err(Failure::usage)?;
    let now = crate::time::now();
    let (statement, hops) = verify_file(now, &trust, &wire)
        .map_err(|e| Failure::refused(format!("{name}: {}", e.to_string().escape_debug())))?;
    say!("{}", wire.id());
    say!("  {} \"{}\"", statement.kind, statement.title);
    say!("  signed by {} for {} at TLP:{}", statement.iss, statement.aud, statement.tlp);
    for hop in hops {
        say!("  passed on by {} at {}", hop.by, hop.at);
    }
    if let Some(path) = &arguments.body {
        std::fs::write(path, &wire.body)
            .map_err(|e| Failure::failed(format!("{}: {e}", path.display())))?;
    }
    Ok(())
}
