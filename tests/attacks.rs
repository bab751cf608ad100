//! What must be refused, each under its reason; and what a reason must have: a case and a line in
//! the docs.

// A test that panics has failed.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod forge;

use std::collections::BTreeSet;

use chappe::address::Source;
use chappe::jws::{self, Typ};
use chappe::notice::{Hop, Id, Kind, Reason, Statement, Tlp, Wire};
use chappe::verify::{self, Context, Refused};
use forge::*;

/// One attack: its name, and the reason that must be given.
type Attack = (&'static str, Reason, fn() -> Option<Reason>);

fn base() -> Statement {
    advisory("eu-fr", "scope:eu.fr.all.all", Tlp::Green)
}

fn reason<T>(outcome: Result<T, Refused>) -> Option<Reason> {
    outcome.err().map(|refused| refused.reason)
}

/// A changed statement, honestly signed, at its issuer's own relay.
fn at_home(change: impl Fn(&mut Statement)) -> Option<Reason> {
    let mut statement = base();
    change(&mut statement);
    let signed = issue(&statement);
    reason(arrive("eu-fr", &local(), &statement, signed))
}

/// A changed wire of an honest statement, arriving in Brittany.
fn on_the_way(change: impl Fn(&mut Wire)) -> Option<Reason> {
    let statement = base();
    let mut wire = via(issue(&statement), &["eu-fr"]);
    change(&mut wire);
    reason(arrive("eu-fr-bre", &Source::Upstream(id("eu-fr")), &statement, wire))
}

/// A payload of the attacker's, honestly signed by the national issue key.
fn payload(json: &str) -> Option<Reason> {
    let notice = jws::sign_with(&key("eu-fr", "issue"), Typ::Notice, json.as_bytes());
    let wire = Wire { notice: notice.expect("signed"), hops: vec![], body_sig: None, body: body() };
    reason(arrive("eu-fr", &local(), &base(), wire))
}

fn with_claim(from: &str, to: &str) -> Option<Reason> {
    let json = serde_json::to_string(&base()).expect("JSON");
    assert!(json.contains(from), "{from} is not in {json}");
    payload(&json.replacen(from, to, 1))
}

fn hop(by: &str, of: &str, prev: Id, st: Id) -> String {
    let hop = Hop { st, prev, by: id(of), at: NOW };
    jws::sign(&key(by, "relay"), Typ::Hop, &hop).expect("signed")
}

const ATTACKS: &[Attack] = &[
    ("notice-header-missing", Reason::Header, || {
        reason(Wire::from_headers(&[], &[], &[], vec![]).map_err(Refused::from))
    }),
    ("notice-header-twice", Reason::Header, || {
        reason(Wire::from_headers(&["a", "a"], &[], &[], vec![]).map_err(Refused::from))
    }),
    ("statement-too-large", Reason::Header, || {
        let mut json = serde_json::to_string(&base()).expect("JSON");
        json.push_str(&" ".repeat(3_000));
        payload(&json)
    }),
    ("ten-thousand-hops", Reason::HopCount, || {
        let hops = vec!["x"; 5_000].join(",");
        reason(Wire::from_headers(&["a"], &[&hops], &[], vec![]).map_err(Refused::from))
    }),
    ("nine-hops", Reason::HopCount, || {
        let hops = ["x"; 9].join(",");
        reason(Wire::from_headers(&["a"], &[&hops], &[], vec![]).map_err(Refused::from))
    }),
    ("non-canonical-base64", Reason::Encoding, || on_the_way(|w| w.notice.push('='))),
    ("truncated-statement", Reason::Encoding, || on_the_way(|w| w.notice.truncate(40))),
    ("signature-random", Reason::Signature, || {
        on_the_way(|w| {
            let cut = w.notice.rfind('.').expect("a signature");
            let forged = jws::base64url(&[7; 64]);
            w.notice.replace_range(cut + 1.., &forged);
        })
    }),
    ("duplicate-key", Reason::Json, || with_claim("\"tlp\":", "\"tlp\":\"CLEAR\",\"tlp\":")),
    ("duplicate-key-escaped", Reason::Json, || {
        with_claim("\"tlp\":", "\"\\u0074lp\":\"CLEAR\",\"tlp\":")
    }),
    ("float", Reason::Json, || with_claim("\"revision\":1", "\"revision\":1.0")),
    ("list-in-the-place-of-an-object", Reason::Claim, || {
        let doc = serde_json::to_string(&base().doc).expect("JSON");
        let list = r#"["https://www.cert.ssi.gouv.fr","CERTFR-2026-AVI-0001","1",1]"#;
        with_claim(&doc, list)
    }),
    ("nesting-bomb", Reason::Json, || payload(&"[".repeat(2_000))),
    ("unknown-claim", Reason::Claim, || with_claim("\"lang\"", "\"sudo\":true,\"lang\"")),
    ("label-missing", Reason::Claim, || with_claim("\"tlp\":\"GREEN\",", "")),
    ("label-unknown", Reason::Claim, || with_claim("GREEN", "UNCLEAR")),
    ("wildcard-in-audience", Reason::Claim, || with_claim("scope:eu.fr.all.all", "scope:eu.*.>")),
    ("dots-in-node-name", Reason::Claim, || with_claim("\"iss\":\"eu-fr\"", "\"iss\":\"eu.fr\"")),
    ("control-character-in-title", Reason::Claim, || {
        at_home(|s| s.title = "quiet\u{1b}[2Jscreen".into())
    }),
    ("short-scope-on-the-wire", Reason::Claim, || with_claim("scope:eu.fr.all.all", "scope:eu.fr")),
    ("withdrawal-of-nothing", Reason::BadCombination, || at_home(|s| s.kind = Kind::Withdrawal)),
    ("erasing-advisory", Reason::BadCombination, || at_home(|s| s.erase = Some(true))),
    ("algorithm-none", Reason::Algorithm, || {
        on_the_way(|w| {
            let header = jws::base64url(br#"{"alg":"none","kid":"k","typ":"chappe-notice+jwt"}"#);
            let cut = w.notice.find('.').expect("a header");
            w.notice.replace_range(..cut, &header);
        })
    }),
    ("hop-used-as-statement", Reason::Algorithm, || on_the_way(|w| w.notice = w.hops[0].clone())),
    ("key-unknown", Reason::KeyUnknown, || {
        let statement = base();
        reason(arrive("eu-fr", &local(), &statement, wire(&statement, &key("nobody", "issue"))))
    }),
    ("key-of-another-node", Reason::KeyOwner, || {
        let statement = base();
        reason(arrive("eu-fr", &local(), &statement, wire(&statement, &key("eu-fr-bre", "issue"))))
    }),
    ("relay-key-signs-a-statement", Reason::KeyUse, || {
        let statement = base();
        reason(arrive("eu-fr", &local(), &statement, wire(&statement, &key("eu-fr", "relay"))))
    }),
    ("key-before-its-window", Reason::KeyWindow, || {
        with_bundles(|bundle| bundle.keys[0].nbf = NOW.secs() + 1)
    }),
    ("key-after-its-window", Reason::KeyWindow, || {
        with_bundles(|bundle| bundle.keys[0].exp = NOW.secs())
    }),
    ("key-revoked", Reason::KeyRevoked, || {
        with_bundles(|bundle| {
            use chappe::jws::Signer as _;
            bundle.revoked.push(chappe::trust::Revocation {
                kid: key("eu-fr", "issue").public().id().to_string(),
                at: NOW.secs() - 60,
                why: chappe::trust::Why::Compromised,
                good: None,
            });
        })
    }),
    ("own-bundle-expired", Reason::TrustStale, || {
        with_bundles(|bundle| bundle.exp = NOW.secs() - 1)
    }),
    ("of-another-federation", Reason::Federation, || {
        with_claim("00112233445566778899aabbccddeeff", "ff112233445566778899aabbccddeeff")
    }),
    ("kind-outside-the-grant", Reason::GrantKind, || {
        with_bundles(|bundle| bundle.keys[0].kinds = Some(vec![Kind::Alert]))
    }),
    ("label-above-the-grant", Reason::GrantTlp, || {
        with_bundles(|bundle| bundle.keys[0].tlp = Some(Tlp::Clear))
    }),
    ("region-signs-for-its-sibling", Reason::GrantScope, || {
        let statement = advisory("eu-fr-bre", "scope:eu.fr.nor.all", Tlp::Green);
        reason(arrive("eu-fr-bre", &local(), &statement, issue(&statement)))
    }),
    ("issued-ahead", Reason::Future, || at_home(|s| s.iat = NOW.secs() + 301)),
    ("signed-long-ago", Reason::Late, || at_home(|s| s.iat = NOW.secs() - 24 * 3600 - 1)),
    ("back-dated-first-hop", Reason::Future, || {
        let mut statement = base();
        statement.iat = NOW.secs() + 200;
        let wire = issue(&statement);
        let hop = Hop { st: wire.id(), prev: wire.id(), by: id("eu-fr"), at: NOW };
        let early = Hop { at: chappe::notice::Time::from_secs(NOW.secs() - 200), ..hop };
        let early = jws::sign(&key("eu-fr", "relay"), Typ::Hop, &early).expect("signed");
        let wire = Wire { hops: vec![early], ..wire };
        reason(arrive("eu-fr-bre", &Source::Upstream(id("eu-fr")), &statement, wire))
    }),
    ("expired", Reason::Expired, || {
        at_home(|s| {
            s.iat = NOW.secs() - 7_200;
            s.exp = NOW.secs() - 400;
        })
    }),
    ("endless", Reason::Lifetime, || at_home(|s| s.exp = s.iat + 401 * 24 * 3600)),
    ("exp-before-iat", Reason::Lifetime, || at_home(|s| s.exp = s.iat)),
    ("under-another-audience", Reason::Subject, || {
        let honest = base();
        let shown = advisory("eu-fr", "scope:eu.fr.bre.all", Tlp::Green);
        let wire = via(issue(&honest), &["eu-fr"]);
        reason(arrive("eu-fr-bre", &Source::Upstream(id("eu-fr")), &shown, wire))
    }),
    ("under-a-looser-label", Reason::Subject, || {
        let shown = advisory("eu-fr", "scope:eu.fr.all.all", Tlp::Clear);
        let wire = via(issue(&base()), &["eu-fr"]);
        reason(arrive("eu-fr-bre", &Source::Upstream(id("eu-fr")), &shown, wire))
    }),
    ("body-altered", Reason::Body, || on_the_way(|w| w.body[0] ^= 1)),
    ("body-truncated", Reason::Body, || on_the_way(|w| w.body.truncate(3))),
    ("foreign-detached-signature", Reason::Body, || {
        on_the_way(|w| w.body_sig = Some(b"not the document's".to_vec()))
    }),
    ("all-hops-stripped", Reason::HopCount, || on_the_way(|w| w.hops.clear())),
    ("hop-altered", Reason::Signature, || {
        on_the_way(|w| {
            let hop = hop("eu-fr", "eu-fr", w.id(), w.id());
            let cut = hop.rfind('.').expect("a signature");
            w.hops[0] = format!("{}.{}", &hop[..cut], jws::base64url(&[9; 64]));
        })
    }),
    ("hop-grafted-from-another-notice", Reason::HopChain, || {
        on_the_way(|w| w.hops[0] = hop("eu-fr", "eu-fr", Id::of(b"other"), Id::of(b"other")))
    }),
    ("hop-removed-from-the-middle", Reason::HopChain, || {
        let statement = base();
        let mut wire = via(issue(&statement), &["eu-fr", "eu-fr-bre"]);
        wire.hops.remove(0);
        reason(arrive("eu-fr-bre-chu", &Source::Upstream(id("eu-fr-bre")), &statement, wire))
    }),
    ("hop-signed-for-another", Reason::KeyOwner, || {
        on_the_way(|w| w.hops[0] = hop("eu-fr-nor", "eu-fr", w.id(), w.id()))
    }),
    ("first-hop-invented-on-the-way", Reason::KeyOwner, || {
        let statement = base();
        let mut wire = issue(&statement);
        wire.hops.push(hop("eu-fr-bre", "eu-fr", wire.id(), wire.id()));
        let wire = via(wire, &["eu-fr-bre"]);
        reason(arrive("eu-fr-bre-chu", &Source::Upstream(id("eu-fr-bre")), &statement, wire))
    }),
    ("custody-ends-at-another-sender", Reason::HopChain, || {
        let statement = base();
        let wire = via(issue(&statement), &["eu-fr"]);
        reason(arrive("eu-fr-bre-chu", &Source::Upstream(id("eu-fr-bre")), &statement, wire))
    }),
    ("loop", Reason::HopChain, || {
        let statement = base();
        let wire = via(issue(&statement), &["eu-fr", "eu-fr-bre", "eu-fr"]);
        reason(arrive("eu-fr-bre", &Source::Upstream(id("eu-fr")), &statement, wire))
    }),
    ("past-a-node-that-is-no-neighbour", Reason::HopNeighbour, || {
        let statement = base();
        let wire = via(issue(&statement), &["eu-fr", "eu-fr-bre-chu"]);
        reason(arrive("eu-fr-bre", &Source::Upstream(id("eu-fr-bre-chu")), &statement, wire))
    }),
    ("advisory-that-climbs", Reason::Direction, || {
        let statement = advisory("eu-fr-bre", "scope:eu.fr.bre.all", Tlp::Green);
        let wire = via(issue(&statement), &["eu-fr-bre"]);
        reason(arrive("eu-fr", &Source::Child(id("eu-fr-bre")), &statement, wire))
    }),
    ("escalation-that-comes-down", Reason::Direction, || {
        let statement = escalation("eu-fr-bre", "eu-fr", Tlp::Amber);
        let wire = via(issue(&statement), &["eu-fr-bre", "eu-fr"]);
        reason(arrive("eu-fr-bre", &Source::Upstream(id("eu-fr")), &statement, wire))
    }),
    ("not-for-this-region", Reason::Audience, || {
        let statement = advisory("eu-fr", "scope:eu.fr.nor.all", Tlp::Green);
        let wire = via(issue(&statement), &["eu-fr"]);
        reason(arrive("eu-fr-bre", &Source::Upstream(id("eu-fr")), &statement, wire))
    }),
    ("escalation-past-its-audience", Reason::Audience, || {
        let statement = escalation("eu-fr-bre-chu", "eu-fr-bre", Tlp::Amber);
        let wire = via(issue(&statement), &["eu-fr-bre-chu", "eu-fr-bre"]);
        reason(arrive("eu-fr", &Source::Child(id("eu-fr-bre")), &statement, wire))
    }),
    ("red-to-a-scope", Reason::Tlp, || at_home(|s| s.tlp = Tlp::Red)),
    ("red-past-a-neighbour", Reason::Tlp, || {
        let statement = advisory("eu-fr", "node:eu-fr-bre-chu", Tlp::Red);
        let wire = via(issue(&statement), &["eu-fr", "eu-fr-bre"]);
        reason(arrive("eu-fr-bre-chu", &Source::Upstream(id("eu-fr-bre")), &statement, wire))
    }),
    ("amber-past-its-clients", Reason::Tlp, || {
        let statement = advisory("eu-fr", "scope:eu.fr.all.banking", Tlp::Amber);
        let wire = via(issue(&statement), &["eu-fr"]);
        reason(arrive("eu-fr-bre", &Source::Upstream(id("eu-fr")), &statement, wire))
    }),
];

/// A change to France's own bundle, and an honest advisory at its relay.
fn with_bundles(change: fn(&mut chappe::trust::Bundle)) -> Option<Reason> {
    let documents = documents(|bundle| {
        if bundle.node == id("eu-fr") {
            change(bundle);
        }
    });
    let (trust, _) = chappe::trust::Trust::compile(&root("eu-fr"), &documents).expect("a pin");
    let statement = base();
    let wire = issue(&statement);
    let subject = honest_subject("eu-fr", &local(), &statement, wire.id());
    let me = id("eu-fr");
    let context = Context { now: NOW, me: &me, trust: &trust };
    reason(verify::verify(context, &local(), &subject, wire))
}

#[test]
fn every_attack_is_refused_under_its_reason() {
    let mut wrong = Vec::new();
    for (name, expected, attack) in ATTACKS {
        let found = attack();
        if found != Some(*expected) {
            wrong.push(format!("{name}: expected {expected}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_honest_notice_that_the_attacks_change_passes() {
    let statement = base();
    arrive("eu-fr", &local(), &statement, issue(&statement)).expect("at home");
    let wire = via(issue(&statement), &["eu-fr"]);
    arrive("eu-fr-bre", &Source::Upstream(id("eu-fr")), &statement, wire).expect("in Brittany");
    let statement = escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber);
    let wire = via(issue(&statement), &["eu-fr-bre-chu", "eu-fr-bre"]);
    arrive("eu-fr", &Source::Child(id("eu-fr-bre")), &statement, wire).expect("an escalation");
}

/// Reasons that only a node's state or rules give; `tests/routing.rs` provokes them, and
/// `tests/trust.rs` those of trust documents.
const BY_STATE: &[Reason] = &[
    Reason::Relation,
    Reason::AlreadyIssued,
    Reason::Superseded,
    Reason::Withdrawn,
    Reason::Rule,
    Reason::NoRule,
    Reason::TrustRollback,
    Reason::TrustFork,
    Reason::TrustExpired,
    Reason::TrustInvalid,
];

#[test]
fn every_reason_has_a_case_that_provokes_it() {
    let provoked: BTreeSet<Reason> =
        ATTACKS.iter().map(|(_, reason, _)| *reason).chain(BY_STATE.iter().copied()).collect();
    let missing: Vec<_> = Reason::ALL.iter().filter(|r| !provoked.contains(r)).collect();
    assert!(missing.is_empty(), "no case provokes {missing:?}");
}
