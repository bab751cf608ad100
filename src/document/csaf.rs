//! CSAF 2.0 and 2.1 (OASIS): the fifteen fields that a statement needs.

use serde_json::Value;

use super::described::{Described, Format};
use super::error::DocumentError;
use super::fields::Field;
use super::title::fit_title;
use super::{label, severity};
use crate::notice::{Kind, MAX_TEXT_CHARS, is_language, is_line};

/// CSAF 2.1's sharing group for public documents: the largest UUID.
const PUBLIC_GROUP: &str = "ffffffff-ffff-ffff-ffff-ffffffffffff";

/// Whether a value claims to be CSAF: from here on, what is wrong is an error. Also without its
/// version: a document that is broken there must not pass as a file without label and status.
pub(super) fn is_csaf(root: &Value) -> bool {
    ["csaf_version", "tracking"]
        .iter()
        .any(|key| root.pointer(&format!("/document/{key}")).is_some())
}

/// Reads the fields.
pub(super) fn describe(root: &Field<'_>) -> Result<Described, DocumentError> {
    let document = root.need("document", "an object")?;
    let format = format(&document)?;
    let publisher = document.need("publisher", "an object")?;
    let tracking = document.need("tracking", "an object")?;
    let history = tracking.need("revision_history", "a list of at least one")?;
    Ok(Described {
        format,
        publisher: Some(publisher.need_line("namespace")?),
        reference: Some(tracking.need_line("id")?),
        version: Some(tracking.need_line("version")?),
        revision: Some(history.count()?),
        title: Some(title(&document)?),
        lang: loose(document.value(), "lang").filter(|tag| is_language(tag)),
        severity: severity::of(root.value()),
        tlp: label::of(&document)?,
        kind: Kind::Advisory,
        withdrawn: is_withdrawn(&document)?,
        draft: is_draft(&tracking)?,
        current_release: loose(tracking.value(), "current_release_date"),
        sharing_group: sharing_group(document.value()),
        ..Described::other("application/json")
    })
}

fn format(document: &Field<'_>) -> Result<Format, DocumentError> {
    let version = document.need("csaf_version", "2.0 or 2.1")?;
    match version.text()? {
        "2.0" => Ok(Format::Csaf20),
        "2.1" => Ok(Format::Csaf21),
        _ => Err(version.refuse("2.0 or 2.1")),
    }
}

fn title(document: &Field<'_>) -> Result<String, DocumentError> {
    let title = document.need("title", "a text")?;
    fit_title(title.text()?).ok_or_else(|| title.refuse("a text that can be shown"))
}

fn is_withdrawn(document: &Field<'_>) -> Result<bool, DocumentError> {
    let category = document.need("category", "a text")?;
    let category = category.text()?.to_ascii_lowercase();
    Ok(matches!(category.as_str(), "csaf_withdrawn" | "csaf_superseded"))
}

/// A draft must not leave its organisation, so a status that we cannot read is no "final".
fn is_draft(tracking: &Field<'_>) -> Result<bool, DocumentError> {
    const WORDS: &str = "draft, interim or final";
    let status = tracking.need("status", WORDS)?;
    match status.text()? {
        "draft" => Ok(true),
        "interim" | "final" => Ok(false),
        _ => Err(status.refuse(WORDS)),
    }
}

/// A group's name, else its id; the group of everybody restricts nothing.
fn sharing_group(document: &Value) -> Option<String> {
    let group = document.pointer("/distribution/sharing_group")?;
    if group.get("id").and_then(Value::as_str) == Some(PUBLIC_GROUP) {
        return None;
    }
    loose(group, "name").or_else(|| loose(group, "id"))
}

/// A text that is good to have: taken if it is a line, else left out.
fn loose(object: &Value, key: &str) -> Option<String> {
    object.get(key)?.as_str().filter(|text| is_line(text, MAX_TEXT_CHARS)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::notice::Tlp;

    fn sample() -> Value {
        json!({"document": {
            "category": "csaf_security_advisory",
            "csaf_version": "2.1",
            "distribution": {"tlp": {"label": "GREEN"}},
            "lang": "en",
            "publisher": {"category": "vendor", "name": "Ex", "namespace": "https://ex.example"},
            "title": "A hole",
            "tracking": {
                "current_release_date": "2026-11-24T08:00:00Z", "id": "EX-2026:1",
                "initial_release_date": "2026-11-24T08:00:00Z",
                "revision_history": [{"number": "1"}, {"number": "2"}],
                "status": "final", "version": "2"
            }
        }})
    }

    fn read(root: &Value) -> Result<Described, DocumentError> {
        describe(&Field::root("a.json", root))
    }

    fn with(pointer: &str, value: Value) -> Result<Described, DocumentError> {
        let mut root = sample();
        *root.pointer_mut(pointer).unwrap() = value;
        read(&root)
    }

    #[test]
    fn every_field_that_a_statement_needs_is_read() {
        let read = read(&sample()).unwrap();
        assert_eq!((read.format, read.kind), (Format::Csaf21, Kind::Advisory));
        assert_eq!(read.publisher.as_deref(), Some("https://ex.example"));
        assert_eq!(read.reference.as_deref(), Some("EX-2026:1"));
        assert_eq!((read.version.as_deref(), read.revision), (Some("2"), Some(2)));
        assert_eq!((read.title.as_deref(), read.lang.as_deref()), (Some("A hole"), Some("en")));
        assert_eq!((read.tlp, read.severity), (Some(Tlp::Green), None));
        assert_eq!((read.draft, read.withdrawn), (false, false));
    }

    #[test]
    fn a_missing_field_is_named() {
        for path in [
            "publisher.namespace",
            "title",
            "category",
            "tracking",
            "tracking.id",
            "tracking.version",
            "tracking.revision_history",
            "tracking.status",
        ] {
            let pointer = format!("/document/{}", path.replace('.', "/"));
            let error = with(&pointer, Value::Null).unwrap_err().to_string();
            let start = format!("a.json: `document.{path}` is missing, expected ");
            assert!(error.starts_with(&start), "{error}");
        }
    }

    #[test]
    fn a_document_without_its_version_is_no_file_without_a_label() {
        let mut root = sample();
        root["document"].as_object_mut().unwrap().remove("csaf_version");
        assert!(is_csaf(&root));
        let error = read(&root).unwrap_err().to_string();
        assert!(error.starts_with("a.json: `document.csaf_version` is missing"), "{error}");
        assert!(!is_csaf(&json!({"document": {"title": "A letter"}})));
    }

    #[test]
    fn a_field_of_the_wrong_form_is_named_with_what_stands_there() {
        for (path, value, found) in [
            ("tracking", json!("x"), "\"x\""),
            ("tracking/id", json!(" EX-1"), "\" EX-1\""),
            ("tracking/id", json!("a\nb"), "\"a\\nb\""),
            ("tracking/version", json!(2), "2"),
            ("tracking/revision_history", json!([]), "a list of 0"),
            ("tracking/status", json!("Draft"), "\"Draft\""),
            ("publisher/namespace", json!("x".repeat(161)), "\"xxx"),
            ("csaf_version", json!("3.0"), "\"3.0\""),
            ("title", json!("\u{202e}"), "\"\\u{202e}\""),
        ] {
            let error = with(&format!("/document/{path}"), value).unwrap_err().to_string();
            let start = format!("a.json: `document.{}` is {found}", path.replace('/', "."));
            assert!(error.starts_with(&start), "{error}");
        }
    }

    #[test]
    fn drafts_and_withdrawn_documents_say_so() {
        assert!(with("/document/tracking/status", json!("draft")).unwrap().draft);
        for category in ["csaf_withdrawn", "csaf_superseded", "CSAF_Withdrawn"] {
            assert!(with("/document/category", json!(category)).unwrap().withdrawn);
        }
    }

    #[test]
    fn what_no_statement_needs_may_be_as_it_likes() {
        let mut root = sample();
        root["document"]["lang"] = json!("i-default");
        root["document"]["tracking"]["current_release_date"] = json!(20_261_124);
        root["product_tree"] = json!("gone");
        let read = read(&root).unwrap();
        assert_eq!((read.lang, read.current_release), (None, None));
    }

    #[test]
    fn a_sharing_group_is_shown_unless_it_is_everybody() {
        let mut root = sample();
        root["document"]["distribution"]["sharing_group"] = json!({"id": "1-2", "name": "Energy"});
        assert_eq!(read(&root).unwrap().sharing_group.as_deref(), Some("Energy"));
        let public = json!({"id": PUBLIC_GROUP, "name": "Public"});
        root["document"]["distribution"]["sharing_group"] = public;
        assert_eq!(read(&root).unwrap().sharing_group, None);
    }
}
