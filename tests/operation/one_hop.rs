//! From France to Brittany on the real server: what comes, what does not, and that it is the same.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::*;
use chappe::address::{self, Role};
use chappe::bus::Bus;
use chappe::notice::{HEADER_NOTICE, Id, MAX_BODY_BYTES, Statement, Tlp, Wire};
use chappe::verify;
use tokio::sync::OnceCell;

async fn all() -> &'static Federation {
    static ALL: OnceCell<Federation> = OnceCell::const_new();
    ALL.get_or_init(|| Federation::start(LISTENERS)).await
}

fn for_france(all: &Federation, body: &[u8]) -> Statement {
    advisory(&all.rendered.fed, "eu-fr", "scope:eu.fr.all.all", body)
}

/// The notice on a node's board.
async fn on_board(all: &Federation, node: &str, id: Id) -> Wire {
    let subject = all.on_board(node, id).await;
    all.stored(node, "BOARD", &subject).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_advisory_arrives_byte_for_byte_with_its_whole_custody() {
    let all = all().await;
    let body = b"{\"document\":\"unchanged\", \"tab\":\"\t\", \"last\":0}\r\n".to_vec();
    let statement = for_france(all, &body);
    let id = all.publish(&statement, body.clone()).await;
    let wire = on_board(all, "eu-fr-bre-hospital1", id).await;
    assert_eq!(wire.body, body);
    assert_eq!(wire.id(), id);
    let (read, hops) = verify::verify_file(chappe::time::now(), &all.trust, &wire).expect("valid");
    assert_eq!(read, statement);
    let by: Vec<String> = hops.iter().map(|hop| hop.by.to_string()).collect();
    assert_eq!((by[0].as_str(), by[2].as_str()), ("eu-fr", "eu-fr-bre-hospital1"));
    assert!(by.len() == 3 && ["eu-fr-bre", "eu-fr-sante"].contains(&by[1].as_str()), "{by:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_signature_beside_a_document_comes_along_unchanged() {
    let all = all().await;
    let (body, sig) = (b"{\"signed\":\"beside\"}".to_vec(), b"-----BEGIN PGP\r\n\x00\xff".to_vec());
    let mut statement = for_france(all, &body);
    statement.body.sig = Some(Id::of(&sig));
    let sent = Wire { body_sig: Some(sig), ..all.issue(&statement, body) };
    let id = all.send(&statement, &sent).await;
    let wire = on_board(all, "eu-fr-bre-hospital1", id).await;
    assert_eq!((&wire.body_sig, &wire.body), (&sent.body_sig, &sent.body));
    verify::verify_file(chappe::time::now(), &all.trust, &wire).expect("valid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_largest_body_passes_every_node() {
    let all = all().await;
    let body: Vec<u8> = (0..MAX_BODY_BYTES).map(|i| (i * 31 % 251) as u8).collect();
    let id = all.publish(&for_france(all, &body), body.clone()).await;
    let wire = on_board(all, "eu-fr-bre-hospital1", id).await;
    assert!(wire.body == body, "not the same 8 MiB");
}

/// Everything that a subscriber hears, by notice id, until `last` has come.
async fn heard(listening: &mut Listening, last: Id) -> BTreeMap<String, usize> {
    let mut heard = BTreeMap::new();
    loop {
        let next = tokio::time::timeout(PATIENCE, listening.live.next()).await;
        let delivery = next.unwrap_or_else(|_| panic!("not heard: {last}")).expect("connected");
        let id = Id::of(delivery.notice[0].as_bytes());
        *heard.entry(id.to_string()).or_default() += 1;
        if id == last {
            break;
        }
    }
    // A second copy would come at once.
    while let Ok(Some(delivery)) =
        tokio::time::timeout(Duration::from_millis(300), listening.live.next()).await
    {
        *heard.entry(Id::of(delivery.notice[0].as_bytes()).to_string()).or_default() += 1;
    }
    assert_eq!(listening.bus.faults(), 0, "every generated pattern is permitted");
    heard
}

struct Listening {
    bus: Bus,
    live: chappe::bus::Live,
}

async fn listen(all: &Federation, name: &str) -> Listening {
    let bus = all.connect("eu-fr-bre", Role::Subscriber(name.to_owned())).await;
    let known = &all.node("eu-fr-bre").hood.subscribers;
    let (_, interest) = known.iter().find(|(known, _)| known == name).expect("a subscriber");
    let live = bus.live(&address::live(interest)).await.expect("subscribed");
    Listening { bus, live }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_live_subscriber_hears_each_notice_once() {
    let all = all().await;
    let mut siem = listen(all, "siem").await;
    let mut ids = Vec::new();
    for scope in ["scope:eu.fr.all.all", "scope:eu.fr.bre.all", "scope:eu.fr.all.health"] {
        for tlp in [Tlp::Clear, Tlp::Green, Tlp::Amber] {
            let statement = Statement { tlp, ..advisory(&all.rendered.fed, "eu-fr", scope, b"{}") };
            ids.push(all.publish(&statement, b"{}".to_vec()).await);
        }
    }
    let heard = heard(&mut siem, ids[ids.len() - 1]).await;
    for id in ids {
        assert_eq!(heard.get(&id.to_string()), Some(&1), "{id} of {heard:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_is_heard_by_those_who_opted_in_alone() {
    let all = all().await;
    let (mut siem, mut sub) = (listen(all, "siem").await, listen(all, "sub").await);
    let drill = Statement { exercise: Some("panoptes-26".into()), ..for_france(all, b"exercise") };
    let drill = all.publish(&drill, b"exercise".to_vec()).await;
    let subject = all.on_board("eu-fr-bre", drill).await;
    assert!(subject.starts_with("drill.board."), "{subject}");
    let marker = all.publish(&for_france(all, b"real"), b"real".to_vec()).await;
    assert_eq!(heard(&mut siem, marker).await.get(&drill.to_string()), Some(&1));
    assert_eq!(heard(&mut sub, marker).await.get(&drill.to_string()), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn red_to_a_neighbour_lands_in_its_inbox_and_nowhere_else() {
    let all = all().await;
    let mut siem = listen(all, "siem").await;
    let red = advisory(&all.rendered.fed, "eu-fr", "node:eu-fr-bre", b"secret");
    let red = all.publish(&Statement { tlp: Tlp::Red, ..red }, b"secret".to_vec()).await;
    let subject = all.holds("eu-fr-bre", "INBOX", &red.to_string()).await;
    assert_eq!(subject, format!("chappe.inbox.advisory.eu-fr.{red}"));
    assert_eq!(all.stored("eu-fr-bre", "INBOX", &subject).await.body, b"secret");
    let marker = all.publish(&for_france(all, b"real"), b"real".to_vec()).await;
    assert_eq!(heard(&mut siem, marker).await.get(&red.to_string()), None);
    for node in ["eu-fr", "eu-fr-bre", "eu-fr-nor", "eu-fr-sante", "eu-fr-bre-hospital1"] {
        all.on_board(node, marker).await;
        assert!(!all.board(node).await.contains(&red.to_string()), "on a board: {node}");
    }
    assert_eq!(
        all.holds("eu-fr", "BOARD", &red.to_string()).await,
        format!("chappe.direct.eu-fr-bre.{red}")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn foreign_headers_are_dropped_and_counted() {
    let all = all().await;
    let statement = for_france(all, b"{}");
    let wire = all.issue(&statement, b"{}".to_vec());
    let before = all.number("eu-fr", "headers_dropped_total").await;
    let raw = all.raw("eu-fr", Role::Publisher("web".into())).await;
    let mut headers = async_nats::HeaderMap::new();
    headers.insert(HEADER_NOTICE, wire.notice.as_str());
    headers.insert("X-Note", "kept by nobody");
    headers.insert("Nats-Trace-Only", "false");
    let subject = address::local_intake(address::REAL, "web", wire.id());
    raw.client.publish_with_headers(subject, headers, "{}".into()).await.expect("sent");
    raw.client.flush().await.expect("flushed");
    let subject = all.on_board("eu-fr-bre", wire.id()).await;
    let names = all.header_names("eu-fr-bre", "BOARD", &subject).await;
    assert_eq!(
        names,
        ["Chappe-Hops", "Chappe-Notice", "Nats-Expected-Last-Subject-Sequence", "Nats-TTL"],
        "ours, and what our own relay asks of its own server"
    );
    assert_eq!(all.number("eu-fr", "headers_dropped_total").await, before + 2);
}
