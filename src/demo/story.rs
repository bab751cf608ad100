//! What is played, in its order.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::play::{Paper, Players};
use super::run::DemoError;
use super::script::Step;
use super::summary::Escalations;
use crate::document::{Format, Incident, describe};
use crate::notice::{
    Audience, CaseState, Id, Kind, Level, NodeId, Outcome, Regime, Scope, Stage, Statement, Tlp,
};
use crate::publish::{Escalation, Options, Target, annotation, ending, escalation, response};
use crate::topology::{Node, Topology};

/// How long receipts and answers may take to come back.
const BACK: Duration = Duration::from_secs(20);

/// What was published, to be referred to.
pub(super) struct Told {
    issued: Vec<Target>,
    /// Which document was published in an earlier version first.
    early: Option<(usize, Target)>,
}

/// Publishes every document; one of them first as it was one revision earlier.
pub(super) async fn publish_all(
    players: &mut Players<'_>,
    steps: &[Step],
    papers: &[Paper],
) -> Result<Told, DemoError> {
    let mut told = Told { issued: Vec::new(), early: None };
    for (index, (step, paper)) in steps.iter().zip(papers).enumerate() {
        let early = if told.early.is_none() { earlier(step, paper) } else { None };
        let (id, statement) = players.publish(step, early.as_ref().unwrap_or(paper)).await?;
        let target = Target { id, statement };
        if early.is_some() {
            told.early = Some((index, target));
        } else {
            told.issued.push(target);
        }
    }
    Ok(told)
}

/// A CERT-FR document for a scope without its last revision: what it was before its update.
fn earlier(step: &Step, paper: &Paper) -> Option<Paper> {
    let certfr = matches!(paper.described.format, Format::CertFrAvis | Format::CertFrAlerte);
    if !certfr || !step.to.contains('.') || step.exercise.is_some() {
        return None;
    }
    let mut document: serde_json::Value = serde_json::from_slice(&paper.bytes).ok()?;
    let revisions = document.get_mut("revisions")?.as_array_mut()?;
    if revisions.len() < 2 {
        return None;
    }
    revisions.pop();
    let bytes = serde_json::to_vec(&document).ok()?;
    let described = describe(&bytes, &paper.name).ok()?;
    Some(Paper { name: paper.name.clone(), bytes, asc: None, described })
}

/// An update, a closing, a withdrawal, a cover note.
pub(super) async fn follow_up(
    players: &mut Players<'_>,
    topology: &Topology,
    papers: &[Paper],
    told: Told,
) -> Result<(), DemoError> {
    if let Some((index, target)) = &told.early
        && let Some(paper) = papers.get(*index)
    {
        update(players, paper, target.clone()).await?;
    }
    let scoped = |t: &&Target| matches!(t.statement.aud, Audience::Scope(_));
    let real = |t: &&Target| !t.statement.is_drill();
    let of = |kind: Kind| {
        told.issued.iter().filter(scoped).filter(real).find(|t| t.statement.kind == kind).cloned()
    };
    if let Some(alert) = of(Kind::Alert) {
        note(players, topology, &alert).await?;
        end(players, Kind::Closing, &alert, "The danger is over; patches are out.").await?;
    }
    if let Some(advisory) = of(Kind::Advisory) {
        end(players, Kind::Withdrawal, &advisory, "Issued by mistake.").await?;
    }
    Ok(())
}

async fn update(players: &mut Players<'_>, paper: &Paper, target: Target) -> Result<(), DemoError> {
    let t = &target.statement;
    let draft = players.at(&t.iss).await?.draft(crate::time::now());
    let options = Options {
        tlp: Some(t.tlp),
        severity: Some(t.severity),
        lang: Some(t.lang.clone()),
        updates: Some(target.clone()),
        ..Options::default()
    };
    let aud = t.aud.clone();
    let statement = draft.document(&paper.described, &paper.bytes, None, aud, &options)?;
    players.issue(&statement, paper.bytes.clone(), None).await?;
    Ok(())
}

async fn end(
    players: &mut Players<'_>,
    kind: Kind,
    target: &Target,
    why: &str,
) -> Result<(), DemoError> {
    let draft = players.at(&target.statement.iss).await?.draft(crate::time::now());
    let title = if kind == Kind::Closing { "Closed" } else { "Withdrawn" };
    let statement = ending(&draft, kind, target, title, why)?;
    players.issue(&statement, why.as_bytes().to_vec(), None).await?;
    Ok(())
}

/// A regional CSIRT explains an alert to those whom it serves.
async fn note(
    players: &mut Players<'_>,
    topology: &Topology,
    alert: &Target,
) -> Result<(), DemoError> {
    let Audience::Scope(aud) = &alert.statement.aud else { return Ok(()) };
    let region = topology.nodes().iter().find_map(|node| {
        let own = node.constituency.iter().find_map(|scope| scope.meet(aud))?;
        let below = alert.statement.iss.contains(&node.id) && node.id != alert.statement.iss;
        (node.level == Level::Regional && below).then_some((node.id.clone(), own))
    });
    let Some((region, scope)) = region else { return Ok(()) };
    let draft = players.at(&region).await?.draft(crate::time::now());
    let (aud, tlp) = (Audience::Scope(scope), alert.statement.tlp.max(Tlp::Green));
    let text = "Call us before you restart anything.";
    let statement = annotation(&draft, alert, aud, tlp, "What this means for you", text)?;
    players.issue(&statement, text.as_bytes().to_vec(), None).await?;
    Ok(())
}

/// In each State an entity's incident climbs to the national CERT, which answers.
pub(super) async fn climb(
    players: &mut Players<'_>,
    topology: &Topology,
    report: &Path,
) -> Result<Escalations, DemoError> {
    let mut counted = Escalations::default();
    let failed = |e: &dyn std::fmt::Display| DemoError::File(format!("{}: {e}", report.display()));
    let told = std::fs::read(report).map_err(|e| failed(&e))?;
    let parse = |body: &[u8]| Incident::parse(body, &report.display().to_string());
    let first = parse(&told).map_err(|e| failed(&e))?;
    for entity in reporters(topology, &first.scope) {
        let Some(top) = entity.id.state() else { continue };
        let body = reported_by(entity, &told, &first).unwrap_or_else(|| told.clone());
        let incident = parse(&body).map_err(|e| failed(&e))?;
        let said = Escalation {
            top: top.clone(),
            tlp: Tlp::Amber,
            stage: Stage::EarlyWarning,
            regime: Regime::Nis2,
            before: None,
            exercise: None,
            embargo: None,
            origin: None,
        };
        let draft = players.at(&entity.id).await?.draft(crate::time::now());
        let statement = escalation(&draft, &incident, &said, &body)?;
        let id = players.issue(&statement, body, None).await?;
        counted.sent += 1;
        counted.reached += come_back(players, &entity.id, id, &top).await?;
        if answer(players, &top, Target { id, statement }, &entity.id).await? {
            counted.answered += 1;
        }
    }
    Ok(counted)
}

/// Of each State, an entity under a region: all three are levels of the climb. Where the report
/// happened, the one that it is of.
pub(super) fn reporters<'t>(topology: &'t Topology, scope: &Scope) -> Vec<&'t Node> {
    let of = |level| topology.nodes().iter().filter(move |node| node.level == level);
    let under_a_region = |node: &&Node| {
        let parent = node.id.parent().and_then(|id| topology.node(&id));
        parent.is_some_and(|parent| parent.level == Level::Regional)
    };
    let entities: Vec<&Node> = of(Level::Entity).filter(under_a_region).collect();
    let one = |state: &Node| {
        let mut within = entities.iter().copied().filter(|node| state.id.contains(&node.id));
        within.clone().find(|node| is_of(node, scope)).or_else(|| within.next())
    };
    of(Level::National).filter_map(one).collect()
}

fn is_of(node: &Node, scope: &Scope) -> bool {
    node.constituency.iter().any(|own| own.contains(scope))
}

/// What another victim of the same incident reports; `None` for the one that the file is of.
fn reported_by(entity: &Node, told: &[u8], first: &Incident) -> Option<Vec<u8>> {
    if is_of(entity, &first.scope) {
        return None;
    }
    let own = entity.constituency.first()?;
    let mut report: serde_json::Value = serde_json::from_slice(told).ok()?;
    let fields = report.as_object_mut()?;
    for personal in ["reported_by", "nis2", "contact"] {
        fields.remove(personal);
    }
    let affected = serde_json::json!({"name": entity.name, "sector": own.sector()});
    fields.insert("affected".into(), affected);
    fields.insert("scope".into(), own.to_string().into());
    fields.insert("countries".into(), vec![own.country()].into());
    fields.insert("summary".into(), format!("The same as in {}.", first.scope).into());
    serde_json::to_vec(&report).ok()
}

/// Waits until the top's own receipt is back at the reporter; how many levels have said so.
async fn come_back(
    players: &mut Players<'_>,
    entity: &NodeId,
    id: Id,
    top: &NodeId,
) -> Result<usize, DemoError> {
    let session = players.at(entity).await?;
    let deadline = crate::time::now() + BACK;
    loop {
        let receipts = session.receipts(id).await?;
        let above = receipts.iter().filter(|receipt| receipt.by != *entity);
        let levels = above.filter(|r| matches!(r.outcome, Outcome::Stops | Outcome::Climbs));
        let levels: Vec<_> = levels.collect();
        if levels.iter().any(|receipt| receipt.by == *top) || crate::time::now() > deadline {
            return Ok(levels.len());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The top accepts; whether that came back to the reporter.
async fn answer(
    players: &mut Players<'_>,
    top: &NodeId,
    case: Target,
    entity: &NodeId,
) -> Result<bool, DemoError> {
    let draft = players.at(top).await?.draft(crate::time::now());
    let text = "We take it. Keep the memory images; we call you within the hour.";
    let statement = response(&draft, &case, CaseState::Accepted, None, text)?;
    let id = players.issue(&statement, text.as_bytes().to_vec(), None).await?;
    let session = players.at(entity).await?;
    let deadline = crate::time::now() + BACK;
    loop {
        let question = crate::relay::DeskQuestion {
            reference: Some(id.to_string()),
            cases: true,
            ..Default::default()
        };
        if !session.desk(&question).await?.notices.is_empty() {
            return Ok(true);
        }
        if crate::time::now() > deadline {
            return Ok(false);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Notices that no node may pass: RED for a scope, a region that signs for its sibling, and a State
/// that signs for another.
pub(super) async fn provoke(
    players: &mut Players<'_>,
    topology: &Topology,
) -> Result<BTreeMap<String, u64>, DemoError> {
    let mut reasons = BTreeMap::new();
    let of = |level| topology.nodes().iter().filter(move |node| node.level == level);
    let mut bad = Vec::new();
    if let Some(national) = of(Level::National).next() {
        bad.push((national, national, Tlp::Red));
    }
    for level in [Level::Regional, Level::National] {
        let mut siblings = of(level);
        if let (Some(one), Some(other)) = (siblings.next(), siblings.next()) {
            bad.push((one, other, Tlp::Green));
        }
    }
    for (issuer, target, tlp) in bad {
        let Some(scope) = target.constituency.first() else { continue };
        let statement = rejected(players, issuer, Audience::Scope(scope.clone()), tlp).await?;
        let reason = players.provoke(&statement, b"must not pass".to_vec()).await?;
        *reasons.entry(reason).or_default() += 1;
    }
    Ok(reasons)
}

async fn rejected(
    players: &mut Players<'_>,
    issuer: &Node,
    aud: Audience,
    tlp: Tlp,
) -> Result<Statement, DemoError> {
    let draft = players.at(&issuer.id).await?.draft(crate::time::now());
    let body = b"must not pass";
    let described = crate::document::Described::other("text/plain");
    let options = Options {
        tlp: Some(tlp),
        severity: Some(crate::notice::Severity::Low),
        title: Some("Must not pass".into()),
        lang: Some("en".into()),
        reference: Some("DEMO-1".into()),
        publisher: Some("demo".into()),
        ..Options::default()
    };
    Ok(draft.document(&described, body, None, aud, &options)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EUROPE: &str = include_str!("../../topology/europe.toml");
    const REPORT: &[u8] = include_bytes!("../../demo/incident.json");

    fn europe() -> Topology {
        Topology::load(EUROPE, "topology/europe.toml").expect("no findings").0
    }

    #[test]
    fn an_entity_of_each_state_reports_and_the_files_own_where_it_happened() {
        let (topology, scope) = (europe(), "eu.fr.bre.health".parse().expect("a scope"));
        let found = reporters(&topology, &scope);
        let ids: Vec<&str> = found.iter().map(|node| node.id.as_str()).collect();
        assert_eq!(ids, ["eu-fr-bre-hospital1", "eu-de-by-klinik1", "eu-be-vlg-port1"]);
    }

    #[test]
    fn another_victim_reports_its_own_place_and_nothing_personal_of_the_first() {
        let topology = europe();
        let first = Incident::parse(REPORT, "incident.json").expect("an incident");
        let of = |id: &str| topology.node(&id.parse().expect("an id")).expect("a node");
        assert_eq!(reported_by(of("eu-fr-bre-hospital1"), REPORT, &first), None);
        let port = reported_by(of("eu-be-vlg-port1"), REPORT, &first).expect("a report");
        let port = Incident::parse(&port, "port").expect("an incident");
        assert_eq!(port.scope.to_string(), "eu.be.vlg.transport");
        assert_eq!((port.countries, port.affected.sector), (vec!["be".into()], "transport".into()));
        assert_eq!((port.contact, port.reported_by), (None, None));
        assert_eq!(port.severity, first.severity);
    }
}
