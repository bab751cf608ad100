//! A whole document in words.

use super::keys::id_of;
use super::words::{count, grant, list, quoted, scopes, set, time, why};
use crate::jws::General;
use crate::notice::{Id, Time};
use crate::trust::{As, Bundle, KeyEntry, KeySet, NodeEntry, Paper, Revocation, Root};

/// `bundle of eu-fr, version 3`.
#[must_use]
pub fn title(paper: &Paper) -> String {
    let what = if paper.is_root() { "root" } else { "bundle" };
    format!("{what} of {}, version {}", paper.node(), paper.version())
}

/// The digest of what is signed: the same on every copy, whoever has signed it, so people at
/// different places can compare it over the telephone.
#[must_use]
pub fn fingerprint(document: &General) -> String {
    let bytes = document.unverified_payload().unwrap_or_default();
    format!("what is signed has the SHA-256 {}", Id::of(&bytes))
}

/// What a document says, a line for each thing.
#[must_use]
pub fn describe(paper: &Paper, now: Time) -> Vec<String> {
    let (iat, exp) = paper.life();
    let past = if Time::from_secs(exp) <= now { " (expired)" } else { "" };
    let mut lines = vec![
        title(paper),
        format!("federation {}", paper.fed()),
        format!("issued {}, expires {}{past}", time(iat), time(exp)),
    ];
    match paper {
        Paper::Root(root) => lines.extend(told_root(root)),
        Paper::Bundle(bundle) => lines.extend(told_bundle(bundle, now)),
    }
    lines
}

fn told_root(root: &Root) -> Vec<String> {
    let mut lines = vec![format!("this root and the next: {} must sign", set(&root.root))];
    lines.extend(ids(&root.root));
    lines.push(format!("bundles of {}: {} must sign", root.node, set(&root.bundle)));
    lines.extend(ids(&root.bundle));
    lines
}

fn ids(set: &KeySet) -> impl Iterator<Item = String> {
    set.keys.iter().map(|jwk| format!("  key {}", id_of(jwk)))
}

fn told_bundle(bundle: &Bundle, now: Time) -> Vec<String> {
    let contact = [&bundle.contact.phone, &bundle.contact.hours, &bundle.contact.mail];
    let contact: Vec<String> = contact.into_iter().flatten().map(|text| quoted(text)).collect();
    let mut lines = vec![format!("contact: {}", list(contact))];
    lines.extend(bundle.keys.iter().map(|key| {
        let revoked = bundle.revoked.iter().any(|one| one.kid == id_of(&key.jwk).as_str());
        format!("{}{}", key_line(key), state(key, revoked, now))
    }));
    for entry in &bundle.nodes {
        lines.push(node_line(entry));
        for set in entry.bundle.iter().chain(&entry.root) {
            lines.extend(ids(set));
        }
    }
    lines.extend(bundle.revoked.iter().map(revocation_line));
    lines
}

fn state(key: &KeyEntry, revoked: bool, now: Time) -> &'static str {
    match (revoked, Time::from_secs(key.exp) <= now, Time::from_secs(key.nbf) > now) {
        (true, _, _) => " (revoked)",
        (_, true, _) => " (ended)",
        (_, _, true) => " (not yet)",
        _ => "",
    }
}

pub(super) fn key_line(key: &KeyEntry) -> String {
    let mut line = format!(
        "{} key {}: counts from {} to {}",
        key.usage.as_str(),
        id_of(&key.jwk),
        time(key.nbf),
        time(key.exp)
    );
    if let Some(kinds) = &key.kinds {
        line.push_str(&format!("; kinds {}", list(kinds)));
    }
    if let Some(granted) = &key.scopes {
        line.push_str(&format!("; for {}", scopes(granted)));
    }
    if let Some(tlp) = key.tlp {
        line.push_str(&format!("; up to {tlp}"));
    }
    line
}

pub(super) fn node_line(entry: &NodeEntry) -> String {
    let how = match entry.introduced {
        As::Child => "child",
        As::Member => "member (follows)",
        As::Union => "union",
        As::State => "State",
    };
    let mut line = format!(
        "introduces {} as {how}, {}: serves {}; may sign {}; may be sent up to {}; clients in {}",
        entry.id,
        entry.level.as_str(),
        scopes(&entry.constituency),
        grant(&entry.may),
        entry.ceiling,
        list(entry.clients.iter().map(|client| quoted(client)))
    );
    if let Some(keys) = &entry.bundle {
        line.push_str(&format!("; its bundle: {} must sign", set(keys)));
    }
    if let Some(keys) = &entry.root {
        line.push_str(&format!("; its root: {} must sign", set(keys)));
    }
    line
}

pub(super) fn revocation_line(one: &Revocation) -> String {
    let mut line =
        format!("revokes key {} from {}: {}", quoted(&one.kid), time(one.at), why(one.why));
    if let Some(good) = &one.good {
        line.push_str(&format!(
            "; of what it signed before, only what stands in {} counts",
            count(good.len(), "list")
        ));
    }
    line
}
