//! `chappe case show`: where a case stands, and its thread in order, with what the reports say.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};

use super::Held;
use super::held::Notice;
use crate::cli::cases::{Look, advisories, block, colour};
use crate::cli::connection::{Connection, relations};
use crate::cli::output::say;
use crate::cli::{Failure, Outcome};
use crate::notice::{Statement, is_hidden};

/// Characters of a text that a terminal is shown; `--json` has all.
const MAX_SHOWN: usize = 4_000;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The beginning of the id of any notice of the case
    case: String,
    #[command(flatten)]
    connection: Connection,
    /// Write the last report's attachment into this file
    #[arg(long, value_name = "FILE")]
    attachment: Option<PathBuf>,
    /// One JSON object a line, for each notice
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Outcome {
    let known = relations(&arguments.connection)?;
    let session = arguments.connection.open_to_read().await?;
    let held = Held::find(&session, &arguments.case).await?;
    if let Some(path) = &arguments.attachment {
        return save(&held, path);
    }
    if arguments.json {
        held.notices.iter().for_each(|notice| say!("{}", as_json(notice)));
        return Ok(());
    }
    let look = Look { now: crate::time::now(), colour: colour() };
    block(&held.line, look).iter().for_each(|text| say!("{text}"));
    for relation in advisories(&held.line, &known) {
        say!("    advisory from it: {} ({})", relation.reference, relation.advisory.short());
    }
    for notice in &held.notices {
        say!("");
        thread(&held, notice).iter().for_each(|text| say!("{text}"));
    }
    Ok(())
}

fn as_json(notice: &Notice) -> Value {
    let text = || Value::from(String::from_utf8_lossy(&notice.wire.body));
    let body = notice.json().unwrap_or_else(text);
    json!({"id": notice.id, "statement": notice.statement, "body": body})
}

fn thread(held: &Held, notice: &Notice) -> Vec<String> {
    let s = &notice.statement;
    let mut lines = vec![format!("{}  {}  {}", notice.id.short(), s.issued(), what(held, notice))];
    match notice.json() {
        Some(Value::Object(fields)) => {
            for (name, value) in &fields {
                field(name, value, &mut lines);
            }
        }
        _ => lines.extend(text(&String::from_utf8_lossy(&notice.wire.body))),
    }
    lines
}

fn what(held: &Held, notice: &Notice) -> String {
    let s: &Statement = &notice.statement;
    let mut said = vec![format!("{} to {}, TLP:{}", s.iss, s.aud, s.tlp)];
    if let Some(told) = held.case.reports.iter().find(|told| told.id == notice.id) {
        said.insert(0, told.stage.to_string());
        said.extend(told.origin.map(|of| format!("passes on {}", of.short())));
        said.extend(told.redacted.then(|| "something left out".to_owned()));
        said.extend(told.embargo.as_ref().map(|code| format!("embargo {code}")));
        said.extend((!told.in_order).then(|| "out of order".to_owned()));
    }
    if let Some(word) = held.case.words.iter().find(|word| word.id == notice.id) {
        said.insert(0, word.state.to_string());
        said.extend(word.reason.clone());
        said.extend((!word.in_order).then(|| "out of order".to_owned()));
    }
    said.join("; ")
}

fn field(name: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Object(file) if name == "attachment" => lines.push(attached(file)),
        Value::Object(inside) => {
            for (inner, value) in inside {
                field(&format!("{name}.{inner}"), value, lines);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| field(name, item, lines)),
        Value::String(said) => {
            let mut said = text(said).into_iter();
            let first = said.next().unwrap_or_default();
            lines.push(format!("    {}: {}", shown(name), first.trim_start()));
            lines.extend(said);
        }
        value => lines.push(format!("    {}: {value}", shown(name))),
    }
}

fn attached(file: &serde_json::Map<String, Value>) -> String {
    let part = |key: &str| shown(file.get(key).and_then(Value::as_str).unwrap_or_default());
    let bytes = file.get("data").and_then(Value::as_str).map_or(0, |data| data.len() / 4 * 3);
    format!(
        "    attachment: {} ({}, about {bytes} bytes; --attachment FILE writes it)",
        part("name"),
        part("type")
    )
}

/// A text of others, in lines that rewrite no terminal.
fn text(said: &str) -> Vec<String> {
    let all = said.chars().count();
    let head: String = said.chars().take(MAX_SHOWN).collect();
    let mut lines: Vec<String> =
        head.lines().map(|line| format!("      {}", shown(line))).collect();
    if all > MAX_SHOWN {
        lines.push(format!("      ... and {} more characters; --json has all", all - MAX_SHOWN));
    }
    lines
}

fn shown(line: &str) -> String {
    line.chars().map(|c| if is_hidden(c) { '\u{fffd}' } else { c }).collect()
}

fn save(held: &Held, path: &std::path::Path) -> Outcome {
    let last = held.notices.iter().rev().find_map(|notice| {
        let json = notice.json()?;
        let data = json.pointer("/attachment/data")?.as_str()?.to_owned();
        STANDARD.decode(data).ok()
    });
    let bytes = last.ok_or_else(|| Failure::failed("no report of this case has an attachment"))?;
    std::fs::write(path, bytes).map_err(|e| Failure::failed(format!("{}: {e}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_shown_field_by_field_and_rewrites_no_terminal() {
        let value = json!({"nis2": {"impact": "first\nsecond \u{1b}[31m"}, "indicators": ["a", "b"],
            "attachment": {"name": "x\u{202e}.txt", "type": "text/plain", "data": "UGF5Lg=="}});
        let mut lines = Vec::new();
        for (name, value) in value.as_object().expect("an object") {
            field(name, value, &mut lines);
        }
        assert!(lines[0].contains("x\u{fffd}.txt (text/plain, about 6 bytes"), "{lines:?}");
        assert_eq!(lines[1..3], ["    indicators: a", "    indicators: b"]);
        assert_eq!(lines[3..], ["    nis2.impact: first", "      second \u{fffd}[31m"]);
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        let lines = text(&"x".repeat(MAX_SHOWN + 5));
        assert!(lines.last().is_some_and(|line| line.contains("5 more characters")), "{lines:?}");
    }
}
