//! `chappe trust sign`: one person's signature, after the words of what is signed; and the
//! gathering of signatures that were made on copies elsewhere.

use std::path::{Path, PathBuf};

use clap::Args;

use super::super::output::say;
use super::super::{Failure, Outcome, complain};
use super::files::{self, Place, folder_of};
use super::proposal::{block, changes_for, known_quorums};
use crate::ceremony::{
    CeremonyError, Progress, Quorum, describe, differences, effects, fingerprint, flaw, gather,
    progress, sign, title,
};
use crate::jws::General;
use crate::trust::Paper;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The draft; gets the signature, unless --out says otherwise
    file: PathBuf,
    /// A private key of those that must sign; several times for one who holds several
    #[arg(long, value_name = "PRIVATEKEY", required_unless_present_any = ["merge", "dry_run"])]
    key: Vec<PathBuf>,
    /// A copy of the draft that was signed elsewhere: its signatures are taken over
    #[arg(long, value_name = "OTHER", num_args = 1..)]
    merge: Vec<PathBuf>,
    /// The version before [default: the highest lower one beside the draft or in --trust]
    #[arg(long, value_name = "OLD")]
    against: Option<PathBuf>,
    /// Write here instead of into the draft
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Say what would be signed and whether the keys count; sign nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    if let Some(out) = arguments.out.as_ref().filter(|_| !arguments.dry_run) {
        files::must_be_free(out)?;
    }
    let mut document = files::document(&arguments.file)?;
    let paper = files::paper(&arguments.file, &document)?;
    let old = before(arguments, &paper)?;
    let quorums = told(arguments, &paper, old.as_ref())?;
    say!("{}", fingerprint(&document));
    for path in &arguments.merge {
        let named = |e: CeremonyError| Failure::refused(format!("{}: {e}", path.display()));
        let new = gather(&mut document, &files::document(path)?).map_err(named)?;
        say!("{}: {new} more signatures", path.display());
    }
    for path in &arguments.key {
        let key = files::signing_key(path)?;
        let named = |e: CeremonyError| match e {
            CeremonyError::Signer(_) => Failure::failed(e),
            _ => Failure::refused(format!("{}: {e}", path.display())),
        };
        sign(&mut document, &key, &quorums).map_err(named)?;
    }
    let signed = progress(&document, &quorums);
    if arguments.dry_run {
        say!("dry run: nothing was signed or written");
        return Ok(());
    }
    let text = files::to_text(&document)?;
    match &arguments.out {
        Some(out) => files::write_new(out, text.as_bytes())?,
        None => files::replace(&arguments.file, text.as_bytes())?,
    }
    count(&document, &signed);
    Ok(())
}

/// Says what is signed; gives the sets of keys that must sign it, as far as they are known.
fn told(arguments: &Arguments, paper: &Paper, old: Option<&Paper>) -> Result<Vec<Quorum>, Failure> {
    if let Some(flaw) = flaw(paper) {
        return Err(Failure::refused(format!("every reader would reject this document: {flaw}")));
    }
    match old {
        Some(old) => {
            say!("{}", title(paper));
            let since = format!("it says, other than version {}:", old.version());
            block(&since, &differences(old, paper));
        }
        None => describe(paper, crate::time::now()).iter().for_each(|line| say!("{line}")),
    }
    let Some(archive) = arguments.place.archive()? else {
        let known = known_quorums(old, paper);
        if known.is_empty() || (known.len() == 1 && paper.version() > 1) {
            complain(
                "warning: nobody here says which keys count for this document: give --root ROOT \
                 and --trust DIR, or for a root --against the one before",
            );
        }
        return Ok(known);
    };
    block(&changes_for(&archive), &effects(&archive, paper));
    let quorums = archive.quorums(paper);
    if quorums.is_empty() {
        let node = paper.node();
        let text = format!("warning: nobody in force introduces {node}: which keys count is open");
        complain(&text);
    }
    Ok(quorums)
}

/// The version before, from the place that was named or the folders at hand.
fn before(arguments: &Arguments, paper: &Paper) -> Result<Option<Paper>, Failure> {
    if let Some(path) = &arguments.against {
        let old = files::paper(path, &files::document(path)?)?;
        if !old.is_version_of(paper) || old.version() >= paper.version() {
            let (path, found, draft) = (path.display(), title(&old), title(paper));
            return Err(Failure::usage(format!("{path}: {found} is not before {draft}")));
        }
        return Ok(Some(old));
    }
    let from_archive = arguments.place.archive()?.and_then(|archive| archive.in_force(paper));
    let beside = beside(&folder_of(&arguments.file), paper);
    let lower = |old: &Paper| old.is_version_of(paper) && old.version() < paper.version();
    let found = from_archive.into_iter().chain(beside).filter(lower);
    Ok(found.max_by_key(Paper::version))
}

fn beside(folder: &Path, paper: &Paper) -> Vec<Paper> {
    // A draft may lie among files of any kind: what is no version of it does not matter here.
    let paths = files::folder_paths(folder, "json").unwrap_or_default();
    let read = paths.iter().filter_map(|path| Paper::read(&files::document(path).ok()?).ok());
    read.filter(|old| old.is_version_of(paper)).collect()
}

fn count(document: &General, signed: &[Progress]) {
    for one in signed {
        let (have, need, keys) = (one.signed.len(), one.threshold, one.keys);
        let word = if one.is_met() { "enough" } else { "not enough yet" };
        say!("{have} signed, {need} of {keys} must: {}: {word}", one.whose);
    }
    if signed.is_empty() {
        say!(
            "it has {} signatures; whether they are enough is not known here",
            document.signatures()
        );
    } else if signed.iter().all(Progress::is_met) {
        say!("complete: distribute it");
    }
}
