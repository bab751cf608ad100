//! Who may receive a notice, from the bundles alone: the TLP table and the walk along links.
//! Routing, verification and `publish --dry-run` all ask these functions.

use std::collections::BTreeMap;

use crate::address::amber_sectors;
use crate::notice::{ALL, Audience, Kind, Level, NodeId, Reason, Scope, Statement, Time, Tlp};
use crate::trust::{Link, Seat, Trust};

/// How far a node is concerned by a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// It is for this node.
    Entitled,
    /// It only passes this node on its way to one below, and could be read there.
    Transit,
}

/// Whether a notice travels up: an escalation, or what ends one.
#[must_use]
pub fn is_upward(trust: &Trust, statement: &Statement) -> bool {
    match (&statement.kind, &statement.aud) {
        (Kind::Escalation, _) => true,
        (Kind::Withdrawal, Audience::Node(top)) => is_above(trust, &statement.iss, top),
        _ => false,
    }
}

/// Whether `top` is `node` itself, an ancestor, or a node that it follows.
#[must_use]
pub fn is_above(trust: &Trust, node: &NodeId, top: &NodeId) -> bool {
    top.contains(node) || trust.link(top, node).is_some()
}

/// Whether a downward link lets a statement pass, by audience, ceiling and label.
///
/// # Errors
/// `audience` if the link leads nowhere that the notice is for, `tlp` if its label forbids it.
pub fn passes(
    from_level: Option<Level>,
    from: &NodeId,
    link: &Link,
    statement: &Statement,
) -> Result<(), Reason> {
    let leads = match &statement.aud {
        Audience::Scope(aud) => link.constituency.iter().any(|scope| scope.intersects(aud)),
        Audience::Node(node) => link.to.contains(node),
    };
    if !leads {
        return Err(Reason::Audience);
    }
    if statement.tlp > link.ceiling {
        return Err(Reason::Tlp);
    }
    let allowed = match (statement.tlp, &statement.aud) {
        (Tlp::Clear | Tlp::Green, _) => true,
        (Tlp::Amber, aud) => from_level != Some(Level::Entity) && amber(link, aud),
        (Tlp::AmberStrict | Tlp::Red, Audience::Scope(_)) => false,
        (Tlp::AmberStrict | Tlp::Red, Audience::Node(node)) => {
            link.to == *node && statement.iss == *from
        }
    };
    if allowed { Ok(()) } else { Err(Reason::Tlp) }
}

/// Whether a link that was narrowed let a statement pass when it came here, at `since`, or could
/// have until it was narrowed.
#[must_use]
pub fn passed(
    from_level: Option<Level>,
    from: &NodeId,
    link: &Link,
    statement: &Statement,
    since: Time,
) -> bool {
    let mut then = link.former.iter().filter(|former| since <= former.until);
    then.any(|former| passes(from_level, from, &link.as_it_was(former), statement).is_ok())
}

/// Whether a statement speaks of one before it: an update, a closing or a withdrawal.
#[must_use]
pub fn follows(statement: &Statement) -> bool {
    statement.kind.is_ending() || (statement.kind.is_document() && statement.re.is_some())
}

/// Whether a link may let a statement pass as far as the table goes, whatever its bundle says.
#[must_use]
pub fn may_lead(
    from_level: Option<Level>,
    from: &NodeId,
    link: &Link,
    statement: &Statement,
) -> bool {
    let (constituency, clients) = match &statement.aud {
        Audience::Scope(scope) => (vec![scope.clone()], vec![scope.sector().to_owned()]),
        Audience::Node(_) => (Vec::new(), Vec::new()),
    };
    let widest = Link { constituency, clients, ceiling: Tlp::Red, ..link.clone() };
    passes(from_level, from, &widest, statement).is_ok()
}

/// Whether a downward link lets everything of a channel pass: an audience with a label.
#[must_use]
pub fn carries(link: &Link, scope: &Scope, tlp: Tlp) -> bool {
    let leads = link.constituency.iter().any(|mine| mine.intersects(scope));
    let label = match tlp {
        Tlp::Clear | Tlp::Green => true,
        Tlp::Amber => amber(link, &Audience::Scope(scope.clone())),
        Tlp::AmberStrict | Tlp::Red => false,
    };
    leads && label && tlp <= link.ceiling
}

/// AMBER: the recipient's organisation and its clients (FIRST TLP 2.0).
fn amber(link: &Link, aud: &Audience) -> bool {
    match aud {
        Audience::Node(_) => true,
        Audience::Scope(scope) => {
            scope.sector() == ALL || amber_sectors(link).iter().any(|s| s == scope.sector())
        }
    }
}

/// Whether a node serves entities: what they say ends there, and it alone counts it.
#[must_use]
pub fn serves_entities(trust: &Trust, node: &NodeId) -> bool {
    let seat = trust.seat(node).filter(|seat| seat.level != Level::Entity);
    seat.is_some_and(|seat| seat.links.iter().any(|link| link.level == Level::Entity))
}

/// Every node that a notice concerns, and how, with the issuer.
#[must_use]
pub fn entitled(trust: &Trust, statement: &Statement) -> BTreeMap<NodeId, Concern> {
    walk(trust, statement, |seat, link| passes(Some(seat.level), &seat.id, link, statement).is_ok())
}

/// As [`entitled`], with every node that was entitled before a link was narrowed: it may speak of
/// what it got then, and of what updates or ends that.
#[must_use]
pub fn once_entitled(trust: &Trust, statement: &Statement) -> BTreeMap<NodeId, Concern> {
    let ever = Time::default();
    walk(trust, statement, |seat, link| {
        passes(Some(seat.level), &seat.id, link, statement).is_ok()
            || passed(Some(seat.level), &seat.id, link, statement, ever)
    })
}

fn walk(
    trust: &Trust,
    statement: &Statement,
    leads: impl Fn(&Seat, &Link) -> bool,
) -> BTreeMap<NodeId, Concern> {
    let mut found = BTreeMap::from([(statement.iss.clone(), Concern::Entitled)]);
    if is_upward(trust, statement) {
        climb(trust, statement, &mut found);
        return found;
    }
    let mut queue = vec![statement.iss.clone()];
    while let Some(from) = queue.pop() {
        let Some(seat) = trust.seat(&from) else { continue };
        for link in &seat.links {
            if found.contains_key(&link.to) || !leads(seat, link) {
                continue;
            }
            let here = match &statement.aud {
                Audience::Scope(_) => Concern::Entitled,
                Audience::Node(node) if *node == link.to => Concern::Entitled,
                Audience::Node(_) => Concern::Transit,
            };
            found.insert(link.to.clone(), here);
            queue.push(link.to.clone());
        }
    }
    found
}

/// From whom each node may get a notice that concerns it: of what comes down everybody that may
/// pass it on over a link, of what travels up the one before. The issuer stands with nobody.
#[must_use]
pub fn ways(trust: &Trust, statement: &Statement) -> BTreeMap<NodeId, Vec<NodeId>> {
    let mut found = BTreeMap::from([(statement.iss.clone(), Vec::new())]);
    let Audience::Node(top) = &statement.aud else { return ways_down(trust, statement, found) };
    if !is_upward(trust, statement) {
        return ways_down(trust, statement, found);
    }
    let mut at = statement.iss.clone();
    while let Some(next) = next_up(trust, &at, top).filter(|next| !found.contains_key(next)) {
        found.insert(next.clone(), vec![at]);
        at = next;
    }
    found
}

fn ways_down(
    trust: &Trust,
    statement: &Statement,
    mut found: BTreeMap<NodeId, Vec<NodeId>>,
) -> BTreeMap<NodeId, Vec<NodeId>> {
    for from in entitled(trust, statement).keys() {
        let Some(seat) = trust.seat(from) else { continue };
        let passing = seat.links.iter().filter(|link| link.to != statement.iss);
        for link in passing {
            if passes(Some(seat.level), from, link, statement).is_ok() {
                found.entry(link.to.clone()).or_default().push(from.clone());
            }
        }
    }
    found
}

fn climb(trust: &Trust, statement: &Statement, found: &mut BTreeMap<NodeId, Concern>) {
    let Audience::Node(top) = &statement.aud else { return };
    let mut at = statement.iss.clone();
    while at != *top {
        let Some(next) = next_up(trust, &at, top) else { return };
        found.insert(next.clone(), Concern::Entitled);
        at = next;
    }
}

/// The upstream of `node` toward `top`: a followed node if it is `top` itself, else the parent if
/// `top` is above it, else a followed node that `top` is above.
#[must_use]
pub fn next_up(trust: &Trust, node: &NodeId, top: &NodeId) -> Option<NodeId> {
    if node == top {
        return None;
    }
    let upstreams = trust.upstreams(node);
    let toward = |up: &&NodeId| *up == top || top.contains(up);
    upstreams.iter().find(|up| *up == top).or_else(|| upstreams.iter().find(toward)).cloned()
}
