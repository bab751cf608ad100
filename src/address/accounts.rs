//! The three NATS accounts of one node and what each user may do.
//!
//! Three, because the server sends a PubAck to any reply subject that a publisher names: inside
//! one account a publisher could have the server itself write onto the board. Across accounts the
//! reply is mapped, and the injection ends nowhere.

use super::pattern::live;
use super::place::{
    DESK, REAL, child_durable, fetch, held_durable, intake_stream, lease, live_user,
    outbox_durable, outbox_lane, replay_durable,
};
use super::plan::{FOLDED, INDEXED, Neighbourhood, both};
use super::spec::{AccountSpec, ExportSpec, ImportSpec, Role, UserSpec};
use crate::notice::NodeId;

/// API prefix of a link and a replay user: under `$JS.API.` the server's own "JetStream not
/// enabled" comes first.
pub const LINK_API: &str = "$JS.up.API";
/// Streams that an upstream offers to a child or follower.
pub const OFFERED: [&str; 3] = ["BOARD", "BEATS", "TRUST"];
/// Stream that a node offers to its own subscribers.
const REPLAYED: &str = "BOARD";

pub(super) fn accounts(hood: &Neighbourhood) -> Vec<AccountSpec> {
    vec![core(hood), inward(hood), outward(hood)]
}

fn core(hood: &Neighbourhood) -> AccountSpec {
    let node = hood.node.as_str();
    let (inward, outward) = (format!("{node}_in"), format!("{node}_out"));
    let service = |subject: String, streamed: bool| ExportSpec {
        subject,
        service: true,
        streamed,
        to: inward.clone(),
    };
    let mut exports: Vec<ExportSpec> =
        both("intake.>").into_iter().map(|subject| service(subject, false)).collect();
    exports.extend(["fetch", "desk"].map(|f| service(format!("{REAL}.{f}.>"), false)));
    for (stream, durable) in offered(hood) {
        exports.push(service(format!("$JS.API.CONSUMER.INFO.{stream}.{durable}"), false));
        exports.push(service(format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"), true));
        exports.extend(acks(stream, &durable).into_iter().map(|ack| service(ack, false)));
    }
    // Whoever verifies for himself has to learn of new keys.
    exports.extend(hood.subscribers.iter().map(|(name, _)| ExportSpec {
        subject: fetch(&live_user(name)),
        service: true,
        streamed: false,
        to: outward.clone(),
    }));
    exports.extend(both("live.>").into_iter().map(|subject| ExportSpec {
        subject,
        service: false,
        streamed: false,
        to: outward.clone(),
    }));
    AccountSpec {
        name: node.to_owned(),
        jetstream: true,
        users: vec![relay(hood), provisioner(), monitor()],
        exports,
        imports: Vec::new(),
    }
}

fn inward(hood: &Neighbourhood) -> AccountSpec {
    let import = |subject: String, as_subject: Option<String>| ImportSpec {
        from: hood.node.to_string(),
        subject,
        as_subject,
        service: true,
    };
    let mut imports: Vec<ImportSpec> =
        both("intake.>").into_iter().map(|subject| import(subject, None)).collect();
    imports.extend(["fetch", "desk"].map(|f| import(format!("{REAL}.{f}.>"), None)));
    for (stream, durable) in offered(hood) {
        for verb in ["INFO", "MSG.NEXT"] {
            let tail = format!("CONSUMER.{verb}.{stream}.{durable}");
            imports.push(import(format!("$JS.API.{tail}"), Some(format!("{LINK_API}.{tail}"))));
        }
        imports.extend(acks(stream, &durable).into_iter().map(|ack| import(ack, None)));
    }
    let publishers = hood.all_publishers();
    let mut users: Vec<UserSpec> = publishers.iter().map(|p| publisher(p)).collect();
    users.extend(hood.links.iter().map(|l| link(&l.to)));
    users.extend(hood.subscribers.iter().map(|(name, _)| replay(name)));
    AccountSpec {
        name: format!("{}_in", hood.node),
        jetstream: false,
        users,
        exports: Vec::new(),
        imports,
    }
}

fn outward(hood: &Neighbourhood) -> AccountSpec {
    let import = |subject: String, service: bool| ImportSpec {
        from: hood.node.to_string(),
        subject,
        as_subject: None,
        service,
    };
    let heard = both("live.>").into_iter().map(|subject| import(subject, false));
    let asked = hood.subscribers.iter().map(|(name, _)| import(fetch(&live_user(name)), true));
    let imports = heard.chain(asked);
    let users = hood.subscribers.iter().map(|(name, interest)| {
        let asks = vec![fetch(&live_user(name))];
        user(Role::Subscriber(name.clone()), asks, live(interest), false)
    });
    AccountSpec {
        name: format!("{}_out", hood.node),
        jetstream: false,
        users: users.collect(),
        exports: Vec::new(),
        imports: imports.collect(),
    }
}

/// Every durable that somebody reads from another account.
fn offered(hood: &Neighbourhood) -> Vec<(&'static str, String)> {
    let missed = hood.subscribers.iter().map(|(name, _)| (REPLAYED, replay_durable(name)));
    linked(hood).into_iter().chain(missed).collect()
}

/// The durables of children and followers, whose filters the relay itself adapts.
fn linked(hood: &Neighbourhood) -> Vec<(&'static str, String)> {
    let pairs = |link: &crate::trust::Link| OFFERED.map(|s| (s, child_durable(&link.to)));
    hood.links.iter().flat_map(pairs).collect()
}

/// Both acknowledgement formats: with the second one only, every ack would be denied.
fn acks(stream: &str, durable: &str) -> [String; 2] {
    [format!("$JS.ACK.{stream}.{durable}.>"), format!("$JS.ACK.*.*.{stream}.{durable}.>")]
}

fn user(
    role: Role,
    publish: Vec<String>,
    mut subscribe: Vec<String>,
    allow_responses: bool,
) -> UserSpec {
    let inbox = format!("_INBOX_{}", inbox_token(&role));
    subscribe.push(format!("{inbox}.>"));
    UserSpec { role, publish, subscribe, allow_responses, inbox }
}

fn inbox_token(role: &Role) -> String {
    match role {
        Role::Relay => "relay".into(),
        Role::Provisioner => "provisioner".into(),
        Role::Monitor => "monitor".into(),
        Role::Publisher(name) => format!("local-{name}"),
        Role::Desk => "desk".into(),
        Role::Link(node) => format!("link-{node}"),
        Role::Subscriber(name) => format!("sub-{name}"),
        Role::Replay(name) => replay_durable(name),
    }
}

fn relay(hood: &Neighbourhood) -> UserSpec {
    let families = [
        "board",
        "direct",
        "inbox",
        "cases",
        "outbox",
        "held",
        "receipts",
        "beats",
        "trust",
        "quarantine",
    ];
    let mut publish: Vec<String> =
        families.iter().flat_map(|family| both(&format!("{family}.>"))).collect();
    publish.extend([lease(), format!("$JS.API.DIRECT.GET.LEASE.{}", lease())]);
    for source in hood.intakes() {
        let Some(stream) = intake_stream(&source) else { continue };
        publish.extend(reads(&stream, "relay"));
    }
    for upstream in &hood.upstreams {
        publish.extend(reads("OUTBOX", &outbox_durable(upstream)));
        for source in hood.intakes() {
            publish.extend(reads("OUTBOX", &outbox_lane(upstream, &source)));
        }
    }
    for source in hood.sources() {
        publish.extend(reads("HELD", &held_durable(&source)));
    }
    for stream in FOLDED.into_iter().chain([INDEXED]) {
        publish.extend(reads(stream, "fold"));
        publish.push(format!("$JS.API.CONSUMER.RESET.{stream}.fold"));
    }
    for stream in ["BOARD", "INBOX", "CASES", "OUTBOX", "HELD", "RECEIPTS", "TRUST", INDEXED] {
        publish.push(format!("$JS.API.DIRECT.GET.{stream}.>"));
        publish.push(format!("$JS.API.STREAM.MSG.DELETE.{stream}"));
        publish.push(format!("$JS.API.STREAM.INFO.{stream}"));
    }
    for (stream, durable) in linked(hood) {
        publish.push(format!("$JS.API.CONSUMER.INFO.{stream}.{durable}"));
        publish.push(format!("$JS.API.CONSUMER.CREATE.{stream}.{durable}"));
        publish.push(format!("$JS.API.CONSUMER.RESET.{stream}.{durable}"));
    }
    let asks = ["fetch", "desk"].map(|f| format!("{REAL}.{f}.>")).to_vec();
    user(Role::Relay, publish, asks, true)
}

fn reads(stream: &str, durable: &str) -> Vec<String> {
    let api =
        ["INFO", "MSG.NEXT"].map(|verb| format!("$JS.API.CONSUMER.{verb}.{stream}.{durable}"));
    api.into_iter().chain(acks(stream, durable)).collect()
}

fn provisioner() -> UserSpec {
    user(Role::Provisioner, vec!["$JS.API.>".into()], Vec::new(), false)
}

/// Counts and advisories. Not `STREAM.INFO`: its subject filter would list every notice.
fn monitor() -> UserSpec {
    let publish = ["$JS.API.INFO", "$JS.API.STREAM.LIST", "$JS.API.STREAM.NAMES"]
        .map(str::to_owned)
        .into_iter()
        .chain(["$JS.API.CONSUMER.LIST.*".to_owned(), "$JS.API.CONSUMER.NAMES.*".to_owned()])
        .collect();
    user(Role::Monitor, publish, vec!["$JS.EVENT.ADVISORY.>".into()], false)
}

fn publisher(name: &str) -> UserSpec {
    let mut publish = both(&format!("intake.local.{name}.>"));
    publish.push(fetch(name));
    if name == DESK {
        publish.push(format!("{REAL}.desk.>"));
        return user(Role::Desk, publish, Vec::new(), false);
    }
    user(Role::Publisher(name.to_owned()), publish, Vec::new(), false)
}

fn link(child: &NodeId) -> UserSpec {
    let durable = child_durable(child);
    let mut publish = both(&format!("intake.child.{child}.>"));
    publish.push(fetch(child.as_str()));
    publish.extend(OFFERED.iter().flat_map(|stream| reads_across(stream, &durable)));
    user(Role::Link(child.clone()), publish, Vec::new(), false)
}

/// Reads its one durable, and asks for trust documents: no intake.
fn replay(name: &str) -> UserSpec {
    let mut publish = reads_across(REPLAYED, &replay_durable(name));
    publish.push(fetch(&replay_durable(name)));
    user(Role::Replay(name.to_owned()), publish, Vec::new(), false)
}

/// What reading a durable of another account takes, under the names that this account imports.
fn reads_across(stream: &str, durable: &str) -> Vec<String> {
    let api =
        ["INFO", "MSG.NEXT"].map(|verb| format!("{LINK_API}.CONSUMER.{verb}.{stream}.{durable}"));
    api.into_iter().chain(acks(stream, durable)).collect()
}
