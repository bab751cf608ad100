//! What publishers, neighbours and operators may ask, and the plain answers: JSON in, JSON out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::jws::General;
use crate::lifecycle::is_erasing;
use crate::notice::{Counts, Id, NodeId, Outcome, Receipt, Statement, Time};
use crate::policy::is_upward;
use crate::routing::Router;
use crate::trust::{Documents, Trust};

/// Entries in one answer: an operator reads the newest.
const MAX_LISTED: usize = 200;
/// Bytes of entries in one answer; one entry always fits, so that it stays below 1 MiB.
const MAX_LIST_BYTES: usize = 768 * 1024;
/// Words in one entry: `trace` has them all, in pages.
const MAX_WORDS: usize = 512;

/// Ids in one question whether the node holds them: its publisher's newest.
pub const MAX_ASKED: usize = 200;
/// Words in one question: with the longest names they fit into it.
pub const MAX_WORDS_ASKED: usize = 64;

/// What an asker sends to `chappe.fetch.<asker>`: one of these.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FetchQuestion {
    /// The notice whose receipts are asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub receipts: Option<Id>,
    /// So many of them left out: to read on where an answer ended.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub skip: usize,
    /// Trust documents from this position on, in the order in which the node took them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trust: Option<usize>,
    /// The ids of the manifest with this digest.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub list: Option<Id>,
    /// `true`: begin the board for this neighbour again.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rewind: Option<bool>,
    /// Own notices, at most [`MAX_ASKED`]: which of them does the node hold? Its publishers ask, in
    /// case it was restored from a backup; and children, of what they have sent up.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub held: Option<Vec<Id>>,
    /// What was placed for this neighbour alone and still counts, after this id: in order, at most
    /// [`MAX_ASKED`], in case the neighbour was restored from a backup.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub addressed: Option<Id>,
    /// Words that this neighbour has passed up, at most [`MAX_WORDS_ASKED`]: which of them does the
    /// node lack?
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub words: Option<Vec<Spoken>>,
    /// `true`: how many messages of this neighbour wait in its intake?
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub waiting: Option<bool>,
}

/// A node's word on a notice, as far as it takes to know whether it is news.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spoken {
    /// The notice.
    pub of: Id,
    /// Whose word it is.
    pub by: NodeId,
    /// What it says.
    pub outcome: Outcome,
    /// When, in milliseconds.
    pub at: Time,
}

/// What comes back. "Not there" and "not for you" are one answer.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FetchAnswer {
    /// Compact JWS of each receipt; empty where something else was asked for.
    #[serde(default)]
    pub receipts: Vec<String>,
    /// Trust documents, as they were signed.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub documents: Vec<General>,
    /// The ids of a manifest, ascending; those of the ids asked for that are held; or what was
    /// placed for the asker alone.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub ids: Vec<Id>,
    /// Of the words asked for those that the node lacks, by their places in the question from 0 on.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub wanted: Vec<usize>,
    /// Where to ask on from, while there are more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<usize>,
    /// How many messages of the asker wait in its intake.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub waiting: Option<u64>,
}

/// What a desk sends to `chappe.desk.<verb>`.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskQuestion {
    /// A document reference, or the beginning of an id; absent for all.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none", default)]
    pub reference: Option<String>,
    /// Only escalations and responses.
    #[serde(default)]
    pub cases: bool,
    /// Only what this node has issued.
    #[serde(default)]
    pub own: bool,
    /// So many of the newest left out: to read on where an answer ended.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub skip: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// One notice, as the desk sees it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// The notice.
    pub id: Id,
    /// How it stands.
    pub standing: String,
    /// The node that passed it on; absent for the node's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<NodeId>,
    /// Its issuer's bundle had expired when it was passed on.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub stale: bool,
    /// Its key was stolen: a thief signed it, as far as anybody can tell.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub stolen_key: bool,
    /// What was signed.
    pub statement: Statement,
    /// What became of it, by node: outcome, reason, and where an escalation went on to.
    pub receipts: BTreeMap<NodeId, Word>,
    /// How many more words there are.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub more_receipts: usize,
}

/// One node's word.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    /// The outcome.
    pub outcome: String,
    /// The reason code.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Where an escalation goes on to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<NodeId>,
    /// How many of the entities that it serves said what.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub counts: Option<Counts>,
    /// When, in milliseconds.
    pub at: Time,
}

/// The desk's answer, newest first.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskAnswer {
    /// What was asked for, at most 200.
    pub notices: Vec<Listed>,
    /// How many more there are.
    pub more: usize,
}

/// The receipts that a local publisher or a neighbour may see: of what this node has issued or
/// refused; a neighbour, of what it sent or was sent.
pub(super) fn receipts(
    router: &Router,
    trust: &Trust,
    asker: Asker<'_>,
    of: Id,
    skip: usize,
) -> FetchAnswer {
    let statement = router.ledger().statement(of);
    let may = match (asker, statement) {
        (Asker::Local, Some(statement)) => statement.iss == *router.me(),
        (Asker::Local, None) => true,
        (Asker::Neighbour(node), Some(statement)) => {
            is_upward(trust, statement) && router.ledger().from(of) == Some(Some(node))
        }
        (Asker::Neighbour(_), None) => false,
    };
    // A yes about what is not here any more is no word: a backup of the board was older than it.
    let counts = |outcome: Outcome| {
        statement.is_some()
            || matches!(outcome, Outcome::Refused | Outcome::Filtered | Outcome::Erased)
    };
    let words = router.receipts(of).filter(|(receipt, _)| counts(receipt.outcome));
    let mut words = words.skip(skip).filter(|_| may).peekable();
    let (mut receipts, mut bytes) = (Vec::new(), 0);
    while let Some((_, jws)) = words.next_if(|_| bytes < MAX_ANSWER) {
        bytes += jws.len();
        receipts.push(jws.clone());
    }
    let next = words.next().map(|_| skip.saturating_add(receipts.len()));
    FetchAnswer { receipts, next, ..FetchAnswer::default() }
}

/// Which of these notices the node holds: of its own, if a publisher asks; else of the asker's.
pub(super) fn held(router: &Router, asker: Asker<'_>, ids: &[Id]) -> FetchAnswer {
    let ids = ids.get(..MAX_ASKED).unwrap_or(ids);
    if let Asker::Neighbour(node) = asker {
        return FetchAnswer { ids: router.has_of(node, ids), ..FetchAnswer::default() };
    }
    let own = |id: &&Id| {
        // What was deleted at the end of its case was not lost: nobody shall send it again.
        let statement = router.ledger().statement(**id);
        let own = statement.is_some_and(|statement| statement.iss == *router.me());
        own || router.was_over(**id)
    };
    let ids = ids.iter().filter(own).copied().collect();
    FetchAnswer { ids, ..FetchAnswer::default() }
}

/// Which of these words, of a child or of a node below it, this node lacks.
pub(super) fn wanted(
    router: &Router,
    trust: &Trust,
    child: &NodeId,
    words: Vec<Spoken>,
) -> FetchAnswer {
    let words = words.into_iter().take(MAX_WORDS_ASKED).enumerate();
    let wanted = words.filter(|(_, word)| {
        let Spoken { of, by, outcome, at } = word.clone();
        let (fed, reason, to, counts) = (trust.fed().clone(), None, None, None);
        router.wants(trust, child, &Receipt { fed, of, by, outcome, reason, to, counts, at })
    });
    FetchAnswer { wanted: wanted.map(|(at, _)| at).collect(), ..FetchAnswer::default() }
}

/// Bytes of documents in one answer; one document always fits.
const MAX_ANSWER: usize = 1024 * 1024;

/// The trust documents from a position on.
pub(super) fn documents(all: &Documents, from: usize) -> FetchAnswer {
    let (mut documents, mut bytes) = (Vec::new(), 0);
    let mut rest = all.all().skip(from).map(|(_, document)| document).peekable();
    while let Some(document) = rest.next_if(|_| bytes < MAX_ANSWER) {
        bytes += document.len();
        documents.push(document.clone());
    }
    let next = rest.next().map(|_| from.saturating_add(documents.len()));
    FetchAnswer { documents, next, ..FetchAnswer::default() }
}

/// Who asks.
#[derive(Clone, Copy)]
pub(super) enum Asker<'a> {
    Local,
    Neighbour(&'a NodeId),
}

/// What the desk sees of what the node holds, as far as an answer holds it.
#[must_use]
pub fn list(router: &Router, trust: &Trust, now: Time, question: &DeskQuestion) -> DeskAnswer {
    let mut found: Vec<_> = router
        .ledger()
        .notices()
        .filter(|(id, statement)| matches(router, question, *id, statement))
        .collect();
    found.sort_by_key(|(id, statement)| (std::cmp::Reverse(statement.iat), *id));
    let (mut notices, mut bytes) = (Vec::new(), 0);
    for (id, s) in found.iter().skip(question.skip).take(MAX_LISTED) {
        let one = listed(router, trust, now, *id, s);
        bytes += serde_json::to_vec(&one).map_or(0, |json| json.len());
        if bytes > MAX_LIST_BYTES && !notices.is_empty() {
            break;
        }
        notices.push(one);
    }
    let more = found.len().saturating_sub(question.skip.saturating_add(notices.len()));
    DeskAnswer { notices, more }
}

fn matches(router: &Router, question: &DeskQuestion, id: Id, statement: &Statement) -> bool {
    let own = !question.own || statement.iss == *router.me();
    let case = !question.cases || statement.kind.is_case();
    let wanted = question.reference.as_ref();
    own && case && wanted.is_none_or(|wanted| matches_reference(wanted, id, statement))
}

/// Whether a person means this notice: by its document's reference, or the beginning of its id.
/// What was erased is found by its own id still, as its withdrawal.
pub(super) fn matches_reference(wanted: &str, id: Id, statement: &Statement) -> bool {
    let document = statement.doc.as_ref().is_some_and(|doc| doc.reference == wanted);
    let begins = |id: Id| wanted.len() >= 4 && id.to_string().starts_with(wanted);
    let erased = statement.re.filter(|_| is_erasing(statement));
    document || begins(id) || erased.is_some_and(begins)
}

fn listed(router: &Router, trust: &Trust, now: Time, id: Id, statement: &Statement) -> Listed {
    let more_receipts = router.words(id).count().saturating_sub(MAX_WORDS);
    let words = router.words(id).take(MAX_WORDS).map(|(receipt, _)| {
        let word = Word {
            outcome: receipt.outcome.as_str().to_owned(),
            reason: receipt.reason.clone(),
            to: receipt.to.clone(),
            counts: receipt.counts.clone(),
            at: receipt.at,
        };
        (receipt.by.clone(), word)
    });
    Listed {
        id,
        standing: router.ledger().standing(now, id, statement).as_str().to_owned(),
        from: router.ledger().from(id).flatten().cloned(),
        stale: router.ledger().first_hop(id).is_some_and(|at| trust.is_stale(&statement.iss, at)),
        stolen_key: router.ledger().is_void(id),
        statement: statement.clone(),
        receipts: words.collect(),
        more_receipts,
    }
}
