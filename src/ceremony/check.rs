//! Which documents of a place are in force, which are not and why, and what to look at soon.

use std::collections::BTreeSet;
use std::time::Duration;

use super::archive::{Archive, InForce, met};
use super::keys::{admitted, flaw, id_of};
use super::reach::{key_signs_nothing, signs_nothing};
use super::words::{list, quoted, time};
use crate::jws::General;
use crate::notice::Time;
use crate::trust::{Bundle, Paper, Rejected, Root, Trust, Usage};

/// How long ahead an end is told: time for a ceremony.
const AHEAD: Duration = Duration::from_secs(30 * 24 * 3600);

/// What became of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    InForce,
    /// A higher version, which this is, counts in its place.
    Superseded(u64),
    /// It holds, and nobody who pins this root needs it: a union's root beside a State's, whose
    /// bundle names the union's bundle keys itself.
    Unused,
    /// It does not hold, and why.
    Rejected(String),
}

/// Everything that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Each document, in the order in which they were given.
    pub standings: Vec<Standing>,
    /// What holds and needs somebody soon, or is weaker than it looks.
    pub warnings: Vec<String>,
    /// What does not hold as a whole.
    pub failures: Vec<String>,
}

/// Checks documents against a pinned root, as a relay would take them.
#[must_use]
pub fn check(archive: &Archive, pin: &General, documents: &[General], now: Time) -> Report {
    let force = archive.walk(None);
    let standings = documents.iter().map(|one| standing(archive, &force, one)).collect();
    let mut failures = Vec::new();
    // The chain is followed here, so that the last root is what is compiled.
    let last = force.roots.get(&archive.home);
    let last = last.and_then(|root| general_of(archive, root)).unwrap_or(pin);
    let trust = match Trust::compile(last, documents) {
        Ok((trust, rejected)) => {
            failures.extend(not_taken(&force, &trust, &rejected));
            Some(trust)
        }
        Err(error) => {
            failures.push(error.to_string());
            None
        }
    };
    let mut warnings = Vec::new();
    roots(&force, now, &mut warnings);
    bundles(&force, now, &mut warnings);
    introduced(&force, &mut warnings);
    if let Some(trust) = &trust {
        grants(trust, &mut warnings);
    }
    Report { standings, warnings, failures }
}

/// What counts by the walk of this module and not for a relay. The relay's word is the last.
fn not_taken(force: &InForce, trust: &Trust, rejected: &[Rejected]) -> Vec<String> {
    let other = |bundle: &&Bundle| {
        trust.seat(&bundle.node).is_none_or(|seat| seat.version != bundle.version)
    };
    let told = |bundle: &Bundle| {
        let whys = rejected.iter().filter(|one| one.node.as_ref() == Some(&bundle.node));
        let whys = list(whys.map(|one| quoted(&one.why)));
        format!("a relay does not take bundle {} of {}: {whys}", bundle.version, bundle.node)
    };
    force.bundles.values().filter(other).map(told).collect()
}

fn general_of<'a>(archive: &'a Archive, root: &Root) -> Option<&'a General> {
    let same = |paper: &Paper| matches!(paper, Paper::Root(other) if other == root);
    archive.documents.iter().find(|(paper, _)| same(paper)).map(|(_, general)| general)
}

fn standing(archive: &Archive, force: &InForce, general: &General) -> Standing {
    let paper = match Paper::read(general) {
        Ok(paper) => paper,
        Err(error) => return Standing::Rejected(error.to_string()),
    };
    if *paper.fed() != archive.fed {
        return Standing::Rejected(format!("of another federation, {}", paper.fed()));
    }
    if let Some(flaw) = flaw(&paper) {
        return Standing::Rejected(flaw);
    }
    match &paper {
        Paper::Root(root) => root_standing(archive, force, root, general),
        Paper::Bundle(bundle) => bundle_standing(force, bundle, general),
    }
}

fn root_standing(archive: &Archive, force: &InForce, root: &Root, general: &General) -> Standing {
    let Some(last) = force.roots.get(&root.node) else {
        if force.quorums.contains_key(&root.node) && met(general, &root.root) {
            return Standing::Unused;
        }
        let text = format!("no bundle in force introduces {}, or not with these keys", root.node);
        return Standing::Rejected(text);
    };
    if last == root {
        return Standing::InForce;
    }
    if root.version <= last.version {
        // Old roots may have been signed by keys that nobody here knows any more.
        let fork = root.version == last.version;
        return match fork {
            true => {
                Standing::Rejected(format!("root {} is there with other content", root.version))
            }
            false => Standing::Superseded(last.version),
        };
    }
    if root.version != last.version + 1 {
        let (found, held) = (root.version, last.version);
        return Standing::Rejected(format!("root {found} does not follow root {held}"));
    }
    let old = general.signers(&admitted(&last.root)).len();
    let own = general.signers(&admitted(&root.root)).len();
    let pinned = if root.node == archive.home { "the root before" } else { "its last root" };
    Standing::Rejected(format!(
        "signed by {old} of the {} keys needed of {pinned}, and by {own} of the {} of its own",
        last.root.threshold, root.root.threshold
    ))
}

fn bundle_standing(force: &InForce, bundle: &Bundle, general: &General) -> Standing {
    let Some(quorum) = force.quorums.get(&bundle.node) else {
        return Standing::Rejected(format!("nobody in force introduces {}", bundle.node));
    };
    if !met(general, &quorum.set) {
        let signed = general.signers(&admitted(&quorum.set)).len();
        let needed = quorum.set.threshold;
        let text = format!("signed by {signed} of the {needed} keys needed ({})", quorum.whose);
        let beaten = force.bundles.get(&bundle.node).map_or(0, |best| best.version);
        // An old version that only keys of then have signed is history, no fault.
        return match bundle.version < beaten {
            true => Standing::Superseded(beaten),
            false => Standing::Rejected(text),
        };
    }
    let best = force.bundles.get(&bundle.node);
    let conflicts = force.claims.conflicts(&Paper::Bundle(bundle.clone()));
    match best {
        Some(best) if best == bundle => Standing::InForce,
        Some(best) if best.version > bundle.version => Standing::Superseded(best.version),
        _ if !conflicts.is_empty() => Standing::Rejected(list(conflicts)),
        _ => {
            let text = format!("version {} is there with other content", bundle.version);
            Standing::Rejected(text)
        }
    }
}

fn ends(what: &str, exp: u64, now: Time, warnings: &mut Vec<String>) {
    let end = Time::from_secs(exp);
    if end <= now {
        warnings.push(format!("{what} expired at {end}"));
    } else if end <= now + AHEAD {
        warnings.push(format!("{what} expires at {end}, within 30 days"));
    }
}

fn roots(force: &InForce, now: Time, warnings: &mut Vec<String>) {
    for root in force.roots.values() {
        let name = format!("root {} of {}", root.version, root.node);
        ends(&name, root.exp, now, warnings);
        if root.root.threshold == 1 {
            warnings.push(format!("{name}: one key alone signs the next root (threshold 1)"));
        }
    }
}

fn bundles(force: &InForce, now: Time, warnings: &mut Vec<String>) {
    for bundle in force.bundles.values() {
        ends(&format!("bundle {} of {}", bundle.version, bundle.node), bundle.exp, now, warnings);
        let revoked: BTreeSet<&str> = force
            .bundles
            .values()
            .filter(|by| by.node == bundle.node || by.node.contains(&bundle.node))
            .flat_map(|by| by.revoked.iter().map(|one| one.kid.as_str()))
            .collect();
        for usage in [Usage::Issue, Usage::Relay] {
            own_keys(bundle, usage, &revoked, now, warnings);
        }
    }
}

/// A node needs a key of each use, now and in 30 days.
fn own_keys(
    bundle: &Bundle,
    usage: Usage,
    revoked: &BTreeSet<&str>,
    now: Time,
    warnings: &mut Vec<String>,
) {
    let (node, word) = (&bundle.node, usage.as_str());
    let keys = bundle.keys.iter().filter(|key| key.usage == usage);
    let good: Vec<_> = keys.filter(|k| !revoked.contains(id_of(&k.jwk).as_str())).collect();
    for key in good.iter().filter(|key| key.exp <= key.nbf) {
        warnings.push(format!("{word} key {} of {node} never counts", id_of(&key.jwk)));
    }
    let at = |when: Time| {
        let inside =
            |from: u64, to: u64| Time::from_secs(from) <= when && when < Time::from_secs(to);
        good.iter().any(|key| inside(key.nbf, key.exp))
    };
    if !at(now) {
        warnings.push(format!("{node} has no {word} key that counts now"));
    } else if !at(now + AHEAD) {
        let last = good.iter().map(|key| key.exp).max().unwrap_or_default();
        let last = time(last);
        warnings.push(format!("the last {word} key of {node} ends at {last}, within 30 days"));
    }
}

/// A node that is introduced and has no bundle that holds.
fn introduced(force: &InForce, warnings: &mut Vec<String>) {
    for (node, quorum) in &force.quorums {
        if !force.bundles.contains_key(node) {
            let needed = super::words::set(&quorum.set);
            warnings.push(format!("{node} is introduced and has no bundle that {needed} signed"));
        }
    }
    for bundle in force.bundles.values() {
        for entry in &bundle.nodes {
            let known = force.quorums.contains_key(&entry.id);
            if !known && entry.bundle.is_none() {
                let (by, id) = (&bundle.node, &entry.id);
                warnings.push(format!("{by} lists {id}, whose keys nobody in force names"));
            }
        }
    }
}

fn grants(trust: &Trust, warnings: &mut Vec<String>) {
    for seat in trust.seats() {
        if seat.constituency.is_empty() {
            let id = &seat.id;
            warnings.push(format!("{id} serves nothing that its introducer serves too"));
        }
        if signs_nothing(seat) {
            warnings.push(format!("{} may sign nothing: its grants leave nothing", seat.id));
        }
    }
    let mut none: Vec<String> = Vec::new();
    for key in trust.keys().filter(|key| key.usage == Usage::Issue) {
        let seat = trust.seat(&key.node).filter(|seat| !signs_nothing(seat));
        if seat.is_some_and(|seat| key_signs_nothing(seat, key)) {
            let (id, node) = (key.public.id(), &key.node);
            none.push(format!(
                "issue key {id} of {node} may sign nothing: its own grant leaves nothing"
            ));
        }
    }
    none.sort();
    warnings.extend(none);
}
