//! How a vector is made: an honest message or document, one thing changed, and what must be said.

use std::collections::BTreeMap;

use chappe::address::Source;
use chappe::jws::{self, General, SecretKey, Signer as _, Typ};
use chappe::notice::{Hop, Id, Reason, Statement, Time, Tlp, Wire};
use chappe::trust::{Bundle, Revocation, Why};

use crate::folder::{Case, Files, Folder, NoticeCase, json};
use crate::forge::*;

pub(crate) const FRANCE: &str = "../trust-france";

/// A message as it comes: values of headers, and where.
#[derive(Clone)]
pub(crate) struct Arrival {
    pub(crate) me: &'static str,
    pub(crate) source: Option<Source>,
    pub(crate) subject: String,
    pub(crate) now: u64,
    pub(crate) notice: Vec<String>,
    pub(crate) hops: Vec<String>,
    pub(crate) body_sig: Vec<String>,
    pub(crate) body: Vec<u8>,
    /// Trust documents beyond those of France.
    pub(crate) more: Vec<(&'static str, General)>,
}

impl Arrival {
    /// What arrives at `me` under the honest subject of `shown`.
    pub(crate) fn new(me: &'static str, source: Source, shown: &Statement, wire: Wire) -> Self {
        let subject = honest_subject(me, &source, shown, wire.id());
        let of = |name: &str| {
            let headers = wire.headers().into_iter().filter(|(header, _)| *header == name);
            headers.map(|(_, value)| value).collect()
        };
        Self {
            me,
            source: Some(source),
            subject,
            now: NOW.secs(),
            notice: of("Chappe-Notice"),
            hops: of("Chappe-Hops"),
            body_sig: of("Chappe-Body-Sig"),
            body: wire.body,
            more: Vec::new(),
        }
    }

    /// The same bytes handed to a reader as a file.
    pub(crate) fn handed_over(mut self) -> Self {
        self.source = None;
        self
    }

    pub(crate) fn at(mut self, now: u64) -> Self {
        self.now = now;
        self
    }

    pub(crate) fn trusting(mut self, name: &'static str, document: General) -> Self {
        self.more.push((name, document));
        self
    }

    pub(crate) fn changed(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// What must be said of a message; `None` is `accepted`.
#[derive(Clone, Copy)]
pub(crate) struct Said {
    pub(crate) relay: Option<Reason>,
    pub(crate) reader: Option<Reason>,
}

/// Refused by whoever sees it.
pub(crate) const fn by_all(reason: Reason) -> Said {
    Said { relay: Some(reason), reader: Some(reason) }
}

/// Refused because of where it arrives: as a file it is good.
pub(crate) const fn by_place(reason: Reason) -> Said {
    Said { relay: Some(reason), reader: None }
}

pub(crate) const ACCEPTED: Said = Said { relay: None, reader: None };

/// A vector of one message.
pub(crate) fn vector(name: &str, row: &[u8], what: &str, said: Said, arrival: Arrival) -> Folder {
    let word = |reason: Option<Reason>| reason.map_or("accepted", Reason::as_str).to_owned();
    let mut trust = vec![FRANCE.to_owned()];
    trust.extend((!arrival.more.is_empty()).then(|| "trust".to_owned()));
    let source = arrival.source.as_ref().map(|source| match source {
        Source::Outbox(up) => format!("outbox-{up}"),
        other => other.to_string(),
    });
    let placed = source.is_some();
    let case = NoticeCase {
        row: row.to_vec(),
        what: what.to_owned(),
        trust,
        now: arrival.now,
        source: source.unwrap_or_else(|| "file".into()),
        me: placed.then(|| arrival.me.to_owned()),
        subject: placed.then_some(arrival.subject),
        expect: word(if placed { said.relay } else { said.reader }),
        reader: placed.then(|| word(said.reader)),
    };
    let mut files = Files::from([("case.json".to_owned(), json(&Case::Notice(case)))]);
    files.insert("body.bin".into(), arrival.body);
    let headers =
        [("notice", arrival.notice), ("hops", arrival.hops), ("body_sig", arrival.body_sig)];
    for (header, values) in headers.into_iter().filter(|(_, values)| !values.is_empty()) {
        files.insert(format!("{header}.txt"), format!("{}\n", values.join("\n")).into_bytes());
    }
    for (document, general) in arrival.more {
        files.insert(format!("trust/{document}.json"), json(&general));
    }
    Folder { name: name.to_owned(), files }
}

/// The documents that every case starts from.
pub(crate) fn france() -> Folder {
    let mut files = Files::from([("pin.json".to_owned(), json(&root("eu-fr")))]);
    let bundles = TREE.iter().zip(documents(|_| {}));
    files.extend(bundles.map(|(seat, doc)| (format!("bundle-{}-1.json", seat.id), json(&doc))));
    Folder { name: "trust-france".into(), files }
}

pub(crate) fn base() -> Statement {
    advisory("eu-fr", "scope:eu.fr.all.all", Tlp::Green)
}

pub(crate) fn up(node: &str) -> Source {
    Source::Upstream(id(node))
}

pub(crate) fn child(node: &str) -> Source {
    Source::Child(id(node))
}

/// A statement, honestly signed, at its issuer's own relay.
pub(crate) fn home(statement: &Statement) -> Arrival {
    let me = TREE.iter().find(|seat| seat.id == statement.iss.as_str()).expect("a seat").id;
    Arrival::new(me, local(), statement, issue(statement))
}

/// A changed statement, honestly signed, at its issuer's own relay.
pub(crate) fn at_home(change: impl Fn(&mut Statement)) -> Arrival {
    let mut statement = base();
    change(&mut statement);
    home(&statement)
}

/// A changed wire of an honest statement, arriving in Brittany.
pub(crate) fn on_the_way(change: impl Fn(&mut Wire)) -> Arrival {
    let mut wire = via(issue(&base()), &["eu-fr"]);
    change(&mut wire);
    Arrival::new("eu-fr-bre", up("eu-fr"), &base(), wire)
}

/// A payload of the attacker's, honestly signed by the national issue key.
pub(crate) fn payload(bytes: &[u8]) -> Arrival {
    let notice = jws::sign_with(&key("eu-fr", "issue"), Typ::Notice, bytes).expect("signed");
    let wire = Wire { notice, hops: vec![], body_sig: None, body: body() };
    Arrival::new("eu-fr", local(), &base(), wire)
}

pub(crate) fn base_json() -> String {
    serde_json::to_string(&base()).expect("JSON")
}

pub(crate) fn with_claim(from: &str, to: &str) -> Arrival {
    let json = base_json();
    assert!(json.contains(from), "{from} is not in {json}");
    payload(json.replacen(from, to, 1).as_bytes())
}

/// A hop said to be of `of`, signed by the relay key of `by`.
pub(crate) fn hop(by: &str, of: &str, prev: Id, st: Id) -> String {
    hop_at(&key(by, "relay"), of, prev, st, NOW)
}

pub(crate) fn hop_at(key: &SecretKey, of: &str, prev: Id, st: Id, at: Time) -> String {
    jws::sign(key, Typ::Hop, &Hop { st, prev, by: id(of), at }).expect("signed")
}

/// A compact JWS whose three parts are the attacker's: header, payload, and a signature over both.
pub(crate) fn signed_with_header(key: &SecretKey, header: &str, payload: &[u8]) -> String {
    let input = format!("{}.{}", jws::base64url(header.as_bytes()), jws::base64url(payload));
    let signature = key.sign(input.as_bytes()).expect("signed");
    format!("{input}.{}", jws::base64url(&signature))
}

/// The statement's JWS in its parts.
pub(crate) fn parts(jws: &str) -> [&str; 3] {
    jws.split('.').collect::<Vec<_>>().try_into().expect("three parts")
}

/// A later bundle of a node, changed, signed by its bundle key.
pub(crate) fn later(of: &str, version: u64, change: impl Fn(&mut Bundle)) -> General {
    let mut bundle = bundle(of);
    bundle.version = version;
    change(&mut bundle);
    signed(&bundle, &key(of, "bundle"))
}

pub(crate) fn kid(node: &str, usage: &str) -> String {
    key(node, usage).public().id().to_string()
}

pub(crate) fn revocation(node: &str, usage: &str, at: u64, why: Why) -> Revocation {
    Revocation { kid: kid(node, usage), at, why, good: None }
}

pub(crate) fn by_name(folders: Vec<Folder>) -> BTreeMap<String, Folder> {
    let mut found = BTreeMap::new();
    for folder in folders {
        let before = found.insert(folder.name.clone(), folder);
        assert!(before.is_none(), "{} is made twice", before.expect("one").name);
    }
    found
}
