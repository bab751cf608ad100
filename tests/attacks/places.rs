//! Vectors about subject, direction, audience and label (group B of the list).

use chappe::notice::{Case, Reason, Statement, Tlp};

use crate::folder::Folder;
use crate::forge::*;
use crate::made::*;

pub(crate) fn all() -> Vec<Folder> {
    [places(), directions(), audiences(), labels()].into_iter().flatten().collect()
}

fn places() -> Vec<Folder> {
    let down = |statement: &Statement, shown: &Statement| {
        let wire = via(issue(statement), &["eu-fr"]);
        Arrival::new("eu-fr-bre", up("eu-fr"), shown, wire)
    };
    let drill = Statement { exercise: Some("panoptes-26".into()), ..base() };
    vec![
        vector(
            "under-another-audience",
            &[31],
            "The subject shows another audience than is signed.",
            by_place(Reason::Subject),
            down(&base(), &advisory("eu-fr", "scope:eu.fr.bre.all", Tlp::Green)),
        ),
        vector(
            "under-a-looser-label",
            &[32],
            "The subject shows CLEAR, GREEN is signed.",
            by_place(Reason::Subject),
            down(&base(), &Statement { tlp: Tlp::Clear, ..base() }),
        ),
        vector(
            "drill-as-real",
            &[31],
            "An exercise under the subject of the real thing.",
            by_place(Reason::Subject),
            down(&drill, &base()),
        ),
        vector(
            "under-anothers-id",
            &[72],
            "A notice under the id of another.",
            by_place(Reason::Subject),
            home(&base()).changed(|a| a.subject = at_home(|s| s.iat -= 1).subject),
        ),
        vector(
            "subject-with-more-tokens",
            &[68],
            "Further tokens behind the id.",
            by_place(Reason::Subject),
            home(&base()).changed(|a| a.subject.push_str(".more.tokens")),
        ),
    ]
}

fn directions() -> Vec<Folder> {
    vec![
        vector(
            "advisory-that-climbs",
            &[26],
            "A child sends an advisory up.",
            by_place(Reason::Direction),
            {
                let statement = advisory("eu-fr-bre", "scope:eu.fr.bre.all", Tlp::Green);
                let wire = via(issue(&statement), &["eu-fr-bre"]);
                Arrival::new("eu-fr", child("eu-fr-bre"), &statement, wire)
            },
        ),
        vector(
            "escalation-that-comes-down",
            &[26],
            "A parent sends a report down.",
            by_place(Reason::Direction),
            {
                let statement = escalation("eu-fr-bre", "eu-fr", Tlp::Amber);
                let wire = via(issue(&statement), &["eu-fr-bre", "eu-fr"]);
                Arrival::new("eu-fr-bre", up("eu-fr"), &statement, wire)
            },
        ),
        vector(
            "own-notice-from-above",
            &[26, 80],
            "A parent sends a region's own notice back to it.",
            Said { relay: Some(Reason::Direction), reader: Some(Reason::HopNeighbour) },
            {
                let statement = advisory("eu-fr-bre", "scope:eu.fr.bre.all", Tlp::Green);
                let wire = via(issue(&statement), &["eu-fr-bre", "eu-fr"]);
                Arrival::new("eu-fr-bre", up("eu-fr"), &statement, wire)
            },
        ),
        vector(
            "escalation-of-a-sibling",
            &[24],
            "Brittany hands in a report of Normandy.",
            Said { relay: Some(Reason::Direction), reader: Some(Reason::HopNeighbour) },
            {
                let statement = of_normandy();
                let wire = via(issue(&statement), &["eu-fr-nor", "eu-fr-bre"]);
                Arrival::new("eu-fr", child("eu-fr-bre"), &statement, wire)
            },
        ),
    ]
}

fn of_normandy() -> Statement {
    let mut statement = escalation("eu-fr-nor", "eu-fr", Tlp::Amber);
    if let Some(Case::Report(report)) = &mut statement.case {
        report.scope = scope("eu.fr.nor.health");
    }
    statement
}

fn audiences() -> Vec<Folder> {
    let ceiling = later("eu-fr", 2, |b| {
        let entry = b.nodes.iter_mut().find(|n| n.id == id("eu-fr-bre")).expect("a child");
        entry.ceiling = Tlp::Green;
    });
    let amber = advisory("eu-fr", "scope:eu.fr.all.health", Tlp::Amber);
    let climbing = |statement: &Statement, me, from: &str, path: &[&str]| {
        Arrival::new(me, child(from), statement, via(issue(statement), path))
    };
    let path = ["eu-fr-bre-chu", "eu-fr-bre"];
    vec![
        vector(
            "report-to-who-is-not-above",
            &[25, 33],
            "A hospital's report for a region that is not its own.",
            by_place(Reason::Audience),
            climbing(
                &escalation("eu-fr-bre-chu", "eu-fr-nor", Tlp::Amber),
                "eu-fr-bre",
                "eu-fr-bre-chu",
                &path[..1],
            ),
        ),
        vector(
            "red-report-past-a-neighbour",
            &[33],
            "A RED report goes one link up.",
            by_place(Reason::Tlp),
            climbing(&escalation("eu-fr-bre-chu", "eu-fr", Tlp::Red), "eu-fr", "eu-fr-bre", &path),
        ),
        vector(
            "label-above-the-ceiling-of-the-link",
            &[28, 33],
            "Brittany may be sent GREEN at most.",
            by_place(Reason::Tlp),
            Arrival::new("eu-fr-bre", up("eu-fr"), &amber, via(issue(&amber), &["eu-fr"]))
                .trusting("bundle-eu-fr-2", ceiling),
        ),
    ]
}

fn labels() -> Vec<Folder> {
    let past = |tlp| {
        let statement = advisory("eu-fr", "node:eu-fr-bre-chu", tlp);
        let wire = via(issue(&statement), &["eu-fr", "eu-fr-bre"]);
        Arrival::new("eu-fr-bre-chu", up("eu-fr-bre"), &statement, wire)
    };
    let down = |aud: &str, tlp| {
        let statement = advisory("eu-fr", aud, tlp);
        let wire = via(issue(&statement), &["eu-fr"]);
        Arrival::new("eu-fr-bre", up("eu-fr"), &statement, wire)
    };
    vec![
        vector(
            "not-for-this-region",
            &[33],
            "A relay passes on what is for another region.",
            by_place(Reason::Audience),
            down("scope:eu.fr.nor.all", Tlp::Green),
        ),
        vector(
            "escalation-past-its-audience",
            &[33],
            "A region passes on what was for it alone.",
            by_place(Reason::Audience),
            {
                let statement = escalation("eu-fr-bre-chu", "eu-fr-bre", Tlp::Amber);
                let wire = via(issue(&statement), &["eu-fr-bre-chu", "eu-fr-bre"]);
                Arrival::new("eu-fr", child("eu-fr-bre"), &statement, wire)
            },
        ),
        vector("red-to-a-scope", &[33], "RED never goes to a scope.", by_place(Reason::Tlp), {
            at_home(|s| s.tlp = Tlp::Red)
        }),
        vector("red-past-a-neighbour", &[33], "RED goes one link.", by_place(Reason::Tlp), {
            past(Tlp::Red)
        }),
        vector(
            "amber-strict-past-a-neighbour",
            &[33],
            "AMBER+STRICT goes one link.",
            by_place(Reason::Tlp),
            past(Tlp::AmberStrict),
        ),
        vector(
            "amber-past-its-clients",
            &[33],
            "AMBER for a sector in which nobody is served.",
            by_place(Reason::Tlp),
            down("scope:eu.fr.all.banking", Tlp::Amber),
        ),
    ]
}
