//! What holds for any order of documents, and for any further grant.

use chappe::jws::General;
use chappe::notice::{Level, Tlp};
use chappe::trust::{As, Bundle, Documents, Grant, Refusal, Trust, Usage, Why};

use crate::forge::*;
use crate::made::*;
use crate::random::{Seeded, seeds};

/// Everything that two states of trust must agree on.
fn belief(trust: &Trust) -> String {
    let mut keys: Vec<_> = trust.keys().collect();
    keys.sort_by_key(|key| key.public.id().clone());
    let revoked: Vec<Vec<_>> = keys.iter().map(|key| trust.revoked(key).collect()).collect();
    let seats: Vec<_> = trust.seats().collect();
    format!("{seats:#?} {keys:#?} {revoked:#?} {:?}", trust.root(&id("eu-fr")))
}

/// A history as honest tools make it: each later document repeats what was revoked.
fn history() -> Vec<General> {
    let revoked = || revocation("eu-fr-nor", "issue", NOW, Why::Ceased);
    let both = |b: &mut Bundle| {
        let entry = b.nodes.iter_mut().find(|n| n.id == id("eu-fr-bre")).expect("introduced");
        entry.bundle = Some(set("eu-fr-bre", 1, &["bundle", "bundle-2"]));
    };
    let mut all = documents(|_| {});
    all.extend([
        root_of(2, set("eu-fr", 2, &["root", "r1", "r2"]), "bundle", &["root", "r1"]),
        later("eu-fr", 2, both),
        later("eu-fr-nor", 2, |b| b.revoked.push(revoked())),
        signed(&changed("eu-fr-bre", 2, |_| {}), &key("eu-fr-bre", "bundle-2")),
        later("eu-fr-nor", 3, |b| b.revoked.push(revoked())),
        later("eu-fr-bre-chu", 2, |b| b.contact.mail = Some("garde@chu.example".into())),
    ]);
    all
}

#[test]
fn any_order_and_any_repetition_of_documents_ends_in_the_same_trust() {
    let expected = {
        let mut held = Documents::pinned(&root("eu-fr")).expect("a pin");
        assert_eq!(held.restore_all(&history()), []);
        belief(held.trust())
    };
    for seed in seeds(40) {
        let mut seeded = Seeded::new(seed);
        let mut held = Documents::pinned(&root("eu-fr")).expect("a pin");
        let mut waiting = history();
        for again in history().iter().filter(|_| seeded.below(3) == 0) {
            waiting.push(again.clone());
        }
        seeded.shuffle(&mut waiting);
        // What may pass later comes again, as a durable brings it.
        for _ in 0..history().len() {
            let left =
                |one: &General| matches!(offer(&mut held, one), Err(e) if e.may_pass_later());
            let kept: Vec<General> = waiting.into_iter().filter(left).collect();
            waiting = kept;
        }
        assert_eq!(belief(held.trust()), expected, "seed {seed}");
    }
}

#[test]
fn what_is_restored_in_the_order_in_which_it_came_is_what_was_believed_before() {
    let mut held = held();
    for document in history() {
        let _ = offer(&mut held, &document);
    }
    // A root and the bundle by its new keys stand one behind the other.
    offer(&mut held, &root_of(3, set("eu-fr", 1, &["r3"]), "bundle-2", &["root", "r1", "r3"]))
        .expect("taken");
    let next = signed(&changed("eu-fr", 3, |_| {}), &key("eu-fr", "bundle-2"));
    offer(&mut held, &next).expect("taken");
    let mut again = Documents::pinned(&root("eu-fr")).expect("a pin");
    let kept: Vec<_> = held.all().map(|(_, document)| (document.clone(), NOW)).collect();
    assert_eq!(again.restore_kept(&kept), []);
    assert_eq!(belief(again.trust()), belief(held.trust()));
}

#[test]
fn nothing_is_believed_of_a_stored_document_that_nobody_signed() {
    let mut held = held();
    let forged = General::unsigned(
        &serde_json::to_vec(&changed("eu-fr-bre", 9, |b| {
            b.keys = vec![key_entry("mallory", Usage::Issue)];
        }))
        .expect("JSON"),
    );
    assert_eq!(held.restore(&forged), Err(Refusal::Signatures { found: 0, needed: 1 }));
    held.settle();
    assert_eq!(held.trust().seat(&id("eu-fr-bre")).expect("a seat").version, 1);
}

/// What each key of the tree may sign: one statement for each audience and label.
fn powers(trust: &Trust) -> Vec<(String, String, Tlp)> {
    let audiences = ["eu.all.all.all", "eu.fr.all.all", "eu.fr.bre.all", "eu.fr.nor.health"];
    let labels = [Tlp::Clear, Tlp::Green, Tlp::Amber];
    let mut found = Vec::new();
    for key in trust.keys().filter(|key| key.usage == Usage::Issue) {
        for (aud, tlp) in audiences.iter().flat_map(|aud| labels.map(|tlp| (*aud, tlp))) {
            let statement = advisory(key.node.as_str(), &format!("scope:{aud}"), tlp);
            if trust.allows(key, &statement).is_ok() {
                found.push((key.public.id().to_string(), aud.to_owned(), tlp));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn one_more_introduction_or_grant_never_widens_what_any_other_key_may_do() {
    let all = ["eu-fr", "eu-fr-bre", "eu-fr-nor", "eu-fr-sante", "eu-fr-bre-chu", "eu"];
    let scopes = ["eu.all.all.all", "eu.fr.all.all", "eu.fr.bre.all", "eu.fr.all.health"];
    for seed in seeds(60) {
        let mut seeded = Seeded::new(seed);
        let by = all[seeded.below(all.len())];
        let scope = scope(scopes[seeded.below(scopes.len())]);
        let mut held = held();
        let before = powers(held.trust());
        let child = format!("{by}-new");
        let more = later(by, 2, |b| {
            let mut template = bundle("eu-fr").nodes[0].clone();
            template.id = id(&child);
            template.level = Level::Entity;
            template.constituency = vec![scope.clone()];
            template.may = Grant::whole(vec![scope.clone()]);
            template.bundle = Some(one(&child, "bundle"));
            template.introduced = As::Child;
            template.root = None;
            b.nodes.push(template);
        });
        let taken = offer(&mut held, &more).is_ok();
        let mut own = Bundle::new(fed(), id(&child), 1, (NOW.secs(), NOW.secs() + YEAR));
        own.keys = vec![key_entry(&child, Usage::Issue)];
        let _ = offer(&mut held, &signed(&own, &key(&child, "bundle")));
        let kid = issue_kid(&child).to_string();
        let (new, others): (Vec<_>, Vec<_>) =
            powers(held.trust()).into_iter().partition(|(k, ..)| *k == kid);
        assert_eq!(others, before, "seed {seed}: {by} introduces {child}");
        let parents: Vec<_> =
            before.iter().filter(|(k, ..)| *k == issue_kid(by).to_string()).collect();
        for (_, aud, tlp) in &new {
            let has = parents.iter().any(|(_, a, t)| a == aud && t == tlp);
            assert!(has, "seed {seed}: {child} may do what {by} may not: {aud} {tlp} {taken}");
        }
    }
}
