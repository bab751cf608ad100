//! What there should be once everything is well again, computed from the topology file and the
//! statements alone.
//!
//! Written apart from the router on purpose: plain words, brute force, and not one function of the
//! product, so that a mistake there shows here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A node as the topology file has it.
#[derive(Clone, Debug)]
pub struct Seat {
    pub id: String,
    level: String,
    constituency: Vec<String>,
    clients: Vec<String>,
    follows: Vec<String>,
}

impl Seat {
    /// Whoever may pass something on to it.
    pub fn above(&self) -> impl Iterator<Item = &str> {
        let parent = self.id.rsplit_once('-').map(|(parent, _)| parent);
        parent.into_iter().chain(self.follows.iter().map(String::as_str))
    }
}

/// The seats of a topology file.
pub fn seats(text: &str) -> Vec<Seat> {
    let file: toml::Value = toml::from_str(text).expect("a topology");
    let nodes = file["node"].as_array().expect("nodes");
    nodes.iter().map(seat).collect()
}

fn seat(node: &toml::Value) -> Seat {
    let word = |key: &str| node[key].as_str().expect("a word").to_owned();
    let words = |key: &str| -> Vec<String> {
        let all = node.get(key).and_then(toml::Value::as_array).cloned().unwrap_or_default();
        all.iter().filter_map(|word| word.as_str()).map(str::to_owned).collect()
    };
    let constituency = words("constituency").iter().map(|scope| four(scope)).collect();
    let (id, level) = (word("id"), word("level"));
    Seat { id, level, constituency, clients: words("clients"), follows: words("follows") }
}

fn four(scope: &str) -> String {
    let missing = 4 - scope.split('.').count();
    format!("{scope}{}", ".all".repeat(missing))
}

/// A notice at a place of a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Delivery {
    pub node: String,
    pub place: &'static str,
    pub id: String,
}

/// Everything that there should be.
#[derive(Default)]
pub struct Expected {
    pub deliveries: BTreeSet<Delivery>,
    /// How each notice stands, wherever it is.
    pub standing: BTreeMap<String, &'static str>,
    /// What may be filtered where a later version or its withdrawal was first.
    pub overtaken: BTreeSet<String>,
    /// Whose words on a notice are complete at its issuer: (issuer, notice, who).
    pub words: BTreeSet<(String, String, String)>,
    /// Where an entity's word ends: one of those that serve it: (notice, entity, whom it may tell).
    pub served: BTreeSet<(String, String, Vec<String>)>,
}

/// From the claims of what was sent, by id.
pub fn expected(seats: &[Seat], sent: &BTreeMap<String, Value>) -> Expected {
    let mut all = Expected::default();
    for (id, claims) in sent {
        let notice = Notice { id, claims };
        let who = match (notice.text("aud").split_once(':'), notice.text("kind")) {
            (Some(("node", top)), "escalation") => climb(seats, notice, top, &mut all),
            (Some(("node", node)), kind) => to_node(seats, notice, node, kind, &mut all),
            (Some((_, scope)), _) => to_scope(seats, notice, scope, &mut all),
            (None, kind) => panic!("{kind} {id} has no audience"),
        };
        words(seats, notice, &who, &mut all);
    }
    standings(sent, &mut all);
    all
}

#[derive(Clone, Copy)]
struct Notice<'n> {
    id: &'n str,
    claims: &'n Value,
}

impl Notice<'_> {
    fn text(&self, key: &str) -> &str {
        self.claims[key].as_str().unwrap_or_default()
    }

    fn at(&self, node: &str, place: &'static str, all: &mut Expected) {
        let (node, id) = (node.to_owned(), self.id.to_owned());
        all.deliveries.insert(Delivery { node, place, id });
    }
}

fn to_scope(seats: &[Seat], n: Notice<'_>, scope: &str, all: &mut Expected) -> BTreeSet<String> {
    let who = reached(seats, n, |link| meet(&link.constituency, scope));
    for node in &who {
        n.at(node, "board", all);
    }
    who
}

fn to_node(
    seats: &[Seat],
    n: Notice<'_>,
    node: &str,
    kind: &str,
    all: &mut Expected,
) -> BTreeSet<String> {
    let who = reached(seats, n, |link| node == link.to.id || is_below(node, &link.to.id));
    for id in &who {
        if kind == "response" {
            n.at(id, "cases", all);
        }
        if id != node {
            n.at(id, "direct", all);
        } else if kind != "response" {
            n.at(id, "inbox", all);
        }
    }
    who
}

/// Up to its top, level by level; what a region or sector has from others goes on only if it is
/// grave. A followed node is reached directly.
fn climb(seats: &[Seat], n: Notice<'_>, top: &str, all: &mut Expected) -> BTreeSet<String> {
    let grave = matches!(n.text("severity"), "critical" | "high");
    let mut who = BTreeSet::new();
    let mut at = n.text("iss").to_owned();
    loop {
        n.at(&at, "cases", all);
        let own = at == n.text("iss");
        who.insert(at.clone());
        let seat = seats.iter().find(|seat| seat.id == at).expect("a seat");
        let next = match at.rsplit_once('-') {
            _ if seat.follows.iter().any(|followed| followed == top) => top,
            Some((above, _)) => above,
            None => return who,
        };
        if at == top || !(own || grave) {
            return who;
        }
        at = next.to_owned();
    }
}

/// Each says to the issuer what became of it; an entity, to whoever served it.
fn words(seats: &[Seat], n: Notice<'_>, who: &BTreeSet<String>, all: &mut Expected) {
    let issuer = n.text("iss");
    for seat in seats.iter().filter(|seat| who.contains(&seat.id) && seat.id != issuer) {
        let (id, by) = (n.id.to_owned(), seat.id.clone());
        if seat.level == "entity" {
            let (parent, _) = by.rsplit_once('-').expect("a parent");
            let mut from: Vec<String> = seat.follows.clone();
            from.push(parent.to_owned());
            from.retain(|node| who.contains(node));
            all.served.insert((id, by, from));
        } else {
            all.words.insert((issuer.to_owned(), id, by));
        }
    }
}

/// A way down, seen from above.
struct Link<'s> {
    from: &'s Seat,
    to: &'s Seat,
    constituency: Vec<String>,
}

/// Every pair of seats, again and again until nobody new is reached.
fn reached(seats: &[Seat], n: Notice<'_>, leads: impl Fn(&Link<'_>) -> bool) -> BTreeSet<String> {
    let mut have = BTreeSet::from([n.text("iss").to_owned()]);
    loop {
        let before = have.len();
        for (from, to) in seats.iter().flat_map(|from| seats.iter().map(move |to| (from, to))) {
            let Some(link) = link(from, to) else { continue };
            if have.contains(&from.id) && leads(&link) && may(&link, n) {
                have.insert(to.id.clone());
            }
        }
        if have.len() == before {
            return have;
        }
    }
}

fn link<'s>(from: &'s Seat, to: &'s Seat) -> Option<Link<'s>> {
    let child = to.id.rsplit_once('-').is_some_and(|(parent, _)| parent == from.id);
    let constituency = match child {
        true => to.constituency.clone(),
        // A followed node's notices reach what the two have in common.
        false if to.follows.contains(&from.id) => common(&to.constituency, &from.constituency),
        false => return None,
    };
    Some(Link { from, to, constituency })
}

/// FIRST TLP 2.0, for one link.
fn may(link: &Link<'_>, n: Notice<'_>) -> bool {
    let entity = link.from.level == "entity";
    match (n.text("tlp"), n.text("aud").split_once(':')) {
        ("CLEAR" | "GREEN", _) => true,
        ("AMBER", Some(("scope", scope))) => !entity && clients(link, scope),
        ("AMBER", _) => !entity,
        (_, Some(("node", node))) => node == link.to.id && link.from.id == n.text("iss"),
        _ => false,
    }
}

fn clients(link: &Link<'_>, scope: &str) -> bool {
    let sector = scope.rsplit('.').next().unwrap_or_default();
    let own = |scope: &String| scope.ends_with(&format!(".{sector}"));
    match link.to.level.as_str() {
        _ if sector == "all" => true,
        "entity" => link.constituency.iter().any(own),
        _ => link.to.clients.iter().any(|client| client == sector),
    }
}

fn is_below(node: &str, above: &str) -> bool {
    node.strip_prefix(above).is_some_and(|rest| rest.starts_with('-'))
}

/// Whether a scope has a place and a sector in common with one of a constituency.
fn meet(constituency: &[String], scope: &str) -> bool {
    let same = |(a, b): (&str, &str)| a == b || a == "all" || b == "all";
    constituency.iter().any(|own| own.split('.').zip(scope.split('.')).all(same))
}

fn common(mine: &[String], theirs: &[String]) -> Vec<String> {
    let narrow = |(a, b): (&str, &str)| if a == "all" { b.to_owned() } else { a.to_owned() };
    let both = mine.iter().flat_map(|a| theirs.iter().map(move |b| (a, b)));
    let both = both.filter(|(a, b)| meet(std::slice::from_ref(*a), b));
    both.map(|(a, b)| a.split('.').zip(b.split('.')).map(narrow).collect::<Vec<_>>().join("."))
        .collect()
}

/// Of each thread: its versions, and up to which it was closed and withdrawn.
#[derive(Default)]
struct Thread {
    newest: Option<(u64, u64, String)>,
    closed: u64,
    withdrawn: u64,
}

fn standings(sent: &BTreeMap<String, Value>, all: &mut Expected) {
    let key = |s: &Value| [&s["iss"], &s["aud"], &s["tlp"], &s["doc"]["ref"]].map(Value::to_string);
    let revision = |s: &Value| s["doc"]["revision"].as_u64().unwrap_or(0);
    let is_version = |s: &Value| matches!(s["kind"].as_str(), Some("alert" | "advisory"));
    let mut threads: BTreeMap<_, Thread> = BTreeMap::new();
    for (id, s) in sent.iter().filter(|(_, s)| s["doc"].is_object()) {
        let thread = threads.entry(key(s)).or_default();
        let version = (revision(s), s["iat"].as_u64().unwrap_or(0), id.clone());
        match s["kind"].as_str() {
            Some("closing") => thread.closed = thread.closed.max(revision(s)),
            Some("withdrawal") => thread.withdrawn = thread.withdrawn.max(revision(s)),
            _ if is_version(s) => thread.newest = thread.newest.take().max(Some(version)),
            _ => {}
        }
    }
    for (id, s) in sent {
        let thread = threads.get(&key(s)).filter(|_| is_version(s));
        let newest = |thread: &Thread| thread.newest.as_ref().is_some_and(|(.., n)| n == id);
        let standing = match thread {
            Some(thread) if revision(s) <= thread.withdrawn => "withdrawn",
            Some(thread) if revision(s) <= thread.closed => "closed",
            Some(thread) if !newest(thread) => "superseded",
            _ => "in force",
        };
        all.standing.insert(id.clone(), standing);
        if thread.is_some_and(|thread| revision(s) <= thread.withdrawn || !newest(thread)) {
            all.overtaken.insert(id.clone());
        }
    }
}
