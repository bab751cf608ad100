//! Vectors about signatures, and the text and header that they are over (group A of the list).

use chappe::jws::{self, Signer as _, Typ};
use chappe::notice::{Reason, Statement, Tlp, Wire};

use crate::folder::Folder;
use crate::forge::*;
use crate::made::*;
use crate::scalar;

pub(crate) fn all() -> Vec<Folder> {
    [signatures(), encodings(), types()].into_iter().flatten().collect()
}

fn signatures() -> Vec<Folder> {
    let bad = by_all(Reason::Signature);
    vec![
        vector("signature-random", &[1], "Another signature of the right form.", bad, {
            resigned(|_, _| vec![7; 64])
        }),
        vector("signature-one-bit", &[1], "One bit of the signature is flipped.", bad, {
            resigned(|_, mut signature| {
                signature[40] ^= 1;
                signature
            })
        }),
        vector("label-rewritten", &[2, 32], "A relay writes CLEAR for GREEN.", bad, {
            on_the_way(|w| rewrite(w, |s| s.tlp = Tlp::Clear))
        }),
        vector("audience-rewritten", &[2, 31], "A relay writes another audience.", bad, {
            on_the_way(|w| {
                rewrite(w, |s| s.aud = "scope:eu.fr.bre.all".parse().expect("one"));
            })
        }),
        vector(
            "signature-with-s-plus-l",
            &[6],
            "S + L for S: a second text for one signature.",
            bad,
            resigned(|_, signature| scalar::plus_order(&signature)),
        ),
        vector(
            "signature-r-is-the-identity",
            &[7, 8],
            "R is the identity and S = k * a, by the key's own holder: OpenSSL takes it.",
            bad,
            resigned(|input, _| scalar::with_identity("eu-fr", "issue", input)),
        ),
        vector(
            "kid-of-another-key",
            &[11],
            "`kid` names another key that is good: no other key is tried.",
            bad,
            on_the_way(|w| {
                let header = protected("EdDSA", &kid("eu-fr-bre", "issue"), Typ::Notice);
                let json = base_json();
                w.notice = signed_with_header(&key("eu-fr", "issue"), &header, json.as_bytes());
                w.hops = via(Wire { hops: vec![], ..w.clone() }, &["eu-fr"]).hops;
            }),
        ),
    ]
}

/// The honest notice with another signature, made from the one that it has.
fn resigned(change: impl Fn(&[u8], Vec<u8>) -> Vec<u8>) -> Arrival {
    on_the_way(|w| {
        let (input, signature) = w.notice.rsplit_once('.').expect("a signature");
        let signature = jws::from_base64url(signature).expect("base64url");
        let other = change(input.as_bytes(), signature);
        w.notice = format!("{input}.{}", jws::base64url(&other));
        w.hops = via(Wire { hops: vec![], ..w.clone() }, &["eu-fr"]).hops;
    })
}

/// Another statement under the signature of the first.
fn rewrite(wire: &mut Wire, change: impl Fn(&mut Statement)) {
    let mut statement = base();
    change(&mut statement);
    let json = jws::base64url(&serde_json::to_vec(&statement).expect("JSON"));
    let [header, _, signature] = parts(&wire.notice);
    wire.notice = format!("{header}.{json}.{signature}");
}

pub(crate) fn protected(alg: &str, kid: &str, typ: Typ) -> String {
    format!(r#"{{"alg":"{alg}","kid":"{kid}","typ":"{}"}}"#, typ.as_str())
}

fn encodings() -> Vec<Folder> {
    let bad = by_all(Reason::Encoding);
    let cut = |signature: Vec<u8>| signature[..63].to_vec();
    let extend = |mut signature: Vec<u8>| {
        signature.push(0);
        signature
    };
    vec![
        vector("signature-truncated", &[6], "63 bytes of signature.", bad, {
            resigned(|_, signature| cut(signature))
        }),
        vector("signature-extended", &[6], "65 bytes of signature.", bad, {
            resigned(|_, signature| extend(signature))
        }),
        vector("base64-padded", &[74], "A `=` stands at the end of the JWS.", bad, {
            on_the_way(|w| w.notice.push('='))
        }),
        vector(
            "base64-stray-bits",
            &[74],
            "The last character has bits that count for nothing.",
            bad,
            {
                on_the_way(|w| {
                    let last = w.notice.pop().expect("not empty");
                    w.notice.push(char::from_u32(u32::from(last) + 1).expect("a character"));
                })
            },
        ),
        vector("base64-other-alphabet", &[74], "`+` and `/` for `-` and `_`.", bad, {
            on_the_way(|w| {
                let other = w.notice.replace('-', "+").replace('_', "/");
                assert_ne!(other, w.notice, "nothing to replace");
                w.notice = other;
            })
        }),
        vector("dot-moved", &[5], "The dot between header and statement stands elsewhere.", bad, {
            on_the_way(|w| {
                let dot = w.notice.find('.').expect("a dot");
                w.notice.remove(dot);
                w.notice.insert(dot + 1, '.');
            })
        }),
        vector(
            "statement-truncated",
            &[62],
            "The header's value is cut after 40 characters.",
            bad,
            on_the_way(|w| w.notice.truncate(40)),
        ),
    ]
}

/// The honest statement under a header of the attacker's, signed as it says.
fn under(header: &str, sign: impl Fn(&str) -> Vec<u8>) -> Arrival {
    on_the_way(|w| {
        let input = format!("{}.{}", jws::base64url(header.as_bytes()), parts(&w.notice)[1]);
        w.notice = format!("{input}.{}", jws::base64url(&sign(&input)));
    })
}

fn types() -> Vec<Folder> {
    let bad = by_all(Reason::Algorithm);
    let issuer = kid("eu-fr", "issue");
    let by_issuer =
        |input: &str| key("eu-fr", "issue").sign(input.as_bytes()).expect("signed").to_vec();
    let x = jws::from_base64url(&key("eu-fr", "issue").public().to_jwk().x).expect("32 bytes");
    vec![
        vector("algorithm-none", &[21], "`alg` is `none` and the signature empty.", bad, {
            under(&protected("none", &issuer, Typ::Notice), |_| vec![])
        }),
        vector("algorithm-hs256", &[21], "HMAC with the public key for a secret.", bad, {
            under(&protected("HS256", &issuer, Typ::Notice), |input| {
                scalar::hmac(&x, input.as_bytes())
            })
        }),
        vector(
            "algorithm-ml-dsa",
            &[21],
            "A good signature under the name of another algorithm.",
            bad,
            under(&protected("ML-DSA-44", &issuer, Typ::Notice), by_issuer),
        ),
        vector(
            "hop-used-as-statement",
            &[4],
            "A hop stands in the place of the statement.",
            bad,
            on_the_way(|w| w.notice = w.hops[0].clone()),
        ),
        vector(
            "statement-of-another-type",
            &[4],
            "A statement signed as a trust document.",
            bad,
            under(&protected("EdDSA", &issuer, Typ::Trust), by_issuer),
        ),
        vector(
            "header-with-crit",
            &[21],
            "A fourth member of the protected header, `crit`, changes what is signed.",
            by_all(Reason::Json),
            under(
                &protected("EdDSA", &issuer, Typ::Notice).replacen('{', r#"{"crit":["b64"],"#, 1),
                by_issuer,
            ),
        ),
        vector(
            "header-with-duplicate-alg",
            &[21, 63],
            "The protected header has two `alg`.",
            by_all(Reason::Json),
            under(
                &protected("EdDSA", &issuer, Typ::Notice).replacen('{', r#"{"alg":"none","#, 1),
                by_issuer,
            ),
        ),
    ]
}
