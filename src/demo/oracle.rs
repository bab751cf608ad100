//! Who should have which notice, computed by brute force over plain words.
//!
//! Written apart from the router on purpose: it knows the topology file and the table of FIRST's
//! TLP 2.0, and shares no function with `policy` or `address`, so that a mistake there shows here.

use std::collections::BTreeSet;

/// A node as the topology file has it.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) id: String,
    pub(super) level: String,
    pub(super) constituency: Vec<String>,
    pub(super) clients: Vec<String>,
    pub(super) ceiling: String,
    pub(super) follows: Vec<String>,
    pub(super) subscribers: Vec<Subscriber>,
}

/// A live subscriber as the topology file has it.
#[derive(Clone, Debug)]
pub(super) struct Subscriber {
    pub(super) name: String,
    pub(super) scopes: Vec<String>,
    pub(super) severities: Vec<String>,
    pub(super) tlp: String,
    pub(super) drills: bool,
}

/// What the oracle has to know of a notice.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) id: String,
    pub(super) issuer: String,
    pub(super) kind: String,
    pub(super) update: bool,
    pub(super) audience: String,
    pub(super) tlp: String,
    pub(super) severity: String,
    pub(super) drill: bool,
}

/// One delivery: a notice at a place of a node, or at one of its subscribers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Delivery {
    pub(super) node: String,
    pub(super) place: String,
    pub(super) id: String,
}

/// FIRST TLP 2.0 for one link: label, to a scope, to a node.
const TABLE: [(&str, Rule, Rule); 5] = [
    ("CLEAR", Rule::Any, Rule::Any),
    ("GREEN", Rule::Any, Rule::Any),
    ("AMBER", Rule::Clients, Rule::Any),
    ("AMBER+STRICT", Rule::Never, Rule::Neighbour),
    ("RED", Rule::Never, Rule::Neighbour),
];

#[derive(Clone, Copy)]
enum Rule {
    Any,
    Clients,
    Neighbour,
    Never,
}

/// Every delivery that there should be.
pub(super) fn expected(seats: &[Seat], sent: &[Sent]) -> BTreeSet<Delivery> {
    let mut all = BTreeSet::new();
    for notice in sent {
        match notice.audience.split_once(':') {
            Some(("scope", scope)) => to_scope(seats, notice, scope, &mut all),
            Some((_, node)) if notice.kind == "escalation" => climb(notice, node, &mut all),
            Some((_, node)) => to_node(seats, notice, node, &mut all),
            None => {}
        }
    }
    all
}

fn to_scope(seats: &[Seat], notice: &Sent, scope: &str, all: &mut BTreeSet<Delivery>) {
    for id in reached(seats, notice, |link| meets(&link.constituency, scope)) {
        add(all, &id, "board", notice);
        let Some(seat) = seats.iter().find(|seat| seat.id == id) else { continue };
        for subscriber in seat.subscribers.iter().filter(|s| hears(s, seat, notice, scope)) {
            add(all, &id, &format!("live:{}", subscriber.name), notice);
        }
    }
}

fn to_node(seats: &[Seat], notice: &Sent, node: &str, all: &mut BTreeSet<Delivery>) {
    let response = notice.kind == "response";
    for id in reached(seats, notice, |link| link.to == node || is_below(node, link.to)) {
        if response {
            add(all, &id, "cases", notice);
        }
        match id == node {
            true if !response => add(all, &id, "inbox", notice),
            true => {}
            false => add(all, &id, "direct", notice),
        }
    }
}

/// An escalation is in the cases of every level up to its top; each but the top passes it on.
fn climb(notice: &Sent, top: &str, all: &mut BTreeSet<Delivery>) {
    let mut at = notice.issuer.clone();
    loop {
        add(all, &at, "cases", notice);
        match at.rsplit_once('-') {
            Some((above, _)) if at != top => at = above.to_owned(),
            _ => return,
        }
    }
}

fn add(all: &mut BTreeSet<Delivery>, node: &str, place: &str, notice: &Sent) {
    let (node, place, id) = (node.to_owned(), place.to_owned(), notice.id.clone());
    all.insert(Delivery { node, place, id });
}

/// A downward link, seen from above.
struct Link<'s> {
    from: &'s Seat,
    to: &'s str,
    to_seat: &'s Seat,
    constituency: Vec<String>,
}

/// Every pair of seats, tried again and again until nobody new is reached.
fn reached(seats: &[Seat], notice: &Sent, leads: impl Fn(&Link<'_>) -> bool) -> BTreeSet<String> {
    let mut have = BTreeSet::from([notice.issuer.clone()]);
    loop {
        let before = have.len();
        for from in seats {
            for to in seats {
                let Some(link) = link(from, to) else { continue };
                if have.contains(&from.id) && leads(&link) && may(&link, notice) {
                    have.insert(to.id.clone());
                }
            }
        }
        if have.len() == before {
            return have;
        }
    }
}

fn link<'s>(from: &'s Seat, to: &'s Seat) -> Option<Link<'s>> {
    let child = to.id.rsplit_once('-').is_some_and(|(parent, _)| parent == from.id);
    let follows = to.follows.contains(&from.id);
    let constituency = match (child, follows) {
        (true, _) => to.constituency.clone(),
        (false, true) => common(&to.constituency, &from.constituency),
        (false, false) => return None,
    };
    Some(Link { from, to: &to.id, to_seat: to, constituency })
}

fn may(link: &Link<'_>, notice: &Sent) -> bool {
    let rank = |label: &str| TABLE.iter().position(|(name, _, _)| *name == label);
    if rank(&notice.tlp) > rank(&link.to_seat.ceiling) {
        return false;
    }
    let Some((_, scoped, named)) = TABLE.iter().find(|(name, _, _)| *name == notice.tlp) else {
        return false;
    };
    let rule = if notice.audience.starts_with("scope:") { scoped } else { named };
    match rule {
        // An entity passes nothing above GREEN on; in the file it has nobody below it anyway.
        Rule::Any => notice.tlp != "AMBER" || link.from.level != "entity",
        Rule::Clients => link.from.level != "entity" && is_clients(link, &notice.audience),
        Rule::Neighbour => {
            notice.audience == format!("node:{}", link.to) && link.from.id == notice.issuer
        }
        Rule::Never => false,
    }
}

fn is_clients(link: &Link<'_>, audience: &str) -> bool {
    let sector = audience.rsplit('.').next().unwrap_or_default();
    let own = link.constituency.iter().any(|scope| scope.ends_with(&format!(".{sector}")));
    let entity = link.to_seat.level == "entity";
    sector == "all"
        || (entity && own)
        || (!entity && link.to_seat.clients.iter().any(|client| client == sector))
}

fn hears(subscriber: &Subscriber, seat: &Seat, notice: &Sent, scope: &str) -> bool {
    let rank = |label: &str| TABLE.iter().position(|(name, _, _)| *name == label);
    let first = notice.kind == "advisory" && !notice.update;
    let severe = subscriber.severities.is_empty()
        || !first
        || notice.severity == "unknown"
        || subscriber.severities.contains(&notice.severity);
    let sector = scope.rsplit('.').next().unwrap_or_default();
    let entity = seat.level == "entity";
    let own = |s: &String| s.ends_with(&format!(".{sector}"));
    let amber = sector == "all"
        || (entity && seat.constituency.iter().any(own))
        || (!entity && seat.clients.iter().any(|client| client == sector));
    meets(&subscriber.scopes, scope)
        && rank(&notice.tlp) <= rank(&subscriber.tlp)
        && (notice.tlp != "AMBER" || amber)
        && severe
        && (!notice.drill || subscriber.drills)
}

fn is_below(node: &str, above: &str) -> bool {
    node.strip_prefix(above).is_some_and(|rest| rest.starts_with('-'))
}

/// Whether a scope has a place and sector in common with any of a constituency, token by token.
fn meets(constituency: &[String], scope: &str) -> bool {
    constituency.iter().any(|own| {
        own.split('.').zip(scope.split('.')).all(|(a, b)| a == b || a == "all" || b == "all")
    })
}

fn common(mine: &[String], theirs: &[String]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for (a, b) in mine.iter().flat_map(|a| theirs.iter().map(move |b| (a, b))) {
        if meets(std::slice::from_ref(a), b) {
            let narrow =
                |(a, b): (&str, &str)| if a == "all" { b.to_owned() } else { a.to_owned() };
            let tokens: Vec<String> = a.split('.').zip(b.split('.')).map(narrow).collect();
            found.insert(tokens.join("."));
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(id: &str, level: &str, constituency: &str, clients: &[&str]) -> Seat {
        Seat {
            id: id.into(),
            level: level.into(),
            constituency: vec![constituency.into()],
            clients: clients.iter().map(|c| (*c).into()).collect(),
            ceiling: "RED".into(),
            follows: Vec::new(),
            subscribers: Vec::new(),
        }
    }

    fn sent(issuer: &str, audience: &str, tlp: &str) -> Sent {
        Sent {
            id: "x".into(),
            issuer: issuer.into(),
            kind: "advisory".into(),
            update: false,
            audience: audience.into(),
            tlp: tlp.into(),
            severity: "high".into(),
            drill: false,
        }
    }

    fn who(notice: &Sent) -> Vec<String> {
        let mut hospital = seat("eu-fr-bre-h", "entity", "eu.fr.bre.health", &[]);
        hospital.follows = vec!["eu-fr-sante".into()];
        let seats = [
            seat("eu-fr", "national", "eu.fr.all.all", &[]),
            seat("eu-fr-bre", "regional", "eu.fr.bre.all", &["health"]),
            seat("eu-fr-nor", "regional", "eu.fr.nor.all", &["health"]),
            seat("eu-fr-sante", "sector", "eu.fr.all.health", &["health"]),
            hospital,
        ];
        let all = expected(&seats, std::slice::from_ref(notice));
        all.into_iter().map(|d| format!("{}/{}", d.node, d.place)).collect()
    }

    #[test]
    fn amber_for_banking_stays_with_its_issuer() {
        assert_eq!(who(&sent("eu-fr", "scope:eu.fr.all.banking", "AMBER")), ["eu-fr/board"]);
    }

    #[test]
    fn a_sector_reaches_its_follower() {
        let found = who(&sent("eu-fr-sante", "scope:eu.fr.all.health", "AMBER"));
        assert_eq!(found, ["eu-fr-bre-h/board", "eu-fr-sante/board"]);
    }

    #[test]
    fn red_reaches_a_neighbour_and_nobody_further() {
        assert_eq!(
            who(&sent("eu-fr", "node:eu-fr-bre", "RED")),
            ["eu-fr/direct", "eu-fr-bre/inbox"]
        );
        assert_eq!(who(&sent("eu-fr", "node:eu-fr-bre-h", "RED")), ["eu-fr/direct"]);
    }
}
