//! What a node decides: statements about one router that holds some notices already.

mod cases;
mod over;
mod reconcile;

use crate::forge::*;
use chappe::address::{Place, Source};
use chappe::lifecycle::Standing;
use chappe::notice::{Id, Kind, NodeId, Outcome, Reason, Severity, Statement, Time, Tlp, Wire};
use chappe::policy::{Climb, ClimbThen, Concern, Policy, Then, entitled};
use chappe::routing::{Back, Router, Stored, Verdict};
use chappe::verify::Verified;

fn accept_all() -> Policy {
    let climb = Climb {
        name: "critical".into(),
        severities: vec![Severity::Critical],
        sectors: vec![],
        issuers: vec![],
        cross_border: None,
        then: ClimbThen::Climb,
    };
    Policy { rules: vec![any(Then::Accept)], climbs: vec![climb] }
}

fn router(me: &str) -> Router {
    Router::new(id(me), accept_all())
}

fn keep(router: &mut Router, m: &Verified) {
    let mut hops = m.hops().to_vec();
    hops.push(chappe::notice::Hop { st: m.id(), prev: m.id(), by: router.me().clone(), at: NOW });
    let (statement, kid) = (m.statement().clone(), m.kid().clone());
    router.keep(Stored { id: m.id(), statement, kid, hops });
}

fn decide(router: &Router, m: &Verified) -> Verdict {
    router.decide(NOW, &trust(), m)
}

fn version(of: &Statement, revision: u64, re: Option<Id>) -> Statement {
    let mut next = of.clone();
    next.iat += revision;
    next.re = re;
    if let Some(doc) = next.doc.as_mut() {
        doc.revision = revision;
    }
    next
}

fn ending(kind: Kind, of: &Statement, target: Id) -> Statement {
    Statement { kind, re: Some(target), iat: of.iat + 5, ..of.clone() }
}

fn national() -> Statement {
    advisory("eu-fr", "scope:eu.fr.all.all", Tlp::Green)
}

#[test]
fn an_advisory_for_a_scope_goes_onto_the_board() {
    let m = arriving("eu-fr-bre", &["eu-fr"], &national());
    assert_eq!(decide(&router("eu-fr-bre"), &m), Verdict::Place(vec![Place::Board]));
}

#[test]
fn a_redelivery_gets_the_same_places_so_that_a_crash_loses_none() {
    let mut router = router("eu-fr-bre");
    let m = arriving("eu-fr-bre", &["eu-fr"], &national());
    let before = decide(&router, &m);
    keep(&mut router, &m);
    assert_eq!(decide(&router, &m), before);
}

#[test]
fn what_no_rule_covers_is_filtered_and_so_is_what_a_rule_names() {
    let m = arriving("eu-fr-bre", &["eu-fr"], &national());
    let empty = Router::new(id("eu-fr-bre"), Policy::default());
    assert_eq!(decide(&empty, &m), Verdict::Filter(Reason::NoRule));
    let mut policy = accept_all();
    policy.rules[0].then = Then::Filter;
    let strict = Router::new(id("eu-fr-bre"), policy);
    assert_eq!(decide(&strict, &m), Verdict::Filter(Reason::Rule));
}

#[test]
fn no_rule_holds_back_an_alert_a_closing_or_a_withdrawal() {
    let strict = Router::new(id("eu-fr-bre"), Policy::default());
    let target = Id::of(b"some notice");
    for kind in [Kind::Alert, Kind::Closing, Kind::Withdrawal] {
        let re = (kind != Kind::Alert).then_some(target);
        let m = arriving("eu-fr-bre", &["eu-fr"], &Statement { kind, re, ..national() });
        assert_eq!(decide(&strict, &m), Verdict::Place(vec![Place::Board]), "{kind}");
    }
}

#[test]
fn a_late_old_version_loses() {
    let mut router = router("eu-fr-bre");
    keep(&mut router, &arriving("eu-fr-bre", &["eu-fr"], &version(&national(), 3, None)));
    let old = arriving("eu-fr-bre", &["eu-fr"], &version(&national(), 2, None));
    assert_eq!(decide(&router, &old), Verdict::Filter(Reason::Superseded));
}

#[test]
fn an_update_passes_the_rules_that_its_first_version_passed() {
    let first = arriving("eu-fr-bre", &["eu-fr"], &national());
    let mut strict = Router::new(id("eu-fr-bre"), Policy::default());
    keep(&mut strict, &first);
    let update = version(&national(), 2, Some(first.id()));
    let m = arriving("eu-fr-bre", &["eu-fr"], &update);
    assert_eq!(decide(&strict, &m), Verdict::Place(vec![Place::Board]));
}

#[test]
fn an_update_passes_the_rules_where_any_version_of_its_thread_is_held() {
    let second = arriving("eu-fr-bre", &["eu-fr"], &version(&national(), 2, None));
    let mut strict = Router::new(id("eu-fr-bre"), Policy::default());
    keep(&mut strict, &second);
    let of_the_first = version(&national(), 3, Some(Id::of(b"a first that never came")));
    let m = arriving("eu-fr-bre", &["eu-fr"], &of_the_first);
    assert_eq!(decide(&strict, &m), Verdict::Place(vec![Place::Board]));
}

#[test]
fn a_withdrawal_that_comes_first_takes_effect_when_its_target_comes() {
    let target = arriving("eu-fr-bre", &["eu-fr"], &national());
    let withdrawal = ending(Kind::Withdrawal, &national(), target.id());
    let mut router = router("eu-fr-bre");
    keep(&mut router, &arriving("eu-fr-bre", &["eu-fr"], &withdrawal));
    assert_eq!(decide(&router, &target), Verdict::Filter(Reason::Withdrawn));
}

#[test]
fn a_withdrawal_of_an_escalation_needs_no_document() {
    let case = escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber);
    let target = arriving("eu-fr-bre", &["eu-fr-bre-chu"], &case);
    let withdrawal = Statement { case: None, ..ending(Kind::Withdrawal, &case, target.id()) };
    let mut router = router("eu-fr-bre");
    let m = arriving("eu-fr-bre", &["eu-fr-bre-chu"], &withdrawal);
    let climbing = Verdict::Place(vec![Place::Cases, Place::Outbox(id("eu-fr"))]);
    assert_eq!(decide(&router, &m), climbing);
    keep(&mut router, &m);
    assert_eq!(decide(&router, &target), Verdict::Filter(Reason::Withdrawn));
}

#[test]
fn anothers_withdrawal_that_comes_first_ends_nothing() {
    let alert = Statement { kind: Kind::Alert, ..national() };
    let target = arriving("eu-fr-bre-chu", &["eu-fr", "eu-fr-bre"], &alert);
    let thief = advisory("eu-fr-sante", "scope:eu.fr.all.health", Tlp::Green);
    let thief = Statement { doc: None, ..ending(Kind::Withdrawal, &thief, target.id()) };
    let mut router = router("eu-fr-bre-chu");
    keep(&mut router, &arriving("eu-fr-bre-chu", &["eu-fr-sante"], &thief));
    assert_eq!(decide(&router, &target), Verdict::Place(vec![Place::Board]));
    let case = escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber);
    let target = arriving("eu-fr-bre-chu", &[], &case);
    let thief = Statement { re: Some(target.id()), ..thief };
    keep(&mut router, &arriving("eu-fr-bre-chu", &["eu-fr-sante"], &thief));
    assert_ne!(decide(&router, &target), Verdict::Filter(Reason::Withdrawn));
}

#[test]
fn the_same_document_twice_is_already_issued() {
    let mut router = router("eu-fr");
    keep(&mut router, &arriving("eu-fr", &[], &national()));
    let again = Statement { iat: national().iat + 1, ..national() };
    let m = arriving("eu-fr", &[], &again);
    assert_eq!(decide(&router, &m), Verdict::Filter(Reason::AlreadyIssued));
}

#[test]
fn an_old_version_that_is_handed_over_again_is_superseded_and_not_said_to_stand() {
    let mut router = router("eu-fr");
    let issued = |later: u64, (revision, bytes): (u64, &[u8])| {
        let mut statement = version(&national(), revision, None);
        (statement.body.len, statement.body.sha256) = (bytes.len() as u64, Id::of(bytes));
        statement.iat = national().iat + later;
        let wire = Wire { body: bytes.to_vec(), ..issue(&statement) };
        arrive("eu-fr", &local(), &statement, wire).expect("an honest notice")
    };
    let versions: [(u64, &[u8]); 3] = [(1, b"one"), (1, b"two"), (2, b"three")];
    for (newest, latest) in versions.into_iter().enumerate() {
        keep(&mut router, &issued(newest as u64, latest));
        for old in &versions[..=newest] {
            let again = decide(&router, &issued(10, *old));
            let stands = *old == latest;
            let reason = if stands { Reason::AlreadyIssued } else { Reason::Superseded };
            assert_eq!(again, Verdict::Filter(reason), "{old:?} after {latest:?}");
        }
    }
}

#[test]
fn nobody_closes_anothers_notice_and_nobody_calls_a_drill_real() {
    let mut router = router("eu-fr-bre");
    let target = arriving("eu-fr-bre", &["eu-fr"], &national());
    keep(&mut router, &target);
    let own = advisory("eu-fr-bre", "scope:eu.fr.bre.all", Tlp::Green);
    let thief = ending(Kind::Closing, &own, target.id());
    let m = arriving("eu-fr-bre", &[], &thief);
    assert_eq!(decide(&router, &m), Verdict::Refuse(Reason::Relation));
    let drill = Statement {
        exercise: Some("cyber-europe".into()),
        ..ending(Kind::Withdrawal, &national(), target.id())
    };
    let m = arriving("eu-fr-bre", &["eu-fr"], &drill);
    assert_eq!(decide(&router, &m), Verdict::Refuse(Reason::Relation));
}

#[test]
fn a_drill_about_a_real_document_changes_nothing_for_the_real_one() {
    let drill = |s: Statement| Statement { exercise: Some("cyber-europe".into()), ..s };
    let mut router = router("eu-fr");
    let rehearsed = arriving("eu-fr", &[], &drill(version(&national(), 9, None)));
    keep(&mut router, &rehearsed);
    let over = ending(Kind::Withdrawal, rehearsed.statement(), rehearsed.id());
    keep(&mut router, &arriving("eu-fr", &[], &over));
    let real = arriving("eu-fr", &[], &national());
    assert_eq!(decide(&router, &real), Verdict::Place(vec![Place::Board]));
}

#[test]
fn a_withdrawn_note_counts_no_more_and_leaves_its_target_alone() {
    let target = arriving("eu-fr", &[], &national());
    let note = Statement { kind: Kind::Annotation, re: Some(target.id()), ..national() };
    let note = arriving("eu-fr", &[], &note);
    let withdrawal = arriving("eu-fr", &[], &ending(Kind::Withdrawal, note.statement(), note.id()));
    let mut router = router("eu-fr");
    for m in [&target, &note, &withdrawal] {
        keep(&mut router, m);
    }
    let standing = |m: &Verified| router.ledger().standing(NOW, m.id(), m.statement());
    assert_eq!(standing(&target), Standing::InForce);
    assert_eq!(standing(&note), Standing::Withdrawn);
}

#[test]
fn a_withdrawal_lasts_as_long_as_what_it_withdraws() {
    let mut router = router("eu-fr-bre");
    let target = arriving("eu-fr-bre", &["eu-fr"], &national());
    keep(&mut router, &target);
    let mut short = ending(Kind::Withdrawal, &national(), target.id());
    short.exp -= 1;
    let m = arriving("eu-fr-bre", &["eu-fr"], &short);
    assert_eq!(decide(&router, &m), Verdict::Refuse(Reason::Lifetime));
}

fn answer(of: &Statement, target: Id, to: &str) -> Statement {
    let case = serde_json::from_value(serde_json::json!({"state": "accepted"})).expect("a case");
    Statement {
        kind: Kind::Response,
        iss: id("eu-fr"),
        aud: chappe::notice::Audience::Node(id(to)),
        re: Some(target),
        case: Some(case),
        ..of.clone()
    }
}

#[test]
fn an_answer_goes_to_who_reported_and_to_nobody_else() {
    let case = escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber);
    let report = arriving("eu-fr", &["eu-fr-bre-chu", "eu-fr-bre"], &case);
    let mut top = router("eu-fr");
    keep(&mut top, &report);
    let m = arriving("eu-fr", &[], &answer(&case, report.id(), "eu-fr-bre-chu"));
    let down = Verdict::Place(vec![Place::Cases, Place::Direct(id("eu-fr-bre"))]);
    assert_eq!(decide(&top, &m), down);
    let m = arriving("eu-fr", &[], &answer(&case, report.id(), "eu-fr-nor-mairie"));
    assert_eq!(decide(&top, &m), Verdict::Refuse(Reason::Relation));
}

#[test]
fn an_update_lasts_as_long_as_what_it_updates() {
    let mut router = router("eu-fr-bre");
    let first = arriving("eu-fr-bre", &["eu-fr"], &national());
    keep(&mut router, &first);
    let mut short = version(&national(), 2, Some(first.id()));
    short.exp -= 1;
    let m = arriving("eu-fr-bre", &["eu-fr"], &short);
    assert_eq!(decide(&router, &m), Verdict::Refuse(Reason::Lifetime));
}

#[test]
fn an_escalation_climbs_by_rule_and_never_past_its_audience() {
    let case = escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber);
    let m = arriving("eu-fr-bre", &["eu-fr-bre-chu"], &case);
    let climbing = Verdict::Place(vec![Place::Cases, Place::Outbox(id("eu-fr"))]);
    assert_eq!(decide(&router("eu-fr-bre"), &m), climbing);
    let quiet = Statement { severity: Severity::Low, ..case.clone() };
    let m = arriving("eu-fr-bre", &["eu-fr-bre-chu"], &quiet);
    assert_eq!(decide(&router("eu-fr-bre"), &m), Verdict::Place(vec![Place::Cases]));
    let m = arriving("eu-fr", &["eu-fr-bre-chu", "eu-fr-bre"], &case);
    assert_eq!(decide(&router("eu-fr"), &m), Verdict::Place(vec![Place::Cases]));
}

#[test]
fn receipts_say_how_far_an_escalation_climbed_and_go_back_down() {
    let case = escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber);
    let mut region = router("eu-fr-bre");
    let m = arriving("eu-fr-bre", &["eu-fr-bre-chu"], &case);
    let verdict = decide(&region, &m);
    let receipt = region.receipt(NOW, &trust(), &m, &verdict);
    assert_eq!((receipt.outcome, receipt.to.clone()), (Outcome::Climbs, Some(id("eu-fr"))));
    keep(&mut region, &m);
    let top = router("eu-fr");
    let m = arriving("eu-fr", &["eu-fr-bre-chu", "eu-fr-bre"], &case);
    let receipt = top.receipt(NOW, &trust(), &m, &decide(&top, &m));
    assert_eq!(receipt.outcome, Outcome::Stops);
    assert_eq!(region.back(&trust(), &receipt), Some(Back::Down(id("eu-fr-bre-chu"))));
}

#[test]
fn an_entitys_receipt_ends_at_the_node_that_serves_it() {
    let mut region = router("eu-fr-bre");
    let m = arriving("eu-fr-bre", &["eu-fr"], &national());
    keep(&mut region, &m);
    let hospital = router("eu-fr-bre-chu");
    let receipt = hospital.refusal(NOW, &trust(), m.id(), Reason::Body);
    assert_eq!(region.back(&trust(), &receipt), None);
    let own = region.refusal(NOW, &trust(), m.id(), Reason::Body);
    assert_eq!(region.back(&trust(), &own), Some(Back::Up(id("eu-fr"))));
}

#[test]
fn the_latest_receipt_of_one_node_wins() {
    let mut router = router("eu-fr");
    let mut receipt = router.refusal(NOW, &trust(), Id::of(b"x"), Reason::Body);
    assert!(router.keep_receipt(receipt.clone(), String::new()));
    receipt.at = Time::from_millis(NOW.millis() - 1);
    assert!(!router.keep_receipt(receipt, String::new()));
}

#[test]
fn only_who_is_entitled_or_refuses_has_a_word_on_a_notice() {
    let for_brittany = advisory("eu-fr", "scope:eu.fr.bre.all", Tlp::Green);
    let m = arriving("eu-fr", &[], &for_brittany);
    let mut nation = router("eu-fr");
    keep(&mut nation, &m);
    let word = |by: &str, outcome: Outcome| {
        let refusal = router(by).refusal(NOW, &trust(), m.id(), Reason::Audience);
        chappe::notice::Receipt { outcome, ..refusal }
    };
    assert!(nation.can_say(&trust(), &word("eu-fr-bre", Outcome::Delivered)));
    assert!(!nation.can_say(&trust(), &word("eu-fr-nor", Outcome::Delivered)));
    assert!(nation.can_say(&trust(), &word("eu-fr-nor", Outcome::Refused)));
}

#[test]
fn what_must_wait_is_held_before_the_first_hop() {
    let later = Statement { nbf: Some(NOW.secs() + 60), ..national() };
    let m = arriving("eu-fr", &[], &later);
    let until = Time::from_secs(NOW.secs() + 60);
    assert_eq!(decide(&router("eu-fr"), &m), Verdict::Hold(until));
}

#[test]
fn red_goes_to_a_neighbour_and_no_further() {
    let to_region = advisory("eu-fr", "node:eu-fr-bre", Tlp::Red);
    let m = arriving("eu-fr", &[], &to_region);
    let direct = Verdict::Place(vec![Place::Direct(id("eu-fr-bre"))]);
    assert_eq!(decide(&router("eu-fr"), &m), direct);
    let to_hospital = advisory("eu-fr", "node:eu-fr-bre-chu", Tlp::Red);
    let m = arriving("eu-fr", &[], &to_hospital);
    assert_eq!(decide(&router("eu-fr"), &m), Verdict::Refuse(Reason::Tlp));
    let m = arriving("eu-fr-bre", &["eu-fr"], &to_region);
    assert_eq!(decide(&router("eu-fr-bre"), &m), Verdict::Place(vec![Place::Inbox]));
}

fn who(statement: &Statement) -> Vec<(String, Concern)> {
    entitled(&trust(), statement)
        .into_iter()
        .map(|(n, c): (NodeId, _)| (n.to_string(), c))
        .collect()
}

#[test]
fn amber_for_banking_reaches_no_region() {
    let statement = advisory("eu-fr", "scope:eu.fr.all.banking", Tlp::Amber);
    assert_eq!(who(&statement), [("eu-fr".to_owned(), Concern::Entitled)]);
}

#[test]
fn what_the_sector_issues_reaches_its_follower_and_no_region() {
    let statement = advisory("eu-fr-sante", "scope:eu.fr.all.health", Tlp::Amber);
    let nodes: Vec<String> = who(&statement).into_iter().map(|(node, _)| node).collect();
    assert_eq!(nodes, ["eu-fr-bre-chu", "eu-fr-sante"]);
}

#[test]
fn who_only_passes_a_notice_on_could_read_it_on_the_way() {
    let statement = advisory("eu-fr", "node:eu-fr-bre-chu", Tlp::Amber);
    let expected = [
        ("eu-fr".to_owned(), Concern::Entitled),
        ("eu-fr-bre".to_owned(), Concern::Transit),
        ("eu-fr-bre-chu".to_owned(), Concern::Entitled),
    ];
    assert_eq!(who(&statement), expected);
}
