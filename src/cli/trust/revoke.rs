//! `chappe trust revoke`: keys that count no more, from a time on, for ever.

use std::path::{Path, PathBuf};

use clap::Args;

use super::super::output::say;
use super::super::publish::read;
use super::super::{Failure, Outcome};
use super::files::{self, Place, folder_of};
use super::proposal::{self, Output};
use super::times;
use crate::ceremony::{Manifest, Owner, next_bundle, proposed, revoke};
use crate::jws::Jwk;
use crate::notice::NodeId;
use crate::trust::{Bundle, Paper, Usage, Why};

/// 64 digits and a line end for each id of the largest list, and room for empty lines.
const MAX_LIST_TEXT: usize = 4 * 1024 * 1024;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The bundle that is in force: of the key's node, or of an authority above it in its State
    bundle: PathBuf,
    /// The keys: their ids, or the beginnings of them; last and after `--` if one begins with a
    /// hyphen
    #[arg(value_name = "KID", required_unless_present = "all_keys_of")]
    keys: Vec<String>,
    /// Every issue and relay key of this node that is not revoked yet
    #[arg(long, value_name = "NODE")]
    all_keys_of: Option<NodeId>,
    /// superseded (another took its place), ceased (its use ended), compromised (somebody else
    /// has it)
    #[arg(long, value_name = "WHY", value_parser = why)]
    why: Why,
    /// From when on it counts no more: now, or RFC 3339; of a stolen key, the last moment when it
    /// was safe
    #[arg(long, value_name = "TIME")]
    at: String,
    /// A file with the ids of an issuer's genuine notices on one channel, one a line: for a relay
    /// key that was stolen with the issue key, since times prove nothing then
    #[arg(long, value_name = "LIST", num_args = 1..)]
    good: Vec<PathBuf>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    place: Place,
}

fn why(text: &str) -> Result<Why, String> {
    match text {
        "superseded" => Ok(Why::Superseded),
        "ceased" => Ok(Why::Ceased),
        "compromised" => Ok(Why::Compromised),
        _ => Err("expected superseded, ceased or compromised".to_owned()),
    }
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    arguments.output.check()?;
    let old = proposal::bundle(&arguments.bundle)?;
    let now = crate::time::now();
    let at = times::instant("--at", &arguments.at, now)?;
    let good = lists(&arguments.good)?;
    let mut new = next_bundle(&old, now);
    let owners = owners(arguments, &old)?;
    for owner in &owners {
        revoke(&mut new, owner, arguments.why, at, &good).map_err(Failure::refused)?;
    }
    let new = proposed(&old, new, false).map_err(Failure::usage)?;
    let steps = steps(arguments, &owners);
    let node = owners.first().map_or_else(|| old.node.clone(), |owner| owner.node.clone());
    let (old, new) = (Paper::Bundle(old), Paper::Bundle(new));
    proposal::tell(Some(&old), &new, &arguments.place, &steps)?;
    write_lists(arguments, &node, &good)?;
    arguments.output.write(&new)
}

fn lists(paths: &[PathBuf]) -> Result<Vec<Manifest>, Failure> {
    let one = |path: &PathBuf| {
        let named = |why: String| Failure::usage(format!("{}: {why}", path.display()));
        let text = String::from_utf8(read(path, MAX_LIST_TEXT)?);
        let text = text.map_err(|_| named("expected text, one notice id a line".into()))?;
        let list = Manifest::read(&text).map_err(|e| named(e.to_string()))?;
        say!("{}: {} notices, list {}", path.display(), list.count(), list.digest);
        Ok(list)
    };
    paths.iter().map(one).collect()
}

/// Whose the keys are: from this bundle, and from those in force if the place is known.
fn owners(arguments: &Arguments, bundle: &Bundle) -> Result<Vec<Owner>, Failure> {
    let archive = arguments.place.archive()?;
    let known = archive.as_ref().map(|archive| archive.bundles()).unwrap_or_default();
    let others = known.iter().filter(|other| other.node != bundle.node);
    let all: Vec<(&Jwk, &NodeId, Usage)> = std::iter::once(bundle)
        .chain(others)
        .flat_map(|one| one.keys.iter().map(|key| (&key.jwk, &one.node, key.usage)))
        .collect();
    let hint = match archive {
        None => "; --root ROOT --trust DIR finds those below",
        Some(_) => {
            "; bundle and root keys are not revoked but dropped (chappe trust rotate --drop)"
        }
    };
    let find = |text: &String| {
        Owner::find(text, all.iter().copied()).map_err(|e| Failure::usage(format!("{e}{hint}")))
    };
    let mut found = arguments.keys.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    if let Some(node) = &arguments.all_keys_of {
        found.extend(keys_of(node, &all, bundle)?);
    }
    Ok(found)
}

fn keys_of(
    node: &NodeId,
    all: &[(&Jwk, &NodeId, Usage)],
    bundle: &Bundle,
) -> Result<Vec<Owner>, Failure> {
    let ids = all.iter().filter(|(_, owner, _)| *owner == node).filter_map(|(jwk, _, _)| {
        crate::jws::PublicKey::from_jwk(jwk).ok().map(|key| key.id().as_str().to_owned())
    });
    let left = ids.filter(|id| !bundle.revoked.iter().any(|one| one.kid == *id));
    let found: Result<Vec<Owner>, _> =
        left.map(|id| Owner::find(&id, all.iter().copied())).collect();
    let found = found.map_err(Failure::usage)?;
    if found.is_empty() {
        return Err(Failure::usage(format!("no key of {node} is listed here that still counts")));
    }
    Ok(found)
}

fn steps(arguments: &Arguments, owners: &[Owner]) -> Vec<String> {
    let mut steps = vec![
        "sign this bundle and distribute it at once: until it is somewhere, the key counts there"
            .to_owned(),
    ];
    let issue = owners.iter().any(|owner| owner.usage == Usage::Issue);
    let relay = owners.iter().any(|owner| owner.usage == Usage::Relay);
    if !arguments.good.is_empty() {
        steps.push(
            "distribute the .list files with it: until a reader has them, what the lists decide \
             is held there"
                .to_owned(),
        );
    }
    if issue && relay && arguments.why == Why::Compromised && arguments.good.is_empty() {
        steps.push(
            "who had both keys can make notices that look older than --at: name the genuine ones \
             with --good"
                .to_owned(),
        );
    }
    if relay {
        steps.push(
            "the relay needs another key (`chappe trust grant BUNDLE --key PUB --use relay`) and a \
             restart: without one its node passes nothing on"
                .to_owned(),
        );
    }
    if issue {
        steps.push(
            "publishers need another key (`chappe trust grant BUNDLE --key PUB --use issue`)"
                .to_owned(),
        );
    }
    steps
}

/// The lists travel beside the bundle, each under its digest.
fn write_lists(arguments: &Arguments, node: &NodeId, good: &[Manifest]) -> Outcome {
    let Some(out) = arguments.output.out.as_ref().filter(|_| !arguments.output.dry_run) else {
        return Ok(());
    };
    for list in good {
        let path = folder_of(out).join(format!("{node}.{}.list", list.digest));
        if is_there(&path, &list.bytes) {
            continue;
        }
        files::write_new(&path, &list.bytes)?;
        say!("list of {} notices in {}", list.count(), path.display());
    }
    Ok(())
}

/// The name is the digest: a list that is there is the same.
fn is_there(path: &Path, bytes: &[u8]) -> bool {
    std::fs::read(path).is_ok_and(|found| found == bytes)
}
