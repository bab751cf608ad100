//! `chappe cases`: what is open, the next deadline first.

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::case::every;
use super::connection::{Connection, relations};
use super::output::say;
use super::trace::phone;
use super::{Failure, Outcome};
use crate::notice::{Id, Stage, Time};
use crate::publish::Relation;
use crate::relay::{
    CaseLine, CasesAnswer, CasesQuestion, DeadlineLine, LevelLine, Mark, SimilarLine,
    TracedContact, UnansweredLine, contact,
};

const RED: u8 = 31;
const YELLOW: u8 = 33;
/// Of a level that is to answer.
const NONE: &str = "no response yet";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    connection: Connection,
    /// Closed ones too
    #[arg(long)]
    all: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let known = relations(&arguments.connection)?;
    let session = arguments.connection.open_to_read().await?;
    let question = CasesQuestion { all: arguments.all, ..CasesQuestion::default() };
    let answer = every(&session, &question).await?;
    if arguments.json {
        return as_json(&answer, &known);
    }
    let look = Look { now: crate::time::now(), colour: colour() };
    for line in &answer.unanswered {
        let contact = contact(session.trust(), session.node(), &line.by);
        say!("{}", look.tint(Some(RED), unanswered(line, contact.as_ref())));
    }
    as_text(&answer, &known, look);
    Ok(())
}

pub(super) fn colour() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// How lines are written.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub(super) now: Time,
    pub(super) colour: bool,
}

impl Look {
    fn tint(self, tint: Option<u8>, text: String) -> String {
        match tint {
            Some(tint) if self.colour => format!("\u{1b}[{tint}m{text}\u{1b}[0m"),
            _ => text,
        }
    }
}

fn as_json(answer: &CasesAnswer, known: &[Relation]) -> Outcome {
    for line in &answer.cases {
        let mut object = serde_json::to_value(line).map_err(Failure::failed)?;
        let advisories = advisories(line, known);
        if let (Some(object), false) = (object.as_object_mut(), advisories.is_empty()) {
            let named = advisories.iter().map(|r| json!({"id": r.advisory, "ref": r.reference}));
            object.insert("advisories".into(), named.collect());
        }
        say!("{object}");
    }
    for line in &answer.unanswered {
        say!("{}", json!({ "unanswered": line }));
    }
    for line in &answer.similar {
        say!("{}", json!({ "similar": line }));
    }
    Ok(())
}

fn as_text(answer: &CasesAnswer, known: &[Relation], look: Look) {
    for line in &answer.similar {
        say!("{}", look.tint(Some(YELLOW), similar(line)));
    }
    for line in &answer.cases {
        block(line, look).iter().for_each(|text| say!("{text}"));
        for relation in advisories(line, known) {
            let (id, reference) = (relation.advisory.short(), &relation.reference);
            say!("    advisory from it: {reference} ({id})");
        }
    }
    if answer.cases.is_empty() {
        say!("no case is open");
    }
}

/// The advisories that this user published from a case.
pub(super) fn advisories<'r>(line: &CaseLine, known: &'r [Relation]) -> Vec<&'r Relation> {
    let mine = |id: &Id| line.case == *id || line.notices.contains(id);
    known.iter().filter(|relation| relation.case.iter().any(mine)).collect()
}

fn unanswered(line: &UnansweredLine, contact: Option<&TracedContact>) -> String {
    let UnansweredLine { of, by, at } = line;
    let whom = contact.map_or_else(|| "phone them".to_owned(), |contact| phone(by, contact));
    let of = of.short();
    format!("! {by} says that nobody there answers its critical case {of} (since {at}); {whom}")
}

fn similar(line: &SimilarLine) -> String {
    let ids: Vec<String> = line.cases.iter().map(Id::short).collect();
    let SimilarLine { rule, what, place, exercise, .. } = line;
    let drill = exercise.as_ref().map(|id| format!(", drill {id}")).unwrap_or_default();
    let count = ids.len();
    format!("! {count} similar cases by rule {rule}: {what} in {place}{drill} ({})", ids.join(", "))
}

/// A case: a line of what it is, and one for each clock, level and mark.
pub(super) fn block(line: &CaseLine, look: Look) -> Vec<String> {
    let next = line.deadlines.iter().find(|deadline| deadline.met.is_none());
    let none = if line.deadlines.is_empty() { "no clock" } else { "nothing due" };
    let left = next.map_or_else(|| none.to_owned(), |d| left(d.due, look.now));
    let left = look.tint(next.and_then(tint), format!("{left:<16}"));
    let closed = if line.open { "" } else { "closed  " };
    let drill = line.exercise.as_ref().map(|id| format!("  (drill {id})")).unwrap_or_default();
    let mut lines = vec![format!(
        "{}  {left}  {closed}{:<9} {:<13} {:<17} {:<12} {:<22} {}{drill}",
        line.case.short(),
        line.severity,
        line.stage.map_or("-", Stage::as_str),
        line.regime.as_str(),
        line.tlp,
        line.issuer,
        line.title
    )];
    let clocks = line.deadlines.iter().map(|deadline| clock(deadline, look));
    lines.extend(clocks.map(|text| format!("    {text}")));
    let levels = line.levels.iter();
    lines.extend(levels.map(|(node, level)| {
        // Who reported it owes itself no answer, unless it ends there: a telephoned case.
        let silent = if *node == line.issuer && level.to.is_some() { "reported it" } else { NONE };
        format!("    {node:<22} {}", said(level, silent))
    }));
    let marks = line.marks.iter().map(|mark| look.tint(Some(YELLOW), marked(mark, line.case)));
    lines.extend(marks.map(|text| format!("    {text}")));
    lines
}

fn tint(deadline: &DeadlineLine) -> Option<u8> {
    match deadline.standing.as_str() {
        "passed" | "met-late" => Some(RED),
        "near" => Some(YELLOW),
        _ => None,
    }
}

fn clock(deadline: &DeadlineLine, look: Look) -> String {
    let DeadlineLine { name, source, due, met, standing, changed, .. } = deadline;
    let how = match met {
        Some(met) if standing == "met-late" => format!("met late, at {met}; was due {due}"),
        Some(met) => format!("met at {met}; was due {due}"),
        None => format!("{standing}, due {due}: {}", left(*due, look.now)),
    };
    let changed = changed.map(|at| format!("; the last report says {at}, which moves nothing"));
    look.tint(tint(deadline), format!("{name} ({source}): {how}{}", changed.unwrap_or_default()))
}

fn said(level: &LevelLine, silent: &str) -> String {
    let LevelLine { state, at, reason, word, to } = level;
    let mut parts = Vec::new();
    match (state, at) {
        (Some(state), Some(at)) => parts.push(format!("{} since {at}", state.as_str())),
        (Some(state), None) => parts.push(state.as_str().to_owned()),
        (None, _) => parts.push(silent.to_owned()),
    }
    parts.extend(reason.clone());
    parts.extend(match (word.as_deref(), to) {
        (Some(_), Some(to)) => Some(format!("goes on to {to}")),
        (Some("stops"), None) => Some("ends here".to_owned()),
        (Some(word), None) => Some(word.to_owned()),
        (None, _) => None,
    });
    parts.join("; ")
}

fn marked(mark: &Mark, case: Id) -> String {
    match mark {
        Mark::Forward(to) => {
            format!("! a rule says it should go on: chappe case forward {} --to {to}", case.short())
        }
        Mark::Behind(to) => format!(
            "! {to} has earlier reports of it and not the last: chappe case forward {} --to {to}",
            case.short()
        ),
        Mark::News => {
            "! a report has come since it was closed here: read it, and answer".to_owned()
        }
        Mark::Redacted(by) => format!("! {by} left something out when it passed this on"),
        Mark::OutOfOrder(id) => format!("! {} is out of order and changes nothing", id.short()),
        Mark::Silent(to) => format!("! it was passed on to {to}, which does not say it has it"),
        Mark::Unanswered => "! nobody here has answered in time; the parent is told".to_owned(),
    }
}

/// How much time there is, or since when there is none, in two units.
fn left(due: Time, now: Time) -> String {
    if due > now {
        format!("{} left", span(due.since(now)))
    } else {
        format!("{} late", span(now.since(due)))
    }
}

fn span(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    match (minutes / (24 * 60), minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::notice::{CaseState, NodeId, Regime, Severity, Tlp};

    const HOUR: u64 = 3600;
    const LOOK: Look = Look { now: Time::from_secs(1_795_500_000), colour: false };

    fn node(text: &str) -> NodeId {
        text.parse().expect("a node")
    }

    pub(in crate::cli) fn sample() -> CaseLine {
        let in_hours = |hours: u64| Time::from_secs(1_795_500_000 + hours * HOUR);
        let level = LevelLine {
            state: Some(CaseState::Accepted),
            at: Some(in_hours(0)),
            word: Some("climbs".into()),
            to: Some(node("eu-fr")),
            ..LevelLine::default()
        };
        let clock = |name: &str, met, standing: &str, hours| DeadlineLine {
            name: name.into(),
            source: "NIS2 art. 23(4)".into(),
            of: "reporter".into(),
            from: in_hours(0),
            changed: None,
            due: in_hours(hours),
            met,
            standing: standing.into(),
        };
        CaseLine {
            case: Id::of(b"case"),
            notices: vec![Id::of(b"other")],
            more_notices: 0,
            issuer: node("eu-fr-bre"),
            embargo: Some("heron".into()),
            title: "Incident heron".into(),
            tlp: Tlp::Amber,
            severity: Severity::Critical,
            stage: Some(Stage::Notification),
            regime: Regime::Nis2,
            aud: Some(node("eu-fr")),
            exercise: None,
            since: in_hours(0),
            open: true,
            closed: None,
            levels: [(node("eu-fr-bre"), level)].into(),
            deadlines: vec![
                clock("final", None, "near", 26),
                clock("early-warning", Some(in_hours(0)), "met", 1),
            ],
            marks: vec![Mark::Forward(node("eu-fr")), Mark::Redacted(node("eu-fr-bre"))],
        }
    }

    #[test]
    fn the_next_deadline_stands_first_and_what_a_person_has_to_do_last() {
        let lines = block(&sample(), LOOK);
        assert!(lines[0].contains("1 d 2 h left") && lines[0].contains("Incident heron"));
        assert!(lines[1].contains("final (NIS2 art. 23(4)): near, due "), "{lines:?}");
        assert!(lines[2].contains("met at "), "{lines:?}");
        assert!(lines[3].contains("accepted since ") && lines[3].ends_with("goes on to eu-fr"));
        let case = sample().case.short();
        assert!(lines[4].contains(&format!("chappe case forward {case} --to eu-fr")), "{lines:?}");
        assert!(lines[5].contains("eu-fr-bre left something out"), "{lines:?}");
        assert!(lines.iter().all(|line| !line.contains('\u{1b}')));
        let coloured = block(&sample(), Look { colour: true, ..LOOK });
        assert!(coloured[0].contains("\u{1b}[33m"), "{coloured:?}");
    }

    #[test]
    fn a_case_says_why_it_is_in_the_list_and_who_owes_what() {
        let mut line = sample();
        line.deadlines.remove(0);
        line.marks = vec![Mark::Behind(node("eu-fr")), Mark::News];
        line.levels = [
            (node("eu-fr"), LevelLine::default()),
            (
                node("eu-fr-bre"),
                LevelLine {
                    word: Some("climbs".into()),
                    to: Some(node("eu-fr")),
                    ..LevelLine::default()
                },
            ),
        ]
        .into();
        let lines = block(&line, LOOK);
        assert!(lines[0].contains("nothing due") && !lines[0].contains("no clock"), "{lines:?}");
        assert!(lines[2].ends_with(NONE) && lines[3].contains("reported it; goes on"), "{lines:?}");
        let command = format!("chappe case forward {} --to eu-fr", line.case.short());
        assert!(lines[4].contains("not the last") && lines[4].ends_with(&command), "{lines:?}");
        assert!(lines[5].contains("since it was closed here"), "{lines:?}");
        line.deadlines.clear();
        assert!(block(&line, LOOK)[0].contains("no clock"));
    }

    #[test]
    fn what_nobody_answers_at_a_child_comes_with_whom_to_phone() {
        let line = UnansweredLine { of: Id::of(b"x"), by: node("eu-fr-bre"), at: Time::default() };
        let contact = TracedContact {
            of: node("eu-fr-bre"),
            phone: Some("01 99".into()),
            hours: None,
            mail: None,
        };
        assert!(unanswered(&line, Some(&contact)).ends_with("; ask: 01 99"));
        assert!(unanswered(&line, None).ends_with("; phone them"));
    }

    #[test]
    fn time_is_said_in_two_units_and_what_is_over_is_late() {
        let (now, at) = (Time::from_secs(100 * HOUR), Time::from_secs);
        assert_eq!(left(at(100 * HOUR + 59 * 60), now), "59 min left");
        assert_eq!(left(at(123 * HOUR + 59 * 60), now), "23 h 59 min left");
        assert_eq!(left(at(40 * HOUR), now), "2 d 12 h late");
        assert_eq!(left(now, now), "0 min late");
    }

    #[test]
    fn an_advisory_belongs_to_a_case_by_any_notice_of_it() {
        let relation = |of: &[u8]| Relation {
            case: vec![Id::of(of)],
            advisory: Id::of(b"advisory"),
            reference: "X-1".into(),
            at: Time::default(),
        };
        let known = [relation(b"other"), relation(b"foreign")];
        assert_eq!(advisories(&sample(), &known), [&known[0]]);
    }
}
