//! `chappe publish --from-case`: an advisory that a case gave rise to. It must not give away whom
//! it hit, nor what a code name stands for; that it came from the case is kept here, said nowhere.

use std::os::unix::fs::OpenOptionsExt as _;

use serde_json::{Value, json};

use super::Arguments;
use crate::cli::case::Held;
use crate::cli::output::say;
use crate::cli::{Failure, Outcome};
use crate::document::{Victim, has_text};
use crate::notice::{Id, Statement, Tlp};
use crate::publish::{Relation, Relations, Session, statement_says};

/// What a draft has where a person must write.
const FILL_IN: &str = "FILL IN";

/// A case that an advisory comes from.
pub(super) struct Source(Held);

impl Source {
    /// The case of `--from-case`, if it was given.
    pub(super) async fn of(
        session: &Session,
        arguments: &Arguments,
    ) -> Result<Option<Self>, Failure> {
        match &arguments.from_case {
            Some(case) => Held::find(session, case).await.map(|held| Some(Self(held))),
            None => Ok(None),
        }
    }

    /// Refuses (exit 3) what the case forbids: a looser label, its victim's or its code name.
    pub(super) fn check(&self, statement: &Statement, body: &[u8]) -> Outcome {
        let (own, asked) = (self.0.case.tlp(), statement.tlp);
        if asked < own {
            return Err(Failure::refused(format!(
                "tlp: the case is TLP:{own}, so what comes from it is not TLP:{asked}"
            )));
        }
        let said = |what: &str, place: &str| {
            Failure::refused(format!("{place} has {what}: an advisory must not give it away"))
        };
        for (what, words) in self.secrets() {
            if let Some(claim) = statement_says(statement, |text| words.is_in(text)) {
                return Err(said(what, &format!("the statement's `{claim}`")));
            }
            match has_text(body, |text| words.is_in(text)) {
                Some(false) => {}
                Some(true) => return Err(said(what, "the document")),
                None => {
                    return Err(Failure::refused(format!(
                        "the document is neither JSON nor plain text, so it cannot be searched \
                         for {what}: publish what comes from a case as one of these"
                    )));
                }
            }
        }
        match has_text(body, |text| text.contains(FILL_IN)) {
            Some(true) => Err(Failure::usage(format!("the document still says `{FILL_IN}`"))),
            _ => Ok(()),
        }
    }

    fn secrets(&self) -> Vec<(&'static str, Victim)> {
        let names = self.0.names();
        let victims = names.iter().map(|name| ("the victim's name", Victim::new(name)));
        let codes = self.0.case.reports.iter().filter_map(|told| told.embargo.as_deref());
        victims.chain(codes.map(|code| ("the code name", Victim::new(code)))).collect()
    }

    /// Keeps that an advisory came from it.
    pub(super) fn keep(&self, relations: &Relations, id: Id, statement: &Statement) -> Outcome {
        let doc = statement.doc.as_ref();
        let relation = Relation {
            case: self.0.ids(),
            advisory: id,
            reference: doc.map(|doc| doc.reference.clone()).unwrap_or_default(),
            at: crate::time::now(),
        };
        relations.add(&relation).map_err(Failure::failed)
    }
}

/// Without a document: writes one to fill in, and says how to go on.
pub(super) async fn start(arguments: &Arguments, case: &str) -> Outcome {
    let session = arguments.connection.open_to_read().await?;
    let held = Held::find(&session, case).await?;
    let tlp = held.case.tlp();
    if tlp.is_neighbour_only() {
        return Err(Failure::refused(format!(
            "tlp: the case is TLP:{tlp}, which never goes to a scope; ask its issuer for a looser \
             label first"
        )));
    }
    let name = format!("case-{}.json", held.line.case.short());
    let text = serde_json::to_string_pretty(&draft(&held, session.node().as_str(), tlp));
    write(&name, &text.map_err(Failure::failed)?)?;
    say!("{name}: a draft; fill in what says `{FILL_IN}` and set `status` to final, then");
    say!("  chappe publish {name} --from-case {case} --to SCOPE --tlp {tlp} --severity SEVERITY");
    Ok(())
}

/// CSAF 2.0, of what names nobody: type, nature, indicators. As a draft nothing publishes it.
fn draft(held: &Held, node: &str, tlp: Tlp) -> Value {
    let last = held.case.last();
    let what = last.map(|told| told.nature.clone().unwrap_or_else(|| told.incident.clone()));
    let what = what.unwrap_or_default();
    let victims: Vec<Victim> = held.names().iter().map(|name| Victim::new(name)).collect();
    let clean = |text: &&str| !victims.iter().any(|victim| victim.is_in(text));
    let bodies: Vec<Value> = held.notices.iter().filter_map(super::super::case::json).collect();
    let lists = bodies.iter().filter_map(|body| body.get("indicators")?.as_array());
    let mut indicators: Vec<&str> = lists.flatten().filter_map(Value::as_str).collect();
    indicators.retain(|text| clean(text));
    indicators.dedup();
    let now = crate::time::now().to_string();
    json!({"document": {
        "category": "csaf_security_advisory",
        "csaf_version": "2.0",
        "distribution": {"tlp": {"label": tlp.as_str()}},
        "lang": "en",
        "notes": [
            {"category": "summary", "text": format!("{FILL_IN}: what happens ({what})")},
            {"category": "description", "title": "Indicators", "text": indicators.join("\n")},
        ],
        "publisher": {"category": "coordinator", "name": node, "namespace":
            format!("{FILL_IN}: https://...")},
        "title": format!("{FILL_IN}: {what}"),
        "tracking": {
            "current_release_date": now, "initial_release_date": now,
            "id": format!("{FILL_IN}: a reference"), "status": "draft", "version": "1",
            "revision_history": [{"date": now, "number": "1", "summary": "First version"}],
        },
    }})
}

fn write(name: &str, text: &str) -> Outcome {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(name);
    let written = file.and_then(|mut file| writeln!(file, "{text}"));
    written.map_err(|e| Failure::failed(format!("{name}: {e}")))
}
