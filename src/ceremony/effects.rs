//! What a draft changes for whom, once it is signed and everybody has it.

use std::collections::BTreeSet;

use super::archive::Archive;
use super::contrast::keys as keys_that_sign;
use super::reach::{Reach, covered};
use super::words::{count, list, quoted, scopes, short, time};
use super::world::World;
use crate::jws::KeyId;
use crate::notice::{NodeId, Scope};
use crate::trust::{Link, Paper, Revocation, Seat, Trust, TrustedKey, Why};

/// What changes for each node, in words, if `draft` is in force; a line for each thing.
#[must_use]
pub fn effects(archive: &Archive, draft: &Paper) -> Vec<String> {
    let (before, after) = (World::of(archive, None), World::of(archive, Some(draft)));
    let mut lines: Vec<String> = Vec::new();
    for why in after.rejected.iter().filter(|why| !before.rejected.contains(why)) {
        lines.push(format!("WARNING: what is left out by every reader: {}", quoted(why)));
    }
    for text in &after.documents.conflicts {
        lines.push(format!("WARNING: {text}: every reader would leave this document out"));
    }
    match (&before.trust, &after.trust) {
        (Some(was), Some(is)) => {
            seats(was, is, &after, &mut lines);
            keys(&before, &after, &mut lines);
        }
        (None, Some(is)) => {
            let word = count(is.seats().count(), "node");
            lines.push(format!("{} is trusted from now on, with {word}", archive.home()));
        }
        (Some(was), None) => lines.push(format!(
            "WARNING: {} has no bundle that holds: none of {} is trusted any more",
            archive.home(),
            count(was.seats().count(), "node")
        )),
        (None, None) => {}
    }
    who_signs(&before, &after, &mut lines);
    revocations(&before, &after, &mut lines);
    lines
}

/// Whose signatures a root or bundle needs from now on.
fn who_signs(before: &World, after: &World, lines: &mut Vec<String>) {
    let (was, is) = (&before.documents, &after.documents);
    for (node, root) in &is.roots {
        let Some(old) = was.roots.get(node) else { continue };
        keys_that_sign(&format!("the next root of {node}"), &old.root, &root.root, lines);
        if old.exp != root.exp {
            let (now, then) = (time(root.exp), time(old.exp));
            lines.push(format!("the root of {node} expires {now} (before: {then})"));
        }
    }
    for (node, quorum) in &is.quorums {
        let Some(old) = was.quorums.get(node) else { continue };
        keys_that_sign(&format!("the bundle of {node}"), &old.set, &quorum.set, lines);
    }
}

fn seats(was: &Trust, is: &Trust, after: &World, lines: &mut Vec<String>) {
    let listed = after.introduced();
    for seat in was.seats() {
        match is.seat(&seat.id) {
            Some(now) => seat_changes(was, seat, is, now, after, lines),
            None => {
                let number = count(own_keys(was, &seat.id), "key");
                let follows = listed.contains_key(&seat.id);
                let still = if follows { ", though a member entry of it is left" } else { "" };
                let id = &seat.id;
                lines.push(format!(
                    "{id} is no longer introduced{still}: its {number} count no more"
                ));
            }
        }
    }
    for seat in is.seats().filter(|seat| was.seat(&seat.id).is_none()) {
        lines.push(new_seat(seat, after));
    }
}

fn new_seat(seat: &Seat, after: &World) -> String {
    let may = Reach::of(seat);
    let next = match after.documents.quorums.get(&seat.id) {
        Some(quorum) if seat.version == 0 => {
            let of = super::words::set(&quorum.set);
            format!("; its keys count once it has a bundle that {of} have signed")
        }
        _ => String::new(),
    };
    let (serves, kinds, tlp) = (scopes(&seat.constituency), list(&may.kinds), may.tlp);
    let (id, level) = (&seat.id, seat.level.as_str());
    let signs = scopes(&may.scopes);
    format!(
        "{id} is introduced ({level}): it serves {serves} and may sign {kinds} for {signs} up to \
         {tlp}{next}"
    )
}

fn own_keys(trust: &Trust, node: &NodeId) -> usize {
    trust.keys().filter(|key| key.node == *node).count()
}

fn seat_changes(
    was: &Trust,
    old: &Seat,
    is: &Trust,
    new: &Seat,
    after: &World,
    lines: &mut Vec<String>,
) {
    let id = &new.id;
    if old.version > 0 && new.version == 0 {
        let quorum = after.documents.quorums.get(id);
        let needed = quorum.map(|quorum| quorum.set.threshold).unwrap_or_default();
        lines.push(format!(
            "WARNING: {id}: its bundle, version {}, no longer has the {} that it needs: its {} \
             count no more until it is signed anew",
            old.version,
            count(needed, "signature"),
            count(own_keys(was, id), "key")
        ));
    }
    served(id, &old.constituency, &new.constituency, lines);
    Reach::of(old).contrast(&format!("{id} may"), &Reach::of(new), lines);
    if old.version == 0 && new.version > 0 {
        lines.push(format!("{id} has a bundle that holds: it may issue until {}", new.expires));
    } else if old.expires != new.expires && new.version > 0 {
        lines.push(format!("{id} may issue until {} (before: {})", new.expires, old.expires));
    }
    links(was, is, id, lines);
}

fn served(id: &NodeId, was: &[Scope], is: &[Scope], lines: &mut Vec<String>) {
    let lost: Vec<String> = was.iter().filter(|s| !covered(s, is)).map(short).collect();
    let won: Vec<String> = is.iter().filter(|s| !covered(s, was)).map(short).collect();
    if !lost.is_empty() {
        let rest = scopes(is);
        lines.push(format!(
            "{id} no longer serves the whole of {}: it gets what is for {rest}",
            list(lost)
        ));
    }
    if !won.is_empty() {
        lines.push(format!("{id} now serves {}: what is for it goes there too", list(won)));
    }
}

fn links(was: &Trust, is: &Trust, from: &NodeId, lines: &mut Vec<String>) {
    let of = |trust: &Trust| trust.seat(from).map(|seat| seat.links.clone()).unwrap_or_default();
    let (old, new) = (of(was), of(is));
    let find = |links: &[Link], to: &NodeId| links.iter().find(|link| link.to == *to).cloned();
    for link in &new {
        match find(&old, &link.to) {
            None if link.follows => lines.push(format!(
                "{} follows {from}: it gets what {from} has for {}, up to {}",
                link.to,
                scopes(&link.constituency),
                link.ceiling
            )),
            None => {}
            Some(was) => link_changes(from, &was, link, lines),
        }
    }
    for link in old.iter().filter(|link| find(&new, &link.to).is_none()) {
        lines.push(format!("{from} sends {} nothing any more and takes nothing from it", link.to));
    }
}

fn link_changes(from: &NodeId, old: &Link, new: &Link, lines: &mut Vec<String>) {
    if old.ceiling != new.ceiling {
        let (to, now, before) = (&new.to, new.ceiling, old.ceiling);
        lines.push(format!("{from} sends {to} up to {now} (before: {before})"));
    }
    if old.clients != new.clients {
        lines.push(format!(
            "AMBER passes from {from} to {} for {} (before: {})",
            new.to,
            list(new.clients.iter().map(|client| quoted(client))),
            list(old.clients.iter().map(|client| quoted(client)))
        ));
    }
    if new.follows && old.constituency != new.constituency {
        lines.push(format!(
            "{} follows {from} for {} (before: {})",
            new.to,
            scopes(&new.constituency),
            scopes(&old.constituency)
        ));
    }
}

fn keys(before: &World, after: &World, lines: &mut Vec<String>) {
    let (Some(was), Some(is)) = (&before.trust, &after.trust) else { return };
    let ids = |trust: &Trust| {
        trust.keys().map(|key| key.public.id().clone()).collect::<BTreeSet<KeyId>>()
    };
    for id in &ids(is) {
        let Some(key) = is.find(id) else { continue };
        match was.find(id) {
            None => {
                lines.push(format!("{} counts from {} to {}", named(key), key.nbf, key.exp));
            }
            Some(old) => key_changes((before, old), (after, key), lines),
        }
    }
    for id in ids(was).difference(&ids(is)) {
        let Some(key) = was.find(id) else { continue };
        // Of a node that is gone, or without a bundle, all was said in one line.
        if is.seat(&key.node).is_some_and(|seat| seat.version > 0) {
            let key = named(key);
            lines.push(format!("{key} is no longer listed: what it signed is refused everywhere"));
        }
    }
}

fn key_changes(
    (before, old): (&World, &TrustedKey),
    (after, new): (&World, &TrustedKey),
    lines: &mut Vec<String>,
) {
    if old.exp != new.exp {
        lines.push(format!("{} ends {} (before: {})", named(new), new.exp, old.exp));
    }
    let own = |world: &World, key: &TrustedKey| {
        world.entry(key).map(|entry| (entry.kinds.clone(), entry.scopes.clone(), entry.tlp))
    };
    let reach = |world: &World, key: &TrustedKey| {
        let seat = world.trust.as_ref().and_then(|trust| trust.seat(&key.node));
        seat.map(|seat| Reach::of_key(seat, key))
    };
    // What changes for the whole node has been said of the node.
    if own(before, old) != own(after, new)
        && let (Some(was), Some(is)) = (reach(before, old), reach(after, new))
    {
        was.contrast(&format!("{} may", named(new)), &is, lines);
    }
}

fn named(key: &TrustedKey) -> String {
    format!("key {} of {} ({})", key.public.id(), key.node, key.usage.as_str())
}

fn revocations(before: &World, after: &World, lines: &mut Vec<String>) {
    let Some(trust) = &after.trust else { return };
    let ids: BTreeSet<KeyId> = trust.keys().map(|key| key.public.id().clone()).collect();
    for id in &ids {
        let Some(key) = trust.find(id) else { continue };
        let was = before.revocations(id.as_str(), &key.node);
        for (by, one) in after.revocations(id.as_str(), &key.node) {
            if !was.iter().any(|(_, old)| *old == one) {
                lines.push(consequence(key, by, one));
            }
        }
    }
    for bundle in after.documents.bundles.values() {
        for one in bundle.revoked.iter().filter(|one| trust.find(&KeyId::hint(&one.kid)).is_none())
        {
            let known = before.documents.bundles.get(&bundle.node);
            if !known.is_some_and(|old| old.revoked.contains(one)) {
                let kid = quoted(&one.kid);
                lines.push(format!("key {kid} is revoked, and no node lists it now"));
            }
        }
    }
}

fn consequence(key: &TrustedKey, by: &NodeId, one: &Revocation) -> String {
    let (key_name, at) = (named(key), time(one.at));
    let foreign = match *by == key.node {
        true => String::new(),
        false => format!(", revoked by {by}"),
    };
    let what = match (one.why, key.usage) {
        (Why::Compromised, crate::trust::Usage::Issue) => {
            format!(
                "what it signed with a first hop at or after {at} counts as withdrawn at every \
                 reader"
            )
        }
        (_, crate::trust::Usage::Issue) => format!(
            "what it signs with a first hop at or after {at} is refused; what it signed before \
             stays"
        ),
        (_, crate::trust::Usage::Relay) => format!(
            "hops and receipts that it makes at or after {at} are refused: {} passes nothing on \
             until its relay has another key",
            key.node
        ),
    };
    let lists = match &one.good {
        Some(good) => {
            format!("; of what is older, only the notices in {} count", count(good.len(), "list"))
        }
        None => String::new(),
    };
    format!("{key_name}{foreign}: {what}{lists}")
}
