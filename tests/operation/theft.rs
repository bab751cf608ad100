//! Keys that are lost or stolen, under running relays: a root and a bundle key are replaced, a
//! relay key is exchanged in the middle of the traffic, and of a node that lost both of its keys
//! only what it had said before counts. On the real server.

use crate::support::*;
use chappe::address::Role;
use chappe::jws::{self, General, SecretKey, Signer as _};
use chappe::keys;
use chappe::notice::{Hop, Id, Statement, Time, Wire};
use chappe::trust::{KeyEntry, Revocation, Root, Usage, Why};

const FRENCH: [&str; 7] = [
    "eu-fr",
    "eu-fr-bre",
    "eu-fr-nor",
    "eu-fr-sante",
    "eu-fr-bre-hospital1",
    "eu-fr-bre-townhall1",
    "eu-fr-nor-townhall1",
];

fn now() -> u64 {
    chappe::time::now().secs()
}

fn entry(key: &SecretKey, usage: Usage) -> KeyEntry {
    let (nbf, exp) = (now() - 3600, now() + 90 * DAY);
    KeyEntry { jwk: key.public().to_jwk(), usage, nbf, exp, kinds: None, scopes: None, tlp: None }
}

fn revoked(key: &SecretKey, at: u64, good: Option<Vec<Id>>) -> Revocation {
    Revocation { kid: key.public().id().to_string(), at, why: Why::Compromised, good }
}

/// A notice of the State for all of France, as its publisher would make it.
fn national(all: &Federation, body: &[u8]) -> Statement {
    advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.all.all", body)
}

/// France's next root, of which one bundle key is another, signed by three of its five root keys.
fn next_root(all: &Federation, bundle: &SecretKey) -> Vec<u8> {
    let path = all.rendered.out.join("trust").join("eu-fr.root.json");
    let old = General::parse(&std::fs::read(path).expect("a root")).expect("a document");
    let mut root: Root = jws::from_slice(&old.unverified_payload().expect("a payload")).expect("");
    root.version += 1;
    root.bundle.keys = vec![bundle.public().to_jwk()];
    let mut next = General::unsigned(&serde_json::to_vec(&root).expect("JSON"));
    for number in 1..=3 {
        let key = all.offline_key("eu-fr", &format!("root-{number}.pem"));
        next.sign(&key).expect("signed");
    }
    serde_json::to_vec(&next).expect("JSON")
}

fn bundle_by(all: &Federation, by: &SecretKey, version: u64) -> Vec<u8> {
    let mut bundle = all.bundle("eu-fr");
    bundle.version = version;
    let mut general = General::unsigned(&serde_json::to_vec(&bundle).expect("JSON"));
    general.sign(by).expect("signed");
    serde_json::to_vec(&general).expect("JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_root_stops_a_stolen_bundle_key_everywhere_and_the_traffic_goes_on() {
    let all = Federation::start(SMALL).await;
    let before = all.publish(&national(&all, b"{}"), b"{}".to_vec()).await;
    let key = SecretKey::from_seed(&[51; 32]).expect("a key");
    all.hand_over("eu-fr", &next_root(&all, &key)).await;
    all.hand_over("eu-fr", &bundle_by(&all, &key, 2)).await;
    for node in FRENCH {
        all.trusts(node, "root.eu-fr.2").await;
        all.trusts(node, "bundle.eu-fr.2").await;
    }
    // The thief's bundle waits for signatures that never come; nobody believes it.
    all.hand_over("eu-fr", &all.later("eu-fr", 9, |b| b.nodes.clear())).await;
    // Only the first root is pinned: the rest is found again from it.
    for node in ["eu-fr", "eu-fr-bre"] {
        all.kill_relay(node);
        all.start_relay(node);
        all.ready(node).await;
    }
    let after = all.publish(&national(&all, b"{}"), b"{}".to_vec()).await;
    all.stands(&FRENCH, before, "in force").await;
    all.stands(&FRENCH, after, "in force").await;
    let held = all.subjects("eu-fr", "TRUST").await;
    assert!(!held.iter().any(|subject| subject.ends_with("bundle.eu-fr.9")), "{held:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_key_is_exchanged_in_the_middle_of_the_traffic_without_a_lost_notice() {
    let all = Federation::start(SMALL).await;
    let fresh = all.node("eu-fr-bre").folder.join("keys").join("relay-2.pem");
    let key = keys::create_plain_key(&fresh).expect("made");
    let mut sent = Vec::new();
    let mut publish = async |count: usize| {
        for _ in 0..count {
            sent.push(all.publish(&national(&all, b"{}"), b"{}".to_vec()).await);
        }
        sent.clone()
    };
    publish(5).await;
    let both = all.later("eu-fr-bre", 2, |b| b.keys.push(entry(&key, Usage::Relay)));
    all.hand_over("eu-fr-bre", &both).await;
    all.trusts("eu-fr-bre", "bundle.eu-fr-bre.2").await;
    publish(5).await;
    let config = all.node("eu-fr-bre").folder.join("relay.toml");
    let text = std::fs::read_to_string(&config).expect("a configuration");
    std::fs::write(&config, text.replace("keys/relay.pem", "keys/relay-2.pem")).expect("written");
    assert!(all.stop_relay("eu-fr-bre").await);
    publish(5).await;
    all.start_relay("eu-fr-bre");
    let sent = publish(5).await;
    for node in ["eu-fr-bre", "eu-fr-bre-townhall1", "eu-fr-bre-hospital1"] {
        for id in &sent {
            all.on_board(node, *id).await;
        }
        assert_eq!(all.subjects(node, "QUARANTINE").await, Vec::<String>::new(), "{node}");
    }
}

/// Runs `chappe subscribe` as a user of a node until it has shown one notice.
fn subscriber(all: &Federation, node: &str, user: &str, more: &[&str]) -> std::process::Child {
    let profile = all.node(node).folder.join(format!("{user}.toml"));
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_chappe"));
    command.args(["subscribe", "--json", "--count", "1", "-c"]).arg(profile).args(more);
    command.stdout(std::process::Stdio::piped()).spawn().expect("started")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscribers_with_the_files_of_yesterday_read_what_a_new_key_signs() {
    let all = Federation::start(SMALL).await;
    let key = SecretKey::from_seed(&[71; 32]).expect("a key");
    let rotated = all.later("eu-fr", 2, |b| b.keys.push(entry(&key, Usage::Issue)));
    all.hand_over("eu-fr", &rotated).await;
    all.trusts("eu-fr-bre", "bundle.eu-fr.2").await;
    let live = subscriber(&all, "eu-fr-bre", "sub-sub", &[]);
    let statement = national(&all, b"{}");
    let notice = jws::sign(&key, jws::Typ::Notice, &statement).expect("signed");
    let wire = Wire { notice, hops: Vec::new(), body_sig: None, body: b"{}".to_vec() };
    let sent = all.send(&statement, &wire).await;
    all.on_board("eu-fr-bre", sent).await;
    let missed = subscriber(&all, "eu-fr-bre", "replay-sub", &["--replay"]);
    // The live one may have listened too late for the first: then it hears the next.
    let next = national(&all, b"{}");
    let notice = jws::sign(&key, jws::Typ::Notice, &next).expect("signed");
    let wire = Wire { notice, hops: Vec::new(), body_sig: None, body: b"{}".to_vec() };
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    all.send(&next, &wire).await;
    for reader in [missed, live] {
        let shown = tokio::task::spawn_blocking(|| reader.wait_with_output());
        let shown = tokio::time::timeout(PATIENCE, shown).await.expect("in time");
        let shown = shown.expect("joined").expect("ended");
        let said = String::from_utf8_lossy(&shown.stdout).into_owned();
        assert!(said.contains("\"iss\":\"eu-fr\""), "{said}");
    }
}

/// A notice with a first hop that a thief of the relay key dates back.
fn back_dated(wire: Wire, relay: &SecretKey, at: u64) -> Wire {
    let st = wire.id();
    let hop = Hop { st, prev: st, by: "eu-fr".parse().expect("a node"), at: Time::from_secs(at) };
    let hop = jws::sign(relay, jws::Typ::Hop, &hop).expect("signed");
    Wire { hops: vec![hop], ..wire }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_issue_and_relay_key_stolen_only_what_the_good_list_names_counts() {
    let all = Federation::start(SMALL).await;
    let genuine = all.publish(&national(&all, b"{}"), b"{}".to_vec()).await;
    all.stands(&FRENCH, genuine, "in force").await;
    let stolen = now() + 1;
    let (issue, relay) = (all.key("eu-fr", "issue"), all.key("eu-fr", "relay"));
    // The thief has the server too: he writes onto its board what seems older than the theft.
    let fake = Statement { iat: stolen - 600, ..national(&all, b"fake") };
    let wire = back_dated(all.issue(&fake, b"fake".to_vec()), &relay, stolen - 500);
    let subject = chappe::address::subject(&chappe::address::Place::Board, &fake, wire.id());
    let thief = all.connect("eu-fr", Role::Relay).await;
    thief.place(&subject, &wire.headers(), wire.body.clone(), None).await.expect("placed");
    let below: Vec<&str> = FRENCH.into_iter().filter(|node| *node != "eu-fr").collect();
    all.stands(&below, wire.id(), "in force").await;

    let list = genuine.as_bytes().to_vec();
    let fresh = [61, 62].map(|seed| SecretKey::from_seed(&[seed; 32]).expect("a key"));
    let repaired = all.later("eu-fr", 2, |b| {
        b.revoked.push(revoked(&issue, stolen, Some(vec![Id::of(&list)])));
        b.revoked.push(revoked(&relay, stolen, None));
        b.keys.push(entry(&fresh[0], Usage::Issue));
        b.keys.push(entry(&fresh[1], Usage::Relay));
    });
    all.hand_over("eu-fr", &repaired).await;
    all.hand_over("eu-fr", &list).await;
    all.stands(&below, wire.id(), "withdrawn").await;
    all.stands(&below, genuine, "in force").await;
    for node in FRENCH {
        all.trusts(node, &format!("list.{}", Id::of(&list))).await;
    }
}
