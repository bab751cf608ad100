//! Who may have a notice, and who must: from the tree alone. On purpose it shares nothing with
//! `policy::entitled` but the words of docs/PROTOCOL.md section 10.

use chappe::notice::{Audience, Kind, Level, NodeId, Severity, Statement, Tlp};

use super::tree::{Spot, Tree};
use super::world::Seat;

/// One downward link at one time.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) scope: Vec<String>,
    pub(crate) ceiling: Tlp,
    amber: Vec<String>,
}

/// Nodes, by their number.
pub(crate) type Nodes = std::collections::BTreeSet<usize>;

pub(crate) fn parts(scope: &str) -> Vec<String> {
    scope.split('.').map(str::to_owned).collect()
}

pub(crate) fn links(tree: &Tree) -> Vec<Link> {
    let mut links = Vec::new();
    for (to, spot) in tree.spots.iter().enumerate() {
        for up in tree.upstreams(to) {
            links.push(link(tree.at(&up).expect("a seat"), to, spot));
        }
    }
    links
}

fn link(from: usize, to: usize, spot: &Spot) -> Link {
    let scope = parts(&spot.scope.to_string());
    let own = || vec![scope[3].clone()];
    let amber = if spot.level == Level::Entity { own() } else { spot.clients.clone() };
    Link { from, to, ceiling: spot.ceiling, amber, scope }
}

fn touches(one: &[String], other: &[String]) -> bool {
    one.iter().zip(other).all(|(a, b)| a == b || a == "all" || b == "all")
}

fn is_or_leads(over: &str, node: &str) -> bool {
    over == node || node.starts_with(&format!("{over}-"))
}

/// Whether one link lets a notice pass on its way down.
fn passes(tree: &Tree, link: &Link, s: &Statement) -> bool {
    let to = tree.spots[link.to].id.as_str();
    let from = &tree.spots[link.from];
    let sector = match &s.aud {
        Audience::Scope(aud) if !touches(&link.scope, &parts(&aud.to_string())) => return false,
        Audience::Scope(aud) => Some(parts(&aud.to_string())[3].clone()),
        Audience::Node(node) if !is_or_leads(to, node.as_str()) => return false,
        Audience::Node(_) => None,
    };
    if s.tlp > link.ceiling {
        return false;
    }
    match (s.tlp, sector) {
        (Tlp::Clear | Tlp::Green, _) => true,
        (Tlp::Amber, _) if from.level == Level::Entity => false,
        (Tlp::Amber, None) => true,
        (Tlp::Amber, Some(sector)) => sector == "all" || link.amber.contains(&sector),
        (Tlp::AmberStrict | Tlp::Red, Some(_)) => false,
        (Tlp::AmberStrict | Tlp::Red, None) => {
            matches!(&s.aud, Audience::Node(n) if n.as_str() == to) && s.iss == from.id
        }
    }
}

fn is_up(tree: &Tree, links: &[Link], s: &Statement) -> bool {
    let above = |top: &NodeId| {
        let listed =
            |link: &Link| tree.spots[link.from].id == *top && tree.spots[link.to].id == s.iss;
        is_or_leads(top.as_str(), s.iss.as_str()) || links.iter().any(listed)
    };
    match (&s.kind, &s.aud) {
        (Kind::Escalation, _) => true,
        (Kind::Withdrawal, Audience::Node(top)) => above(top),
        _ => false,
    }
}

/// Who may have it by the bundles alone, with those on the way.
pub(crate) fn entitled(tree: &Tree, links: &[Link], s: &Statement) -> Nodes {
    if is_up(tree, links, s) {
        return way_up(tree, links, s).into_iter().collect();
    }
    spread(tree, links, s, |_| true)
}

/// The nodes from the issuer to `aud`: itself if it is a direct upstream, else by the parent, else
/// by whom it follows.
fn way_up(tree: &Tree, links: &[Link], s: &Statement) -> Vec<usize> {
    let Audience::Node(top) = &s.aud else { return Vec::new() };
    let mut at = tree.at(&s.iss).expect("an issuer");
    let mut way = vec![at];
    while tree.spots[at].id != *top {
        let above = links.iter().filter(|link| link.to == at).map(|link| link.from);
        let above: Vec<usize> = above.collect();
        let name = |up: &usize| tree.spots[*up].id.as_str();
        let toward = |up: &&usize| is_or_leads(top.as_str(), name(up));
        let exact = above.iter().find(|up| tree.spots[**up].id == *top);
        let Some(next) = exact.or_else(|| above.iter().find(toward)) else { break };
        at = *next;
        way.push(at);
    }
    way
}

fn spread(tree: &Tree, links: &[Link], s: &Statement, goes_on: impl Fn(usize) -> bool) -> Nodes {
    let issuer = tree.at(&s.iss).expect("an issuer");
    let mut found = Nodes::from([issuer]);
    let mut queue = vec![issuer];
    while let Some(from) = queue.pop() {
        if !goes_on(from) {
            continue;
        }
        for link in links.iter().filter(|link| link.from == from) {
            if passes(tree, link, s) && found.insert(link.to) {
                queue.push(link.to);
            }
        }
    }
    found
}

/// What a node's own rules do with a notice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rules {
    Pass,
    /// It depends on what was here before.
    Depends,
    Filter,
}

fn rules(seat: &Seat, s: &Statement) -> Rules {
    let mild = seat.strict && !matches!(s.severity, Severity::High | Severity::Critical);
    match s.kind {
        Kind::Advisory | Kind::Annotation if mild && s.re.is_some() => Rules::Depends,
        Kind::Advisory | Kind::Annotation if mild => Rules::Filter,
        _ => Rules::Pass,
    }
}

/// Who must hold it in the end, if the issuer took it: every node on some way without a rule
/// against it.
pub(crate) fn must_hold(tree: &Tree, links: &[Link], seats: &[Seat], s: &Statement) -> Nodes {
    if is_up(tree, links, s) {
        return climbs(tree, links, seats, s).into_iter().collect();
    }
    let passes = |at: usize| rules(&seats[at], s) == Rules::Pass;
    let reached = spread(tree, links, s, passes);
    // Nobody carries what cannot arrive.
    if let Audience::Node(node) = &s.aud
        && tree.at(node).is_none_or(|end| !reached.contains(&end))
    {
        return Nodes::new();
    }
    reached.into_iter().filter(|at| passes(*at)).collect()
}

/// Who may hold it: not behind a node whose rules are against it for certain.
pub(crate) fn may_hold(tree: &Tree, links: &[Link], seats: &[Seat], s: &Statement) -> Nodes {
    if is_up(tree, links, s) {
        return climbs(tree, links, seats, s).into_iter().collect();
    }
    let open = |at: usize| rules(&seats[at], s) != Rules::Filter;
    spread(tree, links, s, open).into_iter().filter(|at| open(*at)).collect()
}

/// How far an escalation climbs: one level without a rule, then as each level's rule says; what
/// ends one goes wherever it may have gone; a neighbour's label ends at the neighbour.
pub(crate) fn climbs(tree: &Tree, links: &[Link], seats: &[Seat], s: &Statement) -> Vec<usize> {
    let way = way_up(tree, links, s);
    let mut reached = Vec::new();
    for (step, at) in way.into_iter().enumerate() {
        reached.push(at);
        let rule = seats[at].climbs && s.severity == Severity::Critical;
        let ends = s.kind == Kind::Withdrawal;
        let strict = matches!(s.tlp, Tlp::AmberStrict | Tlp::Red);
        if step > 0 && (strict || !(rule || ends)) {
            break;
        }
    }
    reached
}

/// Whether a channel's heartbeats may be at a node: then and only then it may have its notices.
pub(crate) fn may_hear(
    tree: &Tree,
    links: &[Link],
    at: usize,
    (issuer, scope, tlp): (&str, &str, Tlp),
) -> bool {
    let lets = |link: &Link| {
        let label = match tlp {
            Tlp::Clear | Tlp::Green => true,
            Tlp::Amber => {
                let sector = &parts(scope)[3];
                sector == "all" || link.amber.contains(sector)
            }
            Tlp::AmberStrict | Tlp::Red => false,
        };
        link.to == at && label && tlp <= link.ceiling && touches(&link.scope, &parts(scope))
    };
    tree.spots[at].id.as_str() == issuer || links.iter().any(lets)
}
