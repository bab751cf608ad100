//! Serving `chappe.fetch.>` and `chappe.desk.>`: who asks is pinned by the server's permissions,
//! how often is bounded here.

use std::collections::HashMap;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::beats;
use super::budget::Budget;
use super::desk::{self, Asker, FetchAnswer, FetchQuestion, Spoken};
use super::node::Node;
use super::quarantine;
use super::verbs::at_desk;
use crate::address::{self, Neighbourhood, Source};
use crate::bus::{BusError, Request};
use crate::jws;
use crate::notice::{Id, NodeId, Time};

/// Questions of one asker in a minute; a waiting `publish` asks a few times a second at first.
const MAX_PER_MINUTE: u32 = 600;
/// Questions for trust documents: every command that connects asks once, and an answer is large.
const MAX_PAPERS: u32 = 240;
/// Questions about words: for each that is news it is worked out who could have its notice.
const MAX_WORDS: u32 = 150;
/// A rewind sends a whole board again.
const MAX_REWINDS: u32 = 2;
/// A question is a few words, or 200 ids.
const MAX_QUESTION_BYTES: usize = 16 * 1024;

const TOO_MANY: &str = "too many questions; ask again in a minute";

#[derive(Serialize)]
struct Refusal {
    error: &'static str,
}

/// Answers until told to stop.
pub(super) async fn serve(
    node: &Node,
    hood: &Neighbourhood,
    stop: CancellationToken,
) -> Result<(), BusError> {
    let mut fetches = node.own.serve(&address::fetch(">")).await?;
    let mut desks = node.own.serve(&address::desk(">")).await?;
    let (askers, places) = (askers(hood), quarantine::Places::of(hood));
    let mut budgets = Budgets {
        all: Budget::new(MAX_PER_MINUTE),
        papers: Budget::new(MAX_PAPERS),
        words: Budget::new(MAX_WORDS),
        rewinds: Budget::new(MAX_REWINDS),
    };
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            Some(request) = fetches.next() => {
                let answer = fetch(node, &askers, &mut budgets, &request).await;
                request.respond(answer).await;
            }
            Some(request) = desks.next() => {
                let answer = at_desk(node, &places, &mut budgets.all, &request).await;
                request.respond(answer).await;
            }
        }
    }
}

/// What each asker has in a minute.
struct Budgets {
    all: Budget,
    papers: Budget,
    words: Budget,
    rewinds: Budget,
}

/// Every subject that somebody may ask on: computed, so that none has to be taken apart.
fn askers(hood: &Neighbourhood) -> HashMap<String, Who> {
    let local = hood.all_publishers().into_iter().map(|p| (address::fetch(&p), Who::Publisher));
    let links = hood.links.iter();
    let links = links.map(|l| (address::fetch(l.to.as_str()), Who::Neighbour(l.to.clone())));
    let names = hood.subscribers.iter();
    let names = names.flat_map(|(s, _)| [address::live_user(s), address::replay_durable(s)]);
    let subscribers = names.map(|name| (address::fetch(&name), Who::Subscriber));
    local.chain(links).chain(subscribers).collect()
}

/// Who may ask, and so for what.
enum Who {
    Publisher,
    Neighbour(NodeId),
    /// For trust documents alone.
    Subscriber,
}

impl Who {
    fn asker(&self) -> Asker<'_> {
        match self {
            Self::Neighbour(child) => Asker::Neighbour(child),
            Self::Publisher | Self::Subscriber => Asker::Local,
        }
    }
}

async fn fetch(
    node: &Node,
    askers: &HashMap<String, Who>,
    budgets: &mut Budgets,
    request: &Request,
) -> Vec<u8> {
    let Some(who) = askers.get(&request.subject) else { return refusal("unknown asker") };
    let now = crate::time::now();
    if !budgets.all.allows(now, &request.subject) {
        return refusal(TOO_MANY);
    }
    let Some(question) = read::<FetchQuestion>(request) else { return refusal("bad question") };
    let Some(asked) = one(question) else { return refusal("bad question") };
    match (asked, who) {
        (Asked::Trust(_), _) if !budgets.papers.allows(now, &request.subject) => refusal(TOO_MANY),
        (Asked::Trust(from), _) => {
            write(&desk::documents(&node.archive.lock().await.documents, from))
        }
        (_, Who::Subscriber) => refusal("bad question"),
        (Asked::Receipts(of, skip), who) => {
            let router = node.router.lock().await;
            write(&desk::receipts(&router, &node.trust(), who.asker(), of, skip))
        }
        (Asked::Held(ids), who) => {
            write(&desk::held(&*node.router.lock().await, who.asker(), &ids))
        }
        (asked, Who::Neighbour(child)) => neighbours(node, child, asked, budgets, now).await,
        _ => refusal("bad question"),
    }
}

/// What a neighbour alone may ask.
async fn neighbours(
    node: &Node,
    child: &NodeId,
    asked: Asked,
    budgets: &mut Budgets,
    now: Time,
) -> Vec<u8> {
    let ids = match asked {
        Asked::List(digest) => beats::list(node, child, digest).await,
        Asked::Addressed(after) => {
            node.router.lock().await.addressed(now, child, after, desk::MAX_ASKED)
        }
        Asked::Words(words) if budgets.words.allows(now, child.as_str()) => {
            let router = node.router.lock().await;
            return write(&desk::wanted(&router, &node.trust(), child, words));
        }
        Asked::Words(_) => return refusal(TOO_MANY),
        Asked::Waiting(true) => return waiting(node, child).await,
        Asked::Rewind(true) if budgets.rewinds.allows(now, child.as_str()) => {
            return rewind_board(node, child).await;
        }
        Asked::Rewind(true) => return refusal("too many rewinds; ask again in a minute"),
        _ => return refusal("bad question"),
    };
    write(&FetchAnswer { ids, ..FetchAnswer::default() })
}

/// What a question asks for.
enum Asked {
    Receipts(Id, usize),
    Trust(usize),
    List(Id),
    Rewind(bool),
    Held(Vec<Id>),
    Addressed(Id),
    Words(Vec<Spoken>),
    Waiting(bool),
}

/// `None` unless it asks for one thing.
fn one(question: FetchQuestion) -> Option<Asked> {
    let FetchQuestion { receipts, skip, trust, list, rewind, held, addressed, words, waiting } =
        question;
    if receipts.is_none() && skip > 0 {
        return None;
    }
    let all = [
        receipts.map(|of| Asked::Receipts(of, skip)),
        trust.map(Asked::Trust),
        list.map(Asked::List),
        rewind.map(Asked::Rewind),
        held.map(Asked::Held),
        addressed.map(Asked::Addressed),
        words.map(Asked::Words),
        waiting.map(Asked::Waiting),
    ];
    let mut asked = all.into_iter().flatten();
    asked.next().filter(|_| asked.next().is_none())
}

/// How much of a child's waits in its intake: it keeps back what is more than a little.
async fn waiting(node: &Node, child: &NodeId) -> Vec<u8> {
    let Some(stream) = address::intake_stream(&Source::Child(child.clone())) else {
        return refusal("not now");
    };
    match node.own.waiting(&stream, "relay").await {
        Ok(waiting) => write(&FetchAnswer { waiting: Some(waiting), ..FetchAnswer::default() }),
        Err(_) => refusal("not now"),
    }
}

/// Everything that a child's durables let pass comes again; what it has already is not doubled. The
/// words of filtering too: a child that lost them with a disk would take for withheld what was
/// filtered here.
async fn rewind_board(node: &Node, child: &NodeId) -> Vec<u8> {
    for stream in ["TRUST", "BEATS", "BOARD"] {
        if let Err(error) = node.own.reset(stream, &address::child_durable(child), 1).await {
            tracing::error!(%child, stream, %error, "it does not begin again");
            return refusal("not now");
        }
    }
    tracing::warn!(%child, "asked for the board and the trust documents again");
    write(&FetchAnswer::default())
}

/// A question, if it is one: strict JSON of a bounded size.
pub(super) fn read<T: serde::de::DeserializeOwned + Serialize>(request: &Request) -> Option<T> {
    if request.payload.len() > MAX_QUESTION_BYTES {
        return None;
    }
    jws::from_slice(&request.payload).ok()
}

/// An answer as it goes out.
pub(super) fn write<T: Serialize>(answer: &T) -> Vec<u8> {
    serde_json::to_vec(answer).unwrap_or_default()
}

/// What is said instead of an answer.
pub(super) fn refusal(error: &'static str) -> Vec<u8> {
    write(&Refusal { error })
}
