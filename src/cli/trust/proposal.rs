//! What the drafting verbs have in common: say in words what would change and for whom, who has to
//! sign, what comes next; then write the draft, or not.

use std::path::{Path, PathBuf};

use clap::Args;

use super::super::output::say;
use super::super::{Failure, Outcome, complain};
use super::files::{self, Place};
use crate::ceremony::{Archive, Quorum, differences, effects, fingerprint, title};
use crate::notice::Time;
use crate::trust::{Bundle, Paper};

#[derive(Debug, Args)]
pub(super) struct Output {
    /// Where the unsigned draft goes; never over a file that is there
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    pub(super) out: Option<PathBuf>,
    /// Only say what would change and for whom; write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

impl Output {
    /// Refuses a place that is taken, before anything is said.
    pub(super) fn check(&self) -> Outcome {
        match &self.out {
            Some(path) if !self.dry_run => files::must_be_free(path),
            _ => Ok(()),
        }
    }

    /// Writes the draft where it shall go.
    pub(super) fn write(&self, paper: &Paper) -> Outcome {
        let Some(path) = self.out.as_ref().filter(|_| !self.dry_run) else {
            say!("dry run: nothing was written");
            return Ok(());
        };
        let draft = paper.draft().map_err(Failure::failed)?;
        let text = files::to_text(&draft)?;
        if text.len() > crate::jws::MAX_DOCUMENT_BYTES {
            let (found, most) = (text.len(), crate::jws::MAX_DOCUMENT_BYTES);
            return Err(Failure::refused(format!("the draft has {found} bytes, at most {most}")));
        }
        files::write_new(path, text.as_bytes())?;
        say!("{}", fingerprint(&draft));
        say!("draft in {}: unsigned, in force nowhere", path.display());
        say!("sign it: chappe trust sign {} --key PRIVATEKEY", path.display());
        Ok(())
    }
}

/// A bundle to be changed, from its file.
pub(super) fn bundle(path: &Path) -> Result<Bundle, Failure> {
    match files::paper(path, &files::document(path)?)? {
        Paper::Bundle(bundle) => Ok(bundle),
        Paper::Root(root) => {
            let (name, node) = (path.display(), &root.node);
            Err(Failure::usage(format!("{name}: a root of {node}, expected a bundle")))
        }
    }
}

/// Says what a draft changes; `old` is the version that it was made from.
pub(super) fn tell(
    old: Option<&Paper>,
    new: &Paper,
    place: &Place,
    next_steps: &[String],
) -> Outcome {
    let archive = place.archive()?;
    say!("{}", title(new));
    if let Some(old) = old {
        block("it says, other than the version before:", &differences(old, new));
    }
    match &archive {
        Some(archive) => tell_effects(archive, old, new)?,
        None => say!("for whom: --root ROOT [--trust DIR] tells what it changes for each node"),
    }
    let quorums = archive.as_ref().map(|archive| archive.quorums(new)).unwrap_or_default();
    let quorums = if quorums.is_empty() { known_quorums(old, new) } else { quorums };
    for quorum in &quorums {
        let (threshold, keys) = (quorum.set.threshold, quorum.set.keys.len());
        say!("must be signed by {threshold} of {keys}: {}", quorum.whose);
    }
    block("next, in this order:", next_steps);
    Ok(())
}

fn tell_effects(archive: &Archive, old: Option<&Paper>, new: &Paper) -> Outcome {
    if let Some(in_force) = archive.in_force(new) {
        if in_force.version() >= new.version() {
            let version = in_force.version();
            return Err(Failure::refused(format!(
                "version {version} of the {} of {} is in force there: draft from that one",
                if new.is_root() { "root" } else { "bundle" },
                new.node()
            )));
        }
        if old.is_some_and(|old| *old != in_force) {
            complain("warning: drafted from a version that is not the one in force there");
        }
    }
    let lines = effects(archive, new);
    match lines.is_empty() {
        true => say!("for nobody does anything change but the version"),
        false => block(&changes_for(archive), &lines),
    }
    Ok(())
}

/// Who must sign, as far as documents say it that were given as such.
pub(super) fn known_quorums(old: Option<&Paper>, new: &Paper) -> Vec<Quorum> {
    let Paper::Root(root) = new else { return Vec::new() };
    let own = Quorum::of_root(root, "root keys");
    match old {
        Some(Paper::Root(old)) if old.version < root.version => {
            vec![Quorum::of_root(old, "root keys"), own]
        }
        _ => vec![own],
    }
}

/// For whom the effects are: a union changes nothing of what stays inside a State.
pub(super) fn changes_for(archive: &Archive) -> String {
    format!("what it changes for all who pin {}'s root, once it is in force:", archive.home())
}

pub(super) fn block(head: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    say!("{head}");
    for line in lines {
        say!("  - {line}");
    }
}

/// The life of a new document or key: from now for so many days.
pub(super) fn life(now: Time, days: u64) -> (Time, Time) {
    (now, now + super::times::days(days))
}
