//! Two versions of one document, side by side.

use std::collections::BTreeSet;

use super::keys::id_of;
use super::told::{key_line, node_line, revocation_line};
use super::words::{count, grant, list, quoted, scopes, set, time};
use crate::jws::KeyId;
use crate::notice::NodeId;
use crate::trust::{Bundle, KeyEntry, KeySet, NodeEntry, Paper, Root};

/// What the new version says and the old one does not, a line for each thing.
#[must_use]
pub fn differences(old: &Paper, new: &Paper) -> Vec<String> {
    if !old.is_version_of(new) {
        return vec!["not two versions of one document".into()];
    }
    let mut lines = Vec::new();
    if old.fed() != new.fed() {
        lines.push(format!("WARNING: another federation: {}, before {}", new.fed(), old.fed()));
    }
    let (was, is) = (old.life().1, new.life().1);
    if was != is {
        lines.push(format!("expires {} (before: {})", time(is), time(was)));
    }
    match (old, new) {
        (Paper::Root(old), Paper::Root(new)) => roots(old, new, &mut lines),
        (Paper::Bundle(old), Paper::Bundle(new)) => bundles(old, new, &mut lines),
        _ => {}
    }
    lines
}

fn roots(old: &Root, new: &Root, lines: &mut Vec<String>) {
    if new.version != old.version + 1 {
        let (new, old) = (new.version, old.version);
        lines.push(format!("WARNING: root {new} does not follow root {old}: no one takes it"));
    }
    keys("this root and the next", &old.root, &new.root, lines);
    keys(&format!("bundles of {}", new.node), &old.bundle, &new.bundle, lines);
}

/// What changes in a set of keys that sign `what`.
pub(super) fn keys(what: &str, old: &KeySet, new: &KeySet, lines: &mut Vec<String>) {
    let ids = |set: &KeySet| set.keys.iter().map(id_of).collect::<BTreeSet<KeyId>>();
    let (was, is) = (ids(old), ids(new));
    lines.extend(is.difference(&was).map(|id| format!("{what}: key {id} may sign now")));
    lines.extend(was.difference(&is).map(|id| format!("{what}: key {id} signs no more")));
    if (old.threshold, was.len()) != (new.threshold, is.len()) {
        lines.push(format!("{what}: {} must sign (before: {})", set(new), set(old)));
    }
}

fn bundles(old: &Bundle, new: &Bundle, lines: &mut Vec<String>) {
    if old.contact != new.contact {
        let shown = |bundle: &Bundle| {
            let contact = &bundle.contact;
            let parts = [&contact.phone, &contact.hours, &contact.mail];
            list(parts.into_iter().flatten().map(|text| quoted(text)))
        };
        lines.push(format!("contact: {} (before: {})", shown(new), shown(old)));
    }
    own_keys(old, new, lines);
    introductions(old, new, lines);
    for one in new.revoked.iter().filter(|one| !old.revoked.contains(one)) {
        lines.push(revocation_line(one));
    }
    for one in old.revoked.iter().filter(|one| !new.revoked.contains(one)) {
        let text = revocation_line(one);
        lines.push(format!("WARNING: it no longer {text}; that is not undone by leaving it out"));
    }
}

fn own_keys(old: &Bundle, new: &Bundle, lines: &mut Vec<String>) {
    let find = |bundle: &Bundle, key: &KeyEntry| {
        bundle.keys.iter().find(|other| other.jwk == key.jwk).cloned()
    };
    for key in &new.keys {
        match find(old, key) {
            None => lines.push(format!("new {}", key_line(key))),
            Some(was) if was != *key => {
                lines.push(format!("{} (before: {})", key_line(key), key_line(&was)));
            }
            Some(_) => {}
        }
    }
    for key in old.keys.iter().filter(|key| find(new, key).is_none()) {
        lines.push(format!("no longer lists {}", key_line(key)));
    }
}

fn introductions(old: &Bundle, new: &Bundle, lines: &mut Vec<String>) {
    let find =
        |bundle: &Bundle, id: &NodeId| bundle.nodes.iter().find(|node| node.id == *id).cloned();
    for entry in &new.nodes {
        match find(old, &entry.id) {
            None => lines.push(node_line(entry)),
            Some(was) => entry_changes(&was, entry, lines),
        }
    }
    for entry in old.nodes.iter().filter(|entry| find(new, &entry.id).is_none()) {
        lines.push(format!("introduces {} no longer", entry.id));
    }
}

fn entry_changes(old: &NodeEntry, new: &NodeEntry, lines: &mut Vec<String>) {
    let id = &new.id;
    let mut say = |what: &str, is: String, was: String| {
        if is != was {
            lines.push(format!("{id}: {what} {is} (before: {was})"));
        }
    };
    let as_word = |entry: &NodeEntry| format!("{:?}", entry.introduced).to_lowercase();
    say("introduced as", as_word(new), as_word(old));
    say("level", new.level.as_str().into(), old.level.as_str().into());
    say("serves", scopes(&new.constituency), scopes(&old.constituency));
    say("may sign", grant(&new.may), grant(&old.may));
    say("may be sent up to", new.ceiling.to_string(), old.ceiling.to_string());
    let clients = |entry: &NodeEntry| list(entry.clients.iter().map(|client| quoted(client)));
    say("clients in", clients(new), clients(old));
    for (word, was, is) in
        [("its bundle", &old.bundle, &new.bundle), ("its root", &old.root, &new.root)]
    {
        match (was, is) {
            (Some(was), Some(is)) => keys(&format!("{id}: {word}"), was, is, lines),
            (None, Some(is)) => lines.push(format!("{id}: {word}: {} must sign", set(is))),
            (Some(was), None) => {
                let gone = count(was.keys.len(), "key");
                lines.push(format!("{id}: {word}: {gone} no longer named"));
            }
            (None, None) => {}
        }
    }
}
