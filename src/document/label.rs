//! The label that a CSAF document carries.
//!
//! CSAF 2.0 knows the four labels of TLP 1.0 only. Publishers who mean AMBER+STRICT write the
//! nearest old label and add `TLP v2.0: TLP:AMBER+STRICT` to the distribution's text, a convention
//! of the OASIS committee. Both count, and the stricter wins: a label read too strictly is noticed
//! by the publisher, one read too loosely by nobody.

use super::error::DocumentError;
use super::fields::Field;
use crate::notice::Tlp;

const MARK: &str = "tlp v2.0: tlp:";
const LABELS: &str = "CLEAR, GREEN, AMBER, AMBER+STRICT or RED (TLP 1.0: WHITE)";

/// The strictest label of `document.distribution`, if it has any.
pub(super) fn of(document: &Field<'_>) -> Result<Option<Tlp>, DocumentError> {
    let Some(distribution) = document.find("distribution")? else { return Ok(None) };
    let field = own_label(&distribution)?;
    let text = match distribution.find("text")? {
        Some(text) => in_text(&text)?,
        None => None,
    };
    Ok(field.max(text))
}

fn own_label(distribution: &Field<'_>) -> Result<Option<Tlp>, DocumentError> {
    let Some(tlp) = distribution.find("tlp")? else { return Ok(None) };
    let label = tlp.need("label", LABELS)?;
    label.text()?.parse().map(Some).map_err(|_| label.refuse(LABELS))
}

/// The strictest label that follows a mark; each must be one.
fn in_text(field: &Field<'_>) -> Result<Option<Tlp>, DocumentError> {
    let text = field.text()?.to_ascii_lowercase();
    let mut strictest = None;
    for (at, _) in text.match_indices(MARK) {
        let rest = text.get(at + MARK.len()..).unwrap_or_default();
        let label = label_at(rest)
            .ok_or_else(|| field.refuse(&format!("after `TLP v2.0: TLP:` one of {LABELS}")))?;
        strictest = strictest.max(Some(label));
    }
    Ok(strictest)
}

/// The label that a text starts with. `AMBER STRICT`, `AMBER + STRICT` and the like are refused:
/// read as AMBER they would go further than meant.
fn label_at(rest: &str) -> Option<Tlp> {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '+' | '-' | '_');
    let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
    let (word, after) = rest.split_at_checked(end)?;
    let after = after.trim_start();
    let goes_on = after.starts_with('+') || after.starts_with("strict");
    if goes_on { None } else { word.parse().ok() }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn label(distribution: Value) -> Result<Option<Tlp>, DocumentError> {
        let document = Value::from_iter([("distribution", distribution)]);
        of(&Field::root("a.json", &document))
    }

    #[test]
    fn the_stricter_of_label_and_text_wins() {
        let both = |label_word: &str, text: &str| {
            label(json!({"tlp": {"label": label_word}, "text": text})).unwrap()
        };
        let strict = "Internal. TLP v2.0: TLP:AMBER+STRICT.";
        assert_eq!(both("AMBER", strict), Some(Tlp::AmberStrict));
        assert_eq!(both("RED", strict), Some(Tlp::Red));
        assert_eq!(both("WHITE", "Copyright 2026"), Some(Tlp::Clear));
        assert_eq!(both("WHITE", "tlp V2.0: tlp:green, TLP v2.0: TLP:RED"), Some(Tlp::Red));
    }

    #[test]
    fn a_document_without_a_label_has_none() {
        assert_eq!(label(json!({"text": "TLP is a protocol"})), Ok(None));
        assert_eq!(label(json!({})), Ok(None));
        assert_eq!(of(&Field::root("a.json", &json!({}))), Ok(None));
    }

    #[test]
    fn a_label_that_is_none_is_refused_by_name() {
        let error = label(json!({"tlp": {"label": "ORANGE"}})).unwrap_err();
        let text = "a.json: `distribution.tlp.label` is \"ORANGE\", expected CLEAR, GREEN, AMBER, \
                    AMBER+STRICT or RED (TLP 1.0: WHITE)";
        assert_eq!(error.to_string(), text);
        for tlp in [json!({}), json!({"label": 3}), json!("RED")] {
            assert!(label(json!({ "tlp": tlp })).is_err(), "{tlp}");
        }
    }

    #[test]
    fn a_text_that_could_mean_stricter_than_it_reads_is_refused() {
        for text in ["AMBER STRICT", "AMBER + STRICT", "AMBER_STRICT", "AMBER-STRICT", "PINK", ""] {
            let text = format!("TLP v2.0: TLP:{text}");
            assert!(label(json!({ "text": text })).is_err(), "{text}");
        }
    }
}
