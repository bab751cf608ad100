//! Whom a notice is for, and which notice another refers to, as people write it.

use std::collections::BTreeMap;

use super::Failure;
use super::connection::failure;
use crate::notice::{self, Audience, NodeId, Scope};
use crate::policy::{Concern, entitled, follows};
use crate::publish::{Session, Target};
use crate::relay::{DeskQuestion, Listed};
use crate::trust::{Seat, Trust, Usage};

/// Reads `eu.fr`, `eu.fr.all.health`, `eu-fr-bre`, `scope:...` or `node:...`. A sector may be
/// written by any of its names.
pub(super) fn audience(text: &str, trust: &Trust) -> Result<Audience, Failure> {
    if let Some(node) = text.strip_prefix("node:") {
        return node_audience(node, trust);
    }
    let scope = text.strip_prefix("scope:");
    if scope.is_none() && text.contains('-') && !text.contains('.') {
        return node_audience(text, trust);
    }
    scope_audience(scope.unwrap_or(text))
}

fn node_audience(text: &str, trust: &Trust) -> Result<Audience, Failure> {
    let node: NodeId = text.parse().map_err(|e| Failure::usage(format!("--to {text}: {e}")))?;
    match trust.seat(&node) {
        Some(_) => Ok(Audience::Node(node)),
        None => Err(Failure::usage(format!("--to {node}: no bundle lists such a node"))),
    }
}

fn scope_audience(text: &str) -> Result<Audience, Failure> {
    let mut tokens: Vec<&str> = text.split('.').collect();
    if let [_, _, _, name] = tokens.as_mut_slice()
        && *name != "all"
    {
        let known = notice::by_name(name)
            .ok_or_else(|| Failure::usage(format!("--to {text}: no sector is called `{name}`")))?;
        *name = &known.token;
    }
    let scope = tokens.join(".").parse::<Scope>();
    scope.map(Audience::Scope).map_err(|e| Failure::usage(format!("--to {text}: {e}")))
}

/// Refuses what can reach nobody: most often a slip of the pen. What the issuer's own grant forbids
/// is left to its node, which says so in a receipt.
pub(super) fn check_reached(trust: &Trust, statement: &notice::Statement) -> Result<(), Failure> {
    let tlp = statement.tlp;
    if tlp.is_neighbour_only() && matches!(statement.aud, Audience::Scope(_)) {
        return Err(Failure::refused(format!(
            "tlp: TLP:{tlp} never goes to a scope; name a direct neighbour with --to NODE"
        )));
    }
    let key = trust.keys().find(|key| key.node == statement.iss && key.usage == Usage::Issue);
    let granted = key.is_some_and(|key| trust.allows(key, statement).is_ok());
    warn_of_region(trust, statement);
    let own = matches!(&statement.aud, Audience::Node(node) if *node == statement.iss);
    let leaf = trust.seat(&statement.iss).is_none_or(|seat| seat.links.is_empty());
    if own || leaf || !granted {
        return Ok(());
    }
    let who = entitled(trust, statement);
    if who.len() > 1 {
        return check_arrives(trust, statement, &who);
    }
    Err(Failure::usage(format!(
        "nobody but {} itself is entitled to {} at TLP:{tlp}; `--dry-run` shows who would be",
        statement.iss, statement.aud
    )))
}

/// Refuses what sets out to one node and would be refused on the way there, above a ceiling. What
/// follows an older notice goes to a narrowed node all the same.
fn check_arrives(
    trust: &Trust,
    statement: &notice::Statement,
    who: &BTreeMap<NodeId, Concern>,
) -> Result<(), Failure> {
    let Audience::Node(node) = &statement.aud else { return Ok(()) };
    if who.contains_key(node) || trust.seat(node).is_none() || follows(statement) {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "tlp: TLP:{} does not get to {node}, a link on the way there has a lower ceiling; --tlp \
         says a label that does",
        statement.tlp
    )))
}

/// A region that no node serves may be one that has none yet, or a mistake.
fn warn_of_region(trust: &Trust, statement: &notice::Statement) {
    let Audience::Scope(scope) = &statement.aud else { return };
    let region = scope.region();
    let served = |seat: &Seat| seat.constituency.iter().any(|own| own.region() == region);
    if region != notice::ALL && !trust.seats().any(served) {
        super::complain(&format!("warning: no node serves the region `{region}`"));
    }
}

/// Notices that the desk finds under a reference.
pub(super) async fn find(
    session: &Session,
    reference: &str,
    own: bool,
    cases: bool,
) -> Result<Vec<Listed>, Failure> {
    let question = DeskQuestion { reference: Some(reference.to_owned()), cases, own, skip: 0 };
    let found = session.desk_all(question).await.map_err(|e| failure(&e))?;
    if found.is_empty() {
        let whose = if own { "of this node's own " } else { "" };
        return Err(Failure::failed(format!("no notice {whose}here is called `{reference}`")));
    }
    Ok(found)
}

/// Of everything among `found` that is here, whatever became of it, the newest version of each
/// document for each audience and label, and each of what is no document.
pub(super) fn newest(found: Vec<Listed>) -> Vec<Target> {
    let mut newest: Vec<Target> = Vec::new();
    for Listed { id, statement, .. } in found {
        if statement.kind.is_ending() {
            continue;
        }
        let at = newest.iter().position(|known| same_document(&known.statement, &statement));
        match at.and_then(|at| newest.get_mut(at)) {
            Some(known) if order(known) >= order_of(id, &statement) => {}
            Some(known) => *known = Target { id, statement },
            None => newest.push(Target { id, statement }),
        }
    }
    newest
}

fn same_document(one: &notice::Statement, other: &notice::Statement) -> bool {
    let key = |s: &notice::Statement| {
        let doc = s.doc.as_ref().map(|doc| (doc.publisher.clone(), doc.reference.clone()));
        (s.aud.clone(), s.tlp, s.exercise.clone(), doc)
    };
    one.kind.is_document() && other.kind.is_document() && key(one) == key(other)
}

fn order(target: &Target) -> (u64, u64, notice::Id) {
    order_of(target.id, &target.statement)
}

fn order_of(id: notice::Id, s: &notice::Statement) -> (u64, u64, notice::Id) {
    (s.doc.as_ref().map_or(0, |doc| doc.revision), s.iat, id)
}

/// The newest version of each thread among `found` that is still in force or closed.
pub(super) fn current(found: Vec<Listed>) -> Vec<Target> {
    found
        .into_iter()
        .filter(|listed| matches!(listed.standing.as_str(), "in force" | "closed"))
        .filter(|listed| !listed.statement.kind.is_ending())
        .map(|listed| Target { id: listed.id, statement: listed.statement })
        .collect()
}
