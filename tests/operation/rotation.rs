//! Trust that changes under running relays: bundles that travel up and down, rotation without a
//! lost notice, revocation in seconds, theft undone. On the real server; no relay is restarted but
//! where a test kills it.

use crate::support::*;
use chappe::jws::{SecretKey, Signer as _};
use chappe::notice::{Id, Kind, Statement, Wire};
use chappe::trust::{Bundle, KeyEntry, Revocation, Usage, Why};

const HOSPITAL: &str = "eu-fr-bre-hospital1";
const FRENCH: [&str; 7] = [
    "eu-fr",
    "eu-fr-bre",
    "eu-fr-nor",
    "eu-fr-sante",
    HOSPITAL,
    "eu-fr-bre-townhall1",
    "eu-fr-nor-townhall1",
];

fn now() -> u64 {
    chappe::time::now().secs()
}

fn new_key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32]).expect("a key")
}

fn entry(key: &SecretKey, usage: Usage) -> KeyEntry {
    let (nbf, exp) = (now() - 3600, now() + 90 * DAY);
    KeyEntry { jwk: key.public().to_jwk(), usage, nbf, exp, kinds: None, scopes: None, tlp: None }
}

fn kid_of(bundle: &Bundle, usage: Usage) -> String {
    let key = bundle.keys.iter().find(|key| key.usage == usage).expect("a key");
    chappe::jws::PublicKey::from_jwk(&key.jwk).expect("a key").id().to_string()
}

fn revoke(bundle: &mut Bundle, usage: Usage, at: u64, why: Why) {
    let kid = kid_of(bundle, usage);
    bundle.revoked.push(Revocation { kid, at, why, good: None });
}

fn signed(key: &SecretKey, statement: &Statement, body: &[u8]) -> Wire {
    let notice = sign(key, statement);
    Wire { notice, hops: Vec::new(), body_sig: None, body: body.to_vec() }
}

/// A document's own withdrawal, as its issuer would make it.
fn withdrawal(of: &Statement, id: Id) -> Statement {
    let (title, body) = ("Withdrawn".to_owned(), describe(b""));
    Statement { kind: Kind::Withdrawal, re: Some(id), title, body, ..of.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_given_to_one_relay_goes_up_and_down_to_every_node_of_its_state() {
    let all = Federation::start(SMALL).await;
    let next = all.later(HOSPITAL, 2, |b| b.contact.phone = Some("01 99 00 00 77".into()));
    all.hand_over(HOSPITAL, &next).await;
    for node in FRENCH {
        all.trusts(node, &format!("bundle.{HOSPITAL}.2")).await;
    }
    let national = all.later("eu-fr", 2, |b| b.contact.hours = Some("always".into()));
    all.hand_over("eu-fr", &national).await;
    for node in FRENCH.into_iter().chain(["eu", "eu-be"]) {
        all.trusts(node, "bundle.eu-fr.2").await;
    }
    let above = all.subjects("eu", "TRUST").await;
    let inside = format!("chappe.trust.bundle.{HOSPITAL}.2");
    assert!(!above.contains(&inside), "what is inside a State stays there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_by_a_new_key_waits_for_the_bundle_that_lists_it() {
    let all = Federation::start(SMALL).await;
    let key = new_key(41);
    let rotated = all.later("eu-fr", 2, |b| b.keys.push(entry(&key, Usage::Issue)));
    // Normandy sleeps while the bundle comes, and the bundle is lost on the way to it.
    assert!(all.stop_relay("eu-fr-nor").await);
    all.hand_over("eu-fr", &rotated).await;
    all.trusts("eu-fr", "bundle.eu-fr.2").await;
    all.drop_from("eu-fr", "TRUST", "chappe.trust.bundle.eu-fr.2").await;
    let statement = advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.nor.all", b"{}");
    let id = all.send(&statement, &signed(&key, &statement, b"{}")).await;
    all.on_board("eu-fr", id).await;
    all.start_relay("eu-fr-nor");
    all.holds("eu-fr-nor", "HELD", &id.to_string()).await;
    assert!(!all.board("eu-fr-nor").await.contains(&id.to_string()));
    all.hand_over("eu-fr-nor", &rotated).await;
    for node in ["eu-fr-nor", "eu-fr-nor-townhall1"] {
        all.on_board(node, id).await;
        assert_eq!(all.subjects(node, "QUARANTINE").await, Vec::<String>::new(), "{node}");
    }
    let empty = async || match all.subjects("eu-fr-nor", "HELD").await {
        held if held.is_empty() => Ok(()),
        held => Err(format!("{held:?}")),
    };
    all.eventually("nothing waits any more", empty).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_that_one_upstream_keeps_back_comes_over_another() {
    let all = Federation::start(SMALL).await;
    assert!(all.stop_relay("eu-fr-bre").await);
    all.hand_over("eu-fr", &all.later("eu-fr", 2, |_| {})).await;
    all.trusts("eu-fr", "bundle.eu-fr.2").await;
    all.drop_from("eu-fr", "TRUST", "chappe.trust.bundle.eu-fr.2").await;
    all.start_relay("eu-fr-bre");
    // From the health CSIRT to the hospital that follows it, and from there up.
    for node in ["eu-fr-sante", HOSPITAL, "eu-fr-bre", "eu-fr-bre-townhall1"] {
        all.trusts(node, "bundle.eu-fr.2").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_reaches_every_relay_and_outlives_a_restart_and_a_bundle_without_it() {
    let all = Federation::start(SMALL).await;
    let revoked = all.later("eu-fr-bre", 2, |b| revoke(b, Usage::Issue, now(), Why::Superseded));
    all.hand_over("eu-fr-bre", &revoked).await;
    for node in FRENCH {
        all.trusts(node, "bundle.eu-fr-bre.2").await;
    }
    all.hand_over("eu-fr-bre", &all.later("eu-fr-bre", 3, |_| {})).await;
    all.trusts("eu-fr-bre", "bundle.eu-fr-bre.3").await;
    all.kill_relay("eu-fr-bre");
    all.start_relay("eu-fr-bre");
    all.ready("eu-fr-bre").await;
    let statement = advisory(&all.rendered.fed, "eu-fr-bre", "scope:eu.fr.bre.all", b"{}");
    let id = all.publish(&statement, b"{}".to_vec()).await;
    let refused = async || match all
        .metric("eu-fr-bre", "messages_refused_total", "reason", "key-revoked")
        .await
    {
        1 => Ok(()),
        other => Err(other.to_string()),
    };
    all.eventually("the revoked key is refused", refused).await;
    assert!(!all.board("eu-fr-bre").await.contains(&id.to_string()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_thief_signed_is_withdrawn_at_every_reader_and_what_he_hid_comes_back() {
    let all = Federation::start(SMALL).await;
    let fed = &all.rendered.fed;
    let genuine = advisory(fed, "eu-fr", "scope:eu.fr.all.all", b"{}");
    let genuine_id = all.publish(&genuine, b"{}".to_vec()).await;
    all.stands(&FRENCH, genuine_id, "in force").await;
    let stolen_at = now() + 1;
    let later = async || if now() >= stolen_at { Ok(()) } else { Err(String::new()) };
    all.eventually("a second has passed", later).await;
    let fake = advisory(fed, "eu-fr", "scope:eu.fr.all.all", b"fake");
    let fake_id = all.publish(&fake, b"fake".to_vec()).await;
    let gone = all.publish(&withdrawal(&genuine, genuine_id), Vec::new()).await;
    all.stands(&FRENCH, genuine_id, "withdrawn").await;
    all.stands(&FRENCH, fake_id, "in force").await;

    let key = new_key(42);
    let repaired = all.later("eu-fr", 2, |b| {
        revoke(b, Usage::Issue, stolen_at, Why::Compromised);
        b.keys.push(entry(&key, Usage::Issue));
    });
    all.hand_over("eu-fr", &repaired).await;
    all.stands(&FRENCH, fake_id, "withdrawn").await;
    all.stands(&FRENCH, gone, "withdrawn").await;
    all.stands(&FRENCH, genuine_id, "in force").await;
    let next = advisory(fed, "eu-fr", "scope:eu.fr.all.all", b"next");
    let next_id = all.send(&next, &signed(&key, &next, b"next")).await;
    all.stands(&FRENCH, next_id, "in force").await;

    all.kill_relay("eu-fr-bre");
    all.start_relay("eu-fr-bre");
    all.ready("eu-fr-bre").await;
    all.stands(&["eu-fr-bre"], fake_id, "withdrawn").await;
    all.stands(&["eu-fr-bre"], genuine_id, "in force").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_filtered_for_a_thiefs_withdrawal_comes_again() {
    let all = Federation::start(SMALL).await;
    let fed = &all.rendered.fed;
    // Health has it withdrawn before the real one gets there: its withdrawal goes ahead.
    let genuine = advisory(fed, "eu-fr", "scope:eu.fr.all.health", b"{}");
    let wire = all.issue(&genuine, b"{}".to_vec());
    let stolen_at = now();
    let gone = withdrawal(&genuine, wire.id());
    let gone_id = all.publish(&gone, Vec::new()).await;
    all.stands(&["eu-fr", "eu-fr-sante", HOSPITAL], gone_id, "in force").await;
    all.send(&genuine, &wire).await;
    let filtered =
        async || match all.metric("eu-fr", "notices_filtered_total", "reason", "withdrawn").await {
            1 => Ok(()),
            other => Err(other.to_string()),
        };
    all.eventually("the real one is filtered", filtered).await;
    let repaired = all.later("eu-fr", 2, |b| revoke(b, Usage::Issue, stolen_at, Why::Compromised));
    all.hand_over("eu-fr", &repaired).await;
    for (up, down) in [("eu-fr", "eu-fr-sante"), ("eu-fr-sante", HOSPITAL)] {
        let again = async || {
            let durable = all.durable(up, "BOARD", &format!("child-{down}")).await;
            let seen = all.metric(down, "messages_received_total", "source", "upstream").await;
            let said = format!("{:?} {seen}", durable.delivered);
            if seen >= 2 { Ok(()) } else { Err(said) }
        };
        all.eventually(&format!("the board of {up} comes again to {down}"), again).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_no_longer_introduced_gets_nothing_more_and_who_is_again_gets_all() {
    let all = Federation::start(SMALL).await;
    let fed = &all.rendered.fed;
    let townhall = "eu-fr-bre-townhall1";
    let without = all.later("eu-fr-bre", 2, |b| b.nodes.retain(|n| n.id.as_str() != townhall));
    all.hand_over("eu-fr-bre", &without).await;
    let closed = async || {
        let durable = all.durable("eu-fr-bre", "BOARD", &format!("child-{townhall}")).await;
        let filters = durable.config.filter_subjects;
        if filters.iter().all(|f| f.contains(".closed.")) { Ok(()) } else { Err(filters.join(" ")) }
    };
    all.eventually("its durable is closed", closed).await;
    let aud = "scope:eu.fr.bre.public-administration";
    let id = all.publish(&advisory(fed, "eu-fr-bre", aud, b"{}"), b"{}".to_vec()).await;
    all.on_board("eu-fr-bre", id).await;
    assert!(!all.board(townhall).await.contains(&id.to_string()));
    all.hand_over("eu-fr-bre", &all.later("eu-fr-bre", 3, |_| {})).await;
    all.on_board(townhall, id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_overtakes_the_bundle_that_allows_it_comes_again() {
    let all = Federation::start(SMALL).await;
    let townhall = "eu-fr-bre-townhall1";
    let other = all.later("eu-fr-bre", 2, |b| {
        let entry = b.nodes.iter_mut().find(|n| n.id.as_str() == townhall).expect("introduced");
        entry.constituency = vec!["eu.fr.bre.banking".parse().expect("a scope")];
    });
    all.hand_over("eu-fr-bre", &other).await;
    all.trusts(townhall, "bundle.eu-fr-bre.2").await;
    assert!(all.stop_relay(townhall).await);
    let with = all.later("eu-fr-bre", 3, |_| {});
    all.hand_over("eu-fr-bre", &with).await;
    all.trusts("eu-fr-bre", "bundle.eu-fr-bre.3").await;
    all.drop_from("eu-fr-bre", "TRUST", "chappe.trust.bundle.eu-fr-bre.3").await;
    let aud = "scope:eu.fr.bre.public-administration";
    let notice = advisory(&all.rendered.fed, "eu-fr-bre", aud, b"{}");
    let id = all.publish(&notice, b"{}".to_vec()).await;
    all.start_relay(townhall);
    let refused = async || match all.subjects(townhall, "QUARANTINE").await {
        kept if kept.iter().any(|s| s.contains(".audience.")) => Ok(()),
        kept => Err(format!("{kept:?}")),
    };
    all.eventually("the notice overtakes the bundle", refused).await;
    all.hand_over(townhall, &with).await;
    all.on_board(townhall, id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_forked_endless_and_unsigned_documents_are_refused_counted_and_kept_as_evidence() {
    let all = Federation::start(SMALL).await;
    all.hand_over("eu-fr", &all.later("eu-fr", 3, |_| {})).await;
    all.trusts("eu-fr", "bundle.eu-fr.3").await;
    let fork = all.later("eu-fr", 3, |b| b.contact.phone = Some("01 99 00 00 66".into()));
    let expired = all.later("eu-fr", 4, |b| b.exp = now() - 1);
    let zero = all.later("eu-fr", 5, |b| {
        b.nodes[0].bundle = b.nodes[0].bundle.take().map(|mut set| {
            set.threshold = 0;
            set
        });
    });
    let mut endless = all.later("eu-fr", 6, |_| {});
    endless.extend(vec![b' '; 80 * 1024]);
    let cases = [
        ("trust-rollback", all.later("eu-fr", 2, |_| {})),
        ("trust-fork", fork),
        ("trust-expired", expired),
        ("trust-invalid", zero),
        ("trust-invalid", endless),
    ];
    for (at, (reason, document)) in cases.iter().enumerate() {
        all.hand_over("eu-fr", document).await;
        let already = cases[..at].iter().filter(|(before, _)| before == reason).count() as u64;
        let counted =
            async || match all.metric("eu-fr", "messages_refused_total", "reason", reason).await {
                found if found == already + 1 => Ok(()),
                found => Err(found.to_string()),
            };
        all.eventually(&format!("{reason} is counted"), counted).await;
    }
    let evidence = all.subjects("eu-fr", "QUARANTINE").await;
    assert_eq!(evidence.len(), cases.len(), "{evidence:#?}");
    let fork = evidence.iter().find(|subject| subject.contains("trust-fork")).expect("a fork");
    let kept = all.message("eu-fr", "QUARANTINE", fork).await.payload;
    let kept: serde_json::Value = serde_json::from_slice(&kept).expect("JSON");
    let document = chappe::jws::base64url(&cases[1].1);
    assert_eq!(kept["body"], document, "the document itself is kept");
    all.hand_over("eu-fr", &all.later("eu-fr", 7, |_| {})).await;
    for node in FRENCH {
        all.trusts(node, "bundle.eu-fr.7").await;
        let held = all.subjects(node, "TRUST").await;
        let french: Vec<_> = held.iter().filter(|s| s.contains(".bundle.eu-fr.")).collect();
        assert_eq!(french.len(), 3, "{node}: {french:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_that_is_killed_again_and_again_ends_with_every_document() {
    let all = Federation::start(SMALL).await;
    let last = 8;
    for version in 2..=last {
        all.hand_over("eu-fr", &all.later("eu-fr", version, |_| {})).await;
        for node in ["eu-fr", "eu-fr-bre"] {
            all.kill_relay(node);
            all.start_relay(node);
        }
    }
    for node in FRENCH {
        all.trusts(node, &format!("bundle.eu-fr.{last}")).await;
    }
    let id = all
        .publish(
            &advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.all.all", b"{}"),
            b"{}".to_vec(),
        )
        .await;
    all.stands(&FRENCH, id, "in force").await;
}
