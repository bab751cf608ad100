//! Notices of every kind, from every direction, that must be accepted.

use chappe::address::Source;
use chappe::notice::{Doc, Id, Kind, Statement, Tlp};

use crate::custody::at_the_hospital;
use crate::folder::Folder;
use crate::forge::*;
use crate::made::*;

pub(crate) fn all() -> Vec<Folder> {
    [honest_down(), honest_cases()].into_iter().flatten().collect()
}

fn honest_down() -> Vec<Folder> {
    let target = issue(&base()).id();
    let down = |s: &Statement| Arrival::new("eu-fr-bre", up("eu-fr"), s, via(issue(s), &["eu-fr"]));
    let newer = Doc { revision: 2, version: "2".into(), ..base().doc.expect("a doc") };
    let union = advisory("eu", "scope:eu.all.all.all", Tlp::Clear);
    let sector = advisory("eu-fr-sante", "scope:eu.fr.all.health", Tlp::Amber);
    vec![
        honest("honest-advisory-at-home", "From a publisher.", home(&base())),
        honest("honest-advisory-from-above", "From the parent.", down(&base())),
        honest("honest-advisory-over-two-hops", "Through the region.", at_the_hospital(|_| {})),
        honest("honest-advisory-of-the-union", "Through the State.", {
            let wire = via(issue(&union), &["eu", "eu-fr"]);
            Arrival::new("eu-fr-bre", up("eu-fr"), &union, wire)
        }),
        honest("honest-advisory-from-a-followed-node", "AMBER within the sector.", {
            Arrival::new(
                "eu-fr-bre-chu",
                up("eu-fr-sante"),
                &sector,
                via(issue(&sector), &["eu-fr-sante"]),
            )
        }),
        honest("honest-red-to-a-neighbour", "RED, one link.", {
            down(&advisory("eu-fr", "node:eu-fr-bre", Tlp::Red))
        }),
        honest("honest-drill", "An exercise, under its own subjects.", {
            down(&Statement { exercise: Some("panoptes-26".into()), ..base() })
        }),
        honest("honest-alert", "An alert.", down(&Statement { kind: Kind::Alert, ..base() })),
        honest("honest-update", "A second version.", {
            down(&Statement { doc: Some(newer), ..about(Kind::Advisory, target) })
        }),
        honest("honest-annotation", "A note of the region.", {
            let note = Statement {
                re: Some(target),
                kind: Kind::Annotation,
                ..advisory("eu-fr-bre", "scope:eu.fr.bre.all", Tlp::Green)
            };
            home(&note)
        }),
        honest("honest-closing", "The danger is over.", down(&about(Kind::Closing, target))),
        honest("honest-withdrawal", "It counts no more.", down(&about(Kind::Withdrawal, target))),
        honest("honest-file", "An exported notice.", at_the_hospital(|_| {}).handed_over()),
    ]
}

fn honest_cases() -> Vec<Folder> {
    let report = escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber);
    let answer = Statement {
        kind: Kind::Response,
        doc: None,
        re: Some(issue(&report).id()),
        case: Some(serde_json::from_value(serde_json::json!({"state": "accepted"})).expect("one")),
        ..advisory("eu-fr", "node:eu-fr-bre-chu", Tlp::Amber)
    };
    let withdrawn = Statement {
        kind: Kind::Withdrawal,
        doc: None,
        re: Some(issue(&report).id()),
        ..advisory("eu-fr-bre-chu", "node:eu-fr", Tlp::Amber)
    };
    let climbed = |s: &Statement, path: &[&str], me, from: &str| {
        Arrival::new(me, child(from), s, via(issue(s), path))
    };
    let both = ["eu-fr-bre-chu", "eu-fr-bre"];
    vec![
        honest("honest-escalation-at-home", "From the hospital's desk.", home(&report)),
        honest("honest-escalation-from-a-child", "At the region.", {
            climbed(&report, &both[..1], "eu-fr-bre", "eu-fr-bre-chu")
        }),
        honest("honest-escalation-over-two-hops", "At the State.", {
            climbed(&report, &both, "eu-fr", "eu-fr-bre")
        }),
        honest("honest-escalation-to-a-followed-node", "To the sector's CSIRT.", {
            let report = escalation("eu-fr-bre-chu", "eu-fr-sante", Tlp::Amber);
            climbed(&report, &both[..1], "eu-fr-sante", "eu-fr-bre-chu")
        }),
        honest("honest-escalation-from-the-outbox", "Checked again before it leaves.", {
            let wire = via(issue(&report), &both[..1]);
            Arrival::new("eu-fr-bre-chu", Source::Outbox(id("eu-fr-bre")), &report, wire)
        }),
        honest("honest-withdrawal-of-an-escalation", "It climbs as what it ends.", {
            climbed(&withdrawn, &both, "eu-fr", "eu-fr-bre")
        }),
        honest("honest-response-at-home", "From the State's desk.", home(&answer)),
        honest("honest-response-from-above", "At the hospital.", {
            let wire = via(issue(&answer), &["eu-fr", "eu-fr-bre"]);
            Arrival::new("eu-fr-bre-chu", up("eu-fr-bre"), &answer, wire)
        }),
    ]
}

fn honest(name: &str, what: &str, arrival: Arrival) -> Folder {
    vector(name, &[], what, ACCEPTED, arrival)
}

/// A national notice of a kind that has `re`.
fn about(kind: Kind, re: Id) -> Statement {
    Statement { kind, re: Some(re), ..base() }
}
