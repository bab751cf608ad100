//! What must hold: with each message that is stored, with each notice that is kept, at each start,
//! and at the end when nothing goes wrong any more.

use std::collections::{BTreeSet, HashMap};

use chappe::lifecycle::{Channel, Standing};
use chappe::notice::{Id, Level, Outcome, Receipt};

use super::faults::Going;
use super::leaks;
use super::memory::Memory;
use super::model::Message;
use super::oracle::{self, Link, Nodes};
use super::wires::notice;
use super::world::World;

/// What the run has seen, for the checks.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) going: Vec<Going>,
    /// The links as each version of the bundles had them.
    pub(crate) links: Vec<Vec<Link>>,
    /// The first of them that some relay may still go by.
    pub(crate) binding: usize,
    /// Where each notice lies at each node.
    placed: HashMap<(usize, Id), Vec<(String, String)>>,
    /// What each node had in mind when it died.
    last: HashMap<usize, Memory>,
    /// Of which notices a text tells, by its digest.
    pub(crate) told: HashMap<Id, BTreeSet<usize>>,
    /// Of which channel a heartbeat is, by its digest.
    pub(crate) channels: HashMap<Id, Option<leaks::Channel>>,
    /// A clock was wrong beyond all leeway: a refusal that was told is an answer.
    pub(crate) wild: bool,
    /// Somebody inside a State has new keys.
    pub(crate) rotated_inside: bool,
    /// No alarm is lawful.
    pub(crate) quiet: bool,
    pub(crate) alarms: Vec<(u64, usize, String)>,
}

impl Seen {
    /// The streams of a node were brought back from a copy: what it had in mind is no measure.
    pub(crate) fn forget(&mut self, at: usize, stream: &str) {
        self.last.remove(&at);
        for ((_, _), lies) in self.placed.iter_mut().filter(|((node, _), _)| *node == at) {
            lies.retain(|(known, _)| known != stream);
        }
    }

    pub(crate) fn lies(&mut self, at: usize, stream: &str, m: &Message) {
        let id = Id::of(notice(m).as_bytes());
        let lies = self.placed.entry((at, id)).or_default();
        lies.retain(|(known, subject)| known != stream || *subject != m.subject);
        lies.push((stream.to_owned(), m.subject.clone()));
    }
}

/// With each message that a stream of a node takes.
pub(crate) fn stored(w: &mut World, at: usize, stream: &str, m: &Message) {
    let node = w.seats[at].id.clone();
    for number in leaks::told(w, m) {
        if w.issued.get(number).is_some_and(|issued| !issued.may.contains(&at)) {
            let what = w.issued[number].id.short();
            w.violate(format!("leak: {what} is known to {node}: {stream} {}", m.subject));
        }
    }
    if stream == "BEATS"
        && let Some(what) = leaks::foreign_channel(w, at, m)
    {
        w.violate(format!("leak: {node} hears {what}"));
    }
    if notice(m).is_empty() || !["BOARD", "INBOX", "CASES"].contains(&stream) {
        return;
    }
    let id = Id::of(notice(m).as_bytes());
    w.seen.lies(at, stream, m);
    let lies = w.seen.placed.get(&(at, id)).into_iter().flatten();
    let boards = lies.filter(|(_, subject)| subject.contains(".board.")).count();
    if boards > 1 {
        w.violate(format!("twice: {} on the board of {node}", id.short()));
    }
    let foreign = |number: &usize| !w.issued[*number].may_hold.contains(&at);
    if w.by_id.get(&id).is_some_and(foreign) {
        w.violate(format!("not entitled: {} in {stream} of {node}", id.short()));
    }
}

/// With each notice that a relay keeps: it lies in its streams. Which of two tries' custody is kept
/// is left open: after an unknown PubAck the relay has its own, and the stream may have another.
pub(crate) fn kept(w: &mut World, at: usize, id: Id) {
    let (now, node) = (w.now, w.seats[at].id.clone());
    let lies = w.seen.placed.get(&(at, id)).cloned().unwrap_or_default();
    let found = lies.into_iter().any(|(stream, subject)| {
        let stream = w.seats[at].streams.get_mut(&stream);
        stream.is_some_and(|stream| stream.get(now, &subject).is_some())
    });
    if !found {
        w.violate(format!("{node} keeps {}, which lies nowhere", id.short()));
    }
}

/// A relay died with this in mind.
pub(crate) fn remember(w: &mut World, at: usize, memory: Memory) {
    if !w.seats[at].asks_again {
        w.seen.last.insert(at, memory);
    }
}

/// At each start: the fold has everything that the last one had.
pub(crate) fn compare_with_the_last(w: &mut World, at: usize, memory: &Memory) {
    if let Some(last) = w.seen.last.remove(&at) {
        compare(w, at, &last, memory, "forgotten by its end");
    }
}

/// Between two steps, by chance: what a relay has in mind lies in its streams.
pub(crate) fn agrees_with_its_streams(w: &mut World, at: usize, memory: &Memory) {
    let fresh = super::fold::memory(w, at);
    compare(w, at, memory, &fresh, "not in its streams");
}

fn compare(w: &mut World, at: usize, one: &Memory, other: &Memory, how: &str) {
    let node = w.seats[at].id.clone();
    let (a, b) = (one.router.ledger(), other.router.ledger());
    let mut differ = Vec::new();
    for (id, s) in a.notices().filter(|(_, s)| !w.expired(s)) {
        // What only may be there is kept too; it comes again.
        let known = b.statement(id).is_some();
        if !known && how == "not as its streams" {
            differ.push(id.short());
        }
        for (said, _) in one.router.receipts(id) {
            let as_late = |known: &Receipt| known.by == said.by && known.at >= said.at;
            if !other.router.receipts(id).any(|(known, _)| as_late(known)) {
                differ.push(format!("the word of {} on {}", said.by, id.short()));
            }
        }
        let now = w.time(at);
        if how == "not as its streams" && a.standing(now, id, s) != b.standing(now, id, s) {
            differ.push(format!("how {} stands", id.short()));
        }
    }
    if !differ.is_empty() {
        w.violate(format!("{node}: {how}: {}", differ.join("; ")));
    }
}

/// With each look at what was heard.
pub(crate) fn looked(w: &mut World, at: usize, mem: &Memory) {
    let look = &mem.outlook;
    let withheld = look.withheld.iter().map(|channel| format!("withheld: {channel}"));
    let frozen = look.frozen.iter().map(|channel| format!("frozen: {channel}"));
    let stale = look.stale.iter().map(|node| format!("trust-stale: {node}"));
    for alarm in withheld.chain(frozen).chain(stale) {
        let node = w.seats[at].id.clone();
        if w.seen.quiet {
            w.violate(format!("false alarm at {node}: {alarm}"));
        }
        w.seen.alarms.push((w.now, at, alarm));
    }
}

/// At the end, after all is mended and long enough.
pub(crate) fn finish(w: &mut World) {
    for at in 0..w.seats.len() {
        let node = w.seats[at].id.clone();
        let Some(memory) = w.seats[at].memory.take() else {
            w.violate(format!("{node} did not start again"));
            continue;
        };
        let fresh = super::fold::memory(w, at);
        compare(w, at, &memory, &fresh, "not as its streams");
        compare(w, at, &fresh, &memory, "not as its streams");
        let look = &memory.outlook;
        let mut silent = look.withheld.iter().chain(&look.frozen);
        if !look.stale.is_empty() || silent.any(|channel| !is_over(w, channel)) {
            w.violate(format!("an alarm that stays at {node}: {look:?}"));
        }
        w.seats[at].memory = Some(memory);
    }
    for number in 0..w.issued.len() {
        delivered(w, number);
    }
}

/// What a wrong clock kept away has expired since, and its issuer has nothing on the channel any
/// more: the alarm lasts a day.
fn is_over(w: &World, channel: &Channel) -> bool {
    let issuer = w.at(&channel.issuer).and_then(|at| Some((at, w.seats[at].memory.as_ref()?)));
    let lasts = issuer.is_none_or(|(at, m)| m.router.ledger().is_alive(channel, w.time(at)));
    w.seen.wild && !lasts
}

/// In every version of the bundles, who must hold it.
fn must_hold(w: &World, number: usize) -> Nodes {
    let statement = &w.issued[number].statement;
    let of = |links: &Vec<Link>| oracle::must_hold(&w.tree, links, &w.seats, statement);
    let mut all = w.seen.links.iter().map(of);
    let first = all.next().unwrap_or_default();
    all.fold(first, |one, other| one.intersection(&other).copied().collect())
}

fn delivered(w: &mut World, number: usize) {
    let issued = &w.issued[number];
    let (id, by, statement) = (issued.id, issued.by, issued.statement.clone());
    let Some(issuer) = w.seats[by].memory.as_ref() else { return };
    if w.expired(&statement) {
        return;
    }
    if issuer.router.ledger().statement(id).is_none() {
        let said = issuer.router.receipts(id).any(|(said, _)| said.by == w.seats[by].id);
        if !said && !w.seats[by].restored {
            w.violate(format!("lost: {} at its own node {}", id.short(), w.seats[by].id));
        }
        return;
    }
    let standing = issuer.router.ledger().standing(w.time(by), id, &statement);
    // What a node alone had is gone with its disk: only what heartbeats speak of comes again.
    let restored = w.seats.iter().any(|seat| seat.restored);
    let certain = Channel::of(&statement).is_some() || !restored;
    let must = must_hold(w, number);
    let mut wrong = Vec::new();
    for at in 0..w.seats.len() {
        // The union gets no later bundles of those inside a State: it cannot read their new keys.
        let union = |seat: usize| w.tree.spots[seat].level == Level::Union;
        if w.seen.rotated_inside && (union(at) || union(by)) {
            continue;
        }
        let (Some(memory), node) = (w.seats[at].memory.as_ref(), &w.seats[at].id) else { continue };
        let ledger = memory.router.ledger();
        if ledger.statement(id).is_none() {
            // An entity's word ends at those who serve it.
            let refused = |said: &Receipt| said.outcome == Outcome::Refused;
            let memories = w.seats.iter().filter_map(|seat| seat.memory.as_ref());
            let mut words = memories.flat_map(|memory| memory.router.receipts(id));
            let told = issuer.router.receipts(id).any(|(said, _)| refused(said))
                || words.any(|(said, _)| refused(said) && said.by == *node);
            let certain = certain && !(told && w.seen.wild);
            if must.contains(&at) && standing == Standing::InForce && certain {
                wrong.push(format!("lost: {} did not reach {node}", id.short()));
            }
            continue;
        }
        let here = ledger.standing(w.time(at), id, &statement);
        if here != standing {
            let how = format!("{} at {node}, {} at its issuer", here.as_str(), standing.as_str());
            wrong.push(format!("standing: {} is {how}", id.short()));
        }
        if must.contains(&at) && at != by && !restored && !w.seen.wild {
            wrong.extend(unheard(w, by, at, id));
        }
    }
    if let Some(first) = wrong.into_iter().next() {
        w.violate(first);
    }
}

/// Whether the word of a node that holds a notice did not come where it belongs: to the issuer,
/// or, of an entity, to a node that it has notices from.
fn unheard(w: &World, by: usize, at: usize, id: Id) -> Option<String> {
    let node = &w.seats[at].id;
    let said = w.seats[at].memory.as_ref()?.router.receipts(id);
    let word = said.map(|(said, _)| said).find(|said| said.by == *node)?;
    let knows = |other: usize| {
        let memory = w.seats[other].memory.as_ref();
        let same = |known: &Receipt| known.by == word.by && known.says_as(word);
        memory.is_some_and(|m| m.router.receipts(id).any(|(known, _)| same(known)))
    };
    let entity = w.tree.spots[at].level == Level::Entity;
    let ups = w.tree.upstreams(at);
    let known = match entity {
        true => ups.iter().filter_map(|up| w.at(up)).any(knows),
        false => knows(by),
    };
    let place = if entity { "its upstream" } else { "its issuer" };
    (!known).then(|| format!("receipt: the word of {node} on {} is not at {place}", id.short()))
}
