//! What must still reach a node whose link was narrowed: updates, closings and withdrawals of what
//! it could have got before. New ones are placed for it as they come; what was on the board already
//! when the bundle changed is placed here. So are, at start, answers that the board lacks, and
//! those that the cases lack: one of the two streams may be an older copy.

use std::collections::HashSet;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::conditions::until;
use super::node::Node;
use crate::address::{self, Place};
use crate::bus::{PlaceError, Placed};
use crate::notice::{Id, Kind, NodeId, Time, Wire};
use crate::verify::CLOCK_LEEWAY;

/// Between looks: a node's word on what was under way may come after the bundle.
const LOOK: Duration = Duration::from_secs(5);
/// What is remembered as done; beyond it all is tried again, which changes nothing.
const MAX_DONE: usize = 100_000;

/// Places what is owed at start, at each change of trust and now and then, until told to stop.
pub(super) async fn deliver(node: &Node, stop: &CancellationToken) {
    let mut trust = node.trust.subscribe();
    let mut done = HashSet::new();
    let mut answers = {
        let (now, router) = (crate::time::now(), node.router.lock().await);
        let (unsent, unfiled) = (router.unsent(now, &node.trust()), router.answers_sent(now));
        Answers { unsent, unfiled, told: false }
    };
    loop {
        trust.borrow_and_update();
        let looking = async {
            answers.place(node).await;
            look(node, &mut done).await;
        };
        if until(stop, looking).await.is_none() {
            return;
        }
        let changed = tokio::time::timeout(LOOK, trust.changed());
        match until(stop, changed).await {
            Some(Ok(Ok(())) | Err(_)) => {}
            Some(Ok(Err(_))) | None => return,
        }
    }
}

/// Answers to nodes below, found at start: what fails is tried again.
struct Answers {
    /// Not on the board, as far as the cases know.
    unsent: Vec<(Id, NodeId)>,
    /// On the board, and perhaps not among the cases: it would go with its end, and its case would
    /// be unanswered.
    unfiled: Vec<(Id, NodeId)>,
    /// One line in the log is enough.
    told: bool,
}

impl Answers {
    async fn place(&mut self, node: &Node) {
        let now = crate::time::now();
        let mut left = Vec::new();
        for (id, child) in self.unsent.drain(..) {
            if let Err(error) = one(node, now, id, &child).await {
                tracing::debug!(%id, %child, %error, "not placed for it yet");
                left.push((id, child));
            }
        }
        self.unsent = std::mem::take(&mut left);
        let mut why = None;
        for (id, child) in self.unfiled.drain(..) {
            if let Err(error) = file(node, id, &child).await {
                tracing::debug!(%id, %error, "not among the cases yet");
                why = Some(error);
                left.push((id, child));
            }
        }
        self.unfiled = left;
        if let Some(error) = why.filter(|_| !std::mem::replace(&mut self.told, true)) {
            let (stream, answers) = (Place::Cases.stream(), self.unfiled.len());
            tracing::warn!(stream, answers, %error, "not among the cases yet; trying again");
        }
    }
}

async fn look(node: &Node, done: &mut HashSet<(Id, NodeId)>) {
    let now = crate::time::now();
    let owed = node.router.lock().await.owed(now, &node.trust());
    if done.len() > MAX_DONE {
        done.clear();
    }
    for (id, child) in owed {
        if done.contains(&(id, child.clone())) {
            continue;
        }
        match one(node, now, id, &child).await {
            Ok(()) => _ = done.insert((id, child)),
            Err(error) => tracing::debug!(%id, %child, %error, "not placed for it yet"),
        }
    }
}

/// Puts among the cases what lies ready for a node below alone.
async fn file(node: &Node, id: Id, child: &NodeId) -> Result<(), PlaceError> {
    let statement = node.router.lock().await.ledger().statement(id).cloned();
    let Some(statement) = statement else { return Ok(()) };
    let cases = address::subject(&Place::Cases, &statement, id);
    if stored(node, &Place::Cases, &cases).await?.is_some() {
        return Ok(());
    }
    let place = Place::Direct(child.clone());
    let direct = address::subject(&place, &statement, id);
    let Some(wire) = stored(node, &place, &direct).await? else { return Ok(()) };
    node.own.place(&cases, &wire.headers(), wire.body, None).await?;
    tracing::info!(%id, "the cases lacked it: filed again");
    Ok(())
}

async fn stored(node: &Node, place: &Place, subject: &str) -> Result<Option<Wire>, PlaceError> {
    let unknown = |e: &dyn std::fmt::Display| PlaceError::Unknown(e.to_string());
    let found = node.own.get(place.stream(), subject).await.map_err(|e| unknown(&e))?;
    found.map(|found| found.wire().map_err(|e| unknown(&e))).transpose()
}

/// As it lies on the board or among the cases, this node's hop included.
async fn one(node: &Node, now: Time, id: Id, child: &NodeId) -> Result<(), PlaceError> {
    let statement = node.router.lock().await.ledger().statement(id).cloned();
    let Some(statement) = statement else { return Ok(()) };
    let answers = statement.kind == Kind::Response;
    let place = if answers { Place::Cases } else { Place::Board };
    let subject = address::subject(&place, &statement, id);
    let Some(wire) = stored(node, &place, &subject).await? else { return Ok(()) };
    let direct = address::subject(&Place::Direct(child.clone()), &statement, id);
    let left = statement.expires().since(now) + CLOCK_LEEWAY;
    let placed = node.own.place(&direct, &wire.headers(), wire.body, Some(left)).await?;
    node.router.lock().await.placed(id, &[Place::Direct(child.clone())]);
    if placed == Placed::Stored {
        let why = if answers { "the board lacked it" } else { "its link was narrowed since" };
        tracing::info!(%id, %child, why, "placed for it alone");
    }
    Ok(())
}
