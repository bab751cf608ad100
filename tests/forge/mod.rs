//! A small federation made by hand, with every key in reach: signs anything, honest or not.
#![allow(dead_code, unreachable_pub)] // each test binary uses its own part

use chappe::address::{self, Place, Source};
use chappe::jws::{self, General, SecretKey, Signer, Typ};
use chappe::notice::{
    Audience, Body, Doc, Federation, Hop, Id, Kind, Level, NodeId, Scope, Severity, Statement,
    Time, Tlp, Wire,
};
use chappe::policy::{Rule, Then};
use chappe::trust::{As, Bundle, Grant, KeyEntry, KeySet, NodeEntry, Root, Trust, Usage};
use chappe::verify::{self, Context, Refused, Verified};

/// 2026-11-24T10:00:00Z, the time of every test.
pub const NOW: Time = Time::from_secs(1_795_514_400);
pub const YEAR: u64 = 365 * 24 * 3600;

pub fn id(text: &str) -> NodeId {
    text.parse().expect("a node id")
}

pub fn scope(text: &str) -> Scope {
    text.parse().expect("a scope")
}

pub fn fed() -> Federation {
    Federation::try_from("00112233445566778899aabbccddeeff".to_owned()).expect("a federation")
}

/// A key that follows from whose and what for, so that runs are repeatable.
pub fn key(node: &str, usage: &str) -> SecretKey {
    let seed = Id::of(format!("{node}/{usage}").as_bytes());
    SecretKey::from_seed(seed.as_bytes()).expect("a key")
}

pub fn one(node: &str, usage: &str) -> KeySet {
    KeySet { threshold: 1, keys: vec![key(node, usage).public().to_jwk()] }
}

pub struct Seat {
    pub id: &'static str,
    pub level: Level,
    pub constituency: &'static str,
    pub clients: &'static [&'static str],
    pub follows: &'static [&'static str],
}

const fn seat(id: &'static str, level: Level, constituency: &'static str) -> Seat {
    Seat { id, level, constituency, clients: &[], follows: &[] }
}

/// Union, State, two regions, a sector CSIRT, a hospital that follows it, a town hall.
pub const TREE: &[Seat] = &[
    seat("eu", Level::Union, "eu"),
    seat("eu-fr", Level::National, "eu.fr"),
    Seat { clients: &["health"], ..seat("eu-fr-bre", Level::Regional, "eu.fr.bre") },
    seat("eu-fr-nor", Level::Regional, "eu.fr.nor"),
    Seat { clients: &["health"], ..seat("eu-fr-sante", Level::Sector, "eu.fr.all.health") },
    Seat { follows: &["eu-fr-sante"], ..seat("eu-fr-bre-chu", Level::Entity, "eu.fr.bre.health") },
    seat("eu-fr-nor-mairie", Level::Entity, "eu.fr.nor.public-administration"),
];

pub fn key_entry(node: &str, usage: Usage) -> KeyEntry {
    let word = if usage == Usage::Issue { "issue" } else { "relay" };
    KeyEntry {
        jwk: key(node, word).public().to_jwk(),
        usage,
        nbf: NOW.secs() - YEAR,
        exp: NOW.secs() + YEAR,
        kinds: None,
        scopes: None,
        tlp: None,
    }
}

fn entry(seat: &Seat, introduced: As) -> NodeEntry {
    let own = matches!(introduced, As::Child | As::Union);
    NodeEntry {
        id: id(seat.id),
        introduced,
        level: seat.level,
        constituency: vec![scope(seat.constituency)],
        may: Grant::whole(vec![scope(seat.constituency)]),
        ceiling: Tlp::Red,
        clients: seat.clients.iter().map(|c| (*c).to_owned()).collect(),
        bundle: own.then(|| one(seat.id, "bundle")),
        root: (introduced == As::State).then(|| one(seat.id, "root")),
    }
}

/// The bundle of one node of [`TREE`], not signed yet: a test may change it.
pub fn bundle(of: &str) -> Bundle {
    let life = (NOW.secs() - 3600, NOW.secs() + YEAR);
    let mut bundle = Bundle::new(fed(), id(of), 1, life);
    bundle.keys = vec![key_entry(of, Usage::Issue), key_entry(of, Usage::Relay)];
    for seat in TREE {
        let parent = id(seat.id).parent();
        if parent.as_ref() == Some(&id(of)) {
            let introduced = if of == "eu" { As::State } else { As::Child };
            bundle.nodes.push(entry(seat, introduced));
        }
        if seat.follows.contains(&of) {
            bundle.nodes.push(entry(seat, As::Member));
        }
        if seat.level == Level::Union && id(of).parent() == Some(id(seat.id)) {
            bundle.nodes.push(entry(seat, As::Union));
        }
    }
    bundle
}

pub fn signed(document: &impl serde::Serialize, by: &SecretKey) -> General {
    let mut general = General::unsigned(&serde_json::to_vec(document).expect("JSON"));
    general.sign(by).expect("signed");
    general
}

pub fn root(of: &str) -> General {
    let mut root = Root::new(fed(), id(of), 1, (NOW.secs() - 3600, NOW.secs() + YEAR));
    root.root = one(of, "root");
    root.bundle = one(of, "bundle");
    signed(&root, &key(of, "root"))
}

pub fn documents(change: impl Fn(&mut Bundle)) -> Vec<General> {
    let of = |seat: &Seat| {
        let mut bundle = bundle(seat.id);
        change(&mut bundle);
        signed(&bundle, &key(seat.id, "bundle"))
    };
    TREE.iter().map(of).chain([root("eu-fr")]).collect()
}

/// What a French node believes.
pub fn trust() -> Trust {
    let (trust, rejected) =
        Trust::compile(&root("eu-fr"), &documents(|_| {})).expect("a valid pin");
    assert!(rejected.is_empty(), "{rejected:?}");
    trust
}

pub fn body() -> Vec<u8> {
    br#"{"document":"unchanged"}"#.to_vec()
}

/// An advisory that passes every check; a test changes one thing.
pub fn advisory(iss: &str, aud: &str, tlp: Tlp) -> Statement {
    let bytes = body();
    Statement {
        fed: fed(),
        iss: id(iss),
        iat: NOW.secs() - 10,
        exp: NOW.secs() + 90 * 24 * 3600,
        nbf: None,
        kind: Kind::Advisory,
        aud: aud.parse().expect("an audience"),
        tlp,
        pap: None,
        severity: Severity::High,
        exercise: None,
        title: "A vulnerability in something".into(),
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
            len: bytes.len() as u64,
            sha256: Id::of(&bytes),
            sig: None,
        },
        ext: None,
    }
}

pub fn escalation(iss: &str, top: &str, tlp: Tlp) -> Statement {
    let report = serde_json::json!({
        "stage": "early-warning", "regime": "nis2", "aware": NOW.secs() - 3600,
        "type": "malicious-code/infected-system", "nature": "ransomware",
        "scope": "eu.fr.bre.health",
    });
    Statement {
        kind: Kind::Escalation,
        doc: None,
        case: Some(serde_json::from_value(report).expect("a report")),
        severity: Severity::Critical,
        ..advisory(iss, &format!("node:{top}"), tlp)
    }
}

pub fn wire(statement: &Statement, by: &SecretKey) -> Wire {
    let notice = jws::sign(by, Typ::Notice, statement).expect("signed");
    Wire { notice, hops: Vec::new(), body_sig: None, body: body() }
}

/// Signed by its issuer's own key.
pub fn issue(statement: &Statement) -> Wire {
    wire(statement, &key(statement.iss.as_str(), "issue"))
}

/// Passed on along `path`, a hop each.
pub fn via(wire: Wire, path: &[&str]) -> Wire {
    via_at(wire, path, NOW)
}

/// Passed on along `path` at a time.
pub fn via_at(mut wire: Wire, path: &[&str], at: Time) -> Wire {
    for node in path {
        let prev = wire.hops.last().map_or(wire.id(), |hop| Id::of(hop.as_bytes()));
        let hop = Hop { st: wire.id(), prev, by: id(node), at };
        wire.hops.push(jws::sign(&key(node, "relay"), Typ::Hop, &hop).expect("signed"));
    }
    wire
}

pub fn local() -> Source {
    Source::Local("soc".into())
}

/// The subject under which an honest sender has it.
pub fn honest_subject(me: &str, source: &Source, statement: &Statement, id_of: Id) -> String {
    let realm = address::realm(statement);
    match (source, &statement.aud) {
        (Source::Local(p), _) => address::local_intake(realm, p, id_of),
        (Source::Child(c), _) => address::child_intake(realm, c, id_of),
        (Source::Upstream(_), Audience::Scope(_)) => {
            address::subject(&Place::Board, statement, id_of)
        }
        (Source::Upstream(_), Audience::Node(_)) => {
            address::subject(&Place::Direct(id(me)), statement, id_of)
        }
        (Source::Outbox(up), _) => address::subject(&Place::Outbox(up.clone()), statement, id_of),
    }
}

/// Verifies at `me` what arrives from `source` under the honest subject of `statement`.
pub fn arrive(
    me: &str,
    source: &Source,
    statement: &Statement,
    wire: Wire,
) -> Result<Verified, Refused> {
    let subject = honest_subject(me, source, statement, wire.id());
    let (me, trust) = (id(me), trust());
    verify::verify(Context { now: NOW, me: &me, trust: &trust }, source, &subject, wire)
}

/// A rule that everything matches.
pub fn any(then: Then) -> Rule {
    Rule {
        name: "everything".into(),
        kinds: vec![],
        severities: vec![],
        tlp: vec![],
        sectors: vec![],
        scope: None,
        issuers: vec![],
        then,
    }
}

/// A statement, signed, as it arrives at `me` along `path`.
pub fn arriving(me: &str, path: &[&str], statement: &Statement) -> Verified {
    let wire = via(issue(statement), path);
    let source = match path.last() {
        None => local(),
        Some(last) if id(me).contains(&id(last)) => Source::Child(id(last)),
        Some(last) => Source::Upstream(id(last)),
    };
    arrive(me, &source, statement, wire).expect("an honest notice")
}
