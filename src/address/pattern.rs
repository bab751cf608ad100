//! Which subjects somebody may see, as the fewest patterns: for a child's durable, a user's
//! allow-list and `chappe subscribe --subjects` alike.
//!
//! Every scope part needs its own token *and* `all`, since an alert for all of France is for
//! Brittany too; sample patterns written by hand forgot that, and lost notices.

use crate::address::place::{DRILL, REAL};
use crate::notice::{ALL, Kind, Level, Scope, Severity, Tlp};
use crate::trust::Link;

const ANY: &str = "*";

/// What a local subscriber asks for; it gets no more than this and its node's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interest {
    /// Scopes, each within its node's constituency.
    pub scopes: Vec<Scope>,
    /// Severities of advisories; empty for all. `unknown`, and everything that is not a first
    /// advisory, always comes.
    pub severities: Vec<Severity>,
    /// The strictest label, at most AMBER.
    pub tlp: Tlp,
    /// Sectors in which AMBER is for it; GREEN and CLEAR ask no sector.
    pub amber_sectors: Vec<String>,
    /// Whether it opted in to drills.
    pub drills: bool,
}

/// The board patterns of a child's or follower's durable: its constituency, its ceiling, AMBER
/// only for its clients' sectors. Drills always: a relay takes part in every exercise.
#[must_use]
pub fn child_board(link: &Link) -> Vec<String> {
    let tails = child_tails(link);
    let mut patterns = Vec::new();
    for realm in [REAL, DRILL] {
        patterns.extend(tails.iter().map(|tail| format!("{realm}.board.*.{tail}.>")));
        patterns.push(format!("{realm}.direct.{}.>", link.to));
    }
    patterns
}

/// The heartbeat patterns of a child's or follower's durable.
#[must_use]
pub fn child_beats(link: &Link) -> Vec<String> {
    child_tails(link).iter().map(|tail| format!("{REAL}.beats.*.{tail}.>")).collect()
}

/// The sectors in which AMBER passes this link: the clients', and an entity's own.
#[must_use]
pub fn amber_sectors(link: &Link) -> Vec<String> {
    if link.level != Level::Entity {
        return link.clients.clone();
    }
    link.constituency.iter().map(Scope::sector).filter(|s| *s != ALL).map(str::to_owned).collect()
}

fn child_tails(link: &Link) -> Vec<String> {
    let amber = amber_sectors(link);
    tails(&link.constituency, link.ceiling, &amber)
}

/// The live patterns of a local subscriber.
#[must_use]
pub fn live(interest: &Interest) -> Vec<String> {
    heard(interest, "live.board")
}

/// The patterns of a local subscriber's replay durable: on the board what [`live`] is on the wire,
/// so that being away neither loses nor shows anything.
#[must_use]
pub fn replay(interest: &Interest) -> Vec<String> {
    heard(interest, "board")
}

fn heard(interest: &Interest, family: &str) -> Vec<String> {
    let tails = tails(&interest.scopes, interest.tlp, &interest.amber_sectors);
    let realms: &[&str] = if interest.drills { &[REAL, DRILL] } else { &[REAL] };
    let mut patterns = Vec::new();
    for realm in realms {
        for tail in &tails {
            for (kind, severity) in kinds(&interest.severities) {
                patterns.push(format!("{realm}.{family}.{kind}.{tail}.{severity}.*.*"));
            }
        }
    }
    patterns
}

/// Kind and severity tokens: a lower bound holds back first advisories alone.
fn kinds(severities: &[Severity]) -> Vec<(&'static str, &'static str)> {
    if severities.is_empty() {
        return vec![(ANY, ANY)];
    }
    let always = [
        Kind::Alert.as_str(),
        "update",
        Kind::Annotation.as_str(),
        Kind::Closing.as_str(),
        Kind::Withdrawal.as_str(),
    ];
    let mut wanted: Vec<Severity> = severities.to_vec();
    wanted.push(Severity::Unknown);
    wanted.sort();
    wanted.dedup();
    let advisories = wanted.into_iter().map(|s| (Kind::Advisory.as_str(), s.as_str()));
    always.into_iter().map(|kind| (kind, ANY)).chain(advisories).collect()
}

/// `<union>.<country>.<region>.<sector>.<tlp>` patterns, without any that another contains: the
/// server refuses nested ones (10138).
fn tails(constituency: &[Scope], ceiling: Tlp, amber: &[String]) -> Vec<String> {
    let mut found: Vec<Vec<String>> = Vec::new();
    for tlp in [Tlp::Clear, Tlp::Green, Tlp::Amber].into_iter().filter(|tlp| *tlp <= ceiling) {
        for scope in constituency {
            let sectors = match tlp {
                Tlp::Amber => amber_tokens(scope.sector(), amber),
                _ => either(scope.sector()),
            };
            for place in places(scope) {
                for sector in &sectors {
                    let mut tokens = place.clone();
                    tokens.extend([sector.clone(), tlp.token().to_owned()]);
                    found.push(tokens);
                }
            }
        }
    }
    without_subsets(found).into_iter().map(|tokens| tokens.join(".")).collect()
}

/// `<union>.<country>.<region>` of every audience that touches the scope's place.
fn places(scope: &Scope) -> Vec<Vec<String>> {
    let [union, country, region, _] = scope.parts();
    let place = |c: &str, r: &str| vec![union.to_owned(), c.to_owned(), r.to_owned()];
    if country == ALL {
        return vec![place(ANY, ANY)];
    }
    let everywhere = place(ALL, ALL);
    if region == ALL {
        return vec![place(country, ANY), everywhere];
    }
    vec![place(country, region), place(country, ALL), everywhere]
}

fn either(token: &str) -> Vec<String> {
    if token == ALL { vec![ANY.to_owned()] } else { vec![token.to_owned(), ALL.to_owned()] }
}

/// AMBER is for the sector `all`, and for sectors with clients.
fn amber_tokens(sector: &str, clients: &[String]) -> Vec<String> {
    let mut tokens = vec![ALL.to_owned()];
    tokens.extend(clients.iter().filter(|c| sector == ALL || *c == sector).cloned());
    tokens.dedup();
    tokens
}

fn without_subsets(mut patterns: Vec<Vec<String>>) -> Vec<Vec<String>> {
    patterns.sort();
    patterns.dedup();
    let covers = |wide: &[String], narrow: &[String]| {
        wide != narrow && wide.iter().zip(narrow).all(|(w, n)| w == ANY || w == n)
    };
    let covered: Vec<bool> =
        patterns.iter().map(|narrow| patterns.iter().any(|wide| covers(wide, narrow))).collect();
    patterns.into_iter().zip(covered).filter(|(_, covered)| !covered).map(|(p, _)| p).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(constituency: &str, level: Level, clients: &[&str]) -> Link {
        Link {
            to: "eu-fr-bre".parse().expect("an id"),
            level,
            constituency: vec![constituency.parse().expect("a scope")],
            ceiling: Tlp::Red,
            clients: clients.iter().map(|c| (*c).to_owned()).collect(),
            follows: false,
            former: Vec::new(),
        }
    }

    #[test]
    fn a_region_hears_what_is_for_it_for_france_and_for_the_union() {
        let tails = child_tails(&link("eu.fr.bre", Level::Regional, &[]));
        for tail in ["eu.fr.bre.*.clear", "eu.fr.all.*.green", "eu.all.all.*.clear"] {
            assert!(tails.contains(&tail.to_owned()), "{tail} of {tails:?}");
        }
        assert!(!tails.iter().any(|t| t.contains("nor") || t.contains("red")));
    }

    #[test]
    fn amber_is_for_the_sectors_of_clients_alone() {
        let tails = child_tails(&link("eu.fr.bre", Level::Regional, &["health"]));
        let amber: Vec<_> = tails.iter().filter(|t| t.ends_with(".amber")).collect();
        assert_eq!(amber.len(), 6, "{amber:?}");
        assert!(!amber.iter().any(|t| t.contains("banking") || t.contains("*")));
    }

    #[test]
    fn an_entity_has_amber_for_its_own_sector() {
        let tails = child_tails(&link("eu.fr.bre.health", Level::Entity, &[]));
        assert!(tails.contains(&"eu.fr.bre.health.amber".to_owned()));
    }

    #[test]
    fn a_lower_bound_on_severity_never_holds_back_an_alert_or_the_unknown() {
        let interest = Interest {
            scopes: vec!["eu.fr.bre".parse().expect("a scope")],
            severities: vec![Severity::Critical],
            tlp: Tlp::Green,
            amber_sectors: Vec::new(),
            drills: false,
        };
        let patterns = live(&interest);
        for wanted in [
            "chappe.live.board.alert.eu.fr.bre.*.clear.*.*.*",
            "chappe.live.board.advisory.eu.fr.all.*.green.unknown.*.*",
            "chappe.live.board.withdrawal.eu.all.all.*.green.*.*.*",
        ] {
            assert!(patterns.contains(&wanted.to_owned()), "{wanted}");
        }
        assert!(!patterns.iter().any(|p| p.contains("amber") || p.starts_with("drill")));
    }

    #[test]
    fn what_was_missed_is_what_would_have_been_heard() {
        let interest = Interest {
            scopes: vec!["eu.fr.bre".parse().expect("a scope")],
            severities: vec![Severity::Critical],
            tlp: Tlp::Amber,
            amber_sectors: vec!["health".into()],
            drills: true,
        };
        let missed = replay(&interest);
        let drill = "drill.board.update.eu.fr.bre.health.amber.*.*.*".to_owned();
        assert!(missed.contains(&drill), "{missed:?}");
        // What the server republishes the board as.
        let heard = missed.iter().map(|p| p.replacen(".board.", ".live.board.", 1));
        assert_eq!(heard.collect::<Vec<_>>(), live(&interest));
    }

    #[test]
    fn no_pattern_contains_another() {
        let link = Link {
            constituency: vec![
                "eu.fr".parse().expect("a scope"),
                "eu.fr.bre.health".parse().expect("a scope"),
            ],
            ..link("eu.fr", Level::National, &["health"])
        };
        let tails = child_tails(&link);
        assert!(!tails.iter().any(|t| t.contains("bre")), "{tails:?}");
    }
}
