//! What a local publisher, or whoever has its seed, may try.

use chappe::jws;
use chappe::notice::{Kind, Reason, Statement, Tlp, Wire};

use super::{BODY, HOSPITAL, Lab, Lie, Sent, red, spoil_signature};
use crate::support::DAY;

/// A changed statement, honestly signed.
fn changed(lab: &Lab, change: impl Fn(&mut Statement)) -> Sent {
    let mut statement = lab.base();
    change(&mut statement);
    lab.web(lab.issue(&statement))
}

/// An honest notice, changed after it was signed.
fn spoilt(lab: &Lab, change: impl Fn(&mut Wire)) -> Sent {
    let mut wire = lab.issue(&lab.base());
    change(&mut wire);
    lab.web(wire)
}

pub const FROM_A_PUBLISHER: &[Lie] = &[
    // A document without its notice is a mistake, and no attack on the trust in keys.
    ("no-header-at-all", Reason::Header, |lab| {
        let sent = lab.web(lab.issue(&lab.base()));
        Sent { headers: Vec::new(), ..sent }
    }),
    ("hops-without-notice", Reason::Header, |lab| {
        let sent = lab.web(lab.issue(&lab.base()));
        Sent { headers: vec![("Chappe-Hops", "x".into())], ..sent }
    }),
    ("notice-header-twice", Reason::Header, |lab| {
        let mut sent = lab.web(lab.issue(&lab.base()));
        sent.headers.extend(sent.headers.clone());
        sent
    }),
    ("notice-header-in-another-case", Reason::Header, |lab| {
        // Header names are case-sensitive: this is a message without a notice.
        let sent = lab.web(lab.issue(&lab.base()));
        let notice = sent.headers[0].1.clone();
        Sent { headers: vec![("chappe-notice", notice)], body: b"other".to_vec(), ..sent }
    }),
    ("statement-too-large", Reason::Header, |lab| {
        let json = serde_json::to_string(&lab.base()).expect("JSON");
        lab.web(lab.payload(&format!("{json}{}", " ".repeat(3_000))))
    }),
    ("five-thousand-hops", Reason::HopCount, |lab| {
        spoilt(lab, |wire| wire.hops = vec!["x".into(); 5_000])
    }),
    ("flood-of-headers", Reason::Header, |lab| {
        // As much as the server stores; six times as much where it is written down.
        let flood = vec![("Chappe-Hops", "\u{1}".repeat(15_000)); 4];
        Sent { headers: flood, ..lab.web(lab.issue(&lab.base())) }
    }),
    ("truncated-statement", Reason::Encoding, |lab| spoilt(lab, |wire| wire.notice.truncate(40))),
    ("non-canonical-base64", Reason::Encoding, |lab| spoilt(lab, |wire| wire.notice.push('='))),
    ("non-canonical-detached-signature", Reason::Encoding, |lab| {
        let mut sent = lab.web(lab.issue(&lab.base()));
        sent.headers.push(("Chappe-Body-Sig", "AB==".into()));
        sent
    }),
    ("signature-random", Reason::Signature, |lab| {
        spoilt(lab, |wire| spoil_signature(&mut wire.notice))
    }),
    ("statement-altered", Reason::Signature, |lab| {
        let honest = lab.issue(&lab.base());
        let looser = Statement { tlp: Tlp::Clear, ..lab.base() };
        let payload = jws::base64url(&serde_json::to_vec(&looser).expect("JSON"));
        let parts: Vec<&str> = honest.notice.split('.').collect();
        let notice = [parts[0], &payload, parts[2]].join(".");
        lab.web(Wire { notice, ..honest })
    }),
    ("duplicate-key", Reason::Json, |lab| {
        lab.web(lab.with_claim("\"tlp\":", "\"tlp\":\"CLEAR\",\"tlp\":"))
    }),
    ("duplicate-key-escaped", Reason::Json, |lab| {
        lab.web(lab.with_claim("\"tlp\":", "\"\\u0074lp\":\"CLEAR\",\"tlp\":"))
    }),
    ("float", Reason::Json, |lab| lab.web(lab.with_claim("\"revision\":1", "\"revision\":1.0"))),
    ("nesting-bomb", Reason::Json, |lab| lab.web(lab.payload(&"[".repeat(2_000)))),
    ("bytes-after-the-statement", Reason::Json, |lab| {
        let json = serde_json::to_string(&lab.base()).expect("JSON");
        lab.web(lab.payload(&format!("{json}{{}}")))
    }),
    ("unknown-claim", Reason::Claim, |lab| {
        lab.web(lab.with_claim("\"lang\"", "\"sudo\":true,\"lang\""))
    }),
    ("label-missing", Reason::Claim, |lab| lab.web(lab.with_claim("\"tlp\":\"GREEN\",", ""))),
    ("label-unknown", Reason::Claim, |lab| lab.web(lab.with_claim("GREEN", "UNCLEAR"))),
    ("wildcard-in-audience", Reason::Claim, |lab| {
        lab.web(lab.with_claim("scope:eu.fr.all.all", "scope:eu.*.>"))
    }),
    ("dots-in-node-name", Reason::Claim, |lab| {
        lab.web(lab.with_claim("\"iss\":\"eu-fr\"", "\"iss\":\"eu.fr\""))
    }),
    ("control-character-in-title", Reason::Claim, |lab| {
        changed(lab, |s| s.title = "quiet\u{1b}[2Jscreen".into())
    }),
    ("short-scope-on-the-wire", Reason::Claim, |lab| {
        lab.web(lab.with_claim("scope:eu.fr.all.all", "scope:eu.fr"))
    }),
    ("withdrawal-of-nothing", Reason::BadCombination, |lab| {
        changed(lab, |s| s.kind = Kind::Withdrawal)
    }),
    ("erasing-advisory", Reason::BadCombination, |lab| changed(lab, |s| s.erase = Some(true))),
    ("algorithm-none", Reason::Algorithm, |lab| {
        spoilt(lab, |wire| {
            let header = br#"{"alg":"none","kid":"k","typ":"chappe-notice+jwt"}"#;
            let cut = wire.notice.find('.').expect("a header");
            wire.notice.replace_range(..cut, &jws::base64url(header));
        })
    }),
    ("hop-as-statement", Reason::Algorithm, |lab| {
        let wire = lab.issue(&lab.base());
        let hop = lab.hop("eu-fr", "eu-fr", wire.id(), wire.id(), lab.now);
        lab.web(Wire { notice: hop, ..wire })
    }),
    ("key-unknown", Reason::KeyUnknown, |lab| {
        let nobody = jws::SecretKey::from_seed(&[42; 32]).expect("a key");
        lab.web(lab.signed_by(&lab.base(), &nobody))
    }),
    ("key-of-a-region", Reason::KeyOwner, |lab| {
        lab.web(lab.signed_by(&lab.base(), &lab.key("eu-fr-bre", "issue")))
    }),
    ("notice-of-a-region", Reason::KeyOwner, |lab| {
        lab.web(lab.issue(&lab.of("eu-fr-bre", "scope:eu.fr.bre.all")))
    }),
    ("relay-key-issues", Reason::KeyUse, |lab| {
        lab.web(lab.signed_by(&lab.base(), &lab.key("eu-fr", "relay")))
    }),
    ("of-another-federation", Reason::Federation, |lab| {
        let fed = lab.base().fed.to_string();
        lab.web(lab.with_claim(&fed, "00112233445566778899aabbccddeeff"))
    }),
    ("hospital-signs-an-advisory", Reason::GrantKind, |lab| {
        lab.at_home(HOSPITAL, lab.issue(&lab.of(HOSPITAL, "scope:eu.fr.bre.health")))
    }),
    ("france-signs-for-belgium", Reason::GrantScope, |lab| {
        lab.web(lab.issue(&lab.of("eu-fr", "scope:eu.be.all.all")))
    }),
    ("issued-ahead", Reason::Future, |lab| {
        changed(lab, |s| (s.iat, s.exp) = (s.iat + 400, s.exp + 400))
    }),
    ("signed-long-ago", Reason::Late, |lab| changed(lab, |s| s.iat -= DAY + 60)),
    ("expired", Reason::Expired, |lab| {
        changed(lab, |s| (s.iat, s.exp) = (s.iat - 7_200, s.iat - 400))
    }),
    ("endless", Reason::Lifetime, |lab| changed(lab, |s| s.exp = s.iat + 401 * DAY)),
    ("ends-before-it-begins", Reason::Lifetime, |lab| changed(lab, |s| s.exp = s.iat - 1)),
    ("under-another-id", Reason::Subject, |lab| {
        let sent = lab.web(lab.issue(&lab.base()));
        let other = lab.web(lab.issue(&lab.base())).subject;
        Sent { subject: other, ..sent }
    }),
    ("real-notice-as-drill", Reason::Subject, |lab| {
        let sent = lab.web(lab.issue(&lab.base()));
        Sent { subject: sent.subject.replacen("chappe", "drill", 1), ..sent }
    }),
    ("drill-as-real-notice", Reason::Subject, |lab| {
        changed(lab, |s| s.exercise = Some("panoptes-26".into()))
    }),
    ("dots-in-the-subject", Reason::Subject, |lab| {
        let sent = lab.web(lab.issue(&lab.base()));
        Sent { subject: format!("{}.more.tokens", sent.subject), ..sent }
    }),
    ("control-character-in-the-subject", Reason::Subject, |lab| {
        let sent = lab.web(lab.issue(&lab.base()));
        Sent { subject: format!("{}\u{1b}[2J", sent.subject), ..sent }
    }),
    ("body-altered", Reason::Body, |lab| spoilt(lab, |wire| wire.body[0] ^= 1)),
    ("body-truncated", Reason::Body, |lab| spoilt(lab, |wire| wire.body.truncate(3))),
    ("body-missing", Reason::Body, |lab| spoilt(lab, |wire| wire.body.clear())),
    ("body-longer", Reason::Body, |lab| spoilt(lab, |wire| wire.body.extend(BODY))),
    ("foreign-detached-signature", Reason::Body, |lab| {
        spoilt(lab, |wire| wire.body_sig = Some(b"not the document's".to_vec()))
    }),
    ("custody-from-a-publisher", Reason::HopCount, |lab| {
        lab.web(lab.via(lab.issue(&lab.base()), &["eu-fr"]))
    }),
    ("back-dated-custody-from-a-publisher", Reason::Future, |lab| {
        let mut statement = lab.base();
        statement.iat += 200;
        let mut wire = lab.issue(&statement);
        let early = chappe::notice::Time::from_secs(lab.now.secs() - 200);
        wire.hops = vec![lab.hop("eu-fr", "eu-fr", wire.id(), wire.id(), early)];
        lab.web(wire)
    }),
    ("red-to-a-scope", Reason::Tlp, |lab| lab.web(lab.issue(&red(lab.base())))),
    ("to-a-node-that-is-not-below", Reason::GrantScope, |lab| {
        lab.web(lab.issue(&lab.of("eu-fr", "node:eu-be")))
    }),
];
