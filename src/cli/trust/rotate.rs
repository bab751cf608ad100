//! `chappe trust rotate`: a key in another's place, in a bundle or in the next root.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::super::{Failure, Outcome};
use super::files::{self, Place};
use super::proposal::{self, Output};
use super::times;
use crate::ceremony::{
    CeremonyError, RootChange, drop_key, next_bundle, next_root, proposed, rotate,
};
use crate::notice::Time;
use crate::trust::{Bundle, Paper, Root};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The bundle or root that is in force
    file: PathBuf,
    /// The old key: its id, or the beginning of it
    #[arg(long, value_name = "KID", requires = "to", allow_hyphen_values = true)]
    from: Option<String>,
    /// The new public key, as JWK or SPKI PEM
    #[arg(long, value_name = "PUB", requires = "from")]
    to: Option<PathBuf>,
    /// How long the old key counts beside the new one
    #[arg(long, value_name = "SPAN", default_value = "7d", value_parser = times::span)]
    overlap: Duration,
    /// When the new key begins to count: now, or RFC 3339
    #[arg(long, value_name = "TIME", default_value = "now")]
    from_time: String,
    /// Days that the new key counts
    #[arg(long, value_name = "N", default_value_t = times::YEAR, value_parser = times::day_count)]
    days: u64,
    /// Take a key out of the set that it is in: after its overlap, or a root key that is lost
    #[arg(long, value_name = "KID", allow_hyphen_values = true)]
    drop: Vec<String>,
    #[command(flatten)]
    root: RootArguments,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    place: Place,
}

/// What else a successor root changes.
#[derive(Debug, Args)]
struct RootArguments {
    /// Of a root: one more root key
    #[arg(long, value_name = "PUB")]
    add_root_key: Vec<PathBuf>,
    /// Of a root: one more bundle key
    #[arg(long, value_name = "PUB")]
    add_bundle_key: Vec<PathBuf>,
    /// Of a root: how many root keys must sign
    #[arg(long, value_name = "M")]
    threshold: Option<usize>,
    /// Of a root: how many bundle keys must sign
    #[arg(long, value_name = "M")]
    bundle_threshold: Option<usize>,
    /// Of a root: how long the next one counts
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = times::year_count)]
    years: u64,
    /// Of a root: allow less than 3 of 5 root keys
    #[arg(long)]
    fewer_keys_not_for_production: bool,
}

impl RootArguments {
    fn is_used(&self) -> bool {
        !self.add_root_key.is_empty()
            || !self.add_bundle_key.is_empty()
            || self.threshold.is_some()
            || self.bundle_threshold.is_some()
            || self.years > 1
            || self.fewer_keys_not_for_production
    }
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    arguments.output.check()?;
    let now = crate::time::now();
    match files::paper(&arguments.file, &files::document(&arguments.file)?)? {
        Paper::Root(root) => successor(arguments, &root, now),
        Paper::Bundle(bundle) => in_bundle(arguments, &bundle, now),
    }
}

fn successor(arguments: &Arguments, old: &Root, now: Time) -> Outcome {
    let said = &arguments.root;
    let swap = match (&arguments.from, &arguments.to) {
        (Some(from), Some(to)) => {
            Some((from.clone(), crate::keys::read_public(to).map_err(Failure::usage)?))
        }
        _ => None,
    };
    let change = RootChange {
        root_keys: files::public_keys(&said.add_root_key)?,
        bundle_keys: files::public_keys(&said.add_bundle_key)?,
        drop: arguments.drop.clone(),
        swap,
        threshold: said.threshold,
        bundle_threshold: said.bundle_threshold,
    };
    let life = proposal::life(now, said.years * times::YEAR);
    let new = next_root(old, life, &change, said.fewer_keys_not_for_production)
        .map_err(Failure::usage)?;
    let steps = root_steps(old, &new);
    let (old, new) = (Paper::Root(old.clone()), Paper::Root(new));
    proposal::tell(Some(&old), &new, &arguments.place, &steps)?;
    arguments.output.write(&new)
}

/// In which order the parties act, so that no bundle stops counting.
fn root_steps(old: &Root, new: &Root) -> Vec<String> {
    let (node, version) = (&new.node, new.version);
    let mut steps = vec![format!(
        "{} of the old and {} of the new root keys sign it; then distribute it: every node of \
         {node} takes root {version} after root {}, and none skips one",
        old.root.threshold, new.root.threshold, old.version
    )];
    let added = new.bundle.keys.iter().any(|key| !old.bundle.keys.contains(key));
    let gone = old.bundle.keys.iter().any(|key| !new.bundle.keys.contains(key));
    if added {
        steps.push(format!(
            "once every node has it: {node} signs its next bundle with the new bundle key too; \
             then another root drops the old one (`chappe trust rotate ROOT --drop KID`)"
        ));
        if node.depth() == 1 {
            steps.push(format!(
                "each State that introduces {node} puts the new bundle key beside the old one in \
                 its own bundle (`chappe trust rotate BUNDLE --from KID --to PUB`) before the old \
                 one is dropped"
            ));
        }
    }
    if gone {
        steps.push(format!(
            "before it is distributed, {node}'s bundle in force must be signed by the bundle keys \
             that stay: else {node} has no bundle that holds, and nothing below it counts"
        ));
    }
    if old.root.keys != new.root.keys && node.depth() == 2 {
        steps.push(format!(
            "the union, whose bundle introduces {node} by its root keys, takes the new ones over; \
             until then other States reach root {version} from the one that it introduced"
        ));
    }
    steps
}

fn in_bundle(arguments: &Arguments, old: &Bundle, now: Time) -> Outcome {
    if arguments.root.is_used() {
        return Err(Failure::usage("that option is for a root; this is a bundle"));
    }
    let start = times::instant("--from-time", &arguments.from_time, now)?;
    let mut new = next_bundle(old, now);
    let mut steps = Vec::new();
    if let (Some(from), Some(to)) = (&arguments.from, &arguments.to) {
        let to = crate::keys::read_public(to).map_err(Failure::usage)?;
        let life = (start, start + times::days(arguments.days));
        let (done, key) =
            rotate(&mut new, from, &to, life, arguments.overlap).map_err(|e| named(old, e))?;
        // Without an overlap the steps of one do not hold.
        if arguments.drop.is_empty() {
            steps.extend(done.next_steps(&old.node, &key, (start, start + arguments.overlap)));
        }
    }
    for text in &arguments.drop {
        let node = drop_key(&mut new, text).map_err(|e| named(old, e))?;
        steps.push(format!(
            "before this is distributed, {node}'s bundle in force must be signed by the keys that \
             stay"
        ));
    }
    let new = proposed(old, new, false).map_err(Failure::usage)?;
    let (old, new) = (Paper::Bundle(old.clone()), Paper::Bundle(new));
    proposal::tell(Some(&old), &new, &arguments.place, &steps)?;
    arguments.output.write(&new)
}

/// A bundle does not list its own bundle keys: says where they stand.
fn named(bundle: &Bundle, error: CeremonyError) -> Failure {
    let node = &bundle.node;
    let place = match node.depth() {
        1 | 2 => format!("{node}'s root, and in the bundles that introduce it"),
        _ => "the bundle of its parent".to_owned(),
    };
    match error {
        CeremonyError::NoKey(_) => Failure::usage(format!(
            "{error}; the bundle keys of {node} itself stand in {place}: rotate that one"
        )),
        other => Failure::usage(other),
    }
}
