//! What a document says of itself, for its publisher.
//!
//! A statement repeats a few facts of the document that it announces: publisher, reference,
//! revision, title, severity, label. Typed by hand they are wrong when it matters. This module
//! reads them from CSAF 2.0 and 2.1 and from CERT-FR's JSON; any other file is carried too, and
//! then says nothing. Only the publisher's side reads documents; a relay never opens a body.
//!
//! It is a small projection and no validator: fields that no statement needs may be as they like,
//! those that it needs are read strictly, and a mistake in one is named. Nothing is guessed: a
//! missing label stays missing, and the publisher must say it.
//!
//! [`Incident`] is the other direction: the small file that `chappe escalate` takes.

mod certfr;
mod csaf;
mod described;
mod error;
mod fields;
mod incident;
mod json;
mod label;
mod media;
mod severity;
mod title;
mod vocabulary;

use serde_json::Value;

pub use self::described::{Described, Format};
pub use self::error::DocumentError;
pub use self::incident::{
    Affected, Attachment, Form, Incident, NEEDED, Needed, Nis2, REDACTABLE, RedactError,
    ReportedBy, Via, Victim, check_unnamed, field_of, has_text, redact, returning,
};
pub use self::media::of as media_of;
pub use self::title::fit_title;
pub use self::vocabulary::{Class, Nature, classes, is_incident_type, natures};

use self::fields::Field;

/// Reads what a document says of itself. The caller bounds the size; depth is bounded here.
///
/// A file named `.json`, or one that starts like a JSON object, is looked at; CSAF and CERT-FR are
/// recognised by their own marks. Everything else is [`Format::Other`], with a media type from the
/// file's name.
///
/// # Errors
/// A `.json` file that is no JSON or has a key twice; a CSAF or CERT-FR document in which a field
/// that we need is missing or malformed. The error names the file and the place or field.
pub fn describe(bytes: &[u8], file_name: &str) -> Result<Described, DocumentError> {
    let named_json = media::is_json(file_name);
    if !named_json && !json::looks_like_object(bytes) {
        return Ok(Described::other(media::of(file_name)));
    }
    match json::parse(bytes, file_name) {
        Ok(value) => by_shape(&value, file_name),
        Err(error) if named_json => Err(error),
        Err(_) => Ok(Described::other(media::of(file_name))),
    }
}

fn by_shape(value: &Value, file_name: &str) -> Result<Described, DocumentError> {
    let root = Field::root(file_name, value);
    if csaf::is_csaf(value) {
        csaf::describe(&root)
    } else if certfr::is_certfr(value) {
        certfr::describe(&root)
    } else {
        Ok(Described::other(media::of(file_name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_kind_says_nothing_of_itself() {
        for (name, media) in [
            ("note.txt", "text/plain"),
            ("Bulletin.PDF", "application/pdf"),
            ("mail.eml", "message/rfc822"),
            ("blob", "application/octet-stream"),
            ("stix.json", "application/json"),
        ] {
            let described = describe(b"{\"type\": \"bundle\"}", name).unwrap();
            assert_eq!(described, Described::other(media), "{name}");
        }
    }

    #[test]
    fn a_broken_json_file_is_refused_with_its_place() {
        let error = describe(b"{\"document\":\n  {]}", "a.json").unwrap_err();
        assert_eq!(error.to_string(), "a.json:2:4: not JSON: key must be a string");
        let error = describe(b"{} trailing", "a.json").unwrap_err();
        assert_eq!(error.to_string(), "a.json:1:4: not JSON: trailing characters");
        assert!(describe(b"", "empty.json").is_err());
    }

    #[test]
    fn text_that_only_starts_like_json_is_text() {
        let described = describe(b"{ see below }", "note.txt").unwrap();
        assert_eq!(described, Described::other("text/plain"));
    }

    #[test]
    fn csaf_is_recognised_whatever_its_name() {
        let error = describe(br#"{"document": {"csaf_version": "2.0"}}"#, "advisory").unwrap_err();
        assert!(error.to_string().contains("`document.publisher`"), "{error}");
    }
}
