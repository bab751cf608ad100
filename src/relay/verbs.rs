//! What a desk may ask under `chappe.desk.<verb>`: one arm for each verb. How often, and how large a
//! question may be, is bounded here for all of them.

use super::answers::{read, refusal, write};
use super::budget::Budget;
use super::desk::{self, DeskQuestion};
use super::node::Node;
use crate::address;
use crate::bus::Request;

/// A verb of the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    List,
}

impl Verb {
    const ALL: [Self; 1] = [Self::List];

    fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
        }
    }

    /// The verb of a subject: computed and compared, so that no subject has to be taken apart.
    fn of(subject: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| address::desk(verb.as_str()) == subject)
    }
}

/// The answer to a desk.
pub(super) async fn at_desk(node: &Node, budget: &mut Budget, request: &Request) -> Vec<u8> {
    let Some(verb) = Verb::of(&request.subject) else { return refusal("unknown verb") };
    if !budget.allows(crate::time::now(), &request.subject) {
        return refusal("too many questions; ask again in a minute");
    }
    let answer = match verb {
        Verb::List => list(node, request).await,
    };
    answer.unwrap_or_else(|| refusal("bad question"))
}

/// `None`, as for every verb, if the question makes no sense.
async fn list(node: &Node, request: &Request) -> Option<Vec<u8>> {
    let question: DeskQuestion = read(request)?;
    let router = node.router.lock().await;
    Some(write(&desk::list(&router, &node.trust(), crate::time::now(), &question)))
}
