//! What a node adds to its own word: read by a person, and how many entities said what. One
//! account, whatever the order in which words come and wherever a relay was killed.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::forge::*;
use crate::random::*;
use chappe::address::Source;
use chappe::notice::{
    Counts, Hop, Id, Kind, Level, NodeId, Outcome, Receipt, Statement, Time, Tlp,
};
use chappe::policy::{Policy, Rule, Then};
use chappe::routing::{Router, Stored, Verdict};
use chappe::trust::{As, Trust};
use chappe::verify::Verified;

const PERIOD: Duration = Duration::from_secs(600);
const CLIENTS: [&str; 3] = ["eu-fr-bre-chu", "eu-fr-bre-two", "eu-fr-bre-three"];

/// The region with two hospitals more.
fn three_hospitals() -> Trust {
    let more = documents(|bundle| {
        if bundle.node != id("eu-fr-bre") {
            return;
        }
        let first = bundle.nodes.iter().find(|node| node.introduced == As::Child).expect("a child");
        let mut more = vec![first.clone(), first.clone()];
        for (node, name) in more.iter_mut().zip(["two", "three"]) {
            node.id = id(&format!("eu-fr-bre-{name}"));
            node.bundle = Some(one(node.id.as_str(), "bundle"));
        }
        bundle.nodes.extend(more);
    });
    let (trust, rejected) = Trust::compile(&root("eu-fr"), &more).expect("trust");
    assert!(rejected.is_empty(), "{rejected:?}");
    trust
}

fn national() -> Statement {
    advisory("eu-fr", "scope:eu.fr.all.all", Tlp::Green)
}

fn router(me: &str) -> Router {
    let (kinds, severities, tlp) = (Vec::new(), Vec::new(), Vec::new());
    let (sectors, issuers) = (Vec::new(), Vec::new());
    let name = "all".to_owned();
    let then = Then::Accept;
    let all = Rule { name, kinds, severities, tlp, sectors, scope: None, issuers, then };
    Router::new(id(me), Policy { rules: vec![all], climbs: Vec::new() })
}

fn arriving(me: &str, path: &[&str], statement: &Statement) -> Verified {
    let source = path.last().map_or_else(local, |last| Source::Upstream(id(last)));
    arrive(me, &source, statement, via(issue(statement), path)).expect("an honest notice")
}

fn keep(router: &mut Router, m: &Verified) {
    let mut hops = m.hops().to_vec();
    hops.push(Hop { st: m.id(), prev: m.id(), by: router.me().clone(), at: NOW });
    let (statement, kid) = (m.statement().clone(), m.kid().clone());
    router.keep(Stored { id: m.id(), statement, kid, hops });
}

/// The region with a national advisory and its own word on it.
fn region(trust: &Trust) -> (Router, Verified) {
    let mut region = router("eu-fr-bre");
    let m = arriving("eu-fr-bre", &["eu-fr"], &national());
    let verdict = region.decide(NOW, trust, &m);
    assert!(matches!(verdict, Verdict::Place(_)), "{verdict:?}");
    keep(&mut region, &m);
    let own = region.receipt(NOW, trust, &m, &verdict);
    region.keep_receipt(own, String::new());
    (region, m)
}

fn says(by: &str, of: Id, outcome: Outcome, after: u64) -> Receipt {
    let (by, at) = (id(by), NOW + Duration::from_millis(after));
    Receipt { fed: fed(), of, by, outcome, reason: None, to: None, counts: None, at }
}

fn later(seconds: u64) -> Time {
    NOW + Duration::from_secs(seconds)
}

/// What is due, taken as a relay takes it.
fn tell(router: &mut Router, now: Time, trust: &Trust) -> Vec<Receipt> {
    let due = router.due_counts(now, trust, PERIOD, 64);
    for receipt in &due {
        assert!(router.keep_receipt(receipt.clone(), String::new()), "it is the last word");
    }
    due
}

fn counts(pairs: &[(Outcome, u32)]) -> Option<Counts> {
    Some(pairs.iter().copied().collect())
}

#[test]
fn what_comes_again_after_a_restore_is_counted_by_the_words_that_were_there() {
    let trust = three_hospitals();
    let m = arriving("eu-fr-bre", &["eu-fr"], &national());
    let mut region = router("eu-fr-bre");
    let own = says("eu-fr-bre", m.id(), Outcome::Delivered, 0);
    for word in [own, says(CLIENTS[0], m.id(), Outcome::Delivered, 900)] {
        region.keep_receipt(word, String::new());
    }
    assert!(tell(&mut region, later(60), &trust).is_empty(), "the board does not have it");
    keep(&mut region, &m);
    let due = tell(&mut region, later(61), &trust);
    assert_eq!(due.first().expect("a word").counts, counts(&[(Outcome::Delivered, 1)]));
    keep(&mut region, &m);
    assert!(tell(&mut region, later(7_000), &trust).is_empty(), "told once");
}

#[test]
fn a_region_tells_how_many_of_its_hospitals_have_it_and_keeps_its_own_word() {
    let trust = three_hospitals();
    let (mut region, m) = region(&trust);
    region.keep_receipt(says(CLIENTS[0], m.id(), Outcome::Delivered, 900), String::new());
    assert!(tell(&mut region, later(1), &trust).is_empty(), "others may be as quick");
    region.keep_receipt(says(CLIENTS[1], m.id(), Outcome::Filtered, 2_000), String::new());
    let due = tell(&mut region, later(6), &trust);
    let [word] = due.as_slice() else { panic!("{due:?}") };
    assert_eq!((word.by.clone(), word.outcome), (id("eu-fr-bre"), Outcome::Delivered));
    assert_eq!(word.counts, counts(&[(Outcome::Delivered, 1), (Outcome::Filtered, 1)]));
    assert!(tell(&mut region, later(7_000), &trust).is_empty(), "nothing has changed");
}

#[test]
fn of_what_was_erased_before_the_first_count_it_is_told_who_erased_it() {
    let trust = three_hospitals();
    let (mut region, m) = region(&trust);
    let end = Statement {
        kind: Kind::Withdrawal,
        re: Some(m.id()),
        erase: Some(true),
        iat: national().iat + 1,
        ..national()
    };
    keep(&mut region, &arriving("eu-fr-bre", &["eu-fr"], &end));
    let came = region.ledger().from(m.id()).map(|from| from.cloned());
    let (own, _, _) = region.erasure(NOW, &trust, m.id(), came).expect("a word");
    region.keep_receipt(own, String::new());
    region.erased(m.id());
    region.keep_receipt(says(CLIENTS[0], m.id(), Outcome::Erased, 10), String::new());
    let told = tell(&mut region, later(6), &trust);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].counts, counts(&[(Outcome::Erased, 1)]));
    assert_eq!(told[0].outcome, Outcome::Erased);
}

#[test]
fn counts_are_told_once_a_period_and_only_if_they_changed() {
    let trust = three_hospitals();
    let (mut region, m) = region(&trust);
    region.keep_receipt(says(CLIENTS[0], m.id(), Outcome::Delivered, 900), String::new());
    assert_eq!(tell(&mut region, later(6), &trust).len(), 1);
    region.keep_receipt(says(CLIENTS[0], m.id(), Outcome::Read, 7_000), String::new());
    region.keep_receipt(says(CLIENTS[1], m.id(), Outcome::Delivered, 8_000), String::new());
    assert!(tell(&mut region, later(600), &trust).is_empty(), "the period is not over");
    let due = tell(&mut region, later(606), &trust);
    assert_eq!(due[0].counts, counts(&[(Outcome::Delivered, 1), (Outcome::Read, 1)]));
}

#[test]
fn what_a_person_reads_carries_the_counts_on() {
    let trust = three_hospitals();
    let (mut region, m) = region(&trust);
    region.keep_receipt(says(CLIENTS[2], m.id(), Outcome::Delivered, 900), String::new());
    assert_eq!(tell(&mut region, later(6), &trust).len(), 1);
    let read = region.read(later(60), &trust, m.id());
    assert_eq!((read.outcome, read.counts.clone()), (Outcome::Read, counts(&[DELIVERED])));
    assert!(region.keep_receipt(read, String::new()));
    // It comes again over a second path, or after a rewind.
    let again = region.receipt(later(70), &trust, &m, &region.decide(later(70), &trust, &m));
    assert!(region.has_said_more(&again), "{again:?}");
    let due = tell(&mut region, later(7_000), &trust);
    assert!(due.is_empty(), "{due:?}");
}

const DELIVERED: (Outcome, u32) = (Outcome::Delivered, 1);

#[test]
fn a_word_is_never_before_the_last_even_if_the_clock_went_back() {
    let trust = three_hospitals();
    let (region, m) = region(&trust);
    let read = region.read(Time::from_secs(NOW.secs() - 60), &trust, m.id());
    assert!(read.replaces(region.own_word(m.id()).expect("a word")));
}

#[test]
fn an_escalation_that_was_read_still_says_where_it_went() {
    let case = escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber);
    let wire = via(issue(&case), &["eu-fr-bre-chu"]);
    let m = arrive("eu-fr-bre", &Source::Child(id("eu-fr-bre-chu")), &case, wire);
    let m = m.expect("an honest report");
    let mut region = router("eu-fr-bre");
    keep(&mut region, &m);
    let climbs = Receipt { to: Some(id("eu-fr")), ..says("eu-fr-bre", m.id(), Outcome::Climbs, 0) };
    region.keep_receipt(climbs, String::new());
    let read = region.read(later(1), &trust(), m.id());
    assert_eq!((read.outcome, read.to), (Outcome::Read, Some(id("eu-fr"))));
}

#[test]
fn only_who_serves_entities_counts() {
    let trust = trust();
    let mut nation = router("eu-fr");
    let m = arriving("eu-fr", &[], &national());
    keep(&mut nation, &m);
    let counting = |by: &str| {
        let counts = counts(&[DELIVERED]);
        Receipt { counts, ..says(by, m.id(), Outcome::Delivered, 0) }
    };
    assert!(nation.can_say(&trust, &counting("eu-fr-bre")));
    for entity in ["eu-fr-bre-chu", "eu-fr-nor-mairie"] {
        assert_eq!(trust.seat(&id(entity)).map(|seat| seat.level), Some(Level::Entity));
        assert!(!nation.can_say(&trust, &counting(entity)), "{entity}");
    }
    assert!(!nation.can_say(&trust, &counting("eu")), "it serves no entity itself");
}

#[test]
fn what_is_its_own_or_travels_up_a_node_does_not_count() {
    let trust = three_hospitals();
    let mut region = router("eu-fr-bre");
    let own = arriving("eu-fr-bre", &[], &advisory("eu-fr-bre", "scope:eu.fr.bre.all", Tlp::Green));
    keep(&mut region, &own);
    region.keep_receipt(says("eu-fr-bre", own.id(), Outcome::Delivered, 0), String::new());
    region.keep_receipt(says(CLIENTS[0], own.id(), Outcome::Delivered, 1), String::new());
    assert_eq!(region.read(later(60), &trust, own.id()).counts, None);
    assert!(tell(&mut region, later(7_000), &trust).is_empty());
}

/// RECEIPTS keeps the last of each (`of`, `by`): what a relay reads at its start.
fn restarted(m: &Verified, stored: &BTreeMap<NodeId, Receipt>) -> Router {
    let mut region = router("eu-fr-bre");
    keep(&mut region, m);
    for receipt in stored.values() {
        region.keep_receipt(receipt.clone(), String::new());
    }
    region
}

#[test]
fn any_order_and_any_restart_come_to_the_same_counts() {
    let trust = three_hospitals();
    for seed in seeds(200) {
        let mut chance = Seeded::new(seed);
        let (mut region, m) = region(&trust);
        let own = region.own_word(m.id()).expect("a word").clone();
        let mut stored = BTreeMap::from([(own.by.clone(), own)]);
        let mut said: Vec<Receipt> = (1..=24)
            .map(|at| {
                let by = CLIENTS[chance.below(CLIENTS.len())];
                says(by, m.id(), Outcome::COUNTED[chance.below(5)], at)
            })
            .collect();
        let mut expected: BTreeMap<NodeId, Receipt> = BTreeMap::new();
        for receipt in &said {
            let last = expected.entry(receipt.by.clone()).or_insert_with(|| receipt.clone());
            if receipt.replaces(last) {
                *last = receipt.clone();
            }
        }
        chance.shuffle(&mut said);
        for (number, receipt) in said.iter().enumerate() {
            if region.keep_receipt(receipt.clone(), String::new()) {
                stored.insert(receipt.by.clone(), receipt.clone());
            }
            let now = later(700 * (number as u64 + 1));
            for told in tell(&mut region, now, &trust) {
                stored.insert(told.by.clone(), told);
            }
            if chance.below(4) == 0 {
                region = restarted(&m, &stored);
            }
        }
        let mut sums = Counts::new();
        for receipt in expected.values() {
            *sums.entry(receipt.outcome).or_default() += 1;
        }
        tell(&mut region, later(100_000), &trust);
        let own = region.own_word(m.id()).expect("a word");
        assert_eq!((own.outcome, own.counts.clone()), (Outcome::Delivered, Some(sums)), "{seed}");
    }
}
