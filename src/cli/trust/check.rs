//! `chappe trust check`: whether the documents of a folder hold together, and what to see to.

use std::path::{Path, PathBuf};

use clap::Args;

use super::super::output::say;
use super::super::publish::read;
use super::super::{Failure, Outcome};
use super::files;
use super::times;
use crate::ceremony::{Archive, Standing, check, title};
use crate::jws::General;
use crate::notice::Id;

/// The largest list that travels.
const MAX_LIST_BYTES: usize = 1024 * 1024;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder of the documents
    folder: PathBuf,
    /// The pinned root
    #[arg(long, value_name = "ROOT")]
    root: PathBuf,
    /// Check as of this time: now, or RFC 3339
    #[arg(long, value_name = "TIME", default_value = "now")]
    now: String,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let now = times::instant("--now", &arguments.now, crate::time::now())?;
    let pin = files::document(&arguments.root)?;
    let named = files::folder_documents(&arguments.folder)?;
    let documents: Vec<General> = named.iter().map(|(_, general)| general.clone()).collect();
    let archive = Archive::new(&pin, &documents).map_err(Failure::refused)?;
    let report = check(&archive, &pin, &documents, now);
    let mut rejected = 0_usize;
    for ((path, general), standing) in named.iter().zip(&report.standings) {
        let paper = crate::trust::Paper::read(general);
        let name = paper.map_or_else(|_| "?".to_owned(), |paper| title(&paper));
        let word = match standing {
            Standing::InForce => "in force".to_owned(),
            Standing::Unused => "not used by those who pin this root".to_owned(),
            Standing::Superseded(by) => format!("superseded by version {by}"),
            Standing::Rejected(why) => {
                rejected += 1;
                format!("REJECTED: {}", why.escape_debug())
            }
        };
        say!("{}: {name}: {word}", path.display());
    }
    let mut warnings = report.warnings;
    warnings.extend(missing_lists(&arguments.folder, &archive)?);
    report.failures.iter().for_each(|why| say!("does not hold: {}", why.escape_debug()));
    warnings.iter().for_each(|warning| say!("warning: {warning}"));
    let failures = rejected + report.failures.len();
    match (failures, warnings.len()) {
        (0, 0) => Ok(()),
        (0, warnings) => Err(Failure::failed(format!("{warnings} warnings"))),
        (failures, _) => Err(Failure::refused(format!("{failures} things do not hold"))),
    }
}

/// Lists of good notices that a revocation names and that are not in the folder: until a reader
/// has them, it holds what they decide.
fn missing_lists(folder: &Path, archive: &Archive) -> Result<Vec<String>, Failure> {
    let there: Vec<Id> = files::folder_paths(folder, "list")?
        .iter()
        .map(|path| read(path, MAX_LIST_BYTES).map(|bytes| Id::of(&bytes)))
        .collect::<Result<_, _>>()?;
    let mut missing = Vec::new();
    for bundle in archive.bundles() {
        let named = bundle.revoked.iter().flat_map(|one| one.good.iter().flatten());
        for digest in named.filter(|digest| !there.contains(digest)) {
            let node = &bundle.node;
            missing
                .push(format!("bundle of {node}: the list {digest} of good notices is not here"));
        }
    }
    Ok(missing)
}
