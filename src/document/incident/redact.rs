//! A report without some of its fields, for a level that need not know whom it hit.

use serde_json::Value;

use super::form::Form;
use super::plain::has_text;
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
        "`attachment` is neither JSON nor plain text, so it cannot be searched for the victim's \
         name: --redact attachment too"
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
        search(&form, &[Victim::new(&name)])?;
    }
    Ok(form)
}

/// Whether a report names none of these victims anywhere.
///
/// # Errors
/// [`RedactError`] with the field that does.
pub fn check_unnamed(
    bytes: &[u8],
    file_name: &str,
    names: impl IntoIterator<Item = impl AsRef<str>>,
) -> Result<(), RedactError> {
    let victims: Vec<Victim> = names.into_iter().map(|name| Victim::new(name.as_ref())).collect();
    search(&Form::read(bytes, file_name)?, &victims)
}

fn search(form: &Form, victims: &[Victim]) -> Result<(), RedactError> {
    let named = |text: &str| victims.iter().any(|victim| victim.is_in(text));
    let media = form.get("attachment.type").and_then(Value::as_str).unwrap_or_default();
    for (path, text) in form.texts() {
        if path == "attachment.data" {
            search_file(media, text, named)?;
        } else if named(text) {
            return Err(RedactError::Named(field_above(&path)));
        }
    }
    Ok(())
}

/// Only what is called plain text or JSON, and is that.
fn search_file(media: &str, data: &str, named: impl Fn(&str) -> bool) -> Result<(), RedactError> {
    use base64::Engine as _;
    let media = media.split(';').next().unwrap_or_default().to_ascii_lowercase();
    let searched = media == "text/plain" || media == "application/json" || media.ends_with("+json");
    let bytes = base64::engine::general_purpose::STANDARD.decode(data).ok();
    let bytes = bytes.filter(|bytes| searched && !bytes.is_empty());
    match bytes.and_then(|bytes| has_text(&bytes, named)) {
        Some(false) => Ok(()),
        Some(true) => Err(RedactError::Named("attachment".into())),
        None => Err(RedactError::Unsearchable),
    }
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
        let attach = |name: &str, media: &str, bytes: &[u8]| {
            let data = super::super::Attachment::encode(bytes);
            let (name, media) = (name.to_owned(), media.to_owned());
            with(
                move |form| {
                    form.set("attachment.name", name);
                    form.set("attachment.type", media);
                    form.set("attachment.data", data);
                },
                &fields,
            )
        };
        let text = |bytes| attach("note.txt", "text/plain", bytes);
        assert!(text(b"Pay, or all is lost").is_ok());
        assert_eq!(text(b"Hello Kerlann"), named("attachment"));
        assert_eq!(attach("kerlann.txt", "text/plain", b"Pay"), named("attachment"));
        let json = |bytes| attach("a.json", "application/json", bytes);
        assert_eq!(json(br#"["K\u00e9rlann"]"#), named("attachment"));
        assert!(json(br#"["elsewhere"]"#).is_ok());
        for (media, bytes) in [
            ("application/pdf", &b"%PDF-1.7 \xff\xfe"[..]),
            ("text/plain", b"%PDF-1.7 (elsewhere)"),
            ("text/html", b"elsewhere"),
            ("text/plain", b"K&eacute;rlann"),
            ("text/plain", b"K=C3=A9rlann"),
            ("text/plain", b"\xff\xfeK\0e\0r\0"),
            ("text/plain", b"K\0e\0r\0l\0a\0n\0n\0"),
        ] {
            assert_eq!(attach("a", media, bytes), Err(RedactError::Unsearchable), "{media}");
        }
    }

    #[test]
    fn a_name_that_was_corrected_since_is_looked_for_too() {
        let checked = |names: &[&str]| check_unnamed(SAMPLE.as_bytes(), "i.json", names);
        assert_eq!(checked(&["Clinique X", "Ailleurs"]), Ok(()));
        assert_eq!(
            checked(&["Clinique X", "CH de Kerlann"]),
            Err(RedactError::Named("affected.name".into()))
        );
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
    fn the_fields_have_one_name_each() {
        assert_eq!(field_of("name"), Some("affected.name"));
        assert_eq!(field_of("nis2.impact"), Some("nis2.impact"));
        assert_eq!(field_of("severity"), None);
    }
}
