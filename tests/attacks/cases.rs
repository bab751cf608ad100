//! Vectors about the claims of cases: times that have not come, and embargoes that tell.

use chappe::notice::{Case, Events, Id, Kind, Reason, Report, Statement, Tlp};

use crate::folder::Folder;
use crate::forge::*;
use crate::made::*;

/// The region's report under a code name, as it must be.
fn hidden() -> Statement {
    let report = escalation("eu-fr-bre", "eu-fr", Tlp::Amber);
    let hide = |report: &mut Report| {
        report.embargo = Some("blue-lamp".into());
        report.scope = "eu.all.all.all".parse().expect("a scope");
    };
    Statement { title: "Incident blue-lamp".into(), ..reporting(report, hide) }
}

/// A statement with its report changed.
fn reporting(mut statement: Statement, change: impl FnOnce(&mut Report)) -> Statement {
    if let Some(Case::Report(report)) = &mut statement.case {
        change(report);
    }
    statement
}

fn refused(name: &str, row: u8, what: &str, statement: Statement) -> Folder {
    vector(name, &[row], what, by_all(Reason::Claim), home(&statement))
}

pub(crate) fn all() -> Vec<Folder> {
    [honest(), times(), embargoes()].into_iter().flatten().collect()
}

fn honest() -> Vec<Folder> {
    let report = || escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber);
    let latest = report().iat + 300;
    let limit = reporting(report(), |report| {
        report.aware = latest;
        report.events = Some(Events { handled: Some(latest), ..Events::default() });
    });
    let asked = Statement { re: Some(Id::of(b"a question")), ..report() };
    let answer = serde_json::json!({"state": "in-progress"});
    let admitted = Statement {
        kind: Kind::Response,
        doc: None,
        re: Some(issue(&hidden()).id()),
        case: Some(serde_json::from_value(answer).expect("an answer")),
        ..advisory("eu-fr-bre", "node:eu-fr-bre-chu", Tlp::Amber)
    };
    let named = |name, what, statement| vector(name, &[], what, ACCEPTED, home(&statement));
    vec![
        named("honest-report-under-embargo", "A code name and nothing else.", hidden()),
        named("honest-report-at-the-limit", "Its times are 300 s after iat.", limit),
        named("honest-report-that-was-asked-for", "It refers to a response.", asked),
        named("honest-admission", "The region lets the hospital in.", admitted),
    ]
}

fn times() -> Vec<Folder> {
    let report = || escalation("eu-fr-bre-chu", "eu-fr", Tlp::Amber);
    let ahead = report().iat + 301;
    let event = |events: Events| reporting(report(), |report| report.events = Some(events));
    vec![
        refused("aware-of-what-has-not-happened", 50, "`aware` is 301 s after `iat`.", {
            reporting(report(), |report| report.aware = ahead)
        }),
        refused("handled-before-it-is", 50, "`events.handled` is 301 s after `iat`.", {
            event(Events { handled: Some(ahead), ..Events::default() })
        }),
        refused("measure-before-it-is", 50, "`events.measure` is 301 s after `iat`.", {
            event(Events { measure: Some(ahead), ..Events::default() })
        }),
        refused("classified-before-it-is", 50, "`events.classified` is 301 s after `iat`.", {
            event(Events { classified: Some(ahead), ..Events::default() })
        }),
        refused("events-without-an-event", 64, "`events` has no member.", {
            event(Events::default())
        }),
    ]
}

fn embargoes() -> Vec<Folder> {
    let of_the_hospital = Statement {
        iss: id("eu-fr-bre-chu"),
        ..reporting(hidden(), |report| report.embargo = Some("blue-lamp".into()))
    };
    let telling = |what: &str, change: fn(&mut Report)| {
        let name = format!("embargo-that-names-{what}");
        let why = "Under embargo only the union and a code name are said.";
        refused(&name, 96, why, reporting(hidden(), change))
    };
    let country = |report: &mut Report| report.countries = Some(vec!["fr".into()]);
    let sector = |report: &mut Report| {
        report.scope = "eu.all.all.health".parse().expect("a scope");
    };
    let region = |report: &mut Report| report.scope = "eu.fr.bre.all".parse().expect("a scope");
    vec![
        refused("embargo-of-an-entity", 27, "Who is hit hides it.", of_the_hospital),
        telling("a-country", country),
        telling("a-region", region),
        telling("a-sector", sector),
        refused("embargo-with-a-title", 96, "The title says more than the code name.", {
            Statement { title: "Incident blue-lamp in Brest".into(), ..hidden() }
        }),
        refused("embargo-with-a-sentence", 68, "The code name is no token.", {
            let name = "blue lamp";
            let statement = reporting(hidden(), |report| report.embargo = Some(name.into()));
            Statement { title: format!("Incident {name}"), ..statement }
        }),
    ]
}
