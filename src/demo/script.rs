//! Who publishes what for whom: the same mixed set at every run, made from the topology, so that
//! any topology can be played.

use crate::notice::{ALL, Kind, Level, NodeId, Severity, Tlp};
use crate::topology::{Node, Topology};

/// One document to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) issuer: NodeId,
    /// As a person writes it: a scope or a node.
    pub(super) to: String,
    pub(super) tlp: Tlp,
    /// For documents that have none of their own.
    pub(super) severity: Severity,
    pub(super) kind: Option<Kind>,
    pub(super) exercise: Option<String>,
}

const SEVERITIES: [Severity; 5] =
    [Severity::High, Severity::Medium, Severity::Critical, Severity::Low, Severity::Unknown];
const LABELS: [Tlp; 4] = [Tlp::Clear, Tlp::Green, Tlp::Amber, Tlp::Clear];
/// The exercise that the demo's drills belong to.
pub(super) const EXERCISE: &str = "demo-exercise";
/// Every so many steps one goes to a single node, and one is a drill.
const DIRECT_EVERY: usize = 9;
const DRILL_EVERY: usize = 14;
const STRICT: [Tlp; 2] = [Tlp::Red, Tlp::AmberStrict];

/// A step for each of `count` documents.
pub(super) fn steps(topology: &Topology, count: usize) -> Vec<Step> {
    let issuers = issuers(topology);
    (0..count).filter_map(|index| step(topology, &issuers, index)).collect()
}

/// The national CERTs every second time, the union and each CSIRT in turn in between.
fn issuers(topology: &Topology) -> Vec<&Node> {
    let of = |level| topology.nodes().iter().filter(move |node| node.level == level);
    let mut others: Vec<&Node> = of(Level::Union).collect();
    let (regions, sectors) = (of(Level::Regional), of(Level::Sector).collect::<Vec<_>>());
    for (index, region) in regions.enumerate() {
        others.push(region);
        others.extend(sectors.get(index));
    }
    let nationals: Vec<&Node> = of(Level::National).collect();
    let national = |index: usize| nationals.get(index % nationals.len().max(1)).copied();
    let both = others.into_iter().enumerate();
    both.flat_map(|(index, other)| national(index).into_iter().chain([other])).collect()
}

fn step(topology: &Topology, issuers: &[&Node], index: usize) -> Option<Step> {
    let issuer = issuers.get(index % issuers.len().max(1))?;
    let below: Vec<&Node> = topology.children(&issuer.id).collect();
    let direct = index % DIRECT_EVERY == DIRECT_EVERY - 1 && !below.is_empty();
    let drill = index % DRILL_EVERY == DRILL_EVERY - 1;
    let severity = *SEVERITIES.get(index % SEVERITIES.len())?;
    let (to, tlp) = if direct {
        let child = below.get(index % below.len())?;
        let strict = *STRICT.get(index / DIRECT_EVERY % STRICT.len())?;
        (child.id.to_string(), strict.min(child.ceiling))
    } else {
        (audience(issuer, &below, index)?, *LABELS.get(index % LABELS.len())?)
    };
    let exercise = drill.then(|| EXERCISE.to_owned());
    Some(Step { issuer: issuer.id.clone(), to, tlp, severity, kind: None, exercise })
}

/// The issuer's whole constituency, one sector of it, or what one of those below serves.
fn audience(issuer: &Node, below: &[&Node], index: usize) -> Option<String> {
    let may = issuer.may.scopes.first()?;
    let narrowed = match index % 3 {
        1 => below
            .get(index % below.len().max(1))
            .and_then(|child| child.constituency.iter().find_map(|scope| may.meet(scope))),
        2 => {
            let sector = issuer.clients.get(index % issuer.clients.len().max(1))?;
            let [union, country, region, own] = may.parts();
            let sector = if own == ALL { sector } else { own };
            crate::notice::Scope::new(union, country, region, sector).ok()
        }
        _ => None,
    };
    Some(narrowed.unwrap_or_else(|| may.clone()).to_string())
}
