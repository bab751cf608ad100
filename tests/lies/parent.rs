//! What a parent may try on its own board: it writes there whatever it wants.

use chappe::notice::{Reason, Statement, Tlp, Wire};

use super::{BODY, HOSPITAL, Lab, Lie, Sent, red, spoil_signature};

/// An honest advisory of France on its board, then changed.
fn spoilt(lab: &Lab, change: impl Fn(&mut Wire)) -> Sent {
    let statement = lab.base();
    let mut wire = lab.via(lab.issue(&statement), &["eu-fr"]);
    change(&mut wire);
    lab.parent(&statement, wire)
}

pub const FROM_A_PARENT: &[Lie] = &[
    ("body-altered", Reason::Body, |lab| spoilt(lab, |wire| wire.body[0] ^= 1)),
    ("body-of-another", Reason::Body, |lab| spoilt(lab, |wire| wire.body.extend(BODY))),
    ("custody-removed", Reason::HopCount, |lab| spoilt(lab, |wire| wire.hops.clear())),
    ("own-hop-altered", Reason::Signature, |lab| {
        spoilt(lab, |wire| spoil_signature(&mut wire.hops[0]))
    }),
    ("statement-forged", Reason::Signature, |lab| {
        spoilt(lab, |wire| spoil_signature(&mut wire.notice))
    }),
    ("issued-with-its-relay-key", Reason::KeyUse, |lab| {
        let statement = lab.base();
        let wire = lab.signed_by(&statement, &lab.key("eu-fr", "relay"));
        lab.parent(&statement, lab.via(wire, &["eu-fr"]))
    }),
    ("in-the-unions-name", Reason::KeyOwner, |lab| {
        let statement = lab.of("eu", "scope:eu.fr.all.all");
        let wire = lab.signed_by(&statement, &lab.key("eu-fr", "issue"));
        lab.parent(&statement, lab.via(wire, &["eu", "eu-fr"]))
    }),
    ("under-another-audience", Reason::Subject, |lab| {
        let (honest, shown) = (lab.of("eu-fr", "scope:eu.fr.nor.all"), lab.base());
        lab.parent(&shown, lab.via(lab.issue(&honest), &["eu-fr"]))
    }),
    ("under-a-looser-label", Reason::Subject, |lab| {
        let honest = Statement { tlp: Tlp::Amber, ..lab.base() };
        lab.parent(&lab.base(), lab.via(lab.issue(&honest), &["eu-fr"]))
    }),
    ("drill-on-the-real-board", Reason::Subject, |lab| {
        let drill = Statement { exercise: Some("panoptes-26".into()), ..lab.base() };
        lab.parent(&lab.base(), lab.via(lab.issue(&drill), &["eu-fr"]))
    }),
    ("issuers-hop-left-out", Reason::HopChain, |lab| {
        let statement = lab.of("eu", "scope:eu.fr.all.all");
        lab.parent(&statement, lab.via(lab.issue(&statement), &["eu-fr"]))
    }),
    ("custody-ends-elsewhere", Reason::HopChain, |lab| {
        let statement = lab.of("eu", "scope:eu.fr.all.all");
        lab.parent(&statement, lab.via(lab.issue(&statement), &["eu"]))
    }),
    ("through-a-node-that-is-no-neighbour", Reason::HopNeighbour, |lab| {
        let statement = lab.of("eu", "scope:eu.fr.all.all");
        lab.parent(&statement, lab.via(lab.issue(&statement), &["eu", "eu-be", "eu-fr"]))
    }),
    ("its-childs-own-notice-back", Reason::Direction, |lab| {
        let statement = lab.of("eu-fr-bre", "scope:eu.fr.bre.all");
        lab.parent(&statement, lab.via(lab.issue(&statement), &["eu-fr-bre", "eu-fr"]))
    }),
    ("report-that-comes-down", Reason::Direction, |lab| {
        let statement = lab.report(HOSPITAL, "eu-fr");
        let path = [HOSPITAL, "eu-fr-bre", "eu-fr"];
        lab.parent(&statement, lab.via(lab.issue(&statement), &path))
    }),
    ("red-past-a-neighbour", Reason::Tlp, |lab| {
        let statement = red(lab.of("eu", "node:eu-fr-bre"));
        lab.parent(&statement, lab.via(lab.issue(&statement), &["eu", "eu-fr"]))
    }),
    ("amber-strict-past-a-neighbour", Reason::Tlp, |lab| {
        let statement = Statement { tlp: Tlp::AmberStrict, ..lab.of("eu", "node:eu-fr-bre") };
        lab.parent(&statement, lab.via(lab.issue(&statement), &["eu", "eu-fr"]))
    }),
    ("under-more-tokens", Reason::Subject, |lab| {
        let statement = lab.of("eu-fr", "node:eu-fr-bre");
        let sent = lab.parent(&statement, lab.via(lab.issue(&statement), &["eu-fr"]));
        Sent { subject: format!("{}.more.tokens", sent.subject), ..sent }
    }),
    ("for-a-sibling", Reason::Audience, |lab| {
        let honest = lab.of("eu-fr", "node:eu-fr-nor");
        lab.parent(&honest, lab.via(lab.issue(&honest), &["eu-fr"]))
    }),
    ("expired", Reason::Expired, |lab| {
        let mut statement = lab.base();
        (statement.iat, statement.exp) = (statement.iat - 7_200, statement.iat - 400);
        lab.parent(&statement, lab.via(lab.issue(&statement), &["eu-fr"]))
    }),
];
