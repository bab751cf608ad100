//! The report itself: file, flags, what a follow-up keeps, and answers at the terminal, until it is
//! whole.

use std::path::Path;

use super::flags::Flags;
use crate::cli::ask;
use crate::cli::publish::read;
use crate::cli::{Failure, complain};
use crate::document::{DocumentError, Form, Incident, NEEDED};
use crate::notice::{MAX_BODY_BYTES, Scope};

/// What complaints call a report that is no file.
const NAME: &str = "the report";
/// What a report says anew each time.
pub(super) const NOT_KEPT: [&str; 2] = ["summary", "attachment"];
/// What a report without some fields need not have.
const MAY_LACK: [&str; 3] = ["affected.name", "scope", "summary"];

/// A report, and the bytes that travel.
pub(super) struct Ready {
    pub(super) incident: Incident,
    pub(super) body: Vec<u8>,
}

/// What is known before file and flags.
#[derive(Default)]
pub(super) struct Start {
    /// The report before, which a follow-up goes on from.
    pub(super) before: Option<Form>,
    /// The scope of a report before that left something out: this one may leave it out too.
    pub(super) redacted: Option<Scope>,
    /// Where an entity is.
    pub(super) home: Option<Scope>,
}

/// Puts a report together.
///
/// # Errors
/// Everything that is missing, with its flags, if nobody can be asked; what is wrong, by field.
pub(super) fn ready(
    file: Option<&Path>,
    flags: &Flags,
    start: &Start,
    further: &[&str],
) -> Result<Ready, Failure> {
    let name = file.map_or_else(|| NAME.to_owned(), |path| path.display().to_string());
    let bytes = file.map(|path| read(from(path), MAX_BODY_BYTES)).transpose()?;
    let given = bytes.as_deref().map(|bytes| Form::read(bytes, &name)).transpose();
    let given = given.map_err(Failure::usage)?;
    let mut form = kept(start.before.as_ref());
    if let Some(given) = &given {
        form.lay(given);
    }
    flags.lay_over(&mut form)?;
    defaults(&mut form, start);
    check_missing(&form, start, further)?;
    let incident = whole(&mut form, &name, start)?;
    let body = match bytes {
        // What nobody changed travels as it was written.
        Some(bytes) if given.as_ref() == Some(&form) => bytes,
        _ => form.to_bytes(),
    };
    if body.len() > MAX_BODY_BYTES {
        return Err(Failure::usage(format!(
            "the report has {} bytes with its attachment; every node takes at most \
             {MAX_BODY_BYTES}",
            body.len()
        )));
    }
    Ok(Ready { incident, body })
}

/// Standard input by the name that everybody gives it.
fn from(path: &Path) -> &Path {
    if path == Path::new("-") { Path::new("/dev/stdin") } else { path }
}

fn kept(before: Option<&Form>) -> Form {
    let mut form = before.cloned().unwrap_or_default();
    for field in NOT_KEPT {
        form.remove(field);
    }
    form
}

/// An entity's incident is where it is; a sector stands in the scope already.
fn defaults(form: &mut Form, start: &Start) {
    if let (None, Some(home)) = (form.get("scope"), &start.home) {
        form.set("scope", home.to_string());
    }
    let scope = form.get("scope").and_then(|scope| scope.as_str()).map(str::parse::<Scope>);
    if let (None, Some(Ok(scope))) = (form.get("affected.sector"), scope)
        && scope.sector() != crate::notice::ALL
    {
        form.set("affected.sector", scope.sector());
    }
}

fn is_needed(start: &Start, field: &str) -> bool {
    start.redacted.is_none() || !MAY_LACK.contains(&field)
}

/// In a pipe nobody can be asked: everything that is missing is said at once.
fn check_missing(form: &Form, start: &Start, further: &[&str]) -> Result<(), Failure> {
    if ask::is_possible() {
        return Ok(());
    }
    let missing = form.missing().filter(|needed| is_needed(start, needed.field));
    let mut missing: Vec<String> =
        missing.map(|needed| format!("`{}` ({})", needed.field, needed.flag)).collect();
    missing.extend(further.iter().map(|flag| (*flag).to_owned()));
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(format!("the report lacks {}", missing.join(", "))))
}

/// Asks for what is missing, and again for what was answered wrongly.
fn whole(form: &mut Form, name: &str, start: &Start) -> Result<Incident, Failure> {
    loop {
        let next = form.missing().find(|needed| is_needed(start, needed.field));
        if let Some(needed) = next {
            let answer = ask::ask(needed.question)?;
            if !answer.is_empty() {
                form.set(needed.field, answer);
                defaults(form, start);
            }
            continue;
        }
        let bytes = form.to_bytes();
        let read = match &start.redacted {
            Some(scope) => Incident::parse_redacted(&bytes, name, scope),
            None => Incident::parse(&bytes, name),
        };
        match read {
            Err(DocumentError::Field { field, found, expected, .. })
                if ask::is_possible() && NEEDED.iter().any(|needed| needed.field == field) =>
            {
                complain(&format!("`{field}` is {found}, expected {expected}"));
                form.remove(&field);
            }
            read => return read.map_err(Failure::usage),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_follow_up_keeps_what_stays_true_and_not_what_was_new_then() {
        let before = br#"{"contact": "1", "summary": "old", "attachment": {"name": "a"}}"#;
        let form = kept(Some(&Form::read(before, "i.json").expect("a form")));
        assert!(form.get("contact").is_some());
        assert!(form.get("summary").is_none() && form.get("attachment").is_none());
    }

    #[test]
    fn an_entitys_scope_and_a_scopes_sector_need_not_be_said() {
        let home = "eu.fr.bre.health".parse().ok();
        let (mut form, start) = (Form::default(), Start { home, ..Start::default() });
        defaults(&mut form, &start);
        assert_eq!(form.get("affected.sector"), Some(&"health".into()));
        form.set("scope", "eu.fr");
        form.remove("affected.sector");
        defaults(&mut form, &start);
        assert_eq!(form.get("affected.sector"), None);
    }

    #[test]
    fn what_a_redacted_report_left_out_its_follow_up_need_not_have() {
        let scope = "eu".parse().ok();
        let start = Start { redacted: scope, ..Start::default() };
        assert!(!is_needed(&start, "affected.name") && is_needed(&start, "aware"));
        assert!(is_needed(&Start::default(), "affected.name"));
    }
}
