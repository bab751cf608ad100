//! Versions, closings, withdrawals, erasures and notes in every order of arrival: late old ones
//! lose, what comes first takes effect when its target comes, and a restart changes nothing.

use std::collections::BTreeMap;

use crate::forge::*;
use chappe::address::Source;
use chappe::lifecycle::{Channel, Standing};
use chappe::notice::{Hop, Id, Kind, Outcome, Reason, Statement, Tlp};
use chappe::policy::{Policy, Then};
use chappe::routing::{Back, Router, Stored, Verdict};
use chappe::trust::Trust;
use chappe::verify::Verified;

const ME: &str = "eu-fr-bre";

fn accept_all() -> Policy {
    Policy { rules: vec![any(Then::Accept)], climbs: vec![] }
}

fn first() -> Statement {
    advisory("eu-fr", "scope:eu.fr.all.all", Tlp::Green)
}

fn arriving(statement: &Statement) -> Verified {
    let wire = via(issue(statement), &["eu-fr"]);
    arrive(ME, &Source::Upstream(id("eu-fr")), statement, wire).expect("an honest notice")
}

/// One after another: each with its number as time of issue, so that no two are alike.
struct World {
    names: Vec<&'static str>,
    notices: Vec<Verified>,
    trust: Trust,
}

impl World {
    /// An advisory, its update, a renewal of that, its closing; notes; and what ends them.
    fn of(wanted: &[&'static str]) -> Self {
        let mut made: BTreeMap<&str, Verified> = BTreeMap::new();
        let mut add = |name, re: Option<&str>, change: &dyn Fn(&mut Statement)| {
            let re = re.map(|re| made[re].id());
            let mut s = Statement { re, iat: NOW.secs() - 100 + made.len() as u64, ..first() };
            change(&mut s);
            made.insert(name, arriving(&s));
        };
        let second = |s: &mut Statement| s.doc.as_mut().expect("a document").revision = 2;
        let note = |s: &mut Statement| s.kind = Kind::Annotation;
        let no_note = |s: &mut Statement| (s.kind, s.doc) = (Kind::Withdrawal, None);
        add("first", None, &|_| {});
        add("update", Some("first"), &second);
        add("renewal", Some("update"), &second);
        add("closing", Some("update"), &|s| {
            second(s);
            s.kind = Kind::Closing;
        });
        add("withdrawal", Some("renewal"), &|s| {
            second(s);
            s.kind = Kind::Withdrawal;
        });
        add("erasure", Some("renewal"), &|s| {
            second(s);
            (s.kind, s.erase) = (Kind::Withdrawal, Some(true));
        });
        add("third", Some("renewal"), &|s| s.doc.as_mut().expect("a document").revision = 3);
        add("note", Some("first"), &note);
        add("no note", Some("note"), &no_note);
        add("note erased", Some("note"), &|s| {
            no_note(s);
            s.erase = Some(true);
        });
        let notices = wanted.iter().map(|name| made.remove(name).expect("made")).collect();
        Self { names: wanted.to_vec(), notices, trust: trust() }
    }

    fn name(&self, id: Id) -> &'static str {
        let at = self.notices.iter().position(|m| m.id() == id).expect("one of these");
        self.names[at]
    }
}

fn stored(m: &Verified) -> Stored {
    let mut hops = m.hops().to_vec();
    hops.push(Hop { st: m.id(), prev: m.id(), by: id(ME), at: NOW });
    Stored { id: m.id(), statement: m.statement().clone(), kid: m.kid().clone(), hops }
}

/// Takes them in this order.
fn taken(world: &World, order: &[usize]) -> Router {
    let mut router = Router::new(id(ME), accept_all());
    for at in order {
        let m = &world.notices[*at];
        match router.decide(NOW, &world.trust, m) {
            Verdict::Place(_) => router.keep(stored(m)),
            Verdict::Filter(_) => {}
            other => panic!("{}: {other:?}", world.names[*at]),
        }
    }
    router
}

fn standings(world: &World, router: &Router) -> BTreeMap<&'static str, Standing> {
    let held = router.ledger().notices();
    held.map(|(id, s)| (world.name(id), router.ledger().standing(NOW, id, s))).collect()
}

fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let longer = |way: &Vec<usize>| {
        let way = way.clone();
        (0..=way.len()).map(move |at| {
            let mut longer = way.clone();
            longer.insert(at, count - 1);
            longer
        })
    };
    shorter.iter().flat_map(longer).collect()
}

/// In every order the same counts, each notice that is here stands the same, and so it is after a
/// restart that reads the streams in any order.
fn always(wanted: &[&'static str], expected: &[(&'static str, Standing)]) {
    let world = World::of(wanted);
    let expected: BTreeMap<_, _> = expected.iter().copied().collect();
    let channel = Channel::of(&first()).expect("a channel");
    let mut digest = None;
    for order in orders(wanted.len()) {
        let way: Vec<_> = order.iter().map(|at| wanted[*at]).collect();
        let mut router = taken(&world, &order);
        for (name, standing) in standings(&world, &router) {
            assert_eq!(Some(&standing), expected.get(name), "{name} after {way:?}");
        }
        for (name, standing) in &expected {
            let held = standings(&world, &router).contains_key(name);
            assert!(held || *standing != InForce, "{name} is not here after {way:?}");
        }
        let manifest = router.ledger().manifest(&channel, NOW).digest();
        assert_eq!(*digest.get_or_insert(manifest), manifest, "{way:?}");
        for due in router.ledger().due() {
            router.erased(due.id);
        }
        let mut again = Router::new(id(ME), accept_all());
        for m in world.notices.iter().rev().filter(|m| router.ledger().statement(m.id()).is_some())
        {
            again.keep(stored(m));
        }
        assert_eq!(again.ledger(), router.ledger(), "read again after {way:?}");
    }
}

use Standing::{Closed, Erased, InForce, Superseded, Withdrawn};

#[test]
fn versions_renewals_and_closings() {
    always(
        &["first", "update", "renewal", "third"],
        &[
            ("first", Superseded),
            ("update", Superseded),
            ("renewal", Superseded),
            ("third", InForce),
        ],
    );
    always(
        &["first", "update", "renewal", "closing"],
        &[("first", Closed), ("update", Closed), ("renewal", Closed), ("closing", InForce)],
    );
}

#[test]
fn withdrawals_end_what_is_below_them_and_nothing_above() {
    always(
        &["first", "update", "renewal", "closing", "withdrawal", "third"],
        &[
            ("first", Withdrawn),
            ("update", Withdrawn),
            ("renewal", Withdrawn),
            ("closing", InForce),
            ("withdrawal", InForce),
            ("third", InForce),
        ],
    );
}

#[test]
fn an_erasure_leaves_itself_alone_what_is_newer_and_what_others_say() {
    always(
        &["first", "update", "closing", "erasure", "third"],
        &[("erasure", Erased), ("third", InForce)],
    );
    always(
        &["first", "renewal", "withdrawal", "erasure", "note"],
        &[("erasure", Erased), ("note", InForce)],
    );
}

#[test]
fn a_note_that_is_withdrawn_takes_nothing_with_it_whichever_comes_first() {
    always(
        &["first", "note", "no note", "update"],
        &[("first", Superseded), ("update", InForce), ("note", Withdrawn), ("no note", InForce)],
    );
    always(
        &["first", "note", "no note", "note erased"],
        &[("first", InForce), ("note erased", Erased)],
    );
}

#[test]
fn all_of_them() {
    always(
        &["first", "update", "renewal", "closing", "withdrawal", "erasure", "note"],
        &[("erasure", Erased), ("note", InForce)],
    );
}

#[test]
fn what_comes_after_its_erasure_is_filtered_and_what_was_here_is_due() {
    let world = World::of(&["renewal", "erasure", "first"]);
    let mut router = taken(&world, &[0, 1, 2]);
    let due = router.ledger().due();
    assert_eq!(due.len(), 1, "the old version never came in");
    assert_eq!((due[0].id, due[0].from.clone()), (world.notices[0].id(), Some(id("eu-fr"))));
    router.erased(due[0].id);
    assert_eq!(router.ledger().due(), []);
    for late in [0, 2] {
        let verdict = router.decide(NOW, &trust(), &world.notices[late]);
        assert_eq!(verdict, Verdict::Filter(Reason::Withdrawn));
    }
}

#[test]
fn a_relay_that_died_before_it_erased_finds_what_is_due_in_its_streams() {
    let world = World::of(&["renewal", "erasure"]);
    for order in [[0, 1], [1, 0]] {
        let mut again = Router::new(id(ME), accept_all());
        for at in order {
            again.keep(stored(&world.notices[at]));
        }
        let due: Vec<Id> = again.ledger().due().iter().map(|due| due.id).collect();
        assert_eq!(due, [world.notices[0].id()]);
        assert!(again.ledger().statement(world.notices[0].id()).is_none());
    }
}

#[test]
fn the_word_that_it_is_erased_goes_back_and_is_taken_from_others_though_it_is_gone() {
    let world = World::of(&["renewal", "erasure"]);
    let mut router = taken(&world, &[0, 1]);
    let target = world.notices[0].id();
    router.erased(target);
    let (word, back, _) = router.erasure(NOW, &trust(), target, None).expect("a word");
    assert_eq!((word.of, word.outcome), (target, Outcome::Erased));
    assert_eq!(back, Back::Up(id("eu-fr")));
    assert!(router.keep_receipt(word.clone(), String::new()));
    assert!(router.erasure(NOW, &trust(), target, None).is_none(), "once");
    let says = |by: &str, outcome| chappe::notice::Receipt { by: id(by), outcome, ..word.clone() };
    let chu = says("eu-fr-bre-chu", Outcome::Erased);
    assert!(router.can_say(&trust(), &chu));
    assert!(!router.can_say(&trust(), &says("eu-fr-bre-chu", Outcome::Read)));
    assert_eq!(
        router.back(&trust(), &says("eu-fr-nor", Outcome::Erased)),
        Some(Back::Up(id("eu-fr")))
    );
}

#[test]
fn an_erasing_withdrawal_of_a_note_never_has_its_document() {
    let world = World::of(&["first", "note"]);
    let router = taken(&world, &[0, 1]);
    let note = &world.notices[1];
    for (erase, said) in [(None, true), (Some(true), false)] {
        let s = Statement {
            kind: Kind::Withdrawal,
            re: Some(note.id()),
            erase,
            ..note.statement().clone()
        };
        let verdict = router.decide(NOW, &trust(), &arriving(&s));
        assert_eq!(verdict != Verdict::Refuse(Reason::Relation), said);
    }
}

#[test]
fn nobody_erases_anothers() {
    let mut router = Router::new(id(ME), accept_all());
    let target = arriving(&first());
    let foreign = Statement {
        kind: Kind::Withdrawal,
        re: Some(target.id()),
        erase: Some(true),
        doc: None,
        ..advisory("eu-fr-bre", "scope:eu.fr.bre.all", Tlp::Green)
    };
    let foreign = arrive(ME, &local(), &foreign, issue(&foreign)).expect("an honest notice");
    router.keep(stored(&foreign));
    assert_ne!(router.decide(NOW, &trust(), &target), Verdict::Filter(Reason::Withdrawn));
    router.keep(stored(&target));
    assert_eq!(router.ledger().due(), []);
    let standing = router.ledger().standing(NOW, target.id(), target.statement());
    assert_eq!(standing, InForce);
}
