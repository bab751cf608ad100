//! What must be looked at because time passes: deadlines, cases that nobody answers, silence above,
//! repetition, and the end of what has been closed for long enough.
//!
//! Everything follows from what is here, at each look anew. What is remembered is what was told,
//! so that each event has one line in the log; it has ids and code names and nothing else.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::conditions::until;
use super::erase::{self, Corners};
use super::node::Node;
use super::{placing, receipts, room, unanswered};
use crate::address::{self, Neighbourhood, Place, Source};
use crate::bus::{BusError, PlaceError, Placed};
use crate::case::{self, Case, DeadlineStanding};
use crate::lifecycle::Due;
use crate::notice::{Id, NodeId, Time};
use crate::routing::{self, Router};

/// Between two looks at most; clocks of a demonstration are faster.
const LOOK: Duration = Duration::from_secs(60);
const SHORTEST: Duration = Duration::from_secs(1);
/// So many notices end one look's deleting: the cases that are left follow.
const AT_ONCE: usize = 200;

/// Looks until told to stop.
pub(super) async fn watch(node: &Node, hood: &Neighbourhood, stop: &CancellationToken) {
    let corners = Corners::of(hood);
    let times = [node.cases.unanswered, node.cases.silence, node.cases.keep];
    let shortest = times.into_iter().min().unwrap_or(LOOK) / 4;
    let pause = shortest.clamp(SHORTEST, LOOK);
    let mut told = None;
    loop {
        if until(stop, look(node, &corners, &mut told)).await.is_none() {
            return;
        }
        if until(stop, tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

/// Nothing was told yet at the first look.
async fn look(node: &Node, corners: &Corners, told: &mut Option<BTreeSet<Event>>) {
    let now = crate::time::now();
    let filed = node.router.lock().await.filed();
    let cases = routing::cases(&filed);
    let events = {
        let router = node.router.lock().await;
        node.metrics.unanswered(router.unanswered().len());
        events(node, &router, now, &cases)
    };
    let silent = |event: &&Event| matches!(event, Event::Silent { .. });
    let again = told.as_ref().is_none_or(|told| events.difference(told).any(|e| silent(&e)));
    tell(node, events, told.get_or_insert_default());
    if again && let Err(error) = send_again(node, now, &cases).await {
        tracing::warn!(%error, "what may have been lost on its way up is not sent again yet");
    }
    if let Err(error) = unanswered::say(node, now, &cases).await {
        tracing::warn!(%error, "not told yet whether anybody answers");
    }
    if let Err(error) = climb(node, now, &cases).await {
        tracing::warn!(%error, "a report does not follow its case up yet");
    }
    if let Err(error) = end(node, corners, now, &cases).await {
        tracing::warn!(%error, "not every case that is over is deleted yet");
    }
}

/// What is told once, until it is no more so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A deadline: of which case, its name, and whether it has passed.
    Deadline { case: Id, called: Option<String>, name: String, passed: bool },
    /// A node above that says nothing of what climbs to it.
    Silent { case: Id, called: Option<String>, to: NodeId },
    /// Similar cases. Where they are, and of what nature, is for the desk.
    Similar { rule: String, what: String, place: String },
}

/// Drills raise nothing: nobody is rung up for an exercise.
fn events(node: &Node, router: &Router, now: Time, cases: &[Case]) -> BTreeSet<Event> {
    let mut events = BTreeSet::new();
    let real = cases.iter().filter(|case| case.exercise.is_none());
    for case in real.filter(|case| case.is_open(&node.me, &node.clocks)) {
        let called = case.embargo().map(str::to_owned);
        for deadline in case.deadlines(&node.me, &node.clocks) {
            let passed = match deadline.standing(now) {
                DeadlineStanding::Near => false,
                DeadlineStanding::Passed => true,
                _ => continue,
            };
            let (called, name) = (called.clone(), deadline.name);
            events.insert(Event::Deadline { case: case.key, called, name, passed });
        }
        for to in silent(node, router, now, case) {
            events.insert(Event::Silent { case: case.key, called: called.clone(), to });
        }
    }
    for cluster in clusters(node, cases, now).into_iter().filter(|c| c.exercise.is_none()) {
        let case::Cluster { rule, what, place, .. } = cluster;
        events.insert(Event::Similar { rule, what, place });
    }
    events
}

/// Who says nothing of a report of this case that climbs to it. Who has answered is not silent,
/// whatever became of its relay's word.
pub(super) fn silent(node: &Node, router: &Router, now: Time, case: &Case) -> BTreeSet<NodeId> {
    let words = case.reports.iter().flat_map(|report| router.words_on(report.id).into_values());
    let found = case::silent(words, now, node.cases.silence).into_iter().map(|one| one.to);
    let answered = case.states();
    found.filter(|to| !answered.contains_key(to)).collect()
}

pub(super) fn clusters(node: &Node, cases: &[Case], now: Time) -> Vec<case::Cluster> {
    node.cases.similar.iter().flat_map(|rule| case::similar(rule, cases, now)).collect()
}

/// Sets the gauges, and one line in the log for each event that is new.
fn tell(node: &Node, events: BTreeSet<Event>, told: &mut BTreeSet<Event>) {
    let count = |which: &dyn Fn(&Event) -> bool| events.iter().filter(|e| which(e)).count();
    let deadlines =
        |wanted| count(&|e| matches!(e, Event::Deadline { passed, .. } if *passed == wanted));
    let silent = events.iter().filter_map(|event| match event {
        Event::Silent { case, .. } => Some(*case),
        _ => None,
    });
    let silent = silent.collect::<BTreeSet<Id>>().len();
    node.metrics.cases([
        deadlines(false),
        deadlines(true),
        silent,
        count(&|e| matches!(e, Event::Similar { .. })),
    ]);
    for event in events.difference(told) {
        match event {
            Event::Deadline { case, called, name, passed: true } => tracing::warn!(
                case = %case.short(), called, name, "a deadline of this case has passed"),
            Event::Deadline { case, called, name, passed: false } => tracing::warn!(
                case = %case.short(), called, name, "a deadline of this case is near"),
            Event::Silent { case, called, to } => tracing::warn!(case = %case.short(), called, %to,
                "this case climbs to it, and it does not say that it has it: phone it"),
            Event::Similar { rule, .. } => tracing::warn!(rule, "similar cases: chappe cases"),
        }
    }
    *told = events;
}

/// Sends on what stopped here before one of its case went up.
async fn climb(node: &Node, now: Time, cases: &[Case]) -> Result<(), PlaceError> {
    let trust = node.trust();
    let mut router = node.router.lock().await;
    for (id, up) in router.left_behind(now, &trust, cases) {
        // What this node's own publishers sent has gone up anyway.
        if router.ledger().from(id).flatten().is_none() || !send_up(node, &router, id, &up).await? {
            continue;
        }
        let word = router.climbs(now, &trust, id, up);
        receipts::add(node, &mut router, word).await?;
        tracing::info!(%id, "it follows its case up");
    }
    Ok(())
}

/// Sends again what a node above says nothing of: at start, and when its silence shows. What waits
/// in the outbox or above is there once; what was lost with an older copy of a stream comes again.
async fn send_again(node: &Node, now: Time, cases: &[Case]) -> Result<(), PlaceError> {
    let trust = node.trust();
    let router = node.router.lock().await;
    for (id, up) in router.unheard(now, &trust, cases) {
        send_up(node, &router, id, &up).await?;
    }
    Ok(())
}

/// Puts a report of CASES into the outbox; false if it is not here, or its source has its share.
pub(super) async fn send_up(
    node: &Node,
    router: &Router,
    id: Id,
    up: &NodeId,
) -> Result<bool, PlaceError> {
    let Some(statement) = router.ledger().statement(id) else { return Ok(false) };
    let cases = address::subject(&Place::Cases, statement, id);
    let unknown = |e: &dyn std::fmt::Display| PlaceError::Unknown(e.to_string());
    let Some(stored) = node.own.get("CASES", &cases).await.map_err(|e| unknown(&e))? else {
        return Ok(false);
    };
    let wire = stored.wire().map_err(|e| unknown(&e))?;
    let source = match router.ledger().from(id).flatten() {
        Some(from) => Source::Child(from.clone()),
        None => Source::Local(address::DESK.to_owned()),
    };
    let subject = address::outbox(address::realm(statement), up, &source, id);
    let bytes = placing::size(&stored);
    if !room::has_share(node, "OUTBOX", &source.to_string(), bytes) {
        return Ok(false);
    }
    if node.own.place(&subject, &wire.headers(), wire.body, None).await? == Placed::Stored {
        node.room.add("OUTBOX", Some(&source.to_string()), bytes);
    }
    Ok(true)
}

/// Deletes what is over, what belongs together in one go. All of that is noted first: so a crash in
/// between is finished at the next start, and what comes again is known.
async fn end(node: &Node, corners: &Corners, now: Time, cases: &[Case]) -> Result<(), BusError> {
    let over = {
        let router = node.router.lock().await;
        router.over(now, cases, &node.clocks, node.cases.keep)
    };
    let mut begun = 0;
    for together in over {
        if begun >= AT_ONCE {
            break;
        }
        begun += together.len();
        whole(node, corners, now, &together).await?;
    }
    Ok(())
}

async fn whole(
    node: &Node,
    corners: &Corners,
    now: Time,
    together: &[Due],
) -> Result<(), BusError> {
    let begun = {
        let mut router = node.router.lock().await;
        router.begin_end(now, &node.clocks, node.cases.keep, together)
    };
    if !begun {
        return Ok(());
    }
    let mut unnoted: Vec<Id> = together.iter().map(|due| due.id).collect();
    note(node, &mut unnoted).await?;
    for due in together {
        one(node, corners, due).await?;
        // In a stream that is full there is room for the notes once a notice has gone.
        note(node, &mut unnoted).await?;
    }
    Ok(())
}

/// Notes as many as there is room for.
async fn note(node: &Node, unnoted: &mut Vec<Id>) -> Result<(), BusError> {
    while let Some(id) = unnoted.last() {
        match node.own.place(&address::over(*id), &[], Vec::new(), None).await {
            Ok(_) => _ = unnoted.pop(),
            Err(PlaceError::Full) => break,
            Err(error) => {
                let (what, why) = ("the note of an end".into(), error.to_string());
                return Err(BusError::Refused { what, why });
            }
        }
    }
    Ok(())
}

async fn one(node: &Node, corners: &Corners, due: &Due) -> Result<(), BusError> {
    let deleted = erase::delete_all(node, corners, due).await?;
    node.router.lock().await.forget(due.id);
    tracing::info!(id = %due.id, deleted, "its case is over: deleted");
    Ok(())
}
