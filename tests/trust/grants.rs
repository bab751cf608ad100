//! What one grant allows: kinds, the strictest label, and where.

use chappe::notice::{Kind, Reason, Statement, Tlp};
use chappe::trust::Grant;

use crate::forge::*;

fn brittany() -> Grant {
    let kinds = vec![Kind::Advisory, Kind::Escalation];
    Grant { kinds, scopes: vec![scope("eu.fr.bre")], tlp: Tlp::Amber }
}

fn allowed(statement: &Statement, target: &[&str]) -> Result<(), Reason> {
    let target: Vec<_> = target.iter().map(|one| scope(one)).collect();
    brittany().allows(statement, &target)
}

#[test]
fn a_kind_that_it_does_not_name_is_refused() {
    let of = |kind| Statement { kind, ..advisory("eu-fr-bre", "scope:eu.fr.bre.all", Tlp::Green) };
    assert_eq!(allowed(&of(Kind::Advisory), &[]), Ok(()));
    assert_eq!(allowed(&of(Kind::Alert), &[]), Err(Reason::GrantKind));
}

#[test]
fn its_label_is_the_strictest() {
    let said = |tlp| allowed(&advisory("eu-fr-bre", "scope:eu.fr.bre.all", tlp), &[]);
    for tlp in [Tlp::Clear, Tlp::Green, Tlp::Amber] {
        assert_eq!(said(tlp), Ok(()), "{tlp}");
    }
    for tlp in [Tlp::AmberStrict, Tlp::Red] {
        assert_eq!(said(tlp), Err(Reason::GrantTlp), "{tlp}");
    }
}

#[test]
fn an_audience_lies_within_it_and_a_node_is_touched_by_it() {
    let to = |aud: &str, target: &[&str]| allowed(&advisory("eu-fr-bre", aud, Tlp::Green), target);
    assert_eq!(to("scope:eu.fr.bre.health", &[]), Ok(()));
    assert_eq!(to("scope:eu.fr.all.all", &[]), Err(Reason::GrantScope), "wider than the grant");
    assert_eq!(to("scope:eu.fr.nor.all", &[]), Err(Reason::GrantScope));
    assert_eq!(to("node:eu-fr", &["eu.fr.nor", "eu.fr"]), Ok(()));
    assert_eq!(to("node:eu-fr-nor", &["eu.fr.nor"]), Err(Reason::GrantScope));
    assert_eq!(to("node:eu-fr-nor", &[]), Err(Reason::GrantScope));
}

#[test]
fn a_report_is_judged_by_where_it_happened() {
    let report = escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber);
    assert_eq!(allowed(&report, &["eu.fr"]), Ok(()));
    let elsewhere = Grant { scopes: vec![scope("eu.fr.nor")], ..brittany() };
    assert_eq!(elsewhere.allows(&report, &[scope("eu.fr")]), Err(Reason::GrantScope));
}

#[test]
fn the_whole_is_every_kind_under_every_label() {
    let whole = Grant::whole(vec![scope("eu.fr")]);
    assert_eq!((whole.kinds.as_slice(), whole.tlp), (&Kind::ALL[..], Tlp::Red));
    assert_eq!(whole.scopes, [scope("eu.fr")]);
}
