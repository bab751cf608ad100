//! The TLP table, the walk along links, and a node's rules, each condition by itself.

use crate::forge::*;
use chappe::notice::{Case, Kind, Level, Reason, Severity, Statement, Tlp};
use chappe::policy::{
    Climb, ClimbThen, Concern, Policy, Rule, Then, carries, entitled, is_above, is_upward, next_up,
    passes,
};
use chappe::trust::Link;

/// From a State down to Brittany, which has clients in health.
fn link(constituency: &str, clients: &[&str], ceiling: Tlp) -> Link {
    Link {
        to: id("eu-fr-bre"),
        level: Level::Regional,
        constituency: vec![scope(constituency)],
        ceiling,
        clients: clients.iter().map(|one| (*one).to_owned()).collect(),
        follows: false,
        former: Vec::new(),
    }
}

fn region() -> Link {
    link("eu.fr.bre", &["health"], Tlp::Red)
}

fn passed(link: &Link, aud: &str, tlp: Tlp) -> Result<(), Reason> {
    let statement = advisory("eu-fr", aud, tlp);
    passes(Some(Level::National), &id("eu-fr"), link, &statement)
}

#[test]
fn a_link_leads_where_its_constituency_or_its_node_is() {
    assert_eq!(passed(&region(), "scope:eu.fr.all.all", Tlp::Clear), Ok(()));
    assert_eq!(passed(&region(), "scope:eu.fr.nor.all", Tlp::Clear), Err(Reason::Audience));
    assert_eq!(passed(&region(), "node:eu-fr-bre-chu", Tlp::Clear), Ok(()));
    assert_eq!(passed(&region(), "node:eu-fr-nor", Tlp::Clear), Err(Reason::Audience));
}

#[test]
fn a_ceiling_is_the_strictest_label_that_passes() {
    for (ceiling, tlp, said) in [
        (Tlp::Green, Tlp::Clear, Ok(())),
        (Tlp::Green, Tlp::Green, Ok(())),
        (Tlp::Green, Tlp::Amber, Err(Reason::Tlp)),
        (Tlp::Clear, Tlp::Green, Err(Reason::Tlp)),
    ] {
        let link = link("eu.fr.bre", &["health"], ceiling);
        assert_eq!(passed(&link, "scope:eu.fr.all.health", tlp), said, "{tlp} below {ceiling}");
        assert_eq!(carries(&link, &scope("eu.fr.all.health"), tlp), said.is_ok(), "{tlp}");
    }
}

#[test]
fn amber_goes_to_clients_and_no_entity_passes_it_on() {
    let aud = "scope:eu.fr.all.health";
    assert_eq!(passed(&region(), aud, Tlp::Amber), Ok(()));
    assert_eq!(passed(&region(), "scope:eu.fr.all.banking", Tlp::Amber), Err(Reason::Tlp));
    assert_eq!(passed(&region(), "scope:eu.fr.all.all", Tlp::Amber), Ok(()));
    assert_eq!(passed(&region(), "node:eu-fr-bre-chu", Tlp::Amber), Ok(()));
    let statement = advisory("eu-fr", aud, Tlp::Amber);
    let by_level = |level| passes(level, &id("eu-fr"), &region(), &statement);
    assert_eq!(by_level(Some(Level::Entity)), Err(Reason::Tlp));
    assert_eq!(by_level(Some(Level::Sector)), Ok(()));
    assert_eq!(by_level(None), Ok(()));
    for (tlp, said) in [(Tlp::Clear, Ok(())), (Tlp::Green, Ok(()))] {
        let statement = Statement { tlp, ..statement.clone() };
        assert_eq!(passes(Some(Level::Entity), &id("eu-fr"), &region(), &statement), said);
    }
}

#[test]
fn strict_labels_go_from_the_issuer_to_its_neighbour_alone() {
    for tlp in [Tlp::AmberStrict, Tlp::Red] {
        assert_eq!(passed(&region(), "node:eu-fr-bre", tlp), Ok(()));
        assert_eq!(passed(&region(), "node:eu-fr-bre-chu", tlp), Err(Reason::Tlp));
        assert_eq!(passed(&region(), "scope:eu.fr.bre.all", tlp), Err(Reason::Tlp));
        let of_another = advisory("eu", "node:eu-fr-bre", tlp);
        let said = passes(Some(Level::National), &id("eu-fr"), &region(), &of_another);
        assert_eq!(said, Err(Reason::Tlp));
    }
}

#[test]
fn a_link_carries_a_channel_that_leads_there_under_a_label_that_may_go_there() {
    let carried = |aud: &str, tlp| carries(&region(), &scope(aud), tlp);
    for tlp in [Tlp::Clear, Tlp::Green] {
        assert!(carried("eu.fr.all.banking", tlp) && !carried("eu.fr.nor.all", tlp), "{tlp}");
    }
    assert!(carried("eu.fr.all.health", Tlp::Amber) && carried("eu.fr.all.all", Tlp::Amber));
    assert!(!carried("eu.fr.all.banking", Tlp::Amber) && !carried("eu.fr.nor.all", Tlp::Amber));
    assert!(!carried("eu.fr.bre.all", Tlp::AmberStrict) && !carried("eu.fr.bre.all", Tlp::Red));
}

#[test]
fn what_climbs_is_an_escalation_or_ends_one() {
    let trust = trust();
    let kind = |kind, aud: &str| {
        is_upward(&trust, &Statement { kind, ..advisory("eu-fr-bre-chu", aud, Tlp::Green) })
    };
    assert!(kind(Kind::Escalation, "node:eu-fr"));
    assert!(kind(Kind::Withdrawal, "node:eu-fr") && kind(Kind::Withdrawal, "node:eu-fr-sante"));
    assert!(!kind(Kind::Withdrawal, "node:eu-fr-nor"));
    assert!(!kind(Kind::Withdrawal, "scope:eu.fr.bre.health"));
    assert!(!kind(Kind::Advisory, "node:eu-fr") && !kind(Kind::Response, "node:eu-fr"));
}

#[test]
fn above_is_the_node_itself_an_ancestor_or_whom_it_follows() {
    let above = |node: &str, top: &str| is_above(&trust(), &id(node), &id(top));
    for top in ["eu-fr-bre-chu", "eu-fr-bre", "eu-fr", "eu", "eu-fr-sante"] {
        assert!(above("eu-fr-bre-chu", top), "{top}");
    }
    for top in ["eu-fr-nor", "eu-fr-nor-mairie"] {
        assert!(!above("eu-fr-bre-chu", top), "{top}");
    }
    assert!(!above("eu-fr-bre", "eu-fr-sante") && !above("eu-fr", "eu-fr-bre"));
}

#[test]
fn a_report_takes_the_next_upstream_toward_its_top() {
    let next = |node: &str, top: &str| next_up(&trust(), &id(node), &id(top));
    assert_eq!(next("eu-fr-bre-chu", "eu-fr-sante"), Some(id("eu-fr-sante")), "followed");
    assert_eq!(next("eu-fr-bre-chu", "eu-fr-bre"), Some(id("eu-fr-bre")));
    assert_eq!(next("eu-fr-bre-chu", "eu-fr"), Some(id("eu-fr-bre")), "by the parent");
    assert_eq!(next("eu-fr-bre-chu", "eu"), Some(id("eu-fr-bre")));
    assert_eq!(next("eu-fr", "eu"), Some(id("eu")));
    assert_eq!(next("eu-fr", "eu-fr"), None, "it is there");
    assert_eq!(next("eu-fr-bre-chu", "eu-fr-nor"), None);
    assert_eq!(next("eu-fr", "eu-fr-bre"), None, "that is below");
}

#[test]
fn whom_a_notice_concerns_follows_from_the_bundles() {
    let who = |statement: &Statement| -> Vec<(String, Concern)> {
        let found = entitled(&trust(), statement).into_iter();
        found.map(|(node, concern)| (node.to_string(), concern)).collect()
    };
    let all = |nodes: &[&str]| -> Vec<(String, Concern)> {
        nodes.iter().map(|node| ((*node).to_owned(), Concern::Entitled)).collect()
    };
    let report = escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber);
    assert_eq!(who(&report), all(&["eu-fr", "eu-fr-bre", "eu-fr-bre-chu"]));
    let followed = escalation("eu-fr-bre-chu", "eu-fr-sante", Tlp::Amber);
    assert_eq!(who(&followed), all(&["eu-fr-bre-chu", "eu-fr-sante"]));
    let nowhere = escalation("eu-fr-bre-chu", "eu-fr-nor", Tlp::Amber);
    assert_eq!(who(&nowhere), all(&["eu-fr-bre-chu"]));
    let normandy = advisory("eu-fr", "scope:eu.fr.nor.all", Tlp::Green);
    // The health CSIRT serves Normandy too.
    let there = all(&["eu-fr", "eu-fr-nor", "eu-fr-nor-mairie", "eu-fr-sante"]);
    assert_eq!(who(&normandy), there);
    let red = advisory("eu-fr", "node:eu-fr-bre", Tlp::Red);
    assert_eq!(who(&red), all(&["eu-fr", "eu-fr-bre"]));
    let through = who(&advisory("eu-fr", "node:eu-fr-nor-mairie", Tlp::Green));
    let (passes_on, issuer) = (("eu-fr-nor".to_owned(), Concern::Transit), "eu-fr".to_owned());
    let last = ("eu-fr-nor-mairie".to_owned(), Concern::Entitled);
    assert_eq!(through, [(issuer, Concern::Entitled), passes_on, last]);
}

/// A rule without conditions.
fn rule(then: Then) -> Rule {
    Rule {
        name: "one".into(),
        kinds: Vec::new(),
        severities: Vec::new(),
        tlp: Vec::new(),
        sectors: Vec::new(),
        scope: None,
        issuers: Vec::new(),
        then,
    }
}

/// Whether a rule with one condition speaks of an advisory: France's, GREEN, high, for health.
fn speaks(change: impl Fn(&mut Rule)) -> bool {
    let mut one = rule(Then::Filter);
    change(&mut one);
    let policy = Policy { rules: vec![one, rule(Then::Accept)], climbs: Vec::new() };
    let judged = policy.judge(&advisory("eu-fr", "scope:eu.fr.all.health", Tlp::Green));
    assert!(judged.is_ok() || judged == Err(Reason::Rule));
    judged.is_err()
}

#[test]
fn each_condition_of_a_rule_must_hold() {
    assert!(speaks(|_| {}));
    assert!(speaks(|r| r.kinds = vec![Kind::Alert, Kind::Advisory]));
    assert!(!speaks(|r| r.kinds = vec![Kind::Annotation]));
    assert!(speaks(|r| r.severities = vec![Severity::High]));
    assert!(!speaks(|r| r.severities = vec![Severity::Critical]));
    assert!(speaks(|r| r.tlp = vec![Tlp::Clear, Tlp::Green]));
    assert!(!speaks(|r| r.tlp = vec![Tlp::Amber]));
    assert!(speaks(|r| r.sectors = vec!["health".into()]));
    assert!(!speaks(|r| r.sectors = vec!["banking".into()]));
    assert!(speaks(|r| r.scope = Some(scope("eu.fr.all.all"))));
    assert!(!speaks(|r| r.scope = Some(scope("eu.de.all.all"))));
    assert!(speaks(|r| r.issuers = vec![id("eu"), id("eu-fr")]));
    assert!(!speaks(|r| r.issuers = vec![id("eu")]));
}

#[test]
fn a_rule_about_sectors_or_a_scope_says_nothing_of_what_is_for_a_node() {
    let judged = |one: Rule| {
        let policy = Policy { rules: vec![one], climbs: Vec::new() };
        policy.judge(&advisory("eu-fr", "node:eu-fr-bre", Tlp::Green))
    };
    assert_eq!(judged(rule(Then::Accept)), Ok(()));
    let sectors = Rule { sectors: vec!["health".into()], ..rule(Then::Accept) };
    assert_eq!(judged(sectors), Err(Reason::NoRule));
    let within = Rule { scope: Some(scope("eu.fr.all.all")), ..rule(Then::Accept) };
    assert_eq!(judged(within), Err(Reason::NoRule));
}

#[test]
fn rules_are_asked_about_advisories_and_annotations_alone() {
    let nothing = Policy::default();
    for kind in [Kind::Advisory, Kind::Annotation] {
        let statement = Statement { kind, ..advisory("eu-fr", "scope:eu.fr.all.all", Tlp::Green) };
        assert_eq!(nothing.judge(&statement), Err(Reason::NoRule), "{kind}");
    }
    for kind in [Kind::Alert, Kind::Closing, Kind::Withdrawal, Kind::Response, Kind::Escalation] {
        let statement = Statement { kind, ..advisory("eu-fr", "scope:eu.fr.all.all", Tlp::Green) };
        assert_eq!(nothing.judge(&statement), Ok(()), "{kind}");
    }
}

/// Whether a critical report of the hospital, about health, climbs by rules in this order.
fn climbs(rules: &[Climb]) -> bool {
    let policy = Policy { rules: Vec::new(), climbs: rules.to_vec() };
    policy.climbs(&escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber))
}

#[test]
fn the_first_climbing_rule_that_speaks_of_a_report_decides() {
    let one = |then| Climb {
        name: "one".into(),
        severities: Vec::new(),
        sectors: Vec::new(),
        issuers: Vec::new(),
        cross_border: None,
        then,
    };
    let (climb, stop) = (one(ClimbThen::Climb), one(ClimbThen::Stop));
    assert!(!climbs(&[]));
    assert!(climbs(std::slice::from_ref(&climb)) && climbs(&[climb.clone(), stop.clone()]));
    assert!(!climbs(std::slice::from_ref(&stop)) && !climbs(&[stop.clone(), climb.clone()]));
    let speaks = |change: &dyn Fn(&mut Climb)| {
        let mut first = stop.clone();
        change(&mut first);
        !climbs(&[first, climb.clone()])
    };
    assert!(speaks(&|c| c.severities = vec![Severity::Critical]));
    assert!(!speaks(&|c| c.severities = vec![Severity::High]));
    assert!(speaks(&|c| c.sectors = vec!["health".into()]));
    assert!(!speaks(&|c| c.sectors = vec!["banking".into()]));
    assert!(speaks(&|c| c.issuers = vec![id("eu-fr-bre-chu")]));
    assert!(!speaks(&|c| c.issuers = vec![id("eu-fr-bre")]));
    assert!(speaks(&|c| c.cross_border = Some(false)), "it names no country");
    assert!(!speaks(&|c| c.cross_border = Some(true)));
}

#[test]
fn a_report_that_names_two_countries_crosses_a_border() {
    let climb = Climb {
        name: "abroad".into(),
        severities: Vec::new(),
        sectors: Vec::new(),
        issuers: Vec::new(),
        cross_border: Some(true),
        then: ClimbThen::Climb,
    };
    let policy = Policy { rules: Vec::new(), climbs: vec![climb] };
    let named = |countries: &[&str]| {
        let mut statement = escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber);
        if let Some(Case::Report(report)) = &mut statement.case {
            report.countries = Some(countries.iter().map(ToString::to_string).collect());
        }
        policy.climbs(&statement)
    };
    assert!(named(&["fr", "be"]));
    assert!(!named(&["fr"]) && !named(&["fr", "fr"]) && !named(&[]));
}
