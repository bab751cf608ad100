//! `chappe trust grant`: whom a bundle introduces, its node's own keys, contact and life.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};

use super::super::publish::read;
use super::super::{Failure, Outcome};
use super::files::{self, Place};
use super::init::ContactArguments;
use super::proposal::{self, Output};
use super::times;
use crate::ceremony::{Introduction, introduce, key_set, next_bundle, own_key, proposed, remove};
use crate::jws::{self, MAX_DOCUMENT_BYTES, PublicKey};
use crate::notice::{self, Kind, Level, NodeId, Scope, Time, Tlp};
use crate::trust::{As, Bundle, KeyEntry, KeySet, NodeEntry, Paper, Usage};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("whom").args(["child", "member", "union", "state"])))]
pub(super) struct Arguments {
    /// The version that is in force
    bundle: PathBuf,
    /// Introduce, or change what is said of, a node directly below
    #[arg(long, value_name = "NODE")]
    child: Option<NodeId>,
    /// The same of a node that follows this one; its keys are in its parent's bundle
    #[arg(long, value_name = "NODE")]
    member: Option<NodeId>,
    /// The same of the union above a State
    #[arg(long, value_name = "NODE")]
    union: Option<NodeId>,
    /// The same of a State below a union
    #[arg(long, value_name = "NODE")]
    state: Option<NodeId>,
    #[command(flatten)]
    said: Said,
    /// Put in what this file says of a node: a member of `nodes` as JSON
    #[arg(long, value_name = "JSON")]
    node: Vec<PathBuf>,
    /// Introduce a node no longer
    #[arg(long, value_name = "NODE")]
    remove: Vec<NodeId>,
    #[command(flatten)]
    own: OwnKey,
    #[command(flatten)]
    contact: ContactArguments,
    /// Let the bundle count anew, from now for --days; also to have it signed by other keys
    #[arg(long)]
    renew: bool,
    /// Days that a renewed bundle or a --key counts
    #[arg(long, value_name = "N", default_value_t = times::YEAR, value_parser = times::day_count)]
    days: u64,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    place: Place,
}

/// What is said of an introduced node.
#[derive(Debug, Args)]
struct Said {
    /// regional, sector or entity
    #[arg(long, requires = "whom", value_parser = level)]
    level: Option<Level>,
    /// Scopes that it serves
    #[arg(long, value_name = "SCOPE", requires = "whom", num_args = 1..)]
    constituency: Vec<Scope>,
    /// Kinds that its keys may sign [default of a new one: all; of an entity, a report and taking
    /// it back]
    #[arg(long, value_name = "KIND", requires = "whom", num_args = 1..)]
    may_kinds: Vec<Kind>,
    /// Scopes that its keys may sign for [default of a new one: its constituency]
    #[arg(long, value_name = "SCOPE", requires = "whom", num_args = 1..)]
    may_scopes: Vec<Scope>,
    /// The strictest label that its keys may sign [default of a new one: RED]
    #[arg(long, value_name = "TLP", requires = "whom")]
    may_tlp: Option<Tlp>,
    /// The strictest label that it may be sent [default of a new one: RED]
    #[arg(long, value_name = "TLP", requires = "whom")]
    ceiling: Option<Tlp>,
    /// Sectors in which it has clients: how far AMBER goes; `none` for none
    #[arg(long, value_name = "SECTOR", requires = "whom", num_args = 1..)]
    clients: Vec<String>,
    /// A public bundle key of it
    #[arg(long, value_name = "PUB", requires = "whom")]
    bundle_key: Vec<PathBuf>,
    /// How many of them must sign its bundle
    #[arg(long, value_name = "M", default_value_t = 1, requires = "bundle_key")]
    bundle_threshold: usize,
    /// A public root key of a State
    #[arg(long, value_name = "PUB", requires = "state")]
    root_key: Vec<PathBuf>,
    /// How many of them must sign its root
    #[arg(long, value_name = "M", default_value_t = 3, requires = "root_key")]
    root_threshold: usize,
}

/// A key of the bundle's own node.
#[derive(Debug, Args)]
struct OwnKey {
    /// Add an issue or relay key of this node, or give one that is listed a new end and grant
    #[arg(long, value_name = "PUB", requires = "usage")]
    key: Option<PathBuf>,
    /// What --key is for: issue or relay
    #[arg(long = "use", value_name = "USE", requires = "key", value_parser = usage)]
    usage: Option<Usage>,
    /// Kinds that --key may sign [default: the node's]
    #[arg(long, value_name = "KIND", requires = "key", num_args = 1..)]
    kinds: Vec<Kind>,
    /// Scopes that --key may sign for [default: the node's]
    #[arg(long, value_name = "SCOPE", requires = "key", num_args = 1..)]
    scopes: Vec<Scope>,
    /// The strictest label that --key may sign [default: the node's]
    #[arg(long, value_name = "TLP", requires = "key")]
    tlp: Option<Tlp>,
}

fn level(text: &str) -> Result<Level, String> {
    let levels = [Level::Union, Level::National, Level::Regional, Level::Sector, Level::Entity];
    let found = levels.into_iter().find(|level| level.as_str() == text);
    found.ok_or_else(|| "expected union, national, regional, sector or entity".to_owned())
}

fn usage(text: &str) -> Result<Usage, String> {
    let found = [Usage::Issue, Usage::Relay].into_iter().find(|usage| usage.as_str() == text);
    found.ok_or_else(|| "expected issue or relay".to_owned())
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    arguments.output.check()?;
    let old = proposal::bundle(&arguments.bundle)?;
    let now = crate::time::now();
    let mut new = next_bundle(&old, now);
    change(arguments, &mut new, now)?;
    let new = proposed(&old, new, arguments.renew).map_err(Failure::usage)?;
    let (old, new) = (Paper::Bundle(old), Paper::Bundle(new));
    proposal::tell(Some(&old), &new, &arguments.place, &[])?;
    arguments.output.write(&new)
}

fn change(arguments: &Arguments, new: &mut Bundle, now: Time) -> Outcome {
    for id in &arguments.remove {
        remove(new, id).map_err(Failure::usage)?;
    }
    for path in &arguments.node {
        let entry = node_file(path)?;
        new.nodes.retain(|other| other.id != entry.id);
        new.nodes.push(entry);
    }
    let whom = [
        (&arguments.child, As::Child),
        (&arguments.member, As::Member),
        (&arguments.union, As::Union),
        (&arguments.state, As::State),
    ];
    for (id, how) in whom {
        if let Some(id) = id {
            introduce(new, id, how, &said(&arguments.said)?).map_err(Failure::usage)?;
        }
    }
    let (from, to) = proposal::life(now, arguments.days);
    if let (Some(path), Some(usage)) = (&arguments.own.key, arguments.own.usage) {
        let key = crate::keys::read_public(path).map_err(Failure::usage)?;
        let life = (from.secs(), to.secs());
        own_key(new, own(&arguments.own, &key, usage, life)).map_err(Failure::usage)?;
    }
    arguments.contact.over(&mut new.contact);
    if arguments.renew {
        new.exp = to.secs();
    }
    Ok(())
}

fn node_file(path: &Path) -> Result<NodeEntry, Failure> {
    let bytes = read(path, MAX_DOCUMENT_BYTES)?;
    let entry: NodeEntry =
        jws::from_slice(&bytes).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
    clients(&entry.clients)?;
    Ok(entry)
}

fn own(said: &OwnKey, key: &PublicKey, usage: Usage, life: (u64, u64)) -> KeyEntry {
    let some = |empty: bool| (!empty).then_some(());
    KeyEntry {
        jwk: key.to_jwk(),
        usage,
        nbf: life.0,
        exp: life.1,
        kinds: some(said.kinds.is_empty()).map(|()| said.kinds.clone()),
        scopes: some(said.scopes.is_empty()).map(|()| said.scopes.clone()),
        tlp: said.tlp,
    }
}

fn said(said: &Said) -> Result<Introduction, Failure> {
    let none = said.clients.iter().any(|client| client == "none");
    let named = if none { Vec::new() } else { clients(&said.clients)? };
    Ok(Introduction {
        level: said.level,
        constituency: said.constituency.clone(),
        kinds: said.may_kinds.clone(),
        scopes: said.may_scopes.clone(),
        tlp: said.may_tlp,
        ceiling: said.ceiling,
        clients: (!said.clients.is_empty()).then_some(named),
        bundle: set(said.bundle_threshold, &said.bundle_key)?,
        root: set(said.root_threshold, &said.root_key)?,
    })
}

/// Sectors by any of their names; one that nobody knows is an alert that nobody gets.
fn clients(names: &[String]) -> Result<Vec<String>, Failure> {
    let known = |name: &String| {
        let sector = notice::by_name(name).map(|sector| sector.token.clone());
        let name = name.escape_debug();
        sector.ok_or_else(|| Failure::usage(format!("clients: no sector is called `{name}`")))
    };
    names.iter().map(known).collect()
}

fn set(threshold: usize, paths: &[PathBuf]) -> Result<Option<KeySet>, Failure> {
    if paths.is_empty() {
        return Ok(None);
    }
    key_set(threshold, &files::public_keys(paths)?).map(Some).map_err(Failure::usage)
}
