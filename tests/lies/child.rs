//! What a child may try in its intake: it is a whole organisation with a relay key of its own.

use chappe::jws::{self, Typ};
use chappe::notice::{Case, Id, MAX_BODY_BYTES, MAX_HEADERS_BYTES, Reason, Receipt, Time, Wire};

use super::{HOSPITAL, Lab, Lie, Sent, red, spoil_signature};
use crate::support::describe;

/// Brittany's own report, honestly passed on, then changed.
fn own(lab: &Lab, change: impl Fn(&Lab, &mut Wire)) -> Sent {
    let mut wire = lab.via(lab.issue(&lab.report("eu-fr-bre", "eu-fr")), &["eu-fr-bre"]);
    change(lab, &mut wire);
    lab.child(wire)
}

/// A receipt about nothing in particular, changed, signed by the relay key of `key`.
fn receipt(lab: &Lab, key: &str, change: impl Fn(&mut Receipt)) -> Sent {
    let receipt = serde_json::json!({"fed": lab.base().fed, "of": Id::of(key.as_bytes()),
        "by": "eu-fr-bre", "outcome": "delivered", "at": lab.now});
    let mut receipt: Receipt = serde_json::from_value(receipt).expect("a receipt");
    change(&mut receipt);
    let signed = jws::sign(&lab.key(key, "relay"), Typ::Receipt, &receipt).expect("signed");
    let sent = lab.child(lab.issue(&lab.base()));
    Sent { headers: Vec::new(), body: signed.into_bytes(), ..sent }
}

pub const FROM_A_CHILD: &[Lie] = &[
    ("no-custody", Reason::HopCount, |lab| own(lab, |_, wire| wire.hops.clear())),
    ("hop-altered", Reason::Signature, |lab| {
        own(lab, |_, wire| spoil_signature(&mut wire.hops[0]))
    }),
    ("hop-truncated", Reason::Encoding, |lab| own(lab, |_, wire| wire.hops[0].truncate(50))),
    ("hop-signed-by-a-sibling", Reason::KeyOwner, |lab| {
        own(lab, |lab, wire| {
            wire.hops = vec![lab.hop("eu-fr-bre", "eu-fr-nor", wire.id(), wire.id(), lab.now)];
        })
    }),
    ("hop-signed-with-an-issue-key", Reason::KeyUse, |lab| {
        own(lab, |lab, wire| {
            let hop = serde_json::json!({"st": wire.id(), "prev": wire.id(), "by": "eu-fr-bre",
                "at": lab.now});
            let key = lab.key("eu-fr-bre", "issue");
            wire.hops = vec![jws::sign(&key, Typ::Hop, &hop).expect("signed")];
        })
    }),
    ("hop-of-another-notice", Reason::HopChain, |lab| {
        own(lab, |lab, wire| {
            let other = Id::of(b"other");
            wire.hops = vec![lab.hop("eu-fr-bre", "eu-fr-bre", other, other, lab.now)];
        })
    }),
    ("hop-with-an-unknown-member", Reason::HopChain, |lab| {
        own(lab, |lab, wire| {
            let hop = serde_json::json!({"st": wire.id(), "prev": wire.id(), "by": "eu-fr-bre",
                "at": lab.now, "sudo": true});
            let key = lab.key("eu-fr-bre", "relay");
            wire.hops = vec![jws::sign(&key, Typ::Hop, &hop).expect("signed")];
        })
    }),
    ("padded-until-the-next-hop-does-not-fit", Reason::Header, |lab| {
        let body = vec![b'x'; MAX_BODY_BYTES];
        let mut report = lab.report("eu-fr-bre", "eu-fr");
        report.body = describe(&body);
        let mut wire = lab.all.issue(&report, body);
        let hop = serde_json::json!({"st": wire.id(), "prev": wire.id(), "by": "eu-fr-bre",
            "at": lab.now});
        let room = MAX_HEADERS_BYTES - wire.notice.len() - 300;
        let padded = format!("{hop}{}", " ".repeat(room * 3 / 4 - hop.to_string().len()));
        let key = lab.key("eu-fr-bre", "relay");
        wire.hops = vec![jws::sign_with(&key, Typ::Hop, padded.as_bytes()).expect("signed")];
        lab.child(wire)
    }),
    ("custody-padded-until-the-next-hop-does-not-fit", Reason::Header, |lab| {
        own(lab, |lab, wire| {
            let hop = serde_json::json!({"st": wire.id(), "prev": wire.id(), "by": "eu-fr-bre",
                "at": lab.now});
            let room = MAX_HEADERS_BYTES - wire.notice.len() - 300;
            let padded = format!("{hop}{}", " ".repeat(room * 3 / 4 - hop.to_string().len()));
            let key = lab.key("eu-fr-bre", "relay");
            wire.hops = vec![jws::sign_with(&key, Typ::Hop, padded.as_bytes()).expect("signed")];
        })
    }),
    ("first-hop-left-out", Reason::HopChain, |lab| {
        let mut wire = lab.via(lab.issue(&lab.report(HOSPITAL, "eu-fr")), &[HOSPITAL, "eu-fr-bre"]);
        wire.hops.remove(0);
        lab.child(wire)
    }),
    ("time-runs-backwards", Reason::HopChain, |lab| {
        let mut wire = lab.via(lab.issue(&lab.report(HOSPITAL, "eu-fr")), &[HOSPITAL]);
        let prev = Id::of(wire.hops[0].as_bytes());
        let early = Time::from_secs(lab.now.secs() - 5);
        wire.hops.push(lab.hop("eu-fr-bre", "eu-fr-bre", wire.id(), prev, early));
        lab.child(wire)
    }),
    ("loop", Reason::HopChain, |lab| {
        let wire = lab.issue(&lab.report(HOSPITAL, "eu-fr"));
        lab.child(lab.via(wire, &[HOSPITAL, "eu-fr-bre", HOSPITAL, "eu-fr-bre"]))
    }),
    ("hop-from-the-future", Reason::Future, |lab| {
        own(lab, |lab, wire| {
            let at = Time::from_secs(lab.now.secs() + 400);
            wire.hops = vec![lab.hop("eu-fr-bre", "eu-fr-bre", wire.id(), wire.id(), at)];
        })
    }),
    ("advisory-that-climbs", Reason::Direction, |lab| {
        let wire = lab.issue(&lab.of("eu-fr-bre", "scope:eu.fr.bre.all"));
        lab.child(lab.via(wire, &["eu-fr-bre"]))
    }),
    ("report-of-a-sibling", Reason::Direction, |lab| {
        let mut report = lab.report("eu-fr-nor", "eu-fr");
        if let Some(Case::Report(incident)) = &mut report.case {
            incident.scope = "eu.fr.nor.health".parse().expect("a scope");
        }
        lab.child(lab.via(lab.issue(&report), &["eu-fr-nor", "eu-fr-bre"]))
    }),
    ("hospitals-report-without-the-regions-hop", Reason::HopChain, |lab| {
        lab.child(lab.via(lab.issue(&lab.report(HOSPITAL, "eu-fr")), &[HOSPITAL]))
    }),
    ("past-its-audience", Reason::Audience, |lab| {
        let wire = lab.issue(&lab.report(HOSPITAL, "eu-fr-bre"));
        lab.child(lab.via(wire, &[HOSPITAL, "eu-fr-bre"]))
    }),
    ("red-past-a-neighbour", Reason::Tlp, |lab| {
        let wire = lab.issue(&red(lab.report(HOSPITAL, "eu-fr")));
        lab.child(lab.via(wire, &[HOSPITAL, "eu-fr-bre"]))
    }),
    ("report-under-another-id", Reason::Subject, |lab| {
        let sent = own(lab, |_, _| {});
        let other = own(lab, |_, _| {}).subject;
        Sent { subject: other, ..sent }
    }),
    ("receipt-that-is-none", Reason::Header, |lab| {
        let sent = lab.child(lab.issue(&lab.base()));
        Sent { headers: Vec::new(), body: b"delivered, honestly".to_vec(), ..sent }
    }),
    ("receipt-too-large", Reason::Header, |lab| {
        let sent = lab.child(lab.issue(&lab.base()));
        Sent { headers: Vec::new(), body: vec![b'a'; 3_000], ..sent }
    }),
    ("receipt-signed-by-a-sibling", Reason::KeyOwner, |lab| receipt(lab, "eu-fr-nor", |_| {})),
    ("receipt-of-a-sibling", Reason::Direction, |lab| {
        receipt(lab, "eu-fr-nor", |r| r.by = "eu-fr-nor".parse().expect("a node id"))
    }),
    ("receipt-from-the-future", Reason::Future, |lab| {
        receipt(lab, "eu-fr-bre", |r| r.at = Time::from_secs(r.at.secs() + 400))
    }),
];
