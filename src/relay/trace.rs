//! `trace`: the account of every notice that a person means, in pages of a bounded size.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::desk::matches_reference;
use crate::lifecycle::{ThreadKey, Version};
use crate::notice::{
    Audience, Counts, Id, Kind, Level, NodeId, Outcome, Receipt, Statement, Time, Tlp,
};
use crate::policy::Concern;
use crate::routing::{Account, Known, Part, Router, State};
use crate::trust::Trust;

/// Nodes in one answer, over all its notices.
const MAX_NODES: usize = 512;
/// Bytes of nodes in one answer: with the notices around them less than 1 MiB.
const MAX_BYTES: usize = 512 * 1024;
/// Notices in one answer.
const MAX_NOTICES: usize = 128;
/// Characters of each part of a contact: it stands in a line.
const MAX_CONTACT: usize = 120;

/// What a desk asks under `chappe.desk.trace`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceQuestion {
    /// A document's reference, or the beginning of an id.
    #[serde(rename = "ref")]
    pub reference: String,
    /// So many notices left out, of the newest: to read on.
    #[serde(default)]
    pub skip: usize,
    /// So many nodes of the next notice left out.
    #[serde(default)]
    pub nodes: usize,
}

/// The answer, newest notice first. One whose nodes do not fit stands again in the next.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceAnswer {
    /// The notices.
    pub notices: Vec<Traced>,
    /// Where to read on, while there is more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<Next>,
}

/// Where an answer goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Next {
    /// Notices that are done.
    pub skip: usize,
    /// Nodes of the next one that are.
    pub nodes: usize,
}

/// One notice.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traced {
    /// Its id.
    pub id: Id,
    /// Its kind.
    pub kind: Kind,
    /// Its issuer; if that is this node, the account is whole, else it is this node's part.
    pub iss: NodeId,
    /// Whom it is for.
    pub aud: Audience,
    /// Its label.
    pub tlp: Tlp,
    /// Its title.
    pub title: String,
    /// When it was issued, in seconds.
    pub iat: u64,
    /// The document's own version.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// What versions are ordered by.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revision: Option<u64>,
    /// How it stands here.
    pub standing: String,
    /// Everybody who is entitled has answered, as far as this node can know.
    pub complete: bool,
    /// How many are entitled, by this node's part of the account.
    pub of: u64,
    /// How many of them have answered, or need not.
    pub answered: u64,
    /// The nodes.
    pub nodes: Vec<TracedNode>,
}

/// What is known of one node.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TracedNode {
    /// Which.
    pub node: NodeId,
    /// Its level.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub level: Option<Level>,
    /// `entitled`, `transit`, or `other`.
    pub concern: String,
    /// Its outcome, or `superseded`, `cut-off`, `elsewhere`, `no-bundle`,
    /// `no-answer`.
    pub state: String,
    /// Since when, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at: Option<Time>,
    /// Why it filtered or refused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Where an escalation went on to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<NodeId>,
    /// Because of whom: of `cut-off`, `elsewhere`, and of `no-answer` if that one is silent too.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub because: Option<NodeId>,
    /// Nodes to which it may have answered instead.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub also: Vec<NodeId>,
    /// The document's version that it has in force, by its own words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub has: Option<String>,
    /// Entities that it serves.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub entities: Option<TracedEntities>,
    /// Whom to phone, where somebody has to ask.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub contact: Option<TracedContact>,
}

/// Entities, by their number alone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TracedEntities {
    /// How many are entitled.
    pub of: u64,
    /// How many have answered.
    pub answered: u64,
    /// How many are missing.
    pub missing: u64,
    /// How many another node serves too, and may have counted.
    pub shared: u64,
    /// What they said.
    pub counts: Counts,
}

/// A duty contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TracedContact {
    /// Whose it is: the node's own, or of the nearest above it that has one.
    pub of: NodeId,
    /// Telephone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub phone: Option<String>,
    /// When it is answered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hours: Option<String>,
    /// Mail.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mail: Option<String>,
}

/// The account of what a reference means, as far as an answer holds it.
#[must_use]
pub fn trace(router: &Router, trust: &Trust, now: Time, question: &TraceQuestion) -> TraceAnswer {
    let wanted = |(id, s): &(Id, &Arc<Statement>)| matches_reference(&question.reference, *id, s);
    let mut found: Vec<_> = router.ledger().notices().filter(wanted).collect();
    found.sort_by_key(|(id, statement)| (std::cmp::Reverse(statement.iat), *id));
    let threads = threads(router, &found);
    let (mut notices, mut nodes, mut bytes) = (Vec::new(), 0, 0);
    let mut from = question.nodes;
    for (at, (id, s)) in found.iter().enumerate().skip(question.skip) {
        let (mut traced, parts) = one(router, trust, now, *id, s, &threads);
        for (number, node) in parts.into_iter().enumerate().skip(std::mem::take(&mut from)) {
            if nodes >= MAX_NODES || bytes >= MAX_BYTES {
                notices.push(traced);
                return TraceAnswer { notices, next: Some(Next { skip: at, nodes: number }) };
            }
            bytes += serde_json::to_vec(&node).map_or(0, |json| json.len());
            nodes += 1;
            traced.nodes.push(node);
        }
        notices.push(traced);
        if notices.len() >= MAX_NOTICES && at + 1 < found.len() {
            return TraceAnswer { notices, next: Some(Next { skip: at + 1, nodes: 0 }) };
        }
    }
    TraceAnswer { notices, next: None }
}

type Threads<'r> = BTreeMap<ThreadKey, BTreeMap<Version, (Id, &'r Arc<Statement>)>>;

/// Every version that is here of the documents that were found, in one pass over the ledger.
fn threads<'r>(router: &'r Router, found: &[(Id, &Arc<Statement>)]) -> Threads<'r> {
    let name = |s: &Statement| s.doc.as_ref().map(|doc| (s.iss.clone(), doc.reference.clone()));
    let wanted: BTreeSet<_> = found.iter().filter_map(|(_, s)| name(s)).collect();
    let mut threads = Threads::new();
    for (id, s) in router.ledger().notices().filter(|(_, s)| s.kind.is_document()) {
        let is_wanted = name(s).is_some_and(|name| wanted.contains(&name));
        if let (true, Some(key), Some(version)) = (is_wanted, ThreadKey::of(s), Version::of(id, s))
        {
            threads.entry(key).or_default().insert(version, (id, s));
        }
    }
    threads
}

fn one(
    router: &Router,
    trust: &Trust,
    now: Time,
    id: Id,
    s: &Statement,
    threads: &Threads<'_>,
) -> (Traced, Vec<TracedNode>) {
    let words: BTreeMap<NodeId, Receipt> =
        router.words(id).map(|(receipt, _)| (receipt.by.clone(), receipt.clone())).collect();
    let versions = ThreadKey::of(s).and_then(|key| threads.get(&key));
    let versions = versions.filter(|_| s.kind.is_document());
    let (mut has, mut newer) = (BTreeMap::new(), BTreeSet::new());
    for (version, (of, statement)) in versions.into_iter().flatten() {
        let text = statement.doc.as_ref().map(|doc| doc.version.clone());
        let placed = |r: &Receipt| matches!(r.outcome, Outcome::Delivered | Outcome::Read);
        for (word, _) in router.receipts(*of).filter(|(word, _)| placed(word)) {
            has.insert(word.by.clone(), text.clone().unwrap_or_default());
            if Version::of(id, s).is_some_and(|own| *version > own) {
                newer.insert(word.by.clone());
            }
        }
    }
    let known = Known { me: router.me(), trust, statement: s, words: &words, newer: &newer };
    let account = known.account();
    let nodes = account.parts.iter().map(|part| {
        let contact = part.is_missing().then(|| contact(trust, router.me(), &part.node));
        TracedNode { has: has.get(&part.node).cloned(), ..traced(part, contact.flatten()) }
    });
    let nodes = nodes.collect();
    (heading(router, now, id, s, &account), nodes)
}

fn heading(router: &Router, now: Time, id: Id, s: &Statement, account: &Account) -> Traced {
    Traced {
        id,
        kind: s.kind,
        iss: s.iss.clone(),
        aud: s.aud.clone(),
        tlp: s.tlp,
        title: s.title.clone(),
        iat: s.iat,
        version: s.doc.as_ref().map(|doc| doc.version.clone()),
        revision: s.doc.as_ref().map(|doc| doc.revision),
        standing: router.ledger().standing(now, id, s).as_str().to_owned(),
        complete: account.complete,
        of: account.of,
        answered: account.answered,
        nodes: Vec::new(),
    }
}

/// One node's line, as operators and their tools read it.
pub(crate) fn traced(part: &Part, contact: Option<TracedContact>) -> TracedNode {
    let word = part.word.as_ref();
    let (state, because) = match &part.state {
        State::Said => (word.map_or("no-answer", |word| word.outcome.as_str()), None),
        State::Superseded => ("superseded", None),
        State::CutOff(by) => ("cut-off", Some(by.clone())),
        State::Elsewhere(by) => ("elsewhere", Some(by.clone())),
        State::NoBundle => ("no-bundle", None),
        State::Behind(by) => ("no-answer", Some(by.clone())),
        State::Silent => ("no-answer", None),
    };
    TracedNode {
        node: part.node.clone(),
        level: part.level,
        concern: match part.concern {
            Some(Concern::Entitled) => "entitled",
            Some(Concern::Transit) => "transit",
            None => "other",
        }
        .to_owned(),
        state: state.to_owned(),
        at: word.map(|word| word.at),
        reason: word.and_then(|word| word.reason.clone()),
        to: word.and_then(|word| word.to.clone()),
        because,
        also: part.also.clone(),
        has: None,
        entities: part.entities.as_ref().map(|entities| TracedEntities {
            of: entities.of,
            answered: entities.answered,
            missing: entities.missing,
            shared: entities.shared,
            counts: entities.counts.clone(),
        }),
        contact,
    }
}

/// Whom to phone about a node: who its bundle names, or the nearest above it that names somebody
/// and is not the one who asks.
pub(crate) fn contact(trust: &Trust, me: &NodeId, node: &NodeId) -> Option<TracedContact> {
    let mut at = Some(node.clone());
    while let Some(of) = at.filter(|of| of != me) {
        let contact = trust.seat(&of).map(|seat| seat.contact.clone()).unwrap_or_default();
        let line = |text: Option<String>| text.and_then(|text| plain(&text));
        let (phone, hours, mail) = (line(contact.phone), line(contact.hours), line(contact.mail));
        if phone.is_some() || mail.is_some() {
            return Some(TracedContact { of, phone, hours, mail });
        }
        at = of.parent();
    }
    None
}

/// What another organisation wrote goes onto a terminal: one line, nothing that rewrites it.
fn plain(text: &str) -> Option<String> {
    let text: String =
        text.chars().filter(|c| !crate::notice::is_hidden(*c)).take(MAX_CONTACT).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
