//! Every bound of a signed record to the unit: the last value that is taken and the first that is
//! not. Two nodes that disagree by one would quarrel about a valid notice.

use std::time::Duration;

use crate::forge::{NOW, advisory, escalation, key};
use chappe::jws::{
    self, General, Jwk, KeyError, MAX_DEPTH, MAX_DOCUMENT_BYTES, MAX_SIGNATURES, PublicKey,
    SecretKey, Signer, SignerError, Typ,
};
use chappe::notice::{
    Kind, MAX_BODY_BYTES, MAX_BODY_SIG_BYTES, MAX_HEADERS_BYTES, MAX_MESSAGE_BYTES,
    MAX_STATEMENT_BYTES, Statement, StatementError, Time, Tlp, Wire,
};
use serde_json::{Value, json};

const DAY: u64 = 24 * 3600;

fn base() -> Statement {
    advisory("eu-fr", "scope:eu.fr.all.all", Tlp::Green)
}

fn changed(change: impl Fn(&mut Statement)) -> Result<(), StatementError> {
    let mut statement = base();
    change(&mut statement);
    statement.check()
}

/// That `taken` is the last good value and `refused` the first bad one of a statement.
fn bound<T>(name: &str, set: impl Fn(&mut Statement, T), taken: T, refused: T) {
    let mut statement = base();
    set(&mut statement, taken);
    assert_eq!(statement.check(), Ok(()), "{name}: the last good value");
    set(&mut statement, refused);
    assert!(statement.check().is_err(), "{name}: the first bad value");
}

#[test]
fn the_sizes_of_the_wire_are_what_the_protocol_says() {
    assert_eq!(MAX_BODY_BYTES, 8_388_608);
    assert_eq!(MAX_HEADERS_BYTES, 16_384);
    assert_eq!(MAX_MESSAGE_BYTES, 8_404_992);
    assert_eq!(MAX_DOCUMENT_BYTES, 65_536);
}

#[test]
fn times_of_a_statement() {
    let iat = base().iat;
    bound("exp after iat", |s, exp| s.exp = exp, iat + 1, iat);
    bound("400 days", |s, exp| s.exp = exp, iat + 400 * DAY, iat + 400 * DAY + 1);
    bound("nbf from iat", |s, nbf| s.nbf = Some(nbf), iat, iat - 1);
    bound("nbf within a day", |s, nbf| s.nbf = Some(nbf), iat + DAY, iat + DAY + 1);
    let statement = base();
    assert_eq!(statement.issued(), Time::from_secs(statement.iat));
    assert_eq!(statement.expires(), Time::from_secs(statement.exp));
}

#[test]
fn texts_of_a_statement() {
    let long = |count: usize| "é".repeat(count);
    bound("title", |s, n| s.title = long(n), 200, 201);
    bound("title", |s, n| s.title = long(n), 1, 0);
    bound("exercise", |s, n| s.exercise = Some("a".repeat(n)), 32, 33);
    bound("exercise", |s, t: &str| s.exercise = Some(t.into()), "a-1", "A");
    for part in [0, 1, 2] {
        let set = |s: &mut Statement, n: usize| {
            let doc = s.doc.as_mut().expect("a doc");
            let texts = [&mut doc.publisher, &mut doc.reference, &mut doc.version];
            *texts.into_iter().nth(part).expect("one of three") = long(n);
        };
        bound("doc", set, 160, 161);
    }
    bound("lang", |s, t: &str| s.lang = t.into(), "fr", "f");
    bound("lang", |s, t: &str| s.lang = t.into(), "fra-FR-Latn", "fran-FR");
    bound("lang", |s, t: &str| s.lang = t.into(), "fr-12345678", "fr-123456789");
    bound("lang", |s, t: &str| s.lang = t.into(), "fr-1", "fr-");
    bound("lang", |s, t: &str| s.lang = t.into(), "fr-FR", "fr-F_");
    let tags = |n: usize| format!("fr-{}", "abcdefg-".repeat(5)).chars().take(n).collect();
    bound("lang", |s, n| s.lang = tags(n), 34, 36);
    bound("lang", |s, n| s.lang = format!("{}-abcdefgh", &tags(n)), 26, 27);
    bound("media", |s, n| s.body.media = format!("a/{}", "b".repeat(n)), 126, 127);
    bound("media", |s, t: &str| s.body.media = t.into(), "a/b", "ab");
    bound("media", |s, t: &str| s.body.media = t.into(), "a/b", "a/ b");
    bound("body", |s, n| s.body.len = n, 8_388_608, 8_388_609);
}

#[test]
fn what_could_rewrite_a_screen_is_no_line() {
    for hidden in ['\n', '\u{1b}', '\u{85}', '\u{2028}', '\u{200e}', '\u{feff}', '\u{202e}'] {
        assert!(changed(|s| s.title = format!("a{hidden}b")).is_err(), "{hidden:?}");
    }
    for title in [" a", "a ", "\u{a0}a"] {
        assert!(changed(|s| s.title = title.into()).is_err(), "{title:?}");
    }
    assert!(changed(|s| s.title = "\u{2066}".into()).is_err());
}

#[test]
fn what_stands_under_ext() {
    let map = |value: Value| value.as_object().cloned();
    // Quotes, colon and braces of {"a":"..."} are eight bytes.
    bound("size", |s, n| s.ext = map(json!({"a": "x".repeat(n)})), 504, 505);
    let four = [json!([[[1]]]), json!({"b": {"b": {"b": 1}}}), json!([{"b": [1]}])];
    let five = [json!([[[[1]]]]), json!({"b": {"b": {"b": {}}}}), json!([{"b": [[]]}])];
    for (taken, refused) in four.into_iter().zip(five) {
        bound("depth", |s, value: Value| s.ext = map(json!({"a": value})), taken, refused);
    }
}

#[test]
fn the_size_of_a_statement() {
    let mut text = serde_json::to_vec(&base()).expect("JSON");
    text.resize(MAX_STATEMENT_BYTES, b' ');
    assert_eq!(Statement::parse(&text), Ok(base()));
    text.push(b' ');
    assert_eq!(Statement::parse(&text), Err(StatementError::Size(MAX_STATEMENT_BYTES + 1)));
}

#[test]
fn a_federation_is_32_digits() {
    let of = |text: &str| chappe::notice::Federation::try_from(text.to_owned());
    assert!(of(&"0f".repeat(16)).is_ok());
    for text in ["0".repeat(31), "0".repeat(33), "0F".repeat(16), "0g".repeat(16)] {
        assert!(of(&text).is_err(), "{text}");
    }
}

fn reported(change: impl Fn(&mut Value)) -> Result<(), StatementError> {
    let mut statement = escalation("eu-fr-bre", "eu-fr", Tlp::Amber);
    let mut case = serde_json::to_value(&statement.case).expect("JSON");
    change(&mut case);
    statement.case = Some(serde_json::from_value(case).expect("a case"));
    statement.check()
}

#[test]
fn the_case_of_an_escalation() {
    let long = "a".repeat(40);
    for taken in [format!("{long}/{long}"), "a/b".into()] {
        assert_eq!(reported(|c| c["type"] = json!(taken)), Ok(()), "{taken}");
    }
    for refused in [format!("{long}a/b"), format!("a/{long}b"), "ab".into(), "/b".into()] {
        assert!(reported(|c| c["type"] = json!(refused)).is_err(), "{refused}");
    }
    assert_eq!(reported(|c| c["nature"] = json!(long)), Ok(()));
    assert!(reported(|c| c["nature"] = json!(format!("{long}a"))).is_err());
    assert_eq!(reported(|c| c["countries"] = json!(vec!["fr"; 30])), Ok(()));
    for refused in [json!(vec!["fr"; 31]), json!(["FR"]), json!(["f"]), json!(["fra"])] {
        assert!(reported(|c| c["countries"] = refused.clone()).is_err(), "{refused}");
    }
}

/// An answer to a case, as its own level sends it.
fn response() -> Statement {
    let case = serde_json::from_value(json!({"state": "rejected", "reason": "a"})).expect("a case");
    let re = Some(chappe::notice::Id::of(b"a case"));
    Statement {
        kind: Kind::Response,
        case: Some(case),
        re,
        ..escalation("eu", "eu-fr", Tlp::Amber)
    }
}

#[test]
fn the_reason_of_an_answer_is_a_line() {
    let mut statement = response();
    assert_eq!(statement.check(), Ok(()));
    for (chars, taken) in [(160, true), (161, false), (0, false)] {
        let case = json!({"state": "rejected", "reason": "a".repeat(chars)});
        statement.case = Some(serde_json::from_value(case).expect("a case"));
        assert_eq!(statement.check().is_ok(), taken, "{chars}");
    }
}

#[test]
fn what_each_kind_needs_and_forbids() {
    let re = Some(chappe::notice::Id::of(b"another notice"));
    let doc = base().doc;
    let of = |kind: Kind| Statement { kind, re, ..base() };
    let escalated = escalation("eu-fr-bre", "eu-fr", Tlp::Amber);
    let node = escalated.aud.clone();
    let good = [
        base(),
        Statement { kind: Kind::Alert, ..base() },
        of(Kind::Annotation),
        of(Kind::Closing),
        Statement { doc: None, erase: Some(true), ..of(Kind::Withdrawal) },
        escalated.clone(),
        response(),
    ];
    for statement in &good {
        assert_eq!(statement.check(), Ok(()), "{}", statement.kind);
    }
    let [advisory, alert, annotation, closing, withdrawal, escalated, answer] = good;
    let scoped = base().aud;
    let bad = [
        Statement { doc: None, ..advisory.clone() },
        Statement { doc: None, ..alert },
        Statement { re: None, ..annotation.clone() },
        Statement { doc: None, ..annotation.clone() },
        Statement { aud: node, ..annotation.clone() },
        Statement { re: None, ..closing.clone() },
        Statement { doc: None, ..closing },
        Statement { re: None, ..withdrawal.clone() },
        Statement { re: None, ..answer.clone() },
        Statement { doc: doc.clone(), ..escalated.clone() },
        Statement { doc, ..answer.clone() },
        Statement { aud: scoped.clone(), ..escalated.clone() },
        Statement { aud: scoped, ..answer.clone() },
        Statement { case: answer.case.clone(), ..escalated.clone() },
        Statement { case: escalated.case.clone(), ..answer.clone() },
        Statement { case: None, ..escalated.clone() },
        Statement { case: None, ..answer.clone() },
        Statement { case: answer.case.clone(), ..advisory.clone() },
        Statement { erase: Some(false), ..advisory.clone() },
        Statement { nbf: Some(annotation.iat), ..annotation.clone() },
    ];
    for (at, statement) in bad.iter().enumerate() {
        let found = statement.check();
        assert!(matches!(found, Err(StatementError::Combination(..))), "{at}: {found:?}");
    }
    for statement in [advisory, annotation, escalated, withdrawal, answer] {
        let ends = statement.kind.is_ending() || statement.kind == Kind::Response;
        let mut empty = statement;
        empty.body.len = 0;
        assert_eq!(empty.check().is_ok(), ends, "an empty body of a {}", empty.kind);
    }
}

#[test]
fn headers_to_the_byte() {
    let filled = |total: usize| "a".repeat(total);
    let take = |notice: &str, hops: &[&str], sig: &[&str]| {
        Wire::from_headers(&[notice], hops, sig, Vec::new())
    };
    let fitting = take(&filled(16_384), &[], &[]).expect("16 KiB");
    assert!(fitting.fits());
    assert!(take(&filled(16_385), &[], &[]).is_err());
    assert!(!Wire { notice: filled(16_385), ..fitting.clone() }.fits());
    let eight = take("a", &["x,x,x,x,x,x,x,x"], &[]).expect("eight hops");
    assert!(eight.fits() && eight.hops.len() == 8);
    assert!(!Wire { hops: vec!["x".into(); 9], ..eight }.fits());
    assert_eq!(MAX_BODY_SIG_BYTES, 4_096);
    let sig = |bytes: usize| jws::base64url(&vec![0; bytes]);
    assert_eq!(take("a", &[], &[&sig(4_096)]).map(|w| w.body_sig), Ok(Some(vec![0; 4_096])));
    assert!(take("a", &[], &[&sig(4_097)]).is_err());
}

#[test]
fn a_trust_document_to_the_byte_and_to_the_signature() {
    let mut document = General::unsigned(b"{}");
    for _ in 0..MAX_SIGNATURES {
        document.sign(&key("eu-fr", "root")).expect("signed");
    }
    let mut text = serde_json::to_vec(&document).expect("JSON");
    assert_eq!(General::parse(&text).as_ref(), Ok(&document));
    text.resize(MAX_DOCUMENT_BYTES, b' ');
    assert_eq!(General::parse(&text).as_ref(), Ok(&document));
    text.push(b' ');
    assert!(General::parse(&text).is_err());
    document.sign(&key("eu-fr", "root")).expect("signed");
    assert!(General::parse(&serde_json::to_vec(&document).expect("JSON")).is_err());
    assert_eq!(document.unverified_payload(), Ok(b"{}".to_vec()));
}

#[test]
fn numbers_and_nesting_of_strict_json() {
    let read = |text: &str| jws::from_slice::<Value>(text.as_bytes());
    let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert!(read(&nested(MAX_DEPTH)).is_ok() && read(&nested(MAX_DEPTH + 1)).is_err());
    let objects = |n: usize| format!("{}1{}", r#"{"a":"#.repeat(n), "}".repeat(n));
    assert!(read(&objects(MAX_DEPTH)).is_ok() && read(&objects(MAX_DEPTH + 1)).is_err());
    assert!(read("9007199254740991").is_ok() && read("9007199254740992").is_err());
    let why = read("1.5").expect_err("a float").to_string();
    assert!(why.contains("strict JSON (no floats, no duplicate keys)"), "{why}");
}

/// p, the field's prime, is 2^255 - 19: an encoding of y + p for a small y is not canonical.
#[test]
fn a_key_has_one_encoding() {
    let mut admitted = 0;
    for y in 0..19_u8 {
        for sign in [0, 0x80] {
            let mut canonical = [0; 32];
            (canonical[0], canonical[31]) = (y, sign);
            admitted += u32::from(PublicKey::from_bytes(&canonical).is_ok());
            let mut other = [0xff; 32];
            (other[0], other[31]) = (0xed + y, 0x7f | sign);
            assert_eq!(PublicKey::from_bytes(&other).unwrap_err(), KeyError::Weak, "y = {y} + p");
        }
    }
    // Each point that has a second encoding is of small or mixed order. So the check of the order
    // would refuse these too; should that ever change, this line says so.
    assert_eq!(admitted, 0);
}

#[test]
fn a_jwk_is_of_that_kind_and_curve() {
    let jwk = key("eu-fr", "issue").public().to_jwk();
    assert!(PublicKey::from_jwk(&jwk).is_ok());
    for refused in [
        Jwk { kty: "EC".into(), ..jwk.clone() },
        Jwk { crv: "X25519".into(), ..jwk.clone() },
        Jwk { x: format!("{}=", jwk.x), ..jwk.clone() },
        Jwk { x: jws::base64url(&[1; 31]), ..jwk },
    ] {
        assert_eq!(PublicKey::from_jwk(&refused).unwrap_err(), KeyError::Form);
    }
}

/// A device that answers with another key's signature.
struct Faulty(SecretKey, SecretKey);

impl Signer for Faulty {
    fn public(&self) -> &PublicKey {
        self.0.public()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError> {
        self.1.sign(message)
    }
}

#[test]
fn what_a_faulty_device_signs_does_not_leave() {
    let faulty = Faulty(key("eu-fr", "issue"), key("eu-fr", "relay"));
    assert_eq!(jws::sign_with(&faulty, Typ::Notice, b"{}"), Err(SignerError::SelfCheck));
    let mut document = General::unsigned(b"{}");
    assert_eq!(document.sign(&faulty), Err(SignerError::SelfCheck));
    assert_eq!(document, General::unsigned(b"{}"), "nothing half-signed");
}

#[test]
fn instants() {
    let second = Duration::from_secs(1);
    assert_eq!(NOW.secs() * 1_000, NOW.millis());
    assert_eq!(Time::from_millis(1_999).secs(), 1);
    assert_eq!((NOW + second).since(NOW), second);
    assert_eq!(NOW.since(NOW + second), Duration::ZERO);
    assert_eq!((NOW - second) + second, NOW);
    assert_eq!(NOW.to_string(), "2026-11-24T10:00:00Z");
}
