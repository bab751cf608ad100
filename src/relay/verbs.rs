//! What a desk may ask under `chappe.desk.<verb>`: one arm for each verb. How often, and how
//! large a question may be, is bounded here for all of them.

use super::ack::{self, AckQuestion};
use super::answers::{read, refusal, write};
use super::budget::Budget;
use super::casebook;
use super::cases::CasesQuestion;
use super::desk::{self, DeskQuestion};
use super::node::Node;
use super::quarantine::{self, QuarantineQuestion};
use super::trace::{self, TraceQuestion};
use super::whole::{self, WholeQuestion};
use crate::address;
use crate::bus::Request;

/// A verb of the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    List,
    Ack,
    Trace,
    Quarantine,
    Notice,
    Cases,
}

impl Verb {
    const ALL: [Self; 6] =
        [Self::List, Self::Ack, Self::Trace, Self::Quarantine, Self::Notice, Self::Cases];

    fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Ack => "ack",
            Self::Trace => "trace",
            Self::Quarantine => "quarantine",
            Self::Notice => "notice",
            Self::Cases => "cases",
        }
    }

    /// The verb of a subject: computed and compared, so that no subject has to be taken apart.
    fn of(subject: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| address::desk(verb.as_str()) == subject)
    }
}

/// The answer to a desk.
pub(super) async fn at_desk(
    node: &Node,
    places: &quarantine::Places,
    budget: &mut Budget,
    request: &Request,
) -> Vec<u8> {
    let Some(verb) = Verb::of(&request.subject) else { return refusal("unknown verb") };
    if !budget.allows(crate::time::now(), &request.subject) {
        return refusal("too many questions; ask again in a minute");
    }
    let answer = match verb {
        Verb::List => list(node, request).await,
        Verb::Ack => ack(node, request).await,
        Verb::Trace => trace(node, request).await,
        Verb::Quarantine => refused(node, places, request).await,
        Verb::Notice => notice(node, request).await,
        Verb::Cases => cases(node, request).await,
    };
    answer.unwrap_or_else(|| refusal("bad question"))
}

/// `None`, as for every verb, if the question makes no sense.
async fn list(node: &Node, request: &Request) -> Option<Vec<u8>> {
    let question: DeskQuestion = read(request)?;
    let router = node.router.lock().await;
    Some(write(&desk::list(&router, &node.trust(), crate::time::now(), &question)))
}

async fn trace(node: &Node, request: &Request) -> Option<Vec<u8>> {
    let question: TraceQuestion = read(request)?;
    let router = node.router.lock().await;
    Some(write(&trace::trace(&router, &node.trust(), crate::time::now(), &question)))
}

async fn cases(node: &Node, request: &Request) -> Option<Vec<u8>> {
    let question: CasesQuestion = read(request)?;
    Some(write(&casebook::answer(node, crate::time::now(), &question).await))
}

async fn ack(node: &Node, request: &Request) -> Option<Vec<u8>> {
    let question: AckQuestion = read(request)?;
    Some(match ack::ack(node, &question.reference).await {
        Ok(answer) => write(&answer),
        Err(error) => {
            tracing::error!(%error, "what was read is not said yet");
            refusal("the node's server does not take it now; try again")
        }
    })
}

async fn refused(node: &Node, places: &quarantine::Places, request: &Request) -> Option<Vec<u8>> {
    let question: QuarantineQuestion = read(request)?;
    match quarantine::answer(node, places, &question).await {
        Ok(answer) => Some(write(&answer)),
        Err(why) => Some(refusal(why)),
    }
}

async fn notice(node: &Node, request: &Request) -> Option<Vec<u8>> {
    let question: WholeQuestion = read(request)?;
    Some(match whole::whole(node, question).await {
        Ok(answer) => write(&answer),
        Err(error) => {
            tracing::warn!(%error, "a stored notice is not read");
            refusal("the node's server does not answer now; try again")
        }
    })
}
