//! The annotated example of docs/PROTOCOL.md, made from code: every file of docs/example.

use chappe::address::{Interest, Neighbourhood, child_board, live};
use chappe::jws::{self, Compact, General, SecretKey, Signer, Typ};
use chappe::notice::{
    Audience, Body, Doc, Federation, File, Hop, Id, Kind, Level, NodeId, Outcome, Receipt, Scope,
    Severity, Statement, Time, Tlp, Wire,
};
use chappe::trust::{As, Bundle, Contact, Grant, KeyEntry, KeySet, Link, NodeEntry, Root, Usage};
use serde_json::{Value, json};

/// 2026-11-24T10:00:00Z, when the example is issued.
pub const ISSUED: u64 = 1_795_514_400;
const DAY: u64 = 24 * 3600;
const KEYS: [(&str, &str); 7] = [
    ("eu-fr", "root"),
    ("eu-fr", "bundle"),
    ("eu-fr", "issue"),
    ("eu-fr", "relay"),
    ("eu-fr-bre", "bundle"),
    ("eu-fr-bre", "issue"),
    ("eu-fr-bre", "relay"),
];

pub fn node(text: &str) -> NodeId {
    text.parse().expect("a node id")
}

pub fn scope(text: &str) -> Scope {
    text.parse().expect("a scope")
}

pub fn fed() -> Federation {
    Federation::try_from("00112233445566778899aabbccddeeff".to_owned()).expect("a federation")
}

fn seed(of: &str, usage: &str) -> Id {
    Id::of(format!("{of}/{usage}").as_bytes())
}

fn key(of: &str, usage: &str) -> SecretKey {
    SecretKey::from_seed(seed(of, usage).as_bytes()).expect("a key")
}

fn body() -> &'static [u8] {
    b"{\"document\":{\"title\":\"An example, not an advisory\"}}\n"
}

/// The example's statement.
pub fn statement() -> Statement {
    Statement {
        fed: fed(),
        iss: node("eu-fr"),
        iat: ISSUED,
        exp: ISSUED + 90 * DAY,
        nbf: None,
        kind: Kind::Advisory,
        aud: Audience::Scope(scope("eu.fr.all.all")),
        tlp: Tlp::Green,
        pap: None,
        severity: Severity::High,
        exercise: None,
        title: "An example, not an advisory".into(),
        lang: "en".into(),
        doc: Some(Doc {
            publisher: "https://www.cert.ssi.gouv.fr".into(),
            reference: "CERTFR-2026-AVI-0001".into(),
            version: "1".into(),
            revision: 1,
        }),
        re: None,
        case: None,
        erase: None,
        body: Body {
            media: "application/json".into(),
            len: body().len() as u64,
            sha256: Id::of(body()),
            sig: None,
        },
        ext: None,
    }
}

fn hop(by: &str, of: Id, prev: Id, at: u64) -> String {
    let hop = Hop { st: of, prev, by: node(by), at: Time::from_millis(at) };
    jws::sign(&key(by, "relay"), Typ::Hop, &hop).expect("signed")
}

/// The notice after its issuer's relay and the region's.
pub fn wire() -> Wire {
    let notice = jws::sign(&key("eu-fr", "issue"), Typ::Notice, &statement()).expect("signed");
    let id = Id::of(notice.as_bytes());
    let first = hop("eu-fr", id, id, ISSUED * 1000 + 1_250);
    let second = hop("eu-fr-bre", id, Id::of(first.as_bytes()), ISSUED * 1000 + 1_375);
    Wire { notice, hops: vec![first, second], body_sig: None, body: body().to_vec() }
}

fn receipt(of: Id) -> String {
    let receipt = Receipt {
        fed: fed(),
        of,
        by: node("eu-fr-bre"),
        outcome: Outcome::Delivered,
        reason: None,
        to: None,
        counts: None,
        at: Time::from_millis(ISSUED * 1000 + 1_400),
    };
    jws::sign(&key("eu-fr-bre", "relay"), Typ::Receipt, &receipt).expect("signed")
}

fn keys(of: &str, usage: &str) -> KeySet {
    KeySet { threshold: 1, keys: vec![key(of, usage).public().to_jwk()] }
}

fn key_entry(of: &str, usage: Usage) -> KeyEntry {
    let word = if usage == Usage::Issue { "issue" } else { "relay" };
    let jwk = key(of, word).public().to_jwk();
    let (nbf, exp) = (ISSUED - DAY, ISSUED + 365 * DAY);
    KeyEntry { jwk, usage, nbf, exp, kinds: None, scopes: None, tlp: None }
}

fn bundle(of: &str) -> Bundle {
    let mut bundle = Bundle::new(fed(), node(of), 1, (ISSUED - DAY, ISSUED + 365 * DAY));
    bundle.contact = Contact { phone: Some("+33 0 00 00 00 00".into()), hours: None, mail: None };
    bundle.keys = vec![key_entry(of, Usage::Issue), key_entry(of, Usage::Relay)];
    bundle
}

fn region() -> NodeEntry {
    NodeEntry {
        id: node("eu-fr-bre"),
        introduced: As::Child,
        level: Level::Regional,
        constituency: vec![scope("eu.fr.bre")],
        may: Grant::whole(vec![scope("eu.fr.bre")]),
        ceiling: Tlp::Amber,
        clients: vec!["health".into()],
        bundle: Some(keys("eu-fr-bre", "bundle")),
        root: None,
    }
}

fn sign_document(document: &impl serde::Serialize, of: &str, usage: &str) -> General {
    let mut general = General::unsigned(&serde_json::to_vec(document).expect("JSON"));
    general.sign(&key(of, usage)).expect("signed");
    general
}

/// The pinned root, and both bundles.
pub fn documents() -> [General; 3] {
    let mut root = Root::new(fed(), node("eu-fr"), 1, (ISSUED - DAY, ISSUED + 365 * DAY));
    root.root = keys("eu-fr", "root");
    root.bundle = keys("eu-fr", "bundle");
    let mut national = bundle("eu-fr");
    national.nodes.push(region());
    [
        sign_document(&root, "eu-fr", "root"),
        sign_document(&national, "eu-fr", "bundle"),
        sign_document(&bundle("eu-fr-bre"), "eu-fr-bre", "bundle"),
    ]
}

fn seeds() -> String {
    let one = |(of, usage): (&str, &str)| {
        json!({ "key": format!("{of}/{usage}"), "seed": seed(of, usage).to_string(),
            "kid": key(of, usage).public().id().as_str() })
    };
    pretty(&json!({ "warning": "public test keys: never use them", "keys": KEYS.map(one) }))
}

fn jwks() -> String {
    let signing = KEYS.iter().filter(|(_, usage)| ["issue", "relay"].contains(usage));
    let one = |(of, usage): &(&str, &str)| {
        let (jwk, kid) = (key(of, usage).public().to_jwk(), key(of, usage));
        json!({ "kty": jwk.kty, "crv": jwk.crv, "x": jwk.x, "kid": kid.public().id().as_str(),
            "chappe_node": of, "chappe_use": usage })
    };
    pretty(&json!({ "keys": signing.map(one).collect::<Vec<_>>() }))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).expect("JSON")
}

fn payload(jws: &str, typ: Typ) -> String {
    let compact = Compact::parse(jws, typ).expect("a JWS");
    String::from_utf8(compact.unverified_payload().to_vec()).expect("text")
}

fn payload_of(document: &General) -> String {
    String::from_utf8(document.unverified_payload().expect("base64url")).expect("text")
}

fn header(jws: &str) -> String {
    let encoded = jws.split('.').next().expect("a header");
    String::from_utf8(jws::from_base64url(encoded).expect("base64url")).expect("text")
}

fn link(to: &str, level: Level, constituency: &str, clients: &[&str]) -> Link {
    let clients = clients.iter().map(|c| (*c).to_owned()).collect();
    let constituency = vec![scope(constituency)];
    let (ceiling, follows, former) = (Tlp::Amber, false, Vec::new());
    Link { to: node(to), level, constituency, ceiling, clients, follows, former }
}

fn hospital() -> Link {
    link("eu-fr-bre-chu", Level::Entity, "eu.fr.bre.health", &[])
}

fn wall() -> Interest {
    Interest {
        scopes: vec![scope("eu.fr.bre")],
        severities: vec![Severity::Critical],
        tlp: Tlp::Clear,
        amber_sectors: Vec::new(),
        drills: false,
    }
}

/// The region of the example, with a hospital below it, one publisher and one live subscriber.
pub fn region_around() -> Neighbourhood {
    Neighbourhood {
        node: node("eu-fr-bre"),
        links: vec![hospital()],
        upstreams: vec![node("eu-fr")],
        publishers: vec!["soc".into()],
        subscribers: vec![("wall".into(), wall())],
    }
}

fn streams() -> String {
    let plan = region_around().plan();
    let line = |s: &chappe::address::StreamSpec| {
        let mut line = format!("{} {:?} discard={:?}", s.name, s.retention, s.discard);
        line += &s.per_subject.map_or_else(String::new, |n| format!(" per_subject={n}"));
        line += &format!(" max_bytes={}MiB", s.max_bytes / (1024 * 1024));
        line += &s.max_age.map_or_else(String::new, |a| format!(" max_age={}d", a.as_secs() / DAY));
        line += if s.ttl { " ttl" } else { "" };
        line += &s.republish.as_ref().map_or_else(String::new, |(a, b)| format!("\n  {a} -> {b}"));
        format!("{line}\n  {}", s.subjects.join(" "))
    };
    plan.streams.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn durables() -> String {
    let plan = region_around().plan();
    let line = |d: &chappe::address::DurableSpec| {
        let kind = match (d.fold, d.headers_only) {
            (true, true) => " (fold, headers only)",
            (true, false) => " (fold)",
            _ => "",
        };
        let filters: String = d.filters.iter().map(|f| format!("\n  {f}")).collect();
        format!("{} {}{kind}{filters}", d.stream, d.name)
    };
    plan.durables.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn users() -> String {
    let mut text = String::new();
    for account in region_around().plan().accounts {
        text += &format!("account {}\n", account.name);
        for user in account.users {
            text += &format!("  {:?} inbox {}\n", user.role, user.inbox);
            let rights = [("publish", user.publish), ("subscribe", user.subscribe)];
            for (verb, subjects) in rights {
                text += &subjects.iter().map(|s| format!("    {verb} {s}\n")).collect::<String>();
            }
        }
    }
    text.trim_end().to_owned()
}

/// Every file of docs/example, by name, in the order of the story.
pub fn files() -> Vec<(&'static str, String)> {
    let (wire, [root, national, regional]) = (wire(), documents());
    let general = |document: &General| serde_json::to_string(document).expect("JSON");
    let receipt = receipt(wire.id());
    let hop = |at: usize| wire.hops[at].clone();
    let region = link("eu-fr-bre", Level::Regional, "eu.fr.bre", &["health"]);
    vec![
        ("seeds.json", seeds()),
        ("jwks.json", jwks()),
        ("body.json", String::from_utf8(body().to_vec()).expect("text").trim_end().to_owned()),
        ("statement.json", payload(&wire.notice, Typ::Notice)),
        ("header.json", header(&wire.notice)),
        ("notice.jws", wire.notice.clone()),
        ("id.txt", wire.id().to_string()),
        ("hop-1.json", payload(&hop(0), Typ::Hop)),
        ("hop-1.jws", hop(0)),
        ("hop-2.json", payload(&hop(1), Typ::Hop)),
        ("hop-2.jws", hop(1)),
        ("receipt.json", payload(&receipt, Typ::Receipt)),
        ("receipt.jws", receipt),
        ("notice.chappe", serde_json::to_string(&File::from_wire(&wire)).expect("JSON")),
        ("root.payload.json", payload_of(&root)),
        ("trust/root-eu-fr.json", general(&root)),
        ("bundle.payload.json", payload_of(&national)),
        ("trust/bundle-eu-fr.json", general(&national)),
        ("trust/bundle-eu-fr-bre.json", general(&regional)),
        ("patterns-region.txt", child_board(&region).join("\n")),
        ("patterns-hospital.txt", child_board(&hospital()).join("\n")),
        ("patterns-live.txt", live(&wall()).join("\n")),
        ("streams.txt", streams()),
        ("durables.txt", durables()),
        ("users.txt", users()),
    ]
}
