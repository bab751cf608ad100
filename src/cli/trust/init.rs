//! `chappe trust init`: the first root of a union or State, and the first bundle of any node.

use std::path::PathBuf;

use clap::Args;

use super::super::output::say;
use super::super::{Failure, Outcome};
use super::files::{self, Place};
use super::proposal::{self, Output};
use super::times;
use crate::ceremony::{CeremonyError, describe, first_bundle, first_root};
use crate::jws::PublicKey;
use crate::keys::random;
use crate::notice::{Federation, NodeId, Time};
use crate::trust::{Bundle, Contact, KeyEntry, KeySet, Paper, Root, Usage};

#[derive(Debug, Args)]
#[command(override_usage = "\
chappe trust init NODE --root-key PUB (5 times) --bundle-key PUB ... --out FILE
       chappe trust init NODE --bundle --issue-key PUB --relay-key PUB --fed-of ROOT --out FILE")]
pub(super) struct Arguments {
    /// The node: for a root, a union (eu) or a State (eu-fr)
    node: NodeId,
    /// Draft the first bundle instead of the first root
    #[arg(long, conflicts_with_all = ["root_key", "bundle_key"])]
    bundle: bool,
    /// A public root key, as JWK or SPKI PEM; 5 of them
    #[arg(long, value_name = "PUB", required_unless_present = "bundle")]
    root_key: Vec<PathBuf>,
    /// A public bundle key of the same node
    #[arg(long, value_name = "PUB", required_unless_present = "bundle")]
    bundle_key: Vec<PathBuf>,
    /// How many root keys must sign
    #[arg(long, value_name = "M", default_value_t = 3)]
    threshold: usize,
    /// How many bundle keys must sign
    #[arg(long, value_name = "M", default_value_t = 1)]
    bundle_threshold: usize,
    /// Allow less than 3 of 5 root keys: one thief or one lost key is then too much
    #[arg(long)]
    fewer_keys_not_for_production: bool,
    /// A public issue key of the node, for its first bundle
    #[arg(long, value_name = "PUB", requires = "bundle")]
    issue_key: Vec<PathBuf>,
    /// A public relay key of the node, for its first bundle
    #[arg(long, value_name = "PUB", requires = "bundle")]
    relay_key: Vec<PathBuf>,
    #[command(flatten)]
    contact: ContactArguments,
    /// How long it counts
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = times::year_count)]
    years: u64,
    /// The federation that it belongs to, 32 hexadecimal digits [default of a root: a new one]
    #[arg(long, value_name = "HEX", conflicts_with = "fed_of")]
    fed: Option<String>,
    /// Take the federation over from this root or bundle
    #[arg(long, value_name = "ROOTFILE")]
    fed_of: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    place: Place,
}

/// Whom to phone.
#[derive(Debug, Clone, Args)]
pub(super) struct ContactArguments {
    /// Duty telephone
    #[arg(long)]
    phone: Option<String>,
    /// When it is answered
    #[arg(long)]
    hours: Option<String>,
    /// Duty mail
    #[arg(long)]
    mail: Option<String>,
}

impl ContactArguments {
    /// Puts what was said into a contact; an empty text takes it out.
    pub(super) fn over(&self, contact: &mut Contact) {
        let put = |place: &mut Option<String>, said: &Option<String>| {
            if let Some(text) = said {
                *place = Some(text.clone()).filter(|text| !text.is_empty());
            }
        };
        put(&mut contact.phone, &self.phone);
        put(&mut contact.hours, &self.hours);
        put(&mut contact.mail, &self.mail);
    }
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    arguments.output.check()?;
    let now = crate::time::now();
    let paper = match arguments.bundle {
        true => Paper::Bundle(draft_bundle(arguments, now)?),
        false => Paper::Root(draft_root(arguments, now)?),
    };
    describe(&paper, now).iter().for_each(|line| say!("{line}"));
    proposal::tell(None, &paper, &arguments.place, &[])?;
    arguments.output.write(&paper)
}

fn life(arguments: &Arguments, now: Time) -> (u64, u64) {
    let (from, to) = proposal::life(now, arguments.years * times::YEAR);
    (from.secs(), to.secs())
}

fn draft_root(arguments: &Arguments, now: Time) -> Result<Root, Failure> {
    let fed = match federation(arguments)? {
        Some(fed) => fed,
        None => new_federation()?,
    };
    let mut root = Root::new(fed, arguments.node.clone(), 1, life(arguments, now));
    let set = |threshold, keys: &[PathBuf]| {
        let keys = files::public_keys(keys)?.iter().map(PublicKey::to_jwk).collect();
        Ok::<KeySet, Failure>(KeySet { threshold, keys })
    };
    root.root = set(arguments.threshold, &arguments.root_key)?;
    root.bundle = set(arguments.bundle_threshold, &arguments.bundle_key)?;
    let fewer = arguments.fewer_keys_not_for_production;
    first_root(root, fewer).map_err(|error| {
        let cure = "; --fewer-keys-not-for-production allows it for a trial";
        let few = matches!(error, CeremonyError::FewKeys { .. });
        Failure::usage(format!("{error}{}", if few { cure } else { "" }))
    })
}

fn draft_bundle(arguments: &Arguments, now: Time) -> Result<Bundle, Failure> {
    let missing = "the first bundle names the federation: --fed-of ROOTFILE or --fed HEX";
    let fed = federation(arguments)?.ok_or_else(|| Failure::usage(missing))?;
    let (nbf, exp) = life(arguments, now);
    let mut bundle = Bundle::new(fed, arguments.node.clone(), 1, (nbf, exp));
    let entry = |key: PublicKey, usage| KeyEntry {
        jwk: key.to_jwk(),
        usage,
        nbf,
        exp,
        kinds: None,
        scopes: None,
        tlp: None,
    };
    for (paths, usage) in
        [(&arguments.issue_key, Usage::Issue), (&arguments.relay_key, Usage::Relay)]
    {
        bundle.keys.extend(files::public_keys(paths)?.into_iter().map(|key| entry(key, usage)));
    }
    arguments.contact.over(&mut bundle.contact);
    first_bundle(bundle).map_err(Failure::usage)
}

fn federation(arguments: &Arguments) -> Result<Option<Federation>, Failure> {
    if let Some(path) = &arguments.fed_of {
        return Ok(Some(files::paper(path, &files::document(path)?)?.fed().clone()));
    }
    let Some(text) = &arguments.fed else { return Ok(None) };
    let expected = "expected 32 lower-case hexadecimal digits";
    let bad = |_| Failure::usage(format!("--fed {}: {expected}", text.escape_debug()));
    Federation::try_from(text.clone()).map(Some).map_err(bad)
}

/// 128 random bits, made once for a federation.
fn new_federation() -> Result<Federation, Failure> {
    let bytes = random().map_err(Failure::failed)?;
    let hex: String = bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Federation::try_from(hex).map_err(Failure::failed)
}
