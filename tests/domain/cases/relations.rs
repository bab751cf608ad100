//! What a node refuses to take into a case because of what it says of another's notice.

use chappe::address::Place;
use chappe::notice::{Audience, CaseState, Id, Kind, Reason, Severity, Statement, Tlp};
use chappe::policy::{Climb, ClimbThen, Policy};
use chappe::routing::{Router, Stored, Verdict};

use crate::forge::*;

fn router(me: &str) -> Router {
    let climb = Climb {
        name: "critical".into(),
        severities: vec![Severity::Critical],
        sectors: vec![],
        issuers: vec![],
        cross_border: None,
        then: ClimbThen::Climb,
    };
    Router::new(id(me), Policy { rules: vec![], climbs: vec![climb] })
}

/// A node that holds a notice which came along `path`.
fn holding(me: &str, path: &[&str], statement: &Statement) -> (Router, Id) {
    let mut router = router(me);
    let id = hold(&mut router, path, statement);
    (router, id)
}

fn hold(router: &mut Router, path: &[&str], statement: &Statement) -> Id {
    let me = router.me().clone();
    let m = arriving(me.as_str(), path, statement);
    let mut hops = m.hops().to_vec();
    hops.push(chappe::notice::Hop { st: m.id(), prev: m.id(), by: me, at: NOW });
    let (statement, kid) = (m.statement().clone(), m.kid().clone());
    router.keep(Stored { id: m.id(), statement, kid, hops });
    m.id()
}

fn decide(router: &Router, path: &[&str], statement: &Statement) -> Verdict {
    router.decide(NOW, &trust(), &arriving(router.me().as_str(), path, statement))
}

fn answer(by: &str, to: &str, target: Id) -> Statement {
    let state = CaseState::InProgress;
    let case = chappe::notice::Case::Answer(chappe::notice::Answer { state, reason: None });
    Statement {
        kind: Kind::Response,
        doc: None,
        re: Some(target),
        case: Some(case),
        ..advisory(by, &format!("node:{to}"), Tlp::Amber)
    }
}

fn forward(by: &str, top: &str, origin: Id, tlp: Tlp) -> Statement {
    let mut statement = escalation(by, top, tlp);
    if let Some(chappe::notice::Case::Report(report)) = &mut statement.case {
        report.origin = Some(origin);
    }
    statement
}

const HOSPITAL: &str = "eu-fr-bre-chu";
const REFUSED: Verdict = Verdict::Refuse(Reason::Relation);

fn to_the_region() -> Statement {
    escalation(HOSPITAL, "eu-fr-bre", Tlp::Amber)
}

#[test]
fn every_level_on_the_way_may_answer_and_the_answer_goes_to_who_reported() {
    let report = escalation(HOSPITAL, "eu-fr", Tlp::Amber);
    let (region, id_of) = holding("eu-fr-bre", &[HOSPITAL], &report);
    let down = Verdict::Place(vec![Place::Cases, Place::Direct(id(HOSPITAL))]);
    assert_eq!(decide(&region, &[], &answer("eu-fr-bre", HOSPITAL, id_of)), down);
    assert_eq!(decide(&region, &["eu-fr"], &answer("eu-fr", HOSPITAL, id_of)), down);
}

#[test]
fn a_followed_node_answers_what_was_addressed_to_it() {
    let report = escalation(HOSPITAL, "eu-fr-sante", Tlp::Amber);
    let (hospital, id_of) = holding(HOSPITAL, &[], &report);
    let answer = answer("eu-fr-sante", HOSPITAL, id_of);
    let kept = Verdict::Place(vec![Place::Cases]);
    assert_eq!(decide(&hospital, &["eu-fr-sante"], &answer), kept);
}

#[test]
fn who_is_not_on_the_way_of_a_report_may_not_answer_it() {
    let (hospital, id_of) = holding(HOSPITAL, &[], &to_the_region());
    // The followed CSIRT, and the State past the audience.
    let sector = answer("eu-fr-sante", HOSPITAL, id_of);
    assert_eq!(decide(&hospital, &["eu-fr-sante"], &sector), REFUSED);
    let state = answer("eu-fr", HOSPITAL, id_of);
    assert_eq!(decide(&hospital, &["eu-fr", "eu-fr-bre"], &state), REFUSED);
}

#[test]
fn an_answer_to_another_than_who_reported_is_refused() {
    let (state, id_of) =
        holding("eu-fr", &[HOSPITAL, "eu-fr-bre"], &escalation(HOSPITAL, "eu-fr", Tlp::Amber));
    assert_eq!(decide(&state, &[], &answer("eu-fr", "eu-fr-nor-mairie", id_of)), REFUSED);
    assert_eq!(decide(&state, &[], &answer("eu-fr", "eu-fr-bre", id_of)), REFUSED);
}

#[test]
fn who_reported_for_a_victim_may_let_a_node_that_it_serves_in() {
    let phoned = escalation("eu-fr-bre", "eu-fr", Tlp::Amber);
    let (region, id_of) = holding("eu-fr-bre", &[], &phoned);
    let down = Verdict::Place(vec![Place::Cases, Place::Direct(id(HOSPITAL))]);
    assert_eq!(decide(&region, &[], &answer("eu-fr-bre", HOSPITAL, id_of)), down);
    let own = Verdict::Place(vec![Place::Cases]);
    assert_eq!(decide(&region, &[], &answer("eu-fr-bre", "eu-fr-bre", id_of)), own);
    let up = answer("eu-fr-bre", "eu-fr", id_of);
    assert_eq!(decide(&region, &[], &up), Verdict::Refuse(Reason::Audience));
    // Another level answers who reported, and lets nobody in.
    let (state, id_of) = holding("eu-fr", &["eu-fr-bre"], &phoned);
    assert_eq!(decide(&state, &[], &answer("eu-fr", HOSPITAL, id_of)), REFUSED);
}

#[test]
fn a_sector_csirt_may_let_in_who_follows_it() {
    let phoned = escalation("eu-fr-sante", "eu-fr", Tlp::Amber);
    let (sector, id_of) = holding("eu-fr-sante", &[], &phoned);
    let down = Verdict::Place(vec![Place::Cases, Place::Direct(id(HOSPITAL))]);
    assert_eq!(decide(&sector, &[], &answer("eu-fr-sante", HOSPITAL, id_of)), down);
}

#[test]
fn a_report_may_follow_a_response_to_its_issuer_and_no_other() {
    let phoned = escalation("eu-fr-bre", "eu-fr-bre", Tlp::Amber);
    let (mut region, id_of) = holding("eu-fr-bre", &[], &phoned);
    let admission = hold(&mut region, &[], &answer("eu-fr-bre", HOSPITAL, id_of));
    let joins = Statement { re: Some(admission), ..to_the_region() };
    assert_eq!(decide(&region, &[HOSPITAL], &joins), Verdict::Place(vec![Place::Cases]));
    let foreign = Statement { re: Some(admission), ..escalation("eu-fr-bre", "eu-fr", Tlp::Amber) };
    assert_eq!(decide(&region, &[], &foreign), REFUSED);
    let anothers = Statement { re: Some(id_of), ..to_the_region() };
    assert_eq!(decide(&region, &[HOSPITAL], &anothers), REFUSED);
}

#[test]
fn a_level_forwards_what_it_may_answer_and_never_under_a_looser_label() {
    let (region, id_of) = holding("eu-fr-bre", &[HOSPITAL], &to_the_region());
    let up = Verdict::Place(vec![Place::Cases, Place::Outbox(id("eu-fr"))]);
    let forwarded = |tlp| decide(&region, &[], &forward("eu-fr-bre", "eu-fr", id_of, tlp));
    assert_eq!(forwarded(Tlp::Amber), up);
    assert_eq!(forwarded(Tlp::Green), REFUSED);
}

#[test]
fn nobody_forwards_what_was_not_for_it() {
    let (state, id_of) =
        holding("eu-fr", &["eu-fr-bre"], &escalation("eu-fr-bre", "eu-fr", Tlp::Amber));
    let mut foreign = forward("eu-fr-nor", "eu-fr", id_of, Tlp::Amber);
    if let Some(chappe::notice::Case::Report(report)) = &mut foreign.case {
        report.scope = scope("eu.fr.nor.all");
    }
    assert_eq!(decide(&state, &["eu-fr-nor"], &foreign), REFUSED);
    let drill = Statement {
        exercise: Some("panoptes-26".into()),
        ..forward("eu-fr", "eu-fr", id_of, Tlp::Amber)
    };
    assert_eq!(decide(&state, &[], &drill), REFUSED);
}

#[test]
fn a_response_follows_only_its_own_issuers() {
    let report = escalation(HOSPITAL, "eu-fr", Tlp::Amber);
    let (mut region, id_of) = holding("eu-fr-bre", &[HOSPITAL], &report);
    let words = hold(&mut region, &["eu-fr"], &answer("eu-fr", HOSPITAL, id_of));
    let on_it = answer("eu-fr-bre", "eu-fr", words);
    assert!(matches!(on_it.aud, Audience::Node(_)));
    assert_eq!(decide(&region, &[], &on_it), REFUSED);
}
