//! Vectors about signatures, keys and what they may sign (groups A and B of the list).

use chappe::address::Source;
use chappe::jws::{self, Signer as _, Typ};
use chappe::notice::{Id, Kind, Reason, Statement, Time, Tlp, Wire};
use chappe::trust::{KeyEntry, NodeEntry, Root, Why};

use crate::folder::Folder;
use crate::forge::*;
use crate::made::*;
use crate::scalar;

pub(crate) fn all() -> Vec<Folder> {
    [signatures(), encodings(), types(), owners(), windows(), revoked(), grants()]
        .into_iter()
        .flatten()
        .collect()
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
                rewrite(w, |s| s.aud = "scope:eu.fr.bre.all".to_owned().try_into().expect("one"));
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

fn signed_by(node: &str, usage: &str) -> Arrival {
    let wire = via(wire(&base(), &key(node, usage)), &["eu-fr"]);
    Arrival::new("eu-fr-bre", up("eu-fr"), &base(), wire)
}

fn owners() -> Vec<Folder> {
    vec![
        vector(
            "key-unknown",
            &[10],
            "Signed by a key that no bundle lists.",
            by_all(Reason::KeyUnknown),
            signed_by("nobody", "issue"),
        ),
        vector(
            "bundle-key-signs-a-statement",
            &[13],
            "The key that signs bundles signs no notice.",
            by_all(Reason::KeyUnknown),
            signed_by("eu-fr", "bundle"),
        ),
        vector(
            "key-of-another-node",
            &[12],
            "Brittany's key signs, the statement says France.",
            by_all(Reason::KeyOwner),
            signed_by("eu-fr-bre", "issue"),
        ),
        vector(
            "relay-key-signs-a-statement",
            &[13],
            "The relay's key issues nothing.",
            by_all(Reason::KeyUse),
            signed_by("eu-fr", "relay"),
        ),
        vector(
            "issue-key-signs-a-hop",
            &[13],
            "The publisher's key passes nothing on.",
            by_all(Reason::KeyUse),
            on_the_way(|w| {
                w.hops[0] = hop_at(&key("eu-fr", "issue"), "eu-fr", w.id(), w.id(), NOW);
            }),
        ),
        vector(
            "publisher-sends-anothers-notice",
            &[12],
            "A publisher of France hands in a notice of Brittany, signed by Brittany.",
            by_place(Reason::KeyOwner),
            {
                let statement = advisory("eu-fr-bre", "scope:eu.fr.bre.all", Tlp::Green);
                Arrival::new("eu-fr", local(), &statement, issue(&statement))
            },
        ),
    ]
}

/// An honest advisory at home while France's own bundle says otherwise.
fn issuing(change: impl Fn(&mut KeyEntry)) -> Arrival {
    home(&base()).trusting("bundle-eu-fr-2", later("eu-fr", 2, |b| change(&mut b.keys[0])))
}

fn windows() -> Vec<Folder> {
    let now = NOW.secs();
    let out = by_all(Reason::KeyWindow);
    let ended = |exp| {
        let mut next = Root::new(fed(), id("eu-fr"), 2, (now - 3600, exp));
        next.root = one("eu-fr", "root");
        next.bundle = one("eu-fr", "bundle");
        home(&base()).trusting("root-eu-fr-2", signed(&next, &key("eu-fr", "root")))
    };
    vec![
        vector("key-before-its-window", &[14], "The key counts from the next second on.", out, {
            issuing(|k| k.nbf = now + 1)
        }),
        vector("key-after-its-window", &[14], "The key counted until this second.", out, {
            issuing(|k| k.exp = now)
        }),
        vector(
            "honest-first-second-of-a-key",
            &[14],
            "The key counts from this second on.",
            ACCEPTED,
            issuing(|k| k.nbf = now),
        ),
        vector(
            "honest-last-second-of-a-key",
            &[14],
            "The key counts until the next second.",
            ACCEPTED,
            issuing(|k| k.exp = now + 1),
        ),
        vector(
            "own-bundle-expired",
            &[56],
            "A node whose bundle has expired issues nothing.",
            by_place(Reason::TrustStale),
            home(&base()).trusting("bundle-eu-fr-2", later("eu-fr", 2, |b| b.exp = now - 1)),
        ),
        vector(
            "root-expired",
            &[56],
            "The last root above the issuer expired this second.",
            by_all(Reason::TrustStale),
            ended(now),
        ),
        vector(
            "honest-last-second-of-a-root",
            &[56],
            "The root counts until the next second.",
            ACCEPTED,
            ended(now + 1),
        ),
    ]
}

/// An advisory of France under way since 100 s, whose key is revoked from `at` on.
fn revoked_at(usage: &str, at: u64) -> Arrival {
    let wire = issue(&Statement { iat: NOW.secs() - 200, ..base() });
    let passed = Time::from_secs(NOW.secs() - 100);
    let hop = hop_at(&key("eu-fr", "relay"), "eu-fr", wire.id(), wire.id(), passed);
    let wire = Wire { hops: vec![hop], ..wire };
    let says = later("eu-fr", 2, |b| {
        b.revoked.push(revocation("eu-fr", usage, at, Why::Compromised));
    });
    Arrival::new("eu-fr-bre", up("eu-fr"), &base(), wire).trusting("bundle-eu-fr-2", says)
}

fn revoked() -> Vec<Folder> {
    let now = NOW.secs();
    let out = by_all(Reason::KeyRevoked);
    let with_list = |genuine: bool| {
        let id =
            if genuine { Id::of(revoked_at("issue", 0).notice[0].as_bytes()) } else { Id::of(b"") };
        let mut arrival = revoked_at("issue", now);
        arrival.more[0].1 = later("eu-fr", 2, |b| {
            let mut stolen = revocation("eu-fr", "issue", now, Why::Compromised);
            stolen.good = Some(vec![Id::of(id.as_bytes())]);
            b.revoked.push(stolen);
        });
        arrival
    };
    vec![
        vector(
            "key-revoked",
            &[15, 17],
            "A thief signs with a revoked key and an old `iat`.",
            out,
            {
                let says = later("eu-fr", 2, |b| {
                    b.revoked.push(revocation("eu-fr", "issue", now - 60, Why::Compromised));
                });
                at_home(|s| s.iat = now - 3600).trusting("bundle-eu-fr-2", says)
            },
        ),
        vector("key-revoked-before-the-first-hop", &[15, 17], "Its first hop is later.", out, {
            revoked_at("issue", now - 100)
        }),
        vector(
            "honest-key-revoked-later",
            &[16],
            "Its first hop is earlier: it still counts.",
            ACCEPTED,
            revoked_at("issue", now - 99),
        ),
        vector("relay-key-revoked", &[81], "The hop's key was revoked before it signed.", out, {
            revoked_at("relay", now - 100)
        }),
        vector("honest-relay-key-revoked-later", &[81], "The hop was made before.", ACCEPTED, {
            revoked_at("relay", now - 99)
        }),
        vector(
            "good-list-is-missing",
            &[17],
            "Both keys were stolen: a list that is not here decides, so the notice waits.",
            by_all(Reason::KeyUnknown),
            with_list(true),
        ),
    ]
}

fn narrowed(node: &'static str, change: impl Fn(&mut NodeEntry)) -> jws::General {
    later("eu-fr", 2, |b| change(b.nodes.iter_mut().find(|n| n.id == id(node)).expect("a child")))
}

fn grants() -> Vec<Folder> {
    let scope_of = |text: &str| vec![scope(text)];
    let sibling = advisory("eu-fr-bre", "scope:eu.fr.nor.all", Tlp::Green);
    let wide = advisory("eu-fr-bre", "scope:eu.fr.all.all", Tlp::Green);
    let hospital = advisory("eu-fr-bre-chu", "scope:eu.fr.nor.health", Tlp::Green);
    vec![
        vector(
            "region-signs-for-its-sibling",
            &[23],
            "Brittany signs for Normandy.",
            by_all(Reason::GrantScope),
            home(&sibling),
        ),
        vector(
            "kind-outside-the-grant",
            &[27],
            "The key may sign alerts alone.",
            by_all(Reason::GrantKind),
            issuing(|k| k.kinds = Some(vec![Kind::Alert])),
        ),
        vector(
            "label-above-the-grant",
            &[28],
            "The key may sign CLEAR alone.",
            by_all(Reason::GrantTlp),
            issuing(|k| k.tlp = Some(Tlp::Clear)),
        ),
        vector(
            "child-widens-its-own-grant",
            &[29],
            "Brittany's bundle gives its key all of `eu`.",
            by_all(Reason::GrantScope),
            home(&wide).trusting(
                "bundle-eu-fr-bre-2",
                later("eu-fr-bre", 2, |b| {
                    b.keys[0].scopes = Some(scope_of("eu"));
                }),
            ),
        ),
        vector(
            "grandchild-wider-than-its-grandparent",
            &[30],
            "Brittany grants what France did not.",
            by_all(Reason::GrantScope),
            home(&hospital).trusting(
                "bundle-eu-fr-bre-2",
                later("eu-fr-bre", 2, |b| {
                    b.nodes[0].may.scopes = scope_of("eu.fr");
                }),
            ),
        ),
        vector(
            "introducer-narrows-later",
            &[30],
            "France narrows Brittany: its hospital loses too.",
            by_all(Reason::GrantKind),
            home(&advisory("eu-fr-bre-chu", "scope:eu.fr.bre.health", Tlp::Green)).trusting(
                "bundle-eu-fr-2",
                narrowed("eu-fr-bre", |entry| entry.may.kinds = vec![Kind::Escalation]),
            ),
        ),
        vector(
            "node-that-no-bundle-lists",
            &[25, 31],
            "The audience is a node that nobody introduces.",
            by_all(Reason::Audience),
            home(&advisory("eu-fr", "node:eu-fr-zzz", Tlp::Green)),
        ),
        vector(
            "escalation-from-elsewhere",
            &[23],
            "The incident lies outside the issuer's grant.",
            by_all(Reason::GrantScope),
            {
                let report = escalation("eu-fr-nor-mairie", "eu-fr", Tlp::Amber);
                let wire = via(issue(&report), &["eu-fr-nor-mairie"]);
                Arrival::new("eu-fr-nor", Source::Child(id("eu-fr-nor-mairie")), &report, wire)
            },
        ),
    ]
}
