//! Lies, as whoever may send to a running node would tell them: each with its reason.
#![allow(dead_code, unreachable_pub, unused_imports)] // each test binary uses its own part
#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod child;
mod local;
mod parent;

use chappe::address::{self, Place, REAL, Role};
use chappe::jws::{self, SecretKey, Typ};
use chappe::notice::{Hop, Id, Reason, Statement, Time, Tlp, Wire};

use crate::support::{Federation, advisory, escalation, sign};

pub use child::FROM_A_CHILD;
pub use local::FROM_A_PUBLISHER;
pub use parent::FROM_A_PARENT;

pub const BODY: &[u8] = br#"{"document":"unchanged"}"#;
pub const HOSPITAL: &str = "eu-fr-bre-hospital1";

/// Its name, the reason that must be given, and how it is told.
pub type Lie = (&'static str, Reason, fn(&Lab) -> Sent);

/// One message as it is sent.
pub struct Sent {
    /// The node on whose server, and as which user.
    pub server: &'static str,
    pub role: Role,
    /// The node whose relay must refuse it, and as from which source.
    pub refuses: &'static str,
    pub source: String,
    pub subject: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Sent {
    /// Publishes it without any of our manners: no expectation, so nothing stops a second time.
    pub async fn send(&self, all: &Federation) {
        let raw = all.raw(self.server, self.role.clone()).await;
        let mut headers = async_nats::HeaderMap::new();
        for (name, value) in &self.headers {
            headers.append(*name, value.as_str());
        }
        let (subject, body) = (self.subject.clone(), self.body.clone());
        raw.client.publish_with_headers(subject, headers, body.into()).await.expect("sent");
        assert_eq!(raw.complaints().await, Vec::<String>::new(), "the server takes it");
    }

    /// What the quarantine knows it by: the values of our three headers in order, and the body.
    pub fn digest(&self) -> Id {
        let mut all = Vec::new();
        for name in ["Chappe-Notice", "Chappe-Hops", "Chappe-Body-Sig"] {
            for (_, value) in self.headers.iter().filter(|(header, _)| *header == name) {
                all.extend_from_slice(value.as_bytes());
                all.push(0);
            }
        }
        all.extend_from_slice(&self.body);
        Id::of(&all)
    }
}

/// Every key of the federation, for whoever lies.
pub struct Lab<'f> {
    pub all: &'f Federation,
    pub now: Time,
}

impl Lab<'_> {
    pub fn base(&self) -> Statement {
        advisory(&self.all.rendered.fed, "eu-fr", "scope:eu.fr.all.all", BODY)
    }

    pub fn of(&self, iss: &str, aud: &str) -> Statement {
        advisory(&self.all.rendered.fed, iss, aud, BODY)
    }

    pub fn report(&self, iss: &str, top: &str) -> Statement {
        escalation(&self.all.rendered.fed, iss, top, BODY)
    }

    pub fn key(&self, node: &str, usage: &str) -> SecretKey {
        self.all.key(node, usage)
    }

    pub fn issue(&self, statement: &Statement) -> Wire {
        self.all.issue(statement, BODY.to_vec())
    }

    pub fn signed_by(&self, statement: &Statement, key: &SecretKey) -> Wire {
        let notice = sign(key, statement);
        Wire { notice, hops: Vec::new(), body_sig: None, body: BODY.to_vec() }
    }

    /// A payload of the liar's own, honestly signed by the French issue key.
    pub fn payload(&self, json: &str) -> Wire {
        let notice = jws::sign_with(&self.key("eu-fr", "issue"), Typ::Notice, json.as_bytes());
        let notice = notice.expect("signed");
        Wire { notice, hops: Vec::new(), body_sig: None, body: BODY.to_vec() }
    }

    pub fn with_claim(&self, from: &str, to: &str) -> Wire {
        let json = serde_json::to_string(&self.base()).expect("JSON");
        assert!(json.contains(from), "{from} is not in {json}");
        self.payload(&json.replacen(from, to, 1))
    }

    /// A hop said to be of `by`, signed by the relay key of `key`.
    pub fn hop(&self, by: &str, key: &str, st: Id, prev: Id, at: Time) -> String {
        let hop = Hop { st, prev, by: by.parse().expect("a node id"), at };
        jws::sign(&self.key(key, "relay"), Typ::Hop, &hop).expect("signed")
    }

    /// Passed on along `path`, honestly.
    pub fn via(&self, mut wire: Wire, path: &[&str]) -> Wire {
        for node in path {
            let prev = wire.hops.last().map_or(wire.id(), |hop| Id::of(hop.as_bytes()));
            wire.hops.push(self.hop(node, node, wire.id(), prev, self.now));
        }
        wire
    }

    /// From `web` of France, under the subject that its id makes.
    pub fn web(&self, wire: Wire) -> Sent {
        self.at_home("eu-fr", wire)
    }

    pub fn at_home(&self, node: &'static str, wire: Wire) -> Sent {
        let publisher = self.all.publisher(node);
        Sent {
            server: node,
            refuses: node,
            source: format!("local-{publisher}"),
            subject: address::local_intake(REAL, &publisher, wire.id()),
            role: Role::Publisher(publisher),
            headers: wire.headers(),
            body: wire.body,
        }
    }

    /// From Brittany's link into its intake at France.
    pub fn child(&self, wire: Wire) -> Sent {
        let child = "eu-fr-bre".parse().expect("a node id");
        Sent {
            server: "eu-fr",
            refuses: "eu-fr",
            source: "child-eu-fr-bre".into(),
            subject: address::child_intake(REAL, &child, wire.id()),
            role: Role::Link(child),
            headers: wire.headers(),
            body: wire.body,
        }
    }

    /// From France's own relay onto its board, where Brittany reads it. `shown` makes the subject.
    pub fn parent(&self, shown: &Statement, wire: Wire) -> Sent {
        let subject = match &shown.aud {
            chappe::notice::Audience::Scope(_) => address::subject(&Place::Board, shown, wire.id()),
            chappe::notice::Audience::Node(_) => {
                let child = "eu-fr-bre".parse().expect("a node id");
                address::subject(&Place::Direct(child), shown, wire.id())
            }
        };
        Sent {
            server: "eu-fr",
            refuses: "eu-fr-bre",
            source: "up-eu-fr".into(),
            subject,
            role: Role::Relay,
            headers: wire.headers(),
            body: wire.body,
        }
    }
}

/// Another signature of the right form.
pub fn spoil_signature(jws: &mut String) {
    let cut = jws.rfind('.').expect("a signature");
    jws.replace_range(cut + 1.., &jws::base64url(&[7; 64]));
}

pub fn red(statement: Statement) -> Statement {
    Statement { tlp: Tlp::Red, ..statement }
}
