//! `chappe verify`: saved notices, checked as a reader checks them, offline.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::say;
use super::{Failure, Outcome};
use crate::notice::{File, MAX_MESSAGE_BYTES};
use crate::relay::{TrustFiles, load_trust};
use crate::trust::Trust;
use crate::verify::verify_file;

/// Base64 takes a third more than the bytes.
const MAX_NOTICE_BYTES: u64 = (MAX_MESSAGE_BYTES * 3 / 2) as u64;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A .chappe file; of several notices, one a line
    file: PathBuf,
    /// The pinned national root
    #[arg(long, value_name = "ROOT")]
    root: PathBuf,
    /// Folder of bundles [default: the root's folder]
    #[arg(long, value_name = "DIR")]
    bundles: Option<PathBuf>,
    /// Write the body, unchanged, into this file; of several, the last one's
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
}

pub(super) fn run(arguments: Arguments) -> Outcome {
    let name = arguments.file.display().to_string();
    let beside = || arguments.root.parent().map(PathBuf::from).unwrap_or_default();
    let bundles = arguments.bundles.clone().unwrap_or_else(beside);
    let files = TrustFiles { root: arguments.root.clone(), bundles: Some(bundles) };
    let (trust, _) = load_trust(&files).map_err(Failure::usage)?;
    let file = std::fs::File::open(&arguments.file);
    let mut file = BufReader::new(file.map_err(|e| Failure::usage(format!("{name}: {e}")))?);
    let first = next(&mut file, &name)?.unwrap_or_default();
    // One notice may be written over several lines; of several, each has its own.
    if File::parse(&first).is_err() {
        let mut whole = first;
        let rest = (&mut file).take(MAX_NOTICE_BYTES).read_to_end(&mut whole);
        rest.map_err(|e| Failure::usage(format!("{name}: {e}")))?;
        return one(&whole, &name, &trust, arguments.body.as_deref());
    }
    one(&first, &name, &trust, arguments.body.as_deref())?;
    let mut number = 1_u64;
    while let Some(line) = next(&mut file, &name)? {
        number += 1;
        if !line.trim_ascii().is_empty() {
            one(&line, &format!("{name}:{number}"), &trust, arguments.body.as_deref())?;
        }
    }
    Ok(())
}

/// A line of a file, of at most the size of a notice.
fn next(file: &mut BufReader<std::fs::File>, name: &str) -> Result<Option<Vec<u8>>, Failure> {
    let mut line = Vec::new();
    let read = file.by_ref().take(MAX_NOTICE_BYTES).read_until(b'\n', &mut line);
    let read = read.map_err(|e| Failure::usage(format!("{name}: {e}")))?;
    Ok((read > 0).then_some(line))
}

fn one(bytes: &[u8], name: &str, trust: &Trust, body: Option<&Path>) -> Outcome {
    let wire = File::parse(bytes).map_err(|e| Failure::usage(format!("{name}: {e}")))?;
    let now = crate::time::now();
    let (statement, hops) = verify_file(now, trust, &wire)
        .map_err(|e| Failure::refused(format!("{name}: {}", e.to_string().escape_debug())))?;
    say!("{}", wire.id());
    say!("  {} \"{}\"", statement.kind, statement.title);
    say!("  signed by {} for {} at TLP:{}", statement.iss, statement.aud, statement.tlp);
    for hop in hops {
        say!("  passed on by {} at {}", hop.by, hop.at);
    }
    if let Some(path) = body {
        std::fs::write(path, &wire.body)
            .map_err(|e| Failure::failed(format!("{}: {e}", path.display())))?;
    }
    Ok(())
}
