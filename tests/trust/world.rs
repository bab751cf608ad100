//! What a node believes of the tree, and what it says of documents that it leaves out.

use chappe::jws::{General, MAX_DOCUMENT_BYTES};
use chappe::notice::{Level, NodeId, Time};
use chappe::trust::{Documents, Refusal, Trust, TrustError, Usage};

use crate::forge::*;
use crate::made::*;

/// The documents of the tree without those of `of`.
fn without(of: &str) -> Vec<General> {
    let all = TREE.iter().zip(documents(|_| {}));
    all.filter(|(seat, _)| seat.id != of).map(|(_, document)| document).collect()
}

#[test]
fn a_pin_is_a_root_that_signs_itself() {
    let pin = |document: &General| Documents::pinned(document).map(|_| ());
    assert_eq!(pin(&root("eu-fr")), Ok(()));
    let bundle = signed(&bundle("eu-fr"), &key("eu-fr", "root"));
    assert_eq!(pin(&bundle), Err(TrustError::Pin("not a root".into())));
    let stranger = root_of(1, set("eu-fr", 1, &["root"]), "bundle", &["bundle"]);
    let why = "not signed by its own root keys' threshold".to_owned();
    assert_eq!(pin(&stranger), Err(TrustError::Pin(why)));
}

#[test]
fn without_its_own_bundle_a_node_believes_nothing_and_says_why() {
    let says = |documents: &[General]| {
        let refused = Trust::compile(&root("eu-fr"), documents).map(|_| ());
        refused.expect_err("no bundle of the State").to_string()
    };
    let none = "no valid bundle of eu-fr, the pinned authority: none was given";
    assert_eq!(says(&without("eu-fr")), none);
    let mut forged = without("eu-fr");
    forged.push(signed(&bundle("eu-fr"), &key("eu-fr", "stolen")));
    let why = "no valid bundle of eu-fr, the pinned authority: signed by 0 of the 1 keys needed";
    assert_eq!(says(&forged), why);
}

#[test]
fn what_is_left_out_is_reported_with_its_node_and_why() {
    let rejected = |documents: &[General]| {
        let mut held = Documents::pinned(&root("eu-fr")).expect("a pin");
        held.restore_all(documents)
    };
    let left = rejected(&without("eu-fr-bre"));
    assert_eq!(left.len(), 1, "a missing bundle leaves out what only it introduces");
    let one = (left[0].node.clone(), left[0].why.as_str());
    assert_eq!(one, (Some(id("eu-fr-bre-chu")), "nobody introduces eu-fr-bre-chu"));
    let mut all = documents(|_| {});
    all.push(General::unsigned(b"{}"));
    all.push(signed(&changed("eu-fr-bre", 2, |_| {}), &key("eu-fr-bre", "stolen")));
    all.push(signed(&changed("eu-fr-nor", 0, |_| {}), &key("eu-fr-nor", "bundle")));
    let left = rejected(&all);
    let nodes: Vec<Option<NodeId>> = left.iter().map(|one| one.node.clone()).collect();
    assert_eq!(nodes, [None, Some(id("eu-fr-nor")), Some(id("eu-fr-bre"))]);
    assert_eq!(left[1].why, "version 0: the first is 1");
    assert_eq!(left[2].why, "signed by 0 of the 1 keys needed");
}

#[test]
fn a_root_that_decides_nothing_here_is_left_out_without_a_word() {
    let later_pin = root_of(2, set("eu-fr", 1, &["r2"]), "bundle", &["root", "r2"]);
    let mut held = Documents::pinned(&later_pin).expect("a pin");
    assert_eq!(held.restore(&root("eu-fr")), Err(Refusal::Unneeded(id("eu-fr"))));
    assert_eq!(held.restore(&root("eu")), Err(Refusal::Unneeded(id("eu"))));
    let mut all = documents(|_| {});
    all.push(root("eu"));
    assert_eq!(held.restore_all(&all), []);
    assert_eq!(held.trust().root(&id("eu-fr")).expect("a root").0, 2);
}

#[test]
fn roots_are_restored_first_so_that_a_stolen_bundle_key_takes_no_version() {
    let two = root_of(2, set("eu-fr", 1, &["root"]), "bundle-2", &["root"]);
    let thief = later("eu-fr", 2, |b| b.contact.phone = Some("01 99 00 00 99".into()));
    let honest = signed(&changed("eu-fr", 2, |_| {}), &key("eu-fr", "bundle-2"));
    let mut held = Documents::pinned(&root("eu-fr")).expect("a pin");
    let left = held.restore_all(&[thief, honest, two]);
    assert_eq!(left.len(), 1, "{left:?}");
    let seat = held.trust().seat(&id("eu-fr")).expect("a seat");
    assert_eq!((seat.version, &seat.contact.phone), (2, &None));
}

#[test]
fn a_document_has_64_kib_at_most() {
    let mut padded = bytes(&later("eu-fr-bre", 2, |_| {}));
    padded.resize(MAX_DOCUMENT_BYTES, b' ');
    held().offer(NOW, &padded).expect("taken");
    padded.push(b' ');
    assert_eq!(held().offer(NOW, &padded), Err(Refusal::Size(MAX_DOCUMENT_BYTES + 1)));
}

#[test]
fn whom_a_bundle_ever_introduced_is_remembered() {
    let mut held = held();
    let expected = |all: &[&str]| all.iter().map(|one| id(one)).collect();
    assert_eq!(held.ever_introduced(&id("eu-fr-bre")), expected(&["eu-fr-bre-chu"]));
    offer(&mut held, &later("eu-fr-bre", 2, |b| b.nodes.clear())).expect("taken");
    assert_eq!(held.ever_introduced(&id("eu-fr-bre")), expected(&["eu-fr-bre-chu"]));
    assert_eq!(held.ever_introduced(&id("eu-fr-nor-mairie")), expected(&[]));
    assert!(held.trust().find(&issue_kid("eu-fr-bre-chu")).is_none(), "and counts no more");
}

#[test]
fn levels_links_and_upstreams_are_those_of_the_bundles() {
    let trust = trust();
    for seat in TREE {
        assert_eq!(trust.seat(&id(seat.id)).expect("a seat").level, seat.level, "{}", seat.id);
    }
    assert_eq!((trust.seats().count(), trust.keys().count()), (TREE.len(), 2 * TREE.len()));
    for (from, to) in [("eu-fr", "eu-fr-bre"), ("eu-fr", "eu-fr-nor"), ("eu", "eu-fr")] {
        assert_eq!(trust.link(&id(from), &id(to)).expect("a link").to, id(to));
    }
    assert_eq!(trust.link(&id("eu-fr-bre"), &id("eu-fr-nor")), None);
    let links = |of: &str| {
        let links = &trust.seat(&id(of)).expect("a seat").links;
        links.iter().map(|l| (l.to.to_string(), l.level, l.follows)).collect::<Vec<_>>()
    };
    assert_eq!(links("eu-fr-bre"), [("eu-fr-bre-chu".into(), Level::Entity, false)]);
    assert_eq!(links("eu-fr-sante"), [("eu-fr-bre-chu".into(), Level::Entity, true)]);
    assert_eq!(links("eu"), [("eu-fr".into(), Level::National, false)]);
    assert_eq!(links("eu-fr").len(), 3, "the union is no link downward");
    assert_eq!(trust.upstreams(&id("eu-fr-bre-chu")), [id("eu-fr-bre"), id("eu-fr-sante")]);
    assert_eq!(trust.upstreams(&id("eu-fr")), [id("eu")]);
    assert_eq!(trust.upstreams(&id("eu")), []);
}

#[test]
fn whom_a_node_serves_lies_within_what_its_introducer_serves() {
    let serves = |held: &Documents, of: &str| {
        let seat = held.trust().seat(&id(of)).expect("a seat").constituency.clone();
        let links = &held.trust().seat(&id("eu-fr-bre")).expect("a seat").links;
        assert!(of != "eu-fr-bre-chu" || links[0].constituency == seat, "the link says the same");
        seat
    };
    let mut held = held();
    assert_eq!(serves(&held, "eu-fr-bre"), [scope("eu.fr.bre")]);
    assert_eq!(serves(&held, "eu-fr-bre-chu"), [scope("eu.fr.bre.health")]);
    let narrower = later("eu-fr", 2, |b| {
        let entry = b.nodes.iter_mut().find(|n| n.id == id("eu-fr-bre")).expect("introduced");
        entry.constituency = vec![scope("eu.fr.bre.health"), scope("eu.fr.bre.banking")];
    });
    offer(&mut held, &narrower).expect("taken");
    let two = [scope("eu.fr.bre.banking"), scope("eu.fr.bre.health")];
    assert_eq!(serves(&held, "eu-fr-bre"), two);
    let wide = later("eu-fr-bre", 2, |b| b.nodes[0].constituency = vec![scope("eu.fr")]);
    offer(&mut held, &wide).expect("taken");
    assert_eq!(serves(&held, "eu-fr-bre-chu"), two);
}

#[test]
fn a_member_that_nobody_introduces_as_a_child_has_no_link() {
    let mut held = held();
    let one_more = later("eu-fr-sante", 2, |b| {
        let mut stranger = b.nodes[0].clone();
        stranger.id = id("eu-fr-bre-unknown");
        b.nodes.push(stranger);
    });
    offer(&mut held, &one_more).expect("taken");
    let to: Vec<_> = held.trust().seat(&id("eu-fr-sante")).expect("a seat").links.iter().collect();
    assert_eq!(to.len(), 1);
    assert_eq!(to[0].to, id("eu-fr-bre-chu"));
}

#[test]
fn a_word_is_stale_from_the_second_in_which_its_bundle_expires() {
    let trust = trust();
    let end = trust.seat(&id("eu-fr-bre")).expect("a seat").expires;
    assert_eq!(end, Time::from_secs(NOW.secs() + YEAR));
    assert!(!trust.is_stale(&id("eu-fr-bre"), Time::from_secs(end.secs() - 1)));
    assert!(trust.is_stale(&id("eu-fr-bre"), end));
    assert!(trust.is_stale(&id("eu-fr-nobody"), NOW));
}

#[test]
fn a_key_counts_from_its_first_second_to_the_one_before_its_end() {
    let mut held = held();
    let (first, end) = (hours(1), hours(2));
    let says = later("eu-fr-bre", 2, |b| {
        (b.keys[1].nbf, b.keys[1].exp) = (first.secs(), end.secs());
    });
    offer(&mut held, &says).expect("taken");
    let kid = chappe::jws::Signer::public(&key("eu-fr-bre", "relay")).id().clone();
    let judged = |at: Time| held.trust().key(&kid, Usage::Relay, at).is_ok();
    let before = |at: Time| Time::from_secs(at.secs() - 1);
    assert_eq!([before(first), first, before(end), end].map(judged), [false, true, true, false]);
    assert!(held.trust().key(&kid, Usage::Issue, first).is_err());
}

#[test]
fn a_second_document_of_one_batch_is_asked_under_what_the_first_changed() {
    let mut held = held();
    let both = |b: &mut chappe::trust::Bundle| {
        let entry = b.nodes.iter_mut().find(|n| n.id == id("eu-fr-bre-chu")).expect("introduced");
        entry.bundle = Some(set("eu-fr-bre-chu", 1, &["bundle-2"]));
    };
    held.restore(&later("eu-fr-bre", 2, both)).expect("restored");
    let next = signed(&changed("eu-fr-bre-chu", 2, |_| {}), &key("eu-fr-bre-chu", "bundle-2"));
    held.restore(&next).expect("restored under the new key");
    let old = later("eu-fr-bre-chu", 3, |_| {});
    assert_eq!(held.restore(&old), Err(Refusal::Signatures { found: 0, needed: 1 }));
    let two = root_of(2, set("eu-fr", 1, &["root"]), "bundle-2", &["root"]);
    held.restore(&two).expect("restored");
    let own = signed(&changed("eu-fr", 2, |_| {}), &key("eu-fr", "bundle-2"));
    held.restore(&own).expect("restored under the new root");
}
