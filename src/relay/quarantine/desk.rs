//! What the desk may ask of the quarantine: look, try again, drop.

use serde::{Deserialize, Serialize};

use super::index::Entry;
use super::record::Record;
use super::{gone, release};
use crate::address::{self, INDEXED, Neighbourhood, Source};
use crate::notice::{Id, Kind, NodeId, Reason, Time, Tlp};
use crate::relay::node::Node;

/// Messages in one answer: each is read from the stream, and what is let go of waits for the disk.
const MAX_LISTED: usize = 20;
/// Characters of a reason's text: the rest is in the stream.
const MAX_WHY: usize = 400;
const MIN_DIGITS: usize = 4;

/// What is to be done with what was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deed {
    /// Only look.
    #[default]
    List,
    /// Try again, with every check.
    Release,
    /// Delete for good.
    Drop,
    /// Say what became of what was released.
    Outcome,
}

/// What a desk sends to `chappe.desk.quarantine`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuarantineQuestion {
    /// What is to be done.
    #[serde(rename = "do", default)]
    pub deed: Deed,
    /// Only of this reason.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Only of this source.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<String>,
    /// Only what is called so: the beginning of its digest, at least four digits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<String>,
    /// Only what came before this one: to read on where an answer ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<u64>,
    /// The message whose outcome is asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub of: Option<Id>,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "outcome", content = "why")]
pub enum Outcome {
    /// It lies in quarantine.
    Quarantined,
    /// It is being tried again.
    Released,
    /// It waits: for its time, for a key, or for room.
    Held,
    /// It was taken.
    Taken,
    /// It was verified, and goes no further from here, for this reason.
    Filtered(String),
    /// It was refused again, for this reason.
    Refused(String),
    /// It stays as it is, and why.
    Kept(String),
    /// It is deleted.
    Dropped,
}

/// One message in quarantine. Nothing that it says of itself was verified.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quarantined {
    /// SHA-256 of the message as it came: what it is called by.
    pub digest: Id,
    /// Why it was refused, as a word.
    pub reason: String,
    /// Why it was refused, as a text.
    pub why: String,
    /// Which source it came from.
    pub source: String,
    /// When it came.
    pub at: Time,
    /// The notice's id, or that of another record.
    pub id: Id,
    /// The subject that it came under.
    pub subject: String,
    /// Who issued it, as it says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub issuer: Option<NodeId>,
    /// What it is, as it says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kind: Option<Kind>,
    /// Its label, as it says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tlp: Option<Tlp>,
    /// Its title, as it says; only up to GREEN.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// Length of its body.
    pub body_len: usize,
    /// Digest of its body.
    pub body_sha256: Id,
    /// Whether all of it was kept, so that it can be tried again.
    pub whole: bool,
    /// What became of it.
    pub state: Outcome,
}

/// The desk's answer, newest first.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuarantineAnswer {
    /// What was found, at most 20.
    pub messages: Vec<Quarantined>,
    /// Where to read on, while there are more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<u64>,
    /// What became of the one message that was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub outcome: Option<Outcome>,
}

/// Where a message can be put back to be tried again.
pub(in crate::relay) struct Places {
    /// Sources of which something can be held.
    pub(super) sources: Vec<Source>,
    pub(super) upstreams: Vec<NodeId>,
}

impl Places {
    pub(in crate::relay) fn of(hood: &Neighbourhood) -> Self {
        Self { sources: hood.sources(), upstreams: hood.upstreams.clone() }
    }
}

/// Answers one question.
pub(in crate::relay) async fn answer(
    node: &Node,
    places: &Places,
    question: &QuarantineQuestion,
) -> Result<QuarantineAnswer, &'static str> {
    let reason = match &question.reason {
        None => None,
        Some(word) => {
            let known = Reason::ALL.iter().find(|reason| reason.as_str() == word);
            Some(*known.ok_or("there is no such reason")?)
        }
    };
    if question.digest.as_ref().is_some_and(|digest| digest.len() < MIN_DIGITS) {
        return Err("a digest needs at least four digits");
    }
    if question.deed == Deed::Outcome {
        return outcome_of(node, places, question).await;
    }
    let (found, before) = find(node, question, reason).await;
    let mut answer = QuarantineAnswer { before, ..QuarantineAnswer::default() };
    for (sequence, entry) in found {
        let Some(record) = read(node, sequence, &entry).await? else { continue };
        let mut listed = listed(&entry, &record);
        listed.state = match question.deed {
            Deed::Release => release::release(node, places, sequence, &entry, &record).await,
            Deed::Drop => drop_it(node, sequence, &entry).await,
            Deed::List | Deed::Outcome => Outcome::Quarantined,
        };
        answer.messages.push(listed);
    }
    Ok(answer)
}

/// The newest that were asked for, and where to read on.
async fn find(
    node: &Node,
    question: &QuarantineQuestion,
    reason: Option<Reason>,
) -> (Vec<(u64, Entry)>, Option<u64>) {
    let index = node.refused.lock().await;
    let wanted = |entry: &Entry| {
        let digest = entry.digest.to_string();
        reason.is_none_or(|reason| reason == entry.reason)
            && question.source.as_ref().is_none_or(|source| *source == entry.source)
            && question.digest.as_ref().is_none_or(|begin| digest.starts_with(begin.as_str()))
    };
    let mut found = index.newest(question.before).filter(|(_, entry)| wanted(entry));
    let page: Vec<_> =
        found.by_ref().take(MAX_LISTED).map(|(at, entry)| (at, entry.clone())).collect();
    let before = found.next().and_then(|_| page.last().map(|(sequence, _)| *sequence));
    (page, before)
}

/// The record itself; `None` if it has gone meanwhile: the stream forgets after 90 days.
async fn read(node: &Node, sequence: u64, entry: &Entry) -> Result<Option<Record>, &'static str> {
    let found = node.own.get(INDEXED, &entry.subject()).await.map_err(|error| {
        tracing::warn!(%error, "quarantine not read");
        "the node's own server does not answer"
    })?;
    let Some(message) = found.filter(|message| message.sequence == sequence) else {
        node.refused.lock().await.remove(sequence);
        return Ok(None);
    };
    Ok(serde_json::from_slice(&message.payload).ok())
}

fn listed(entry: &Entry, record: &Record) -> Quarantined {
    let statement = record.statement();
    let open = statement.as_ref().filter(|statement| statement.tlp <= Tlp::Green);
    Quarantined {
        digest: entry.digest,
        reason: record.reason.clone(),
        why: record.why.chars().take(MAX_WHY).collect(),
        source: record.source.clone(),
        at: entry.at,
        id: record.id(),
        subject: record.subject.clone(),
        title: open.map(|statement| statement.title.clone()),
        issuer: statement.as_ref().map(|statement| statement.iss.clone()),
        kind: statement.as_ref().map(|statement| statement.kind),
        tlp: statement.as_ref().map(|statement| statement.tlp),
        body_len: record.body_len,
        body_sha256: record.body_sha256,
        whole: record.whole(entry.digest).is_some(),
        state: Outcome::Quarantined,
    }
}

async fn drop_it(node: &Node, sequence: u64, entry: &Entry) -> Outcome {
    let mut index = node.refused.lock().await;
    match gone(node, &mut index, sequence).await {
        Ok(()) => {
            let Entry { source, reason, digest, .. } = entry;
            tracing::warn!(%source, %reason, %digest, "dropped from quarantine by the desk");
            Outcome::Dropped
        }
        Err(error) => Outcome::Kept(error.to_string()),
    }
}

/// What became of a released message. It leaves HELD only after its places or the quarantine have
/// it, so the order of the questions matters.
async fn outcome_of(
    node: &Node,
    places: &Places,
    question: &QuarantineQuestion,
) -> Result<QuarantineAnswer, &'static str> {
    let (Some(of), Some(token)) = (question.of, &question.source) else {
        return Err("which message, and of which source?");
    };
    let source = places.sources.iter().find(|source| source.to_string() == *token);
    if let Some(source) = source {
        let held = address::held(address::REAL, source, of);
        let held = node.own.get("HELD", &held).await.map_err(|_| "not now")?;
        if held.is_some() {
            let outcome = Some(Outcome::Held);
            return Ok(QuarantineAnswer { outcome, ..QuarantineAnswer::default() });
        }
    }
    let outcome = Some(settled(node, of, question.digest.as_deref()).await);
    Ok(QuarantineAnswer { outcome, ..QuarantineAnswer::default() })
}

async fn settled(node: &Node, of: Id, digest: Option<&str>) -> Outcome {
    let again = {
        let index = node.refused.lock().await;
        let same = |entry: &Entry| digest.is_some_and(|d| entry.digest.to_string() == d);
        index.newest(None).find(|(_, entry)| same(entry)).map(|(_, entry)| entry.reason)
    };
    if let Some(reason) = again {
        return Outcome::Refused(reason.as_str().to_owned());
    }
    let router = node.router.lock().await;
    let own = router.receipts(of).map(|(receipt, _)| receipt).find(|r| r.by == node.me);
    match own {
        Some(word) if word.outcome == crate::notice::Outcome::Filtered => {
            Outcome::Filtered(word.reason.clone().unwrap_or_default())
        }
        _ => Outcome::Taken,
    }
}
