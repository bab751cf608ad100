//! CERT-FR's JSON of avis and alertes (`https://www.cert.ssi.gouv.fr/<type>/<ref>/json/`).
//!
//! It has no label, no severity and no version: a version is one more entry in `revisions`. Their
//! number orders versions; their dates cannot, because several revisions on one day are common and
//! the list is not always in order. An alerte is critical by CERT-FR's own definition (a danger at
//! once); an avis says nothing of its severity, and nothing is made up.

use serde_json::Value;

use super::described::{Described, Format};
use super::error::DocumentError;
use super::fields::Field;
use super::title::fit_title;
use crate::notice::{Kind, Severity};

/// What a CSAF namespace of CERT-FR would be; the one text under which its references are unique.
const PUBLISHER: &str = "https://www.cert.ssi.gouv.fr";
const SCHEMA: &str = "https://www.cert.ssi.gouv.fr/openapi.json";
const REFERENCE: &str = "CERTFR-<year>-AVI-<number> or CERTFR-<year>-ALE-<number>";

/// Whether a value carries CERT-FR's marks: from here on, what is wrong is an error.
pub(super) fn is_certfr(root: &Value) -> bool {
    let text = |key| root.get(key).and_then(Value::as_str).unwrap_or_default();
    let reference = text("reference");
    text("$ref") == SCHEMA || reference.starts_with("CERTFR-") || reference.starts_with("CERTA-")
}

/// Reads the fields. CERT-FR's other documents (CTI, IOC, DUR, ACT) are carried unread.
pub(super) fn describe(root: &Field<'_>) -> Result<Described, DocumentError> {
    let reference = root.need("reference", REFERENCE)?;
    let line = reference.line()?;
    match type_of(&line) {
        Some("ALE") => alerte(root, line),
        Some("AVI") => document(root, line, Format::CertFrAvis),
        Some(_) => Ok(Described::other("application/json")),
        None => Err(reference.refuse(REFERENCE)),
    }
}

/// The type in `CERTFR-2024-ALE-014`; older references start with `CERTA-`.
fn type_of(reference: &str) -> Option<&str> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let upper = |text: &str| text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase());
    let mut parts = reference.split('-');
    let issuer = parts.next()?;
    let (year, kind, number) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = matches!(issuer, "CERTFR" | "CERTA")
        && (digits(year) && year.len() == 4)
        && upper(kind)
        && digits(number)
        && parts.next().is_none();
    fits.then_some(kind)
}

fn alerte(root: &Field<'_>, reference: String) -> Result<Described, DocumentError> {
    let closed_at = root.find("closed_at")?.map(|field| field.line()).transpose()?;
    Ok(Described {
        severity: Some(Severity::Critical),
        kind: Kind::Alert,
        closed_at,
        ..document(root, reference, Format::CertFrAlerte)?
    })
}

fn document(
    root: &Field<'_>,
    reference: String,
    format: Format,
) -> Result<Described, DocumentError> {
    let title = root.need("title", "a text")?;
    let line = fit_title(title.text()?).ok_or_else(|| title.refuse("a text that can be shown"))?;
    let revisions = root.need("revisions", "a list of at least one")?;
    let count = revisions.count()?;
    Ok(Described {
        format,
        publisher: Some(PUBLISHER.to_owned()),
        reference: Some(reference),
        version: Some(count.to_string()),
        revision: Some(count),
        title: Some(line),
        lang: Some("fr".to_owned()),
        current_release: latest(revisions.value()),
        ..Described::other("application/json")
    })
}

/// The latest date; the form is the same everywhere, so that the texts compare as dates do.
fn latest(revisions: &Value) -> Option<String> {
    let date = |revision: &Value| Some(revision.get("revision_date")?.as_str()?.to_owned());
    revisions.as_array()?.iter().filter_map(date).max()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample(reference: &str) -> Value {
        json!({
            "$ref": SCHEMA,
            "reference": reference,
            "title": "[MàJ] Vulnérabilité dans Check Point ",
            "revisions": [
                {"description": "Version initiale", "revision_date": "2024-05-28T00:00:00.000000"},
                {"description": "Clôture", "revision_date": "2024-11-21T00:00:00.000000"},
                {"description": "Correction", "revision_date": "2024-05-28T00:00:00.000000"},
            ],
        })
    }

    fn read(root: &Value) -> Result<Described, DocumentError> {
        describe(&Field::root("a.json", root))
    }

    #[test]
    fn an_avis_is_an_advisory_that_does_not_say_how_bad_it_is() {
        let read = read(&sample("CERTFR-2024-AVI-0001")).unwrap();
        assert_eq!((read.format, read.kind), (Format::CertFrAvis, Kind::Advisory));
        assert_eq!((read.severity, read.tlp, read.closed_at), (None, None, None));
        assert_eq!(read.title.as_deref(), Some("[MàJ] Vulnérabilité dans Check Point"));
        assert_eq!(read.publisher.as_deref(), Some("https://www.cert.ssi.gouv.fr"));
    }

    #[test]
    fn revisions_are_counted_and_their_order_does_not_matter() {
        let read = read(&sample("CERTA-2012-AVI-123")).unwrap();
        assert_eq!((read.revision, read.version.as_deref()), (Some(3), Some("3")));
        assert_eq!(read.current_release.as_deref(), Some("2024-11-21T00:00:00.000000"));
    }

    #[test]
    fn an_alerte_is_critical_and_may_be_closed() {
        let mut root = sample("CERTFR-2024-ALE-008");
        assert_eq!(read(&root).unwrap().closed_at, None);
        root["closed_at"] = Value::Null;
        assert_eq!(read(&root).unwrap().closed_at, None);
        root["closed_at"] = json!("2024-11-21");
        let closed = read(&root).unwrap();
        assert_eq!((closed.kind, closed.severity), (Kind::Alert, Some(Severity::Critical)));
        assert_eq!(closed.closed_at.as_deref(), Some("2024-11-21"));
    }

    #[test]
    fn a_malformed_field_is_named() {
        for (key, value) in [
            ("reference", json!("CERTFR-24-AVI-1")),
            ("reference", json!("CERTFR-2024-AVI-1-2")),
            ("reference", json!(null)),
            ("title", json!(null)),
            ("title", json!(" ")),
            ("revisions", json!([])),
            ("revisions", json!("3")),
            ("closed_at", json!(true)),
        ] {
            let mut root = sample("CERTFR-2024-ALE-008");
            root[key] = value;
            assert!(is_certfr(&root));
            let error = read(&root).unwrap_err().to_string();
            assert!(error.starts_with(&format!("a.json: `{key}` is ")), "{error}");
        }
    }

    #[test]
    fn the_other_documents_of_cert_fr_are_carried_unread() {
        assert_eq!(read(&sample("CERTFR-2024-CTI-001")).unwrap().format, Format::Other);
    }
}
