//! `chappe trust check`: whether the documents of a folder hold together, and what to see to.

use std::path::PathBuf;

use clap::Args;

use super::super::output::say;
use super::super::{Failure, Outcome};
use super::files;
use super::times;
use crate::ceremony::{Archive, Standing, check, title};
use crate::jws::General;

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
            Standing::Superseded(by) => format!("superseded by version {by}"),
            Standing::Rejected(why) => {
                rejected += 1;
                format!("REJECTED: {}", why.escape_debug())
            }
        };
        say!("{}: {name}: {word}", path.display());
    }
    report.failures.iter().for_each(|why| say!("does not hold: {}", why.escape_debug()));
    report.warnings.iter().for_each(|warning| say!("warning: {warning}"));
    let failures = rejected + report.failures.len();
    match (failures, report.warnings.len()) {
        (0, 0) => Ok(()),
        (0, warnings) => Err(Failure::failed(format!("{warnings} warnings"))),
        (failures, _) => Err(Failure::refused(format!("{failures} things do not hold"))),
    }
}
