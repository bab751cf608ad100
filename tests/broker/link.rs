//! Users in three accounts against the real server: what a link may, and what nobody may.

use crate::servers::{
    Nats, PATIENCE, account, durable, eventually, import, service, soon, stream, user,
};
use chappe::address::{AccountSpec, NodePlan, Role};
use chappe::bus::{Bus, PlaceError, Placed, Reading};
use chappe::keys::Secret;

const DURABLE: &str = "child-eu-fr";

fn link() -> Role {
    Role::Link("eu-fr".parse().unwrap())
}

/// The core account of `eu`, and the account of its links.
fn accounts() -> Vec<AccountSpec> {
    let info = format!("$JS.API.CONSUMER.INFO.BOARD.{DURABLE}");
    let next = format!("$JS.API.CONSUMER.MSG.NEXT.BOARD.{DURABLE}");
    let acks = [format!("$JS.ACK.BOARD.{DURABLE}.>"), format!("$JS.ACK.*.*.BOARD.{DURABLE}.>")];
    let up = |subject: &str| subject.replacen("$JS.API", "$JS.up.API", 1);
    let (up_info, up_next) = (up(&info), up(&next));

    let relay = user(Role::Relay, &["chappe.board.>"], &["chappe.fetch.>"]);
    let provisioner = user(Role::Provisioner, &["$JS.API.>", "chappe.>"], &[]);
    let mut core = account("eu", true, vec![relay, provisioner]);
    core.exports = vec![
        service("chappe.intake.>", false, "eu_in"),
        service("chappe.fetch.>", false, "eu_in"),
        service(&info, false, "eu_in"),
        service(&next, true, "eu_in"),
        service(&acks[0], false, "eu_in"),
        service(&acks[1], false, "eu_in"),
    ];
    let may = [
        "chappe.intake.child.eu-fr.>",
        "chappe.fetch.eu-fr",
        &up_info,
        &up_next,
        &acks[0],
        &acks[1],
    ];
    let mut outer = account("eu_in", false, vec![user(link(), &may, &[])]);
    outer.imports = vec![
        import("eu", "chappe.intake.>", None),
        import("eu", "chappe.fetch.>", None),
        import("eu", &info, Some(&up_info)),
        import("eu", &next, Some(&up_next)),
        import("eu", &acks[0], None),
        import("eu", &acks[1], None),
    ];
    vec![core, outer]
}

fn plan() -> NodePlan {
    NodePlan {
        accounts: Vec::new(),
        streams: vec![
            stream("BOARD", &["chappe.board.>"]),
            stream("INTAKE_CHILD_eu-fr", &["chappe.intake.child.eu-fr.>"]),
        ],
        durables: vec![durable("BOARD", DURABLE, false)],
    }
}

async fn node() -> (Nats, Bus) {
    let nats = Nats::start(accounts()).await;
    let provisioner = nats.bus("eu", &Role::Provisioner).await;
    provisioner.provision(&plan(), 1).await.unwrap();
    let relay = nats.bus("eu", &Role::Relay).await;
    (nats, relay)
}

#[tokio::test]
async fn a_link_reads_its_durable_through_the_import() {
    let (nats, relay) = node().await;
    let link = nats.bus("eu_in", &link()).await;
    let notice = vec![("Chappe-Notice", "n".to_owned())];
    let mut source = link.pull(Reading::Link, "BOARD", DURABLE);
    for n in 0..3 {
        let subject = format!("chappe.board.{n}");
        relay.place(&subject, &notice, b"body".to_vec(), None).await.unwrap();
        let delivery = soon("a delivery", source.next()).await;
        assert_eq!((&delivery.subject, delivery.delivered), (&subject, 1));
        assert_eq!(delivery.notice, ["n"]);
        delivery.ack().await.unwrap();
    }
    assert_eq!(link.faults(), 0);
}

#[tokio::test]
async fn a_link_places_into_its_own_intake_and_no_other() {
    let (nats, _relay) = node().await;
    let link = nats.bus("eu_in", &link()).await;
    for outcome in [Placed::Stored, Placed::AlreadyThere] {
        let placed = link.place("chappe.intake.child.eu-fr.a", &[], Vec::new(), None).await;
        assert_eq!(placed, Ok(outcome));
    }
    let foreign = "chappe.intake.child.eu-de.a";
    let placed = link.place(foreign, &[], Vec::new(), None).await;
    assert_eq!(placed, Err(PlaceError::NotGranted(foreign.to_owned())));
    assert_eq!(link.faults(), 1);
}

#[tokio::test]
async fn a_link_cannot_read_another_childs_durable() {
    let (nats, _relay) = node().await;
    let link = nats.bus("eu_in", &link()).await;
    let mut source = link.pull(Reading::Link, "BOARD", "child-eu-de");
    let info = "$JS.up.API.CONSUMER.INFO.BOARD.child-eu-de";
    let refused =
        eventually(PATIENCE, "the refusal is known", async || link.denied(info).then_some(()));
    tokio::select! {
        delivery = source.next() => panic!("{}", delivery.subject),
        () = refused => {}
    }
}

#[tokio::test]
async fn a_child_asks_its_parents_relay_and_gets_its_answer() {
    let (nats, relay) = node().await;
    let link = nats.bus("eu_in", &link()).await;
    let mut requests = relay.serve("chappe.fetch.>").await.unwrap();
    let answering = async {
        let request = requests.next().await.unwrap();
        assert_eq!(request.subject, "chappe.fetch.eu-fr");
        let answer = [&request.payload[..], b"?"].concat();
        request.respond(answer).await;
    };
    let asking = eventually(PATIENCE, "the answer", async || {
        link.ask("chappe.fetch.eu-fr", b"who".to_vec(), PATIENCE).await.ok()
    });
    let (answer, ()) = soon("the answer", async { tokio::join!(asking, answering) }).await;
    assert_eq!(answer, b"who?");
}

#[tokio::test]
async fn a_question_that_nobody_serves_fails_at_once() {
    let (nats, _relay) = node().await;
    let link = nats.bus("eu_in", &link()).await;
    let asking = link.ask("chappe.fetch.eu-fr", Vec::new(), PATIENCE * 2);
    let error = soon("the error", asking).await.unwrap_err();
    assert!(error.to_string().contains("no responders"), "{error}");
}

#[tokio::test]
async fn an_unknown_user_is_refused_and_a_new_one_needs_but_a_reload() {
    let mut nats = Nats::start(accounts()).await;
    let mut changed = accounts();
    changed[0].users.push(user(Role::Monitor, &["$JS.API.INFO"], &[]));
    let mut stranger = nats.endpoint("eu", &Role::Relay);
    let unknown = nkeys::KeyPair::new_user().seed().unwrap();
    stranger.seed = Secret::new(unknown);
    let refused = Bus::connect(&stranger).await.unwrap_err();
    assert!(refused.to_string().contains("authorization violation"), "{refused}");
    nats.reconfigure(changed).await;
    let new = nats.endpoint("eu", &Role::Monitor);
    soon("the new user gets in", Bus::connect_patiently(&new)).await.unwrap();
}
