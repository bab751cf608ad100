//! A report without some of its fields, for a level that need not know whom it hit.

use serde_json::Value;

use super::form::Form;
use super::victim::Victim;
use crate::document::error::DocumentError;

/// What may be left out. Type, time of awareness and severity stay: without them nobody above can
/// act, and no clock runs.
pub const REDACTABLE: [&str; 9] = [
    "affected.name",
    "reported_by",
    "contact",
    "indicators",
    "summary",
    "nis2.impact",
    "attachment",
    "scope",
    "countries",
];
/// What the victim's name is called for short.
const NAME: &str = "name";

/// Why a report is not redacted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedactError {
    /// It would still say whom it hit.
    #[error("`{0}` still has the victim's name or a telling word of it: --redact {0} too")]
    Named(String),
    /// Nobody can say whether it names the victim.
    #[error(
        "`attachment` is no text, so it cannot be searched for the victim's name: \
         --redact attachment too"
    )]
    Unsearchable,
    /// Nothing of what was to be left out is there.
    #[error("there is nothing to leave out: the report has no {0}")]
    Nothing(String),
    /// The report itself cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// The field that a word of the command line means.
#[must_use]
pub fn field_of(word: &str) -> Option<&'static str> {
    let word = if word == NAME { REDACTABLE[0] } else { word };
    REDACTABLE.into_iter().find(|field| *field == word)
}

/// The report without `fields`. Where the victim's name is among them, nothing that stays may have
/// it.
///
/// # Errors
/// [`RedactError`].
pub fn redact(bytes: &[u8], file_name: &str, fields: &[&str]) -> Result<Form, RedactError> {
    let mut form = Form::read(bytes, file_name)?;
    let name = form.get(REDACTABLE[0]).and_then(Value::as_str).map(str::to_owned);
    let removed: Vec<Value> = fields.iter().filter_map(|field| form.remove(field)).collect();
    if removed.is_empty() {
        return Err(RedactError::Nothing(fields.join(", ")));
    }
    if let Some(name) = name.filter(|_| fields.contains(&REDACTABLE[0])) {
        search(&form, &Victim::new(&name))?;
    }
    Ok(form)
}

/// Whether a report does not name a victim anywhere.
///
/// # Errors
/// [`RedactError`] with the field that does.
pub fn check_unnamed(bytes: &[u8], file_name: &str, name: &str) -> Result<(), RedactError> {
    search(&Form::read(bytes, file_name)?, &Victim::new(name))
}

fn search(form: &Form, victim: &Victim) -> Result<(), RedactError> {
    for (path, text) in form.texts() {
        if path == "attachment.data" {
            search_file(victim, text)?;
        } else if victim.is_in(text) {
            return Err(RedactError::Named(field_above(&path)));
        }
    }
    Ok(())
}

/// A file that is UTF-8 is searched; any other could have the name in a form that we do not read.
fn search_file(victim: &Victim, data: &str) -> Result<(), RedactError> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(data).unwrap_or_default();
    match std::str::from_utf8(&bytes) {
        Ok(text) if bytes.contains(&0) || text.is_empty() => Err(RedactError::Unsearchable),
        Ok(text) if victim.is_in(text) => Err(RedactError::Named("attachment".into())),
        Ok(_) => Ok(()),
        Err(_) => Err(RedactError::Unsearchable),
    }
}

/// Whether any text of a document is such a one; `None` if it is neither JSON nor other text, and
/// so cannot be searched. Of JSON each text is looked at as it is meant, not as it is escaped.
#[must_use]
pub fn has_text(bytes: &[u8], found: impl Fn(&str) -> bool) -> Option<bool> {
    fn any(value: &Value, found: &dyn Fn(&str) -> bool) -> bool {
        match value {
            Value::String(text) => found(text),
            Value::Array(items) => items.iter().any(|item| any(item, found)),
            Value::Object(inside) => inside.iter().any(|(key, v)| found(key) || any(v, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        return Some(any(&value, &found));
    }
    let text = std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?;
    Some(found(text))
}

/// The field to leave out for what stands at a path.
fn field_above(path: &str) -> String {
    let within = |field: &&str| path == *field || path.starts_with(&format!("{field}."));
    REDACTABLE.into_iter().find(within).unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::Incident;
    use super::*;

    const SAMPLE: &str = include_str!("../../../demo/incident.json");

    fn with(change: impl FnOnce(&mut Form), fields: &[&str]) -> Result<Form, RedactError> {
        let mut form = Form::read(SAMPLE.as_bytes(), "i.json").expect("a form");
        change(&mut form);
        redact(&form.to_bytes(), "i.json", fields)
    }

    fn named(field: &str) -> Result<Form, RedactError> {
        Err(RedactError::Named(field.into()))
    }

    #[test]
    fn a_report_without_the_name_must_not_say_it_elsewhere() {
        let fields = ["affected.name", "indicators"];
        let form = with(|_| (), &fields).expect("redacted");
        let text = String::from_utf8(form.to_bytes()).expect("text");
        assert!(!text.to_lowercase().contains("kerlann"), "{text}");
        assert_eq!(with(|_| (), &fields[..1]), named("indicators"));
        let summary = |form: &mut Form| form.set("summary", "Tout KERLANN est arrêté");
        assert_eq!(with(summary, &fields), named("summary"));
        let impact = |form: &mut Form| form.set("nis2.impact", "À Kérlann, rien ne va plus");
        assert_eq!(with(impact, &fields), named("nis2.impact"));
        let caller = |form: &mut Form| form.set("reported_by.name", "DSI de Kerlann");
        assert_eq!(with(caller, &fields), named("reported_by"));
    }

    #[test]
    fn an_attachment_is_searched_and_what_cannot_be_is_refused() {
        let fields = ["affected.name", "indicators"];
        let attach = |name: &str, bytes: &[u8]| {
            let data = super::super::Attachment::encode(bytes);
            let name = name.to_owned();
            with(
                move |form| {
                    form.set("attachment.name", name);
                    form.set("attachment.type", "text/plain");
                    form.set("attachment.data", data);
                },
                &fields,
            )
        };
        assert!(attach("note.txt", b"Pay, or all is lost").is_ok());
        assert_eq!(attach("note.txt", b"Hello Kerlann"), named("attachment"));
        assert_eq!(attach("kerlann.txt", b"Pay"), named("attachment"));
        assert_eq!(attach("a.pdf", b"%PDF-1.7 \xff\xfe"), Err(RedactError::Unsearchable));
        assert_eq!(attach("a.txt", b"\xff\xfeK\0e\0r\0"), Err(RedactError::Unsearchable));
        assert_eq!(attach("a.txt", b"K\0e\0r\0l\0a\0n\0n\0"), Err(RedactError::Unsearchable));
    }

    #[test]
    fn with_the_name_left_in_other_fields_go_unasked() {
        let form = with(|_| (), &["contact"]).expect("redacted");
        assert!(form.get("contact").is_none() && form.get("affected.name").is_some());
        let nothing = with(|_| (), &["attachment"]);
        assert_eq!(nothing, Err(RedactError::Nothing("attachment".into())));
    }

    #[test]
    fn what_is_left_is_read_as_a_redacted_report_and_not_as_a_whole_one() {
        let fields = ["affected.name", "indicators", "scope", "summary", "countries"];
        let bytes = with(|_| (), &fields).expect("redacted").to_bytes();
        let union = "eu".parse().expect("a scope");
        let incident = Incident::parse_redacted(&bytes, "i.json", &union).expect("read");
        assert_eq!((incident.affected.name, incident.scope), (None, union));
        let error = Incident::parse(&bytes, "i.json").expect_err("refused").to_string();
        assert!(error.contains("`affected.name` is missing"), "{error}");
    }

    #[test]
    fn a_document_is_searched_as_it_is_meant_and_what_is_no_text_is_not_called_clean() {
        let victim = Victim::new("Kérlann");
        let found = |bytes: &[u8]| has_text(bytes, |text| victim.is_in(text));
        assert_eq!(found(br#"{"a": ["K\u00e9rlann"]}"#), Some(true));
        assert_eq!(found(br#"{"kerlann": 1}"#), Some(true));
        assert_eq!(found("À Kerlann".as_bytes()), Some(true));
        assert_eq!(found(b"elsewhere"), Some(false));
        assert_eq!(found(b"%PDF \xff"), None);
    }

    #[test]
    fn the_fields_have_one_name_each() {
        assert_eq!(field_of("name"), Some("affected.name"));
        assert_eq!(field_of("nis2.impact"), Some("nis2.impact"));
        assert_eq!(field_of("severity"), None);
    }
}
