//! A constituency, a ceiling or a rule that changed: what updates, closes or withdraws the notices
//! from before still comes, and nothing else does. Without a server, and on the real one.

use crate::forge::*;
use chappe::address::{Place, Source};
use chappe::notice::{Id, Kind, NodeId, Reason, Statement, Time, Tlp};
use chappe::policy::{Policy, Then, entitled, once_entitled};
use chappe::routing::{Router, Stored, Verdict};
use chappe::trust::{Bundle, Documents, Trust};
use chappe::verify::{self, Context, Verified};

const BRE: &str = "eu-fr-bre";
const NOR: &str = "eu-fr-nor";

/// Brittany is served in health alone from version 2 on.
fn narrow(b: &mut Bundle) {
    let entry = b.nodes.iter_mut().find(|n| n.id == id(BRE)).expect("introduced");
    entry.constituency = vec![scope("eu.fr.bre.health")];
}

fn at(secs: u64) -> Time {
    Time::from_secs(NOW.secs() + secs)
}

/// What a French node believes after these later bundles of France, each taken a minute after the
/// one before.
fn documents_after(changes: &[fn(&mut Bundle)]) -> Documents {
    let mut all = Documents::pinned(&root("eu-fr")).expect("a pin");
    assert_eq!(all.restore_all(&documents(|_| {})), []);
    for (version, change) in (2..).zip(changes) {
        let mut next = bundle("eu-fr");
        next.version = version;
        change(&mut next);
        let bytes = serde_json::to_vec(&signed(&next, &key("eu-fr", "bundle"))).expect("JSON");
        all.offer(at(60 * (version - 1)), &bytes).expect("taken");
    }
    all
}

fn after(changes: &[fn(&mut Bundle)]) -> Trust {
    Trust::clone(documents_after(changes).trust())
}

fn policy(then: Then) -> Policy {
    Policy { rules: vec![any(then)], climbs: vec![] }
}

fn router(me: &str) -> Router {
    Router::new(id(me), policy(Then::Accept))
}

/// A statement of France as it arrives at France, or over France's link at another.
fn arriving(me: &str, trust: &Trust, s: &Statement, now: Time, place: &Place) -> Verified {
    try_arriving(me, trust, s, now, place).expect("an honest notice")
}

fn try_arriving(
    me: &str,
    trust: &Trust,
    s: &Statement,
    now: Time,
    place: &Place,
) -> Result<Verified, verify::Refused> {
    let wire = issue(s);
    let context = Context { now, me: &id(me), trust };
    if me == "eu-fr" {
        let Source::Local(publisher) = local() else { panic!("a publisher") };
        let subject = chappe::address::local_intake("chappe", &publisher, wire.id());
        return verify::verify(context, &local(), &subject, wire);
    }
    let (subject, up) =
        (chappe::address::subject(place, s, wire.id()), Source::Upstream(id("eu-fr")));
    verify::verify(context, &up, &subject, via(wire, &["eu-fr"]))
}

fn keep(router: &mut Router, m: &Verified, since: Time) {
    let mut hops = m.hops().to_vec();
    hops.push(chappe::notice::Hop { st: m.id(), prev: m.id(), by: router.me().clone(), at: since });
    let (statement, kid) = (m.statement().clone(), m.kid().clone());
    router.keep(Stored { id: m.id(), statement, kid, hops });
}

fn numbered(number: u64) -> Statement {
    let mut s = advisory("eu-fr", "scope:eu.fr.bre.energy", Tlp::Green);
    s.doc.as_mut().expect("a document").reference = format!("AVI-{number}");
    s
}

fn update(of: &Statement, re: Id) -> Statement {
    let mut next = Statement { re: Some(re), iat: of.iat + 1, ..of.clone() };
    next.doc.as_mut().expect("a document").revision += 1;
    next
}

fn withdrawal(of: &Statement, re: Id) -> Statement {
    Statement { kind: Kind::Withdrawal, re: Some(re), iat: of.iat + 2, ..of.clone() }
}

fn direct() -> Vec<Place> {
    vec![Place::Direct(id(BRE)), Place::Board]
}

#[test]
fn what_follows_an_older_notice_goes_to_the_narrowed_node_directly_and_to_no_other() {
    let (before, narrowed) = (trust(), after(&[narrow]));
    let mut france = router("eu-fr");
    let old = arriving("eu-fr", &before, &numbered(1), NOW, &Place::Board);
    assert_eq!(france.decide(NOW, &before, &old), Verdict::Place(vec![Place::Board]));
    keep(&mut france, &old, NOW);
    // Normandy was never entitled; the next notice is no longer for Brittany.
    let new = arriving("eu-fr", &narrowed, &numbered(2), at(120), &Place::Board);
    assert_eq!(france.decide(at(120), &narrowed, &new), Verdict::Place(vec![Place::Board]));
    keep(&mut france, &new, at(120));
    for (m, expected) in [(&old, direct()), (&new, vec![Place::Board])] {
        for follows in [update, withdrawal] {
            let s = follows(m.statement(), m.id());
            let next = arriving("eu-fr", &narrowed, &s, at(180), &Place::Board);
            let verdict = france.decide(at(180), &narrowed, &next);
            assert_eq!(verdict, Verdict::Place(expected.clone()), "{}", s.kind);
        }
    }
}

/// Brittany's signed word on a notice, as France has taken it.
fn says(router: &mut Router, of: Id) {
    let json = serde_json::json!({"fed": fed(), "of": of, "by": BRE, "outcome": "delivered",
        "at": at(9_000)});
    let receipt = serde_json::from_value(json).expect("a receipt");
    router.keep_receipt(receipt, String::new());
}

#[test]
fn a_narrowed_node_cannot_talk_itself_into_what_came_later() {
    let narrowed = after(&[narrow]);
    // Taken at the 60th second: the durable may have let it pass for some minutes.
    for (came, expected) in [(at(600), direct()), (at(700), vec![Place::Board])] {
        let mut france = router("eu-fr");
        let new = arriving("eu-fr", &narrowed, &numbered(1), came, &Place::Board);
        keep(&mut france, &new, came);
        says(&mut france, new.id());
        let next = update(new.statement(), new.id());
        let next = arriving("eu-fr", &narrowed, &next, at(1_000), &Place::Board);
        let verdict = france.decide(at(1_000), &narrowed, &next);
        assert_eq!(verdict, Verdict::Place(expected), "came at {came}");
    }
}

#[test]
fn what_was_placed_for_a_narrowed_node_alone_is_ended_for_it_too_also_after_a_restart() {
    let narrowed = after(&[narrow]);
    let next = update(&numbered(1), Id::of(b"the first, which has expired"));
    let next = arriving("eu-fr", &narrowed, &next, at(1_000), &Place::Board);
    let gone = withdrawal(next.statement(), next.id());
    let gone = arriving("eu-fr", &narrowed, &gone, at(1_100), &Place::Board);
    let subject = |place: &Place| chappe::address::subject(place, next.statement(), next.id());
    let [alone, board] = [subject(&Place::Direct(id(BRE))), subject(&Place::Board)];
    for (found, expected) in [(&board, vec![Place::Board]), (&alone, direct())] {
        let mut france = router("eu-fr");
        keep(&mut france, &next, at(1_000));
        france.found(&narrowed, next.id(), found);
        let verdict = france.decide(at(1_100), &narrowed, &gone);
        assert_eq!(verdict, Verdict::Place(expected), "{found}");
    }
}

#[test]
fn what_was_on_its_way_when_the_link_was_narrowed_is_owed() {
    let (before, narrowed) = (trust(), after(&[narrow]));
    let mut france = router("eu-fr");
    let old = arriving("eu-fr", &before, &numbered(1), NOW, &Place::Board);
    keep(&mut france, &old, NOW);
    let gone =
        arriving("eu-fr", &before, &withdrawal(old.statement(), old.id()), NOW, &Place::Board);
    keep(&mut france, &gone, at(10));
    assert_eq!(france.owed(at(20), &before), []);
    assert_eq!(france.owed(at(120), &narrowed), [(gone.id(), id(BRE))]);
}

#[test]
fn a_narrowed_node_takes_what_follows_what_it_holds_and_nothing_else() {
    let narrowed = after(&[narrow]);
    let (first, other) = (numbered(1), numbered(2));
    let to_me = Place::Direct(id(BRE));
    let mut bre = router(BRE);
    let old = arriving(BRE, &trust(), &first, NOW, &Place::Board);
    keep(&mut bre, &old, NOW);
    let next = update(&first, old.id());
    let last = arriving(BRE, &narrowed, &withdrawal(&first, old.id()), at(120), &to_me);
    let update_of_old = arriving(BRE, &narrowed, &next, at(120), &to_me);
    for m in [&update_of_old, &last] {
        assert_eq!(bre.decide(at(120), &narrowed, m), Verdict::Place(vec![Place::Board]));
    }
    let unknown = arriving(BRE, &trust(), &other, NOW, &Place::Board).id();
    let of_another = arriving(BRE, &narrowed, &withdrawal(&other, unknown), at(120), &to_me);
    let verdict = bre.decide(at(120), &narrowed, &of_another);
    assert_eq!(verdict, Verdict::Filter(Reason::Audience));
    // A first version is refused as ever, whatever its subject.
    for (place, reason) in [(Place::Board, Reason::Audience), (to_me, Reason::Subject)] {
        let refused = try_arriving(BRE, &narrowed, &other, at(120), &place).expect_err("refused");
        assert_eq!(refused.reason, reason);
    }
}

#[test]
fn who_joins_after_the_narrowing_has_no_past_and_who_left_has_no_link() {
    let without = |b: &mut Bundle| b.nodes.retain(|n| n.id != id(BRE));
    let link = |changes: &[fn(&mut Bundle)]| after(changes).link(&id("eu-fr"), &id(BRE)).cloned();
    assert_eq!(link(&[without]), None);
    assert_eq!(link(&[narrow]).expect("a link").former.len(), 1);
    assert_eq!(link(&[narrow, narrow]).expect("a link").former.len(), 1);
    assert_eq!(link(&[narrow, |_| {}]).expect("a link").former, [], "it is as wide again");
    let until = link(&[narrow]).expect("a link").former[0].until;
    assert_eq!(until, at(60), "when the bundle was taken");
    let mut late = Documents::pinned(&root("eu-fr")).expect("a pin");
    let first = documents(|b| {
        if b.node == id("eu-fr") {
            narrow(b);
        }
    });
    assert_eq!(late.restore_all(&first), []);
    let joined = late.trust().link(&id("eu-fr"), &id(BRE)).expect("a link");
    assert_eq!(joined.former, []);
}

#[test]
fn whoever_is_below_a_narrowed_node_has_the_same_past() {
    fn elsewhere(b: &mut Bundle) {
        let entry = b.nodes.iter_mut().find(|n| n.id == id(BRE)).expect("introduced");
        entry.constituency = vec![scope("eu.fr.bre.energy")];
    }
    let narrowed = after(&[elsewhere]);
    let hospital = id("eu-fr-bre-chu");
    let link = narrowed.link(&id(BRE), &hospital).expect("a link");
    assert_eq!(link.constituency, []);
    assert_eq!(link.former[0].constituency, [scope("eu.fr.bre.health")]);
    assert_eq!(link.former[0].until, at(60));
}

#[test]
fn what_was_kept_gives_the_same_past_at_the_next_start() {
    let before = documents_after(&[narrow, |b| b.contact.hours = Some("always".into())]);
    let mut again = Documents::pinned(&root("eu-fr")).expect("a pin");
    let kept: Vec<_> = before
        .all()
        .map(|(name, document)| (document.clone(), at(60 * (name.version - 1))))
        .collect();
    let _ = again.restore_kept(&kept);
    let link = |all: &Documents| all.trust().link(&id("eu-fr"), &id(BRE)).cloned();
    assert_eq!(link(&again), link(&before));
}

#[test]
fn a_lowered_ceiling_and_fewer_clients_are_narrower_too() {
    fn lower(b: &mut Bundle) {
        let entry = b.nodes.iter_mut().find(|n| n.id == id(BRE)).expect("introduced");
        entry.ceiling = Tlp::Clear;
    }
    fn fewer(b: &mut Bundle) {
        let entry = b.nodes.iter_mut().find(|n| n.id == id(BRE)).expect("introduced");
        entry.clients.clear();
    }
    let amber =
        Statement { tlp: Tlp::Amber, ..advisory("eu-fr", "scope:eu.fr.bre.health", Tlp::Amber) };
    for change in [lower, fewer] {
        let mut france = router("eu-fr");
        let old = arriving("eu-fr", &trust(), &amber, NOW, &Place::Board);
        keep(&mut france, &old, NOW);
        let narrowed = after(&[change]);
        let gone = withdrawal(&amber, old.id());
        let m = arriving("eu-fr", &narrowed, &gone, at(120), &Place::Board);
        assert_eq!(france.decide(at(120), &narrowed, &m), Verdict::Place(direct()));
    }
}

#[test]
fn who_was_entitled_may_still_speak_of_it_and_is_not_counted_among_those_who_are() {
    let narrowed = after(&[narrow]);
    let has = |nodes: Vec<NodeId>, node: &str| nodes.contains(&id(node));
    let now = |s: &Statement| entitled(&narrowed, s).into_keys().collect();
    let once = |s: &Statement| once_entitled(&narrowed, s).into_keys().collect();
    let s = numbered(1);
    assert!(!has(now(&s), BRE) && has(once(&s), BRE));
    assert!(!has(now(&s), NOR) && !has(once(&s), NOR));
}

#[test]
fn a_rule_that_is_new_holds_back_nothing_of_a_thread_that_is_here() {
    let first = arriving(BRE, &trust(), &numbered(1), NOW, &Place::Board);
    let next = arriving(BRE, &trust(), &update(first.statement(), first.id()), NOW, &Place::Board);
    let mut strict = Router::new(id(BRE), policy(Then::Filter));
    assert_eq!(strict.decide(NOW, &trust(), &next), Verdict::Filter(Reason::Rule));
    keep(&mut strict, &first, NOW);
    let mut third = update(next.statement(), next.id());
    third.re = Some(next.id());
    let third = arriving(BRE, &trust(), &third, NOW, &Place::Board);
    for m in [&next, &third] {
        assert_eq!(strict.decide(NOW, &trust(), m), Verdict::Place(vec![Place::Board]));
    }
}
