//! What a user with honest permissions and dishonest intent can make the server do: reply subjects,
//! message ids, headers with a meaning, size.

use std::time::Duration;

use crate::support::*;
use async_nats::HeaderMap;
use chappe::address::{self, REAL, Role};
use chappe::bus::{PlaceError, Placed};
use chappe::notice::{Id, MAX_BODY_BYTES};
use tokio::sync::OnceCell;

/// No relay: what a stream gets stays where it is.
async fn all() -> &'static Federation {
    static ALL: OnceCell<Federation> = OnceCell::const_new();
    ALL.get_or_init(|| Federation::provisioned(LISTENERS)).await
}

fn web() -> Role {
    Role::Publisher("web".into())
}

fn link(node: &str) -> Role {
    Role::Link(node.parse().expect("a node id"))
}

fn own(tail: &str) -> String {
    format!("chappe.intake.local.web.{tail}")
}

/// A publish with an honest acknowledgement: what was sent before has been worked on.
async fn stored_in_own_intake(raw: &Raw, tail: &str) {
    let answer = answer(raw, &own(tail), &[], b"").await;
    assert!(answer.contains("\"stream\""), "{answer}");
}

async fn answer(raw: &Raw, subject: &str, headers: &[(&str, &str)], payload: &[u8]) -> String {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, *value);
    }
    let sent = raw.client.request_with_headers(subject.to_owned(), map, payload.to_vec().into());
    let answer = sent.await.unwrap_or_else(|e| panic!("{subject}: {e}"));
    String::from_utf8_lossy(&answer.payload).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_servers_acknowledgement_goes_into_no_stream_and_to_no_subscriber() {
    let all = all().await;
    let targets = [
        "chappe.board.advisory.eu.fr.bre.all.green.high.eu-fr.injected",
        "chappe.direct.eu-fr-bre-hospital1.injected",
        "chappe.live.board.advisory.eu.fr.bre.all.green.high.eu-fr.injected",
        "chappe.cases.eu.fr.bre.all.green.high.eu-fr.injected",
        "chappe.inbox.advisory.eu-fr.injected",
        "chappe.intake.local.soc.injected",
        "chappe.intake.child.eu-fr-bre-hospital1.injected",
        "chappe.quarantine.body.local-web.injected",
    ];
    let subscriber = all.connect("eu-fr-bre", Role::Subscriber("sub".into())).await;
    let (_, interest) = &all.node("eu-fr-bre").hood.subscribers[0];
    let mut live = subscriber.live(&address::live(interest)).await.expect("subscribed");
    let raw = all.raw("eu-fr-bre", web()).await;
    for (number, reply) in targets.iter().enumerate() {
        let subject = own(&format!("injection{number}"));
        raw.client.publish_with_reply(subject, *reply, "x".into()).await.expect("sent");
    }
    stored_in_own_intake(&raw, "after-injection").await;
    for stream in ["BOARD", "CASES", "INBOX", "QUARANTINE", "INTAKE_LOCAL_soc"] {
        let there = all.subjects("eu-fr-bre", stream).await;
        assert!(!there.iter().any(|s| s.ends_with("injected")), "{stream}: {there:?}");
    }
    let child = all.subjects("eu-fr-bre", "INTAKE_CHILD_eu-fr-bre-hospital1").await;
    assert_eq!(child, Vec::<String>::new());
    // The relay's own first message is the first that is heard.
    let relay = all.connect("eu-fr-bre", Role::Relay).await;
    let real = "chappe.board.advisory.eu.fr.bre.all.green.high.eu-fr.real";
    assert_eq!(relay.place(real, &[], b"real".to_vec(), None).await, Ok(Placed::Stored));
    let first = tokio::time::timeout(PATIENCE, live.next()).await.expect("heard").expect("one");
    assert_eq!(first.payload, b"real");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_with_anothers_intake_as_reply_moves_nothing() {
    let all = all().await;
    let relay = all.connect("eu-fr", Role::Relay).await;
    let offered = "chappe.board.advisory.eu.fr.all.all.green.high.eu-fr.offered";
    assert_eq!(relay.place(offered, &[], b"offered".to_vec(), None).await, Ok(Placed::Stored));
    let raw = all.raw("eu-fr", link("eu-fr-bre")).await;
    let next = "$JS.up.API.CONSUMER.MSG.NEXT.BOARD.child-eu-fr-bre";
    for reply in [
        "chappe.intake.child.eu-fr-nor.redirected",
        "chappe.intake.local.soc.redirected",
        "chappe.cases.eu.fr.bre.all.green.high.eu-fr.redirected",
        "_INBOX_link-eu-fr-nor.redirected",
    ] {
        let pull = r#"{"batch":10,"no_wait":true}"#;
        raw.client.publish_with_reply(next, reply, pull.into()).await.expect("sent");
    }
    let answer = answer(&raw, "$JS.up.API.CONSUMER.INFO.BOARD.child-eu-fr-bre", &[], b"").await;
    assert!(answer.contains("num_pending"), "the link itself is well: {answer}");
    for stream in ["INTAKE_CHILD_eu-fr-nor", "INTAKE_LOCAL_soc", "CASES"] {
        let there = all.subjects("eu-fr", stream).await;
        let moved = |s: &String| s.ends_with("offered") || s.ends_with("redirected");
        assert!(!there.iter().any(moved), "{stream}: {there:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_id_of_another_sender_suppresses_nothing() {
    let all = all().await;
    let (web, soc) =
        (all.raw("eu-fr", web()).await, all.raw("eu-fr", Role::Publisher("soc".into())).await);
    let squatted = [("Nats-Msg-Id", "squatted")];
    let first = answer(&web, &own("squatter"), &squatted, b"x").await;
    let second = answer(&soc, "chappe.intake.local.soc.victim", &squatted, b"y").await;
    for answer in [&first, &second] {
        assert!(answer.contains("\"seq\"") && !answer.contains("duplicate"), "{answer}");
    }
    all.holds("eu-fr", "INTAKE_LOCAL_soc", "victim").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_would_change_a_stream_are_refused_by_the_server() {
    let all = all().await;
    let raw = all.raw("eu-fr-nor", Role::Publisher(all.publisher("eu-fr-nor"))).await;
    let publisher = all.publisher("eu-fr-nor");
    let later = "@at 2099-01-01T00:00:00Z";
    let target = "chappe.board.x";
    type Attempt<'a> = (&'a str, &'a [(&'a str, &'a str)], u32);
    let attempts: [Attempt<'_>; 4] = [
        ("rollup", &[("Nats-Rollup", "sub")], 10111),
        ("ttl", &[("Nats-TTL", "1s")], 10166),
        ("schedule", &[("Nats-Schedule", later), ("Nats-Schedule-Target", target)], 10188),
        ("batch", &[("Nats-Batch-Id", "b"), ("Nats-Batch-Sequence", "1")], 10174),
    ];
    for (name, headers, code) in attempts {
        let subject = format!("chappe.intake.local.{publisher}.{name}");
        let answer = answer(&raw, &subject, headers, b"x").await;
        assert!(answer.contains(&format!("\"err_code\":{code}")), "{name}: {answer}");
    }
    let stream = format!("INTAKE_LOCAL_{publisher}");
    assert_eq!(all.subjects("eu-fr-nor", &stream).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_above_the_limit_fails_at_its_sender() {
    let bus = all().await.connect("eu-fr", web()).await;
    let subject = address::local_intake(REAL, "web", Id::of(b"too large"));
    let placed = bus.place(&subject, &[], vec![0; MAX_BODY_BYTES + 1024 * 1024], None).await;
    assert_eq!(placed, Err(PlaceError::Size));
    let placed = bus.place(&subject, &[], vec![0; MAX_BODY_BYTES], None).await;
    assert_eq!(placed, Ok(Placed::Stored), "and nothing has happened to the connection");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_sends_as_its_sibling_fails_at_once_and_sees_it() {
    let all = all().await;
    let bus = all.connect("eu-fr", link("eu-fr-bre")).await;
    let id = Id::of(b"as a sibling");
    let sibling = address::child_intake(REAL, &all.node("eu-fr-nor").id, id);
    let placed = bus.place(&sibling, &[], b"x".to_vec(), None).await;
    assert!(matches!(placed, Err(PlaceError::NotGranted(_))), "{placed:?}");
    assert_eq!(bus.faults(), 1);
    assert_eq!(all.subjects("eu-fr", "INTAKE_CHILD_eu-fr-nor").await, Vec::<String>::new());
    let own = address::child_intake(REAL, &all.node("eu-fr-bre").id, id);
    assert_eq!(bus.place(&own, &[], b"x".to_vec(), None).await, Ok(Placed::Stored));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_intake_stops_its_own_sender_alone() {
    let all = all().await;
    let (web, soc) = (
        all.connect("eu-fr-bre", web()).await,
        all.connect("eu-fr-bre", Role::Publisher("soc".into())).await,
    );
    let mut outcome = Ok(Placed::Stored);
    for number in 0..20_u8 {
        let subject = address::local_intake(REAL, "web", Id::of(&[number]));
        outcome = web.place(&subject, &[], vec![number; MAX_BODY_BYTES], None).await;
        if outcome.is_err() {
            break;
        }
    }
    assert_eq!(outcome, Err(PlaceError::Full));
    let subject = address::local_intake(REAL, "soc", Id::of(b"unhindered"));
    let placed =
        tokio::time::timeout(Duration::from_secs(5), soc.place(&subject, &[], vec![], None));
    assert_eq!(placed.await, Ok(Ok(Placed::Stored)));
}
