//! Statements that pass every check; a test changes one thing.

use std::sync::atomic::{AtomicU64, Ordering};

use chappe::jws::{self, SecretKey, Typ};
use chappe::notice::{Audience, Body, Doc, Federation, Id, Kind, Severity, Statement, Tlp};

pub const DAY: u64 = 24 * 3600;

/// A different document each time, so that no two notices are of one thread.
pub fn advisory(fed: &Federation, iss: &str, aud: &str, body: &[u8]) -> Statement {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let now = chappe::time::now().secs();
    Statement {
        fed: fed.clone(),
        iss: iss.parse().expect("a node id"),
        iat: now,
        exp: now + 90 * DAY,
        nbf: None,
        kind: Kind::Advisory,
        aud: audience(aud),
        tlp: Tlp::Green,
        pap: None,
        severity: Severity::High,
        exercise: None,
        title: format!("Test notice {number}"),
        lang: "en".into(),
        doc: Some(Doc {
            publisher: "https://cert.example".into(),
            reference: format!("TEST-{number}"),
            version: "1".into(),
            revision: 1,
        }),
        re: None,
        case: None,
        erase: None,
        body: describe(body),
        ext: None,
    }
}

pub fn audience(text: &str) -> Audience {
    text.parse().expect("an audience")
}

pub fn describe(body: &[u8]) -> Body {
    Body {
        media: "application/json".into(),
        len: body.len() as u64,
        sha256: Id::of(body),
        sig: None,
    }
}

/// A hospital's report: critical, so that every rendered rule lets it climb.
pub fn escalation(fed: &Federation, iss: &str, top: &str, body: &[u8]) -> Statement {
    escalation_in("eu.fr.bre.health", fed, iss, top, body)
}

/// As [`escalation`], of what happened in a scope.
pub fn escalation_in(
    scope: &str,
    fed: &Federation,
    iss: &str,
    top: &str,
    body: &[u8],
) -> Statement {
    let report = serde_json::json!({
        "stage": "early-warning", "regime": "nis2", "aware": chappe::time::now().secs() - 3600,
        "type": "malicious-code/infected-system", "nature": "ransomware",
        "scope": scope,
    });
    Statement {
        kind: Kind::Escalation,
        doc: None,
        case: Some(serde_json::from_value(report).expect("a report")),
        severity: Severity::Critical,
        tlp: Tlp::Amber,
        ..advisory(fed, iss, &format!("node:{top}"), body)
    }
}

/// The answer to a case, to the node that reported it.
pub fn response(fed: &Federation, iss: &str, to: &str, re: Id, body: &[u8]) -> Statement {
    let answer = serde_json::json!({ "state": "accepted" });
    Statement {
        kind: Kind::Response,
        doc: None,
        re: Some(re),
        case: Some(serde_json::from_value(answer).expect("an answer")),
        tlp: Tlp::Amber,
        ..advisory(fed, iss, &format!("node:{to}"), body)
    }
}

pub fn sign(key: &SecretKey, statement: &Statement) -> String {
    jws::sign(key, Typ::Notice, statement).expect("signed")
}
