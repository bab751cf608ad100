//! Ed25519 as others test it: exactly which vectors Chappe takes, through its own two doors (the
//! admission of a key, the check of a signature), and where OpenSSL takes more.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::Command;

use chappe::jws::{KeyError, PublicKey};
use serde_json::{Value, json};

const WYCHEPROOF_TAKES: [RangeInclusive<u64>; 3] = [1..=9, 71..=84, 86..=150];
/// Strict verification alone would take case 3; its key has a small-order part and is not admitted.
const SPECCHECK_TAKES: [u64; 0] = [];
/// The keys of the other cases have a small-order part, or are no canonical encoding.
const SPECCHECK_ADMITS: [u64; 2] = [6, 7];
/// OpenSSL's `verify` looks at neither the key's order nor R's.
const OPENSSL_TAKES: [u64; 5] = [0, 1, 2, 3, 11];

/// One vector: its number, key, message and signature, which may have any length.
struct Vector {
    number: u64,
    key: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Vector {
    fn key(&self) -> Result<PublicKey, KeyError> {
        let bytes = self.key.as_slice().try_into().map_err(|_| KeyError::Form)?;
        PublicKey::from_bytes(bytes)
    }

    /// Admitted, and verified: what `jws` does with any signature.
    fn is_taken(&self) -> bool {
        let (key, signature) = (self.key(), self.signature.as_slice().try_into());
        matches!((key, signature), (Ok(key), Ok(sig)) if key.verifies(&self.message, sig))
    }
}

fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(name: &str) -> Value {
    let text = std::fs::read_to_string(at("tests/fixtures/ed25519").join(name)).expect("vectors");
    serde_json::from_str(&text).expect("JSON")
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("hexadecimal digits");
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("a byte");
    (0..text.len()).step_by(2).map(byte).collect()
}

fn wycheproof() -> Vec<Vector> {
    let file = read("wycheproof.json");
    let mut found = Vec::new();
    for group in file["testGroups"].as_array().expect("groups") {
        for test in group["tests"].as_array().expect("tests") {
            found.push(Vector {
                number: test["tcId"].as_u64().expect("a number"),
                key: hex(&group["publicKey"]["pk"]),
                message: hex(&test["msg"]),
                signature: hex(&test["sig"]),
            });
        }
    }
    assert_eq!(found.len() as u64, file["numberOfTests"], "a vector was left out");
    found
}

fn speccheck() -> Vec<Vector> {
    let file = read("speccheck.json");
    let cases = file.as_array().expect("cases").iter().zip(0..);
    let vector = |(case, number): (&Value, u64)| Vector {
        number,
        key: hex(&case["pub_key"]),
        message: hex(&case["message"]),
        signature: hex(&case["signature"]),
    };
    cases.map(vector).collect()
}

fn numbers(vectors: &[Vector], of: impl Fn(&Vector) -> bool) -> Vec<u64> {
    vectors.iter().filter(|vector| of(vector)).map(|vector| vector.number).collect()
}

#[test]
fn of_wycheproofs_151_exactly_the_88_valid_ones_are_taken() {
    let vectors = wycheproof();
    let expected: Vec<u64> = WYCHEPROOF_TAKES.into_iter().flatten().collect();
    assert_eq!((vectors.len(), expected.len()), (151, 88));
    assert_eq!(numbers(&vectors, Vector::is_taken), expected);
}

#[test]
fn every_key_of_wycheproof_is_admitted_so_that_its_signatures_are_what_is_tested() {
    let vectors = wycheproof();
    assert_eq!(numbers(&vectors, |vector| vector.key().is_err()), Vec::<u64>::new());
}

#[test]
fn of_the_twelve_edge_cases_none_is_taken() {
    let vectors = speccheck();
    assert_eq!(vectors.len(), 12);
    assert_eq!(numbers(&vectors, Vector::is_taken), SPECCHECK_TAKES);
    assert_eq!(numbers(&vectors, |vector| vector.key().is_ok()), SPECCHECK_ADMITS);
}

/// An honest-looking key whose holder signs with the identity for R: valid for OpenSSL, Node and
/// dalek's `verify`. A notice that some nodes take and others refuse is what a federation cannot
/// have.
fn split() -> Vector {
    let signature = "01".to_owned()
        + &"00".repeat(31)
        + "0b2824d94a5664b4fd89676127738b4b9034cc43b81a947753733371021ac801";
    Vector {
        number: 0,
        key: hex(&json!("fd1724385aa0c75b64fb78cd602fa1d991fdebf76b13c58ed702eac835e9f618")),
        message: b"msg".to_vec(),
        signature: hex(&json!(signature)),
    }
}

#[test]
fn a_signature_whose_r_is_the_identity_is_refused_under_an_admitted_key() {
    let split = split();
    assert!(split.key().is_ok(), "the key is to be admitted: the refusal is the signature's");
    assert!(!split.is_taken());
}

fn openssl() -> Value {
    let made = Command::new("python3").arg(at("scripts/python-env.py")).output().expect("python3");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let python = String::from_utf8(made.stdout).expect("a path");
    let folder = at("tests/fixtures/ed25519");
    let said = Command::new(python.trim())
        .arg(at("tests/python/ed25519.py"))
        .args([folder.join("wycheproof.json"), folder.join("speccheck.json")])
        .output()
        .expect("ran");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    serde_json::from_slice(&said.stdout).expect("JSON")
}

#[test]
fn openssl_takes_all_that_chappe_takes_and_beyond_it_only_what_is_named_here() {
    let said = openssl();
    assert_eq!(said["wycheproof"], json!(numbers(&wycheproof(), Vector::is_taken)));
    assert_eq!(said["speccheck"], json!(OPENSSL_TAKES));
    assert_eq!(said["split"], json!(true));
}
