//! What was read.

use std::fmt;

use crate::notice::{Kind, Severity, Tlp};

/// In which form a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// CSAF 2.0.
    Csaf20,
    /// CSAF 2.1.
    Csaf21,
    /// CERT-FR's JSON of an avis (advisory).
    CertFrAvis,
    /// CERT-FR's JSON of an alerte.
    CertFrAlerte,
    /// Anything else; nothing was read.
    Other,
}

impl Format {
    /// Its name for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csaf20 => "CSAF 2.0",
            Self::Csaf21 => "CSAF 2.1",
            Self::CertFrAvis => "CERT-FR avis",
            Self::CertFrAlerte => "CERT-FR alerte",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a document says of itself. `None` is "it does not say", never "it says nothing special":
/// the publisher must fill in what a statement needs.
///
/// Texts fit a statement: lines of at most 160 characters, the title of at most 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its form.
    pub format: Format,
    /// Its media type.
    pub media: &'static str,
    /// Who published it: CSAF's `document.publisher.namespace`; for CERT-FR its site, which is
    /// what a namespace would be.
    pub publisher: Option<String>,
    /// Its reference, unique for the publisher.
    pub reference: Option<String>,
    /// Its own version text; for CERT-FR, which has none, the number of revisions.
    pub version: Option<String>,
    /// Number of entries in its revision history: what versions are ordered by.
    pub revision: Option<u64>,
    /// Its title, made to fit one line.
    pub title: Option<String>,
    /// BCP 47; none if the document's tag is no such tag.
    pub lang: Option<String>,
    /// How bad it is: what the publisher says as a whole, else the worst score in it.
    pub severity: Option<Severity>,
    /// Its own label; where it carries two, the stricter.
    pub tlp: Option<Tlp>,
    /// Alert or advisory.
    pub kind: Kind,
    /// When CERT-FR closed the alert, as written there.
    pub closed_at: Option<String>,
    /// It says that it no longer counts (CSAF 2.1 `csaf_withdrawn`, `csaf_superseded`).
    pub withdrawn: bool,
    /// A draft, which must never leave its organisation.
    pub draft: bool,
    /// When this version was released, as written there.
    pub current_release: Option<String>,
    /// To whom CSAF 2.1 restricts it beside the label; people must look at it.
    pub sharing_group: Option<String>,
}

impl Described {
    /// A document that says nothing.
    #[must_use]
    pub fn other(media: &'static str) -> Self {
        Self {
            format: Format::Other,
            media,
            publisher: None,
            reference: None,
            version: None,
            revision: None,
            title: None,
            lang: None,
            severity: None,
            tlp: None,
            kind: Kind::Advisory,
            closed_at: None,
            withdrawn: false,
            draft: false,
            current_release: None,
            sharing_group: None,
        }
    }

    /// What a document that is over does to the notices of it: CERT-FR closes an alert from its day
    /// on; a CSAF document that is withdrawn, or superseded by another reference, no longer counts.
    #[must_use]
    pub fn ends(&self, today: &str) -> Option<Kind> {
        if self.withdrawn {
            return Some(Kind::Withdrawal);
        }
        let closed = self.closed_at.as_deref()?;
        // Both are written year first, so that the texts compare as the days do.
        let day = |text: &str| text.get(..10).unwrap_or(text).to_owned();
        (day(closed) <= day(today)).then_some(Kind::Closing)
    }

    /// Whether its own label forbids to publish it as `tlp`.
    #[must_use]
    pub fn is_stricter_than(&self, tlp: Tlp) -> bool {
        self.tlp.is_some_and(|own| own > tlp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_alert_ends_on_its_day_and_a_withdrawn_document_at_once() {
        let mut described = Described::other("application/json");
        assert_eq!(described.ends("2026-11-30T10:00:00Z"), None);
        described.closed_at = Some("2026-11-30T23:00:00.000000".into());
        assert_eq!(described.ends("2026-11-29T23:59:59Z"), None);
        assert_eq!(described.ends("2026-11-30T00:00:00Z"), Some(Kind::Closing));
        described.withdrawn = true;
        assert_eq!(described.ends("2020-01-01T00:00:00Z"), Some(Kind::Withdrawal));
    }

    #[test]
    fn a_document_without_a_label_is_not_stricter_than_any() {
        let mut described = Described::other("text/plain");
        assert!(!described.is_stricter_than(Tlp::Clear));
        described.tlp = Some(Tlp::AmberStrict);
        assert!(described.is_stricter_than(Tlp::Amber));
        assert!(!described.is_stricter_than(Tlp::AmberStrict));
    }
}
